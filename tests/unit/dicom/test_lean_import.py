"""The program with the window imports no decoder, and reads as well without them."""

import subprocess
import sys
from pathlib import Path

from tests.support.dicom_factory import write_series

ROOT = Path(__file__).parents[3]
READ = """
import sys
from pathlib import Path
from viewer.dicom.lean_import import import_readers
import_readers()
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import scan
(series,) = scan(Path(sys.argv[1])).series
print([int(load_slice(header).values.max()) for header in series.slices])
print([name for name in ("gdcm", "PIL", "pylibjpeg", "jpeg_ls") if name in sys.modules])
import PIL.Image, gdcm
"""


def test_the_first_image_is_read_without_importing_a_decoder_and_nobody_else_misses_one(tmp_path):
    write_series(tmp_path, 3)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[1020, 1010, 1000]", "[]"]
