"""Draws the icon in the sizes that desktops ask for: python icons.py ICON.svg FOLDER/hicolor"""

import shutil
import sys
from pathlib import Path

from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def main() -> int:
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    application = QGuiApplication(sys.argv[:1])
    drawing = QSvgRenderer(str(source))
    for size in SIZES:
        picture = QImage(size, size, QImage.Format.Format_ARGB32)
        picture.fill(0)
        painter = QPainter(picture)
        drawing.render(painter)
        painter.end()
        target = folder / f"{size}x{size}" / "apps" / f"{source.stem}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not picture.save(str(target)):
            return 1
    scalable = folder / "scalable" / "apps" / source.name
    scalable.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, scalable)
    del application
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
