"""A decoder that an administrator adds is found, runs in a decoder process, and replaces nothing of ours."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tomllib
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid as uids

from tests.support.decoder_processes import ROOT, codestream
from tests.support.dicom_factory import compressed, gradient, image, write
from tests.support.site_codec import CODE, SYNTAX, deflated, package
from viewer import policy, resources
from viewer.dicom import site_calls, site_codecs
from viewer.dicom.layout import Layout
from viewer.dicom.pixels import load_slice, stored_values
from viewer.dicom.processes import POOL, DecoderPool
from viewer.dicom.scan import headers, scan
from viewer.errors import PixelError
from viewer.verification import checks
from viewer.verification.paper import verification

PIXELS = gradient(40, 36).astype("u2")
LAYOUT = Layout(40, 36, 1, "MONOCHROME2", 16, 16, 15, False, False, 1)
JPEG_LS = str(uids.JPEGLSLossless)


@pytest.fixture(autouse=True)
def fresh_processes(tmp_path, monkeypatch):
    """No process has a module of another test, and this machine has no policy."""
    monkeypatch.setattr(policy, "policy_file", lambda: tmp_path / "policy.toml")
    POOL.stop()
    yield
    POOL.stop()


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder for codecs that the administrator has named."""
    folder = tmp_path / "codecs"
    monkeypatch.setenv(site_codecs.VARIABLE, str(folder))
    return folder


def written(folder: Path, pixels: np.ndarray = PIXELS, syntax: str = SYNTAX, **attributes):
    """The headers of a file whose frames are deflated."""
    return headers(write(deflated(image(pixels, **attributes), syntax), folder / "one.dcm"))


def refused(folder: Path, syntax: str = SYNTAX) -> PixelError:
    with pytest.raises(PixelError) as raised:
        load_slice(written(folder, syntax=syntax)[0])
    return raised.value


@pytest.mark.parametrize(
    ("pixels", "attributes"),
    [
        (PIXELS, {}),
        (PIXELS.astype("i2") - 500, {}),
        (PIXELS.astype("u1"), {"bits_stored": 8, "photometric": "MONOCHROME1"}),
        (np.stack([PIXELS + n for n in range(3)]), {"frames": True, "modality": "US"}),
        (np.stack([PIXELS.astype("u1")] * 3, -1) + np.uint8([0, 60, 120]), {"modality": "US"}),
    ],
    ids=["unsigned", "signed", "inverted bytes", "frames", "colour"],
)
def test_a_syntax_that_glassbox_does_not_know_is_read_by_the_decoder_of_the_site(
    site, tmp_path, pixels, attributes
):
    package(site)
    found = [stored_values(header) for header in written(tmp_path, pixels, **attributes)]
    assert np.array_equal(found if attributes.get("frames") else found[0], pixels)
    assert found[0].dtype == pixels.dtype


def test_a_series_of_it_is_scanned_and_shown_like_any_other(site, tmp_path):
    package(site)
    for number in (1, 2, 3):
        one = deflated(image(PIXELS + number, position=(0, 0, number), instance=number))
        write(one, tmp_path / "study" / f"{number}.dcm")
    (series,) = scan(tmp_path / "study").series
    assert [int(load_slice(header).values[0, 0]) for header in series.slices] in ([1, 2, 3], [3, 2, 1])


