"""`glassbox tags`: the attributes of a file as lines and as JSON."""

import json

from tests.support.dicom_factory import image, item, to_bytes, write


def test_lines_are_indented_by_sequence(run, tmp_path):
    path = write(image(AnatomicRegionSequence=item(CodeMeaning="Brain")), tmp_path / "one.dcm")
    done = run("tags", path)
    assert done.code == 0 and done.err == ""
    assert "(0010,0010) PN Patient's Name: Doe^Jane" in done.out
    assert "\n  Item 1\n    (0008,0104) LO Code Meaning: Brain\n" in done.out


def test_json_holds_the_same(run, tmp_path):
    done = run("tags", write(image(), tmp_path / "one.dcm"), "--json")
    rows = {row["tag"]: row for row in json.loads(done.out)["attributes"]}
    assert rows["(0010,0010)"] == {
        "level": 0, "tag": "(0010,0010)", "name": "Patient's Name", "vr": "PN", "value": "Doe^Jane"
    }  # fmt: skip


def test_identity_is_hidden_on_request(run, tmp_path):
    done = run("tags", write(image(), tmp_path / "one.dcm"), "--deidentify")
    assert "Patient's Name: (hidden)" in done.out and "Doe" not in done.out


def test_of_a_damaged_file_what_is_whole_is_listed(run, tmp_path):
    data = to_bytes(image())
    path = tmp_path / "one.dcm"
    path.write_bytes(data[: data.index(b"Doe^Jane") + 4])
    done = run("tags", path)
    assert done.code == 0 and done.out.rstrip().endswith("The file is cut off within (0010,0010).")


def test_what_is_no_dicom_is_refused_in_a_sentence(run, tmp_path):
    (tmp_path / "a.txt").write_text("hello " * 100)
    assert run("tags", tmp_path / "a.txt").code == 2
    assert run("tags", tmp_path).err == "This is a folder. Give one DICOM file.\n"
