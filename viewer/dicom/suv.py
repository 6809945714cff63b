"""The standardised uptake value by body weight of PET, as QIBA's vendor-neutral pseudo-code computes it.

https://qibawiki.rsna.org/index.php/Standardized_Uptake_Value_(SUV): what it needs and does not find, or
finds absurd, gives no SUV and a reason: a wrong one would be acted on.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags

_PHILIPS = 0x7053, "Philips PET Private Group"
_GE = 0x0009, "GEMS_PETD_01"
_WEIGHT_KG = (0.01, 700.0)
_DOSE_BQ = (1e4, 1e12)
"""Some files give the dose in MBq, which no rule tells: 370 Bq is no dose."""
_HALF_LIFE_S = (10.0, 1e7)
_DATELESS_HALF_LIFE_S = 86400.0
"""Longer-lived tracers are imaged days after injection: without its date the decay is not known."""
_MOST_HALF_LIVES = 20
_LONGEST_MS = 1e9
_MOST_PER_COUNT = 1e6


class NoSuv(Exception):
    """There is no SUV; the message is why, in a few words without any value of the file."""


def suv_factor(dataset: Dataset) -> float:
    """What turns a modality value (after rescale) into SUV by body weight, in g/ml.

    Raises
    ------
    NoSuv
        The tags do not allow it.
    """
    try:
        return _factor(dataset)
    except OverflowError as error:  # a date at the end of the calendar
        raise NoSuv("a time beyond reason") from error


def _factor(dataset: Dataset) -> float:
    units = tags.text(dataset, "Units").upper()
    if units == "GML":
        kind = tags.text(dataset, "SUVType").upper()
        if kind not in ("", "BW"):
            raise NoSuv(f"the values are SUV by another measure ({kind})")
        return 1.0
    if units == "CNTS":
        factor = _private(dataset, *_PHILIPS, 0x00)
        if factor:
            return factor
        per_count = _private(dataset, *_PHILIPS, 0x09)
        if not per_count:
            raise NoSuv("the values are counts")
        return per_count * _per_activity(dataset)
    if units != "BQML":
        raise NoSuv("the values are no activity concentration")
    return _per_activity(dataset)


def _per_activity(dataset: Dataset) -> float:
    """SUV of 1 Bq/ml: body weight in g divided by the dose that is left at the time decayed to."""
    corrected = tags.text(dataset, "CorrectedImage").upper().split("\\")
    if "ATTN" not in corrected:
        raise NoSuv("not corrected for attenuation")
    if "DECY" not in corrected:
        raise NoSuv("not corrected for decay")
    tracer = tags.first_item(dataset, "RadiopharmaceuticalInformationSequence")
    if tracer is None:
        raise NoSuv("no radiopharmaceutical")
    weight = _within(dataset, "PatientWeight", _WEIGHT_KG, "patient weight")
    dose = _within(tracer, "RadionuclideTotalDose", _DOSE_BQ, "injected dose")
    correction = tags.text(dataset, "DecayCorrection").upper()
    if correction == "START":
        half_life = _within(tracer, "RadionuclideHalfLife", _HALF_LIFE_S, "half life")
        dose *= 2 ** -(_decay_time(dataset, tracer, half_life) / half_life)
    elif correction != "ADMIN":
        raise NoSuv("the time it is decayed to is unknown")
    return weight * 1000 / dose


def _within(dataset: Dataset, keyword: str, limits: tuple[float, float], name: str) -> float:
    found = tags.number(dataset, keyword)
    if not found:
        raise NoSuv(f"no {name}")
    if not limits[0] <= found <= limits[1]:
        raise NoSuv(f"{name} beyond reason")
    return found


def _decay_time(dataset: Dataset, tracer: Dataset, half_life: float) -> float:
    """Seconds from the injection to the time to which the values are decayed."""
    scan = _scan_start(dataset, half_life)
    start = _moment(tags.text(tracer, "RadiopharmaceuticalStartDateTime"), _zone(dataset))
    if start is None:
        clock = tags.text(tracer, "RadiopharmaceuticalStartTime")
        start = _moment(scan.strftime("%Y%m%d") + clock, scan.tzinfo) if clock else None
        if start is None:
            raise NoSuv("no injection time")
        if half_life > _DATELESS_HALF_LIFE_S:
            raise NoSuv("no injection date")
        if start > scan:  # before midnight
            start -= timedelta(days=1)
    seconds = _seconds(scan, start)
    if not 0 <= seconds <= _MOST_HALF_LIVES * half_life:
        raise NoSuv("injection time beyond reason")
    return seconds


def _scan_start(dataset: Dataset, half_life: float) -> datetime:
    """The time to which Decay Correction START decays: the series', unless it was written afterwards."""
    zone = _zone(dataset)
    series = _moment(tags.text(dataset, "SeriesDate") + tags.text(dataset, "SeriesTime"), zone)
    acquired = _moment(tags.text(dataset, "AcquisitionDate") + tags.text(dataset, "AcquisitionTime"), zone)
    if acquired is None:
        raise NoSuv("no acquisition time")
    if series is not None and _seconds(acquired, series) >= 0:
        return series
    own = _moment(_private_text(dataset, *_GE, 0x0D), zone)
    if own is not None:
        return own
    reference = tags.number(dataset, "FrameReferenceTime")
    duration = tags.number(dataset, "ActualFrameDuration")
    if not reference or not duration or not 0 < reference < _LONGEST_MS or not 0 < duration < _LONGEST_MS:
        raise NoSuv("the start of the scan is unknown")
    decay = math.log(2) / half_life
    lost = decay * duration / 1000
    average = math.log(lost / -math.expm1(-lost)) / decay
    return acquired + timedelta(seconds=average - reference / 1000)