def test_the_command_line_reads_it_and_is_not_stopped_by_a_folder_that_is_gone(site, tmp_path, monkeypatch):
    package(site)
    written(tmp_path)
    monkeypatch.setenv(site_codecs.VARIABLE, f"{tmp_path / 'gone'}{os.pathsep}{site}")
    command = [sys.executable, f"{ROOT}/main.py", "pixels", str(tmp_path / "one.dcm"), "--stage", "stored"]
    done = subprocess.run([*command, "--out", str(tmp_path / "x.npy")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert np.array_equal(np.load(tmp_path / "x.npy"), PIXELS)


def test_the_example_in_the_documentation_is_a_whole_codec(site, tmp_path):
    text = (resources.root() / "docs" / "codecs.md").read_text(encoding="utf-8")
    toml, code = (text.split(f"```{kind}\n")[1].split("```")[0] for kind in ("toml", "python"))
    project = tomllib.loads(toml)["project"]
    ((syntax, value),) = project["entry-points"][site_codecs.GROUP].items()
    package(site, code, syntax=syntax, value=value, name=project["name"], version=project["version"])
    assert np.array_equal(stored_values(written(tmp_path, PIXELS.astype("i2") - 9, syntax)[0]), PIXELS - 9.0)
    for keyword in site_calls.described(LAYOUT, SYNTAX):
        assert f"`{keyword}`" in text


def test_the_policy_file_names_folders_too(tmp_path):
    package(tmp_path / "site")
    (tmp_path / "policy.toml").write_text(f'codecs = ["{(tmp_path / "site").as_posix()}"]')
    assert np.array_equal(stored_values(written(tmp_path)[0]), PIXELS)


def test_where_glassbox_cannot_read_the_data_the_decoder_of_the_site_is_asked(site, tmp_path):
    package(site, syntax=JPEG_LS)
    assert np.array_equal(stored_values(written(tmp_path, syntax=JPEG_LS)[0]), PIXELS)


def test_what_glassbox_reads_itself_is_never_given_to_the_decoder_of_the_site(site, tmp_path):
    package(site, "raise SystemExit", syntax=JPEG_LS)
    path = write(compressed(image(PIXELS), JPEG_LS), tmp_path / "one.dcm")
    assert np.array_equal(stored_values(headers(path)[0]), PIXELS)


def test_only_an_administrator_names_a_folder(tmp_path, monkeypatch):
    home = Path(os.environ["XDG_DATA_HOME"]) / "glassbox"
    study = tmp_path / "study"
    for folder in (home / "codecs", home / "models", study, study / "codecs"):
        package(folder)
    monkeypatch.chdir(study)
    monkeypatch.setenv(site_codecs.VARIABLE, os.pathsep.join(["codecs", ".", ""]))
    assert "cannot be decoded" in refused(study).what
    assert [problem.partition(" is ")[2] for problem in site_codecs.offered().problems] == [
        "not named from the root on."
    ] * 2


def test_no_package_in_such_a_folder_takes_the_place_of_one_of_ours(site, tmp_path):
    for name in ("numpy", "pydicom", "viewer", "PIL", "jpeg_ls", "colorsys"):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").write_text("raise SystemExit('taken')")
    package(site, CODE + "import colorsys, jpeg_ls, PIL, pydicom, viewer\n")
    assert np.array_equal(stored_values(written(tmp_path)[0]), PIXELS)
    path = write(compressed(image(PIXELS), JPEG_LS), tmp_path / "two.dcm")
    assert np.array_equal(stored_values(headers(path)[0]), PIXELS)


def test_its_code_runs_in_no_process_but_a_decoder(site, tmp_path):
    where = tmp_path / "pid"
    package(site, CODE + f"import os\nopen({str(where)!r}, 'a').write(f'{{os.getpid()}} ')\n")
    load_slice(written(tmp_path)[0])
    assert where.read_text().split() == [str(pid) for pid in POOL.pids]
    assert "acme_zlib" not in sys.modules and str(site) not in sys.path


def test_nothing_is_written_into_a_folder_of_codecs(site, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    package(site)
    before = {path: path.stat().st_mtime_ns for path in [site, *site.rglob("*")]}
    load_slice(written(tmp_path)[0])
    assert {path: path.stat().st_mtime_ns for path in [site, *site.rglob("*")]} == before


def test_a_decoder_may_need_what_lies_beside_it_when_it_runs(site, tmp_path):
    (site / "acme_parts").mkdir(parents=True)
    (site / "acme_parts" / "__init__.py").write_text("from zlib import decompress")
    package(site, CODE.replace("    dtype", "    from acme_parts import decompress\n    dtype"))
    assert np.array_equal(stored_values(written(tmp_path)[0]), PIXELS)


def test_of_two_decoders_for_one_syntax_that_of_the_first_folder_counts(tmp_path, monkeypatch):
    one = package(tmp_path / "one", name="acme-new", version="2.0")
    two = package(tmp_path / "two", "raise SystemExit")
    monkeypatch.setenv(site_codecs.VARIABLE, f"{one}{os.pathsep}{two}")
    assert site_codecs.decoder(SYNTAX).title == "acme-new 2.0"
    assert np.array_equal(stored_values(written(tmp_path)[0]), PIXELS)


NONSENSE = "gave something else than this image"
WRONG = {
    "raises": ("raise ValueError('Doe^Jane')", "cannot read this image (ValueError)"),
    "a list": ("return [1]", f"{NONSENSE} (list)"),
    "too small": ("import numpy; return numpy.zeros((3, 4), 'u2')", f"{NONSENSE} ((3, 4) uint16)"),
    "floats": ("import numpy; return numpy.zeros((40, 36))", f"{NONSENSE} ((40, 36) float64)"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "crashed on this image"),
    "leaves": ("raise SystemExit", "crashed on this image"),
    "hangs": ("import time; time.sleep(60)", "took longer than 1 s"),
    "memory": ("return [bytearray(1 << 24) for _ in range(1 << 20)]", "needed more than 256 MiB of memory"),
}


@pytest.mark.parametrize("way", WRONG)
def test_a_decoder_that_goes_wrong_costs_one_sentence_and_the_next_frame_decodes(site, way):
    if sys.platform != "linux" and way == "memory":
        pytest.skip("only Linux bounds the address space")
    code, said = WRONG[way]
    package(site, f"def decode(codestream, **_):\n    {code}\n")
    package(site, name="good", syntax="1.2.3.4")
    pool = DecoderPool(size=1, seconds=1.0, memory=256 << 20)
    try:
        with pytest.raises(PixelError) as raised:
            pool.decode(b"", LAYOUT, SYNTAX)
        assert said in raised.value.what and "acme-zlib 1.2" in raised.value.what
        assert "administrator" in raised.value.remedy and "Doe" not in str(raised.value)
        good = codestream(deflated(image(PIXELS)))
        assert np.array_equal(pool.decode(good, LAYOUT, "1.2.3.4"), PIXELS)
    finally:
        pool.stop()


@pytest.mark.parametrize(
    ("code", "value", "said"),
    [
        ("import no_such_codec", "", "cannot be loaded (ModuleNotFoundError: no_such_codec)"),
        ("", "", "cannot be loaded (AttributeError: decode)"),
        ("decode = 1", "", "cannot be loaded (TypeError)"),
        ("no Python", "", "cannot be loaded (SyntaxError)"),
        ("raise SystemExit", "", "crashed as it was loaded"),
        ("", "acme_gone:decode", "cannot be loaded (ModuleNotFoundError: acme_gone)"),
    ],
)
def test_a_decoder_that_cannot_be_loaded_is_said_so_and_verify_says_it_too(site, tmp_path, code, value, said):
    package(site, code, value=value)
    assert said in refused(tmp_path).what
    (check,) = next(islice(checks.steps(), 2, None))
    assert not check.ok and said in check.detail


def test_verify_names_every_codec_with_its_version(site):
    package(site)
    (check,) = next(islice(checks.steps(), 2, None))
    assert check.ok and check.detail == "acme-zlib 1.2, of this site, can be loaded"
    assert "codec acme-zlib 1.2" in verification([check]).system.splitlines()


def test_without_codecs_of_the_site_verify_says_nothing_of_them():
    assert next(islice(checks.steps(), 2, None)) == []


def no_entry(folder):
    package(folder, value="acme_zlib")


def no_uid(folder):
    package(folder, syntax="jpeg-xl")


def no_lines(folder):
    package(folder)
    next(folder.glob("*.dist-info/entry_points.txt")).write_bytes(b"[glassbox.decoders]\n\xff\xfe")


def no_name(folder):
    package(folder)
    next(folder.glob("*.dist-info/METADATA")).unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: None, "Folder 1 of GLASSBOX_CODECS cannot be read (no such file or directory)."),
        (lambda folder: folder.write_text("no folder"), "Folder 1 of GLASSBOX_CODECS cannot be read ("),
        (no_entry, "The package acme-zlib 1.2 offers a decoder in other words than 'UID = module:function'."),
        (no_uid, "The package acme-zlib 1.2 offers a decoder in other words than 'UID = module:function'."),
        (no_lines, "A package in a folder of codecs does not say what it offers (UnicodeDecodeError)."),
        (no_name, "A package in a folder of codecs does not say what it offers ("),
    ],
    ids=["missing", "a file", "no function", "no UID", "not text", "no name"],
)
def test_what_is_wrong_with_a_folder_is_logged_once_without_its_path_and_stops_nothing(
    site, tmp_path, caplog, spoil, said
):
    spoil(site)
    assert "cannot be decoded" in refused(tmp_path).what
    assert "cannot be decoded" in refused(tmp_path).what
    (record,) = caplog.records
    assert record.getMessage().startswith(said) and str(tmp_path) not in record.getMessage()
    (check,) = next(islice(checks.steps(), 2, None))
    assert not check.ok and check.detail == record.getMessage()


