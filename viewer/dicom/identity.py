"""Which text and which identifiers point to a patient, and how they are masked."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from viewer.dicom import confidential
from viewer.study import Patient, Series, SliceHeader, Source

_HIDDEN = Source(Path("de-identified"))

# Free text may hold anything, a name among it ("CHEST SMITH"): what is not wholly made of words that
# describe an examination is dropped (PS3.15 E.3.5 allows cleaned descriptors, and nothing less sure).
_VOCABULARY = frozenset(
    """
    2d 3d 4d abd abdomen adc angio angiography ankle aorta ap arm arterial asl ax axial b0 b1000 b800
    blade bold bone brain bravo breast bssfp c cardiac cbf cbv cerebral cervical chest cine ciss cm
    contrast cor coronal cr cranial ct cta ctpa cube cuff dce delay delayed diff diffusion dir dixon
    dose double dti dwi dx dyn dynamic early ecg echo elbow enhanced ep epi epi2d exam fast fat fatsat
    femur ffe fgre fiesta finger fl2d fl3d flair flash flow fluoro fmri foot foramen fov fs fse fspgr
    full gad gado gadolinium gd ge gradient gre hand haste head heart high hip hr hrct humerus iac in ir
    isotropic kidney knee kv lat late lateral left leg liver loc localiser localizer long low lower
    lumbar lung mag magnitude mammo mammography map mas mdct mediastinum mip mlo mm mpr mprage mr mra
    mrcp mri mrv mt multi nasal native neck nm no non o oblique of opposed orbit orbits out pa pancreas
    parallel pc pca pd pdw pe pelvis perf perfusion pet phantom phase pituitary plain plane plus portal
    post posterior pre prone prostate proton pt pulmonary radiograph ray recon reformat resp right rt sag
    sagittal sample scan scout se seq sequence series short shoulder single sinus skull slice slices
    soft space spgr spin spine spoiled ssfp st sternum stir stroke supine sw swan swi synthetic t1 t1w
    t2 t2w te temporal tfe thick thigh thin thoracic thorax tibia tirm tissue tof topogram tr tra trans
    transverse trufi tse turbo ultrasound upper us vein veins venous vessel vibe view volume w water wb
    weighted whole with without wo wrist x xr xray
    """.split()  # noqa: SIM905 - one word a line would fill five screens
)
_SPLIT = re.compile(r"[\s_,;:()\[\]+/\\^=.-]+")
_MEASURE = re.compile(r"\d{1,4}(mm|cm|s|ms|deg|kv|sl)?")
_CODE = re.compile(r"[A-Z][A-Z ]{0,15}")


# Modalities whose machines write name and date into the picture itself.
_BURNED_IN = frozenset({"US", "IVUS", "ES", "XC", "GM", "OP", "OPT", "SC", "OT", "DOC"})
BURNED_IN = "This image may have patient text burned into its pixels. Look at it before you pass it on."
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def is_identifying(tag: int) -> bool:
    """Whether an attribute may point to a patient (PS3.15 Table E.1-1, Basic Profile).

    Private attributes do, and so do the addresses of the systems a file came through, which the file
    meta information of a de-identified copy does not take over (PS3.15 E.1.1).
    """
    return bool(confidential.action(tag)) or 0x00020016 <= tag <= 0x0002FFFF


def may_be_burned_in(declared: str, *, modality: str, sop_class: str) -> bool:
    """Whether text about the patient may be part of the pixels.

    Parameters
    ----------
    declared : Burned In Annotation (0028,0301): "YES", "NO" or "".
    sop_class : SOP Class UID: secondary captures are pictures of screens.
    """
    if declared in ("YES", "NO"):
        return declared == "YES"
    captured = sop_class == _SECONDARY_CAPTURE or sop_class.startswith(f"{_SECONDARY_CAPTURE}.")
    return captured or modality in _BURNED_IN


def short_hash(uid: str) -> str:
    """Eight hexadecimal digits in place of a UID: enough to follow it through a log, and no UID."""
    return hashlib.sha256(uid.encode()).hexdigest()[:8]


def pseudonymous_uid(uid: str) -> str:
    """A valid UID that always takes the place of `uid`; the same for the same (PS3.15 E.3.9)."""
    if not uid:
        return ""
    original, hash_sign, group = uid.partition("#")
    digest = hashlib.sha256(b"glassbox" + original.encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}{hash_sign}{group}"


def masked(series: Series) -> Series:
    """The series without identity in its text, for the screen.

    UIDs and files stay: slices are still found, cached and loaded under their own keys. For whatever
    leaves the program use `deidentified`.
    """
    return replace(
        series,
        patient=Patient(),
        description=safe_text(series.description),
        study_description=safe_text(series.study_description),
        study_date="",
        institution="",
        body_part=series.body_part if _CODE.fullmatch(series.body_part) else "",
        protocol=safe_text(series.protocol),
    )


def deidentified(series: Series) -> Series:
    """The series without anything that identifies the patient, for export.

    Patient, institution and dates are gone; descriptions stay only where every word describes an
    examination; UIDs are replaced (PS3.15 E.1, Basic Profile), files are no longer named, so that
    nothing can be loaded from it.
    """
    return replace(
        masked(series),
        uid=pseudonymous_uid(series.uid),
        series_instance_uid=pseudonymous_uid(series.series_instance_uid),
        study_instance_uid=pseudonymous_uid(series.study_instance_uid),
        frame_of_reference=pseudonymous_uid(series.frame_of_reference) if series.frame_of_reference else "",
        slices=tuple(deidentified_header(header) for header in series.slices),
    )


def deidentified_header(header: SliceHeader) -> SliceHeader:
    """A slice header without file and original UID."""
    uid = pseudonymous_uid(header.sop_instance_uid)
    windows = tuple(replace(window, explanation=safe_text(window.explanation)) for window in header.windows)
    return replace(header, source=_HIDDEN, sop_instance_uid=uid, windows=windows, stored=None)


def safe_text(text: str) -> str:
    """The text if each of its words describes an examination or is a small number, else ""."""
    words = [word for word in _SPLIT.split(text.lower()) if word]
    known = all(word in _VOCABULARY or _MEASURE.fullmatch(word) for word in words)
    digits = sum(char.isdigit() for char in text)
    return text if known and digits <= 6 else ""
