"""Draws the icon for Windows and macOS: python icon_files.py ICON.svg FOLDER makes glassbox.ico and .icns."""

import io
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIDE = 1024


def main() -> int:
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    application = QGuiApplication([*sys.argv[:1], "-platform", "offscreen"])
    picture = QImage(SIDE, SIDE, QImage.Format.Format_ARGB32)
    picture.fill(0)
    painter = QPainter(picture)
    QSvgRenderer(str(source)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    drawn = Image.open(io.BytesIO(buffer.data().data()))
    drawn.save(folder / "glassbox.ico", sizes=[(side, side) for side in (16, 24, 32, 48, 64, 128, 256)])
    drawn.save(folder / "glassbox.icns")
    del application
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