def test_a_good_package_is_offered_beside_a_broken_one(site, tmp_path):
    no_name(site)
    package(site, name="good")
    assert np.array_equal(stored_values(written(tmp_path)[0]), PIXELS)
    assert len(site_codecs.offered().problems) == 1


def test_a_policy_that_cannot_be_understood_offers_nothing_and_is_said(site, tmp_path):
    package(site)
    (tmp_path / "policy.toml").write_text('codecs = "/srv"')
    assert "cannot be decoded" in refused(tmp_path).what
    (problem,) = site_codecs.offered().problems
    assert "policy file" in problem and "codecs is no list of folders" in problem


def test_a_name_that_no_folder_can_have_is_said_too(tmp_path):
    (tmp_path / "policy.toml").write_text('codecs = ["/srv/\\u0000"]')
    assert "cannot be decoded" in refused(tmp_path).what
    assert site_codecs.offered().problems == (
        "Folder 1 of 'codecs' in the policy file has no name that a folder can have.",
    )


def test_nothing_is_read_of_the_site_until_an_image_needs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(site_codecs, "offered", lambda: pytest.fail("the folders of the site were read"))
    for name, dataset in (("native", image(PIXELS)), ("jpeg-ls", compressed(image(PIXELS), JPEG_LS))):
        write(dataset, tmp_path / f"{name}.dcm")
        load_slice(headers(tmp_path / f"{name}.dcm")[0])


def test_a_decoder_is_told_what_the_file_says_in_dicoms_own_words(site, tmp_path):
    told = tmp_path / "told"
    package(site, CODE.replace("**_):", f"**_):\n    open({str(told)!r}, 'w').write(repr(_))"))
    load_slice(written(tmp_path, PIXELS, photometric="MONOCHROME1", bits_stored=12)[0])
    assert eval(told.read_text()) == {
        "transfer_syntax_uid": SYNTAX,
        "photometric_interpretation": "MONOCHROME2",
        "bits_stored": 12,
        "high_bit": 11,
        "planar_configuration": 0,
    }


@pytest.mark.parametrize("name", ["loads", "no_such_function"])
def test_its_folders_are_searched_only_while_one_of_its_decoders_is_loaded_or_runs(tmp_path, name):
    path, silent = sys.path[:], sys.dont_write_bytecode
    with contextlib.suppress(site_calls.Refused):
        site_calls.SiteDecoders().load("json", name, [str(tmp_path)])
    assert (sys.path, sys.dont_write_bytecode) == (path, silent)