def _seconds(later: datetime, earlier: datetime) -> float:
    """Local times where only one of the two tells its zone."""
    if (later.tzinfo is None) != (earlier.tzinfo is None):
        later, earlier = later.replace(tzinfo=None), earlier.replace(tzinfo=None)
    return (later - earlier).total_seconds()


def _moment(text: str, zone: tzinfo | None) -> datetime | None:
    """A DT, or a DA and a TM joined (PS3.5 6.2), to the second at least; None for anything else."""
    text = text.strip().replace(":", "")
    for sign in "+-":
        head, found, offset = text.rpartition(sign)
        if found and head and len(offset) == 4 and offset.isdigit():
            zone, text = _offset(found + offset), head
    whole, _, part = text.partition(".")
    if len(whole) not in (12, 14) or not whole.isdigit() or (part and not part.isdigit()):
        return None
    try:
        moment = datetime.strptime(whole.ljust(14, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return moment.replace(tzinfo=zone) + timedelta(seconds=float(f"0.{part or 0}"))


def _zone(dataset: Dataset) -> timezone | None:
    found = tags.text(dataset, "TimezoneOffsetFromUTC")
    return _offset(found) if len(found) == 5 and found[1:].isdigit() else None


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    if minutes >= 24 * 60:
        return UTC
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _private(dataset: Dataset, group: int, creator: str, number: int) -> float | None:
    """The positive number of a private attribute, or None."""
    try:
        found = float(_private_text(dataset, group, creator, number))
    except ValueError:
        return None
    return found if 0 < found < _MOST_PER_COUNT else None


def _private_text(dataset: Dataset, group: int, creator: str, number: int) -> str:
    """A private attribute as text, whatever its VR says; "" if there is none."""
    try:
        found = dataset.private_block(group, creator)[number].value
    except Exception:  # no such block; or pydicom converts, and raises whatever the bytes lead it to
        return ""
    return found.decode("latin-1").strip("\0 ") if isinstance(found, bytes) else str(found).strip()
