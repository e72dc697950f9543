"""The scanner doctor: from what arrived of the sheet's codes to every wrong setting, each with its name. Pure.

Each arrival is explained by the fewest wrong settings that make exactly these bytes of exactly one code; where two
explanations are equally short, the one that the other arrivals need anyway is taken. What cannot be explained is said.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from devices.damages import DataForm, Finding, WayForm, data_forms, is_wide, way_forms
from devices.framing import Profile, Suffix
from devices.sheet import BY_KEY, SHEET, SheetCode, Symbology

_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_AROUND_LIMIT = 8
_REPLACEMENT_LIMIT = 6
_END_NAMES = {b"\r": "CR", b"\n": "LF", b"\r\n": "CR LF", b"\t": "TAB", b"\x03": "ETX"}
_ENDS = {
    Suffix.CR: (b"\r",),
    Suffix.LF: (b"\n",),
    Suffix.CRLF: (b"\r\n",),
    Suffix.TAB: (b"\t",),
    Suffix.ETX: (b"\x03",),
    Suffix.NONE: (b"",),
}
_ANY_LINE_END = (b"\r", b"\n", b"\r\n")
_CONTROL_NAMES = {0x02: "STX", 0x03: "ETX", 0x09: "TAB", 0x0A: "LF", 0x0D: "CR", 0x1D: "GS", 0x1E: "RS"}


@dataclass(frozen=True, slots=True)
class Setup:
    """How the scanner under examination is connected, and what is expected of it."""

    kind: str
    """Of the scanner that was chosen: `serial`, `hid`, `evdev`, `keys`, `camera`; also what arrivals should come by."""
    profile: Profile = field(default_factory=Profile)
    aim_expected: bool = True


@dataclass(frozen=True, slots=True)
class Arrival:
    """One scan as it came, with everything between two silences: prefix and suffix are still there."""

    raw: bytes = field(repr=False)
    kind: str = "serial"
    aim: str | None = None
    """Where it comes beside the bytes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one arrival was: a code of the sheet (None: none of them), and the settings that made it look so."""

    key: str | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All arrivals together. `findings` has each wrong setting once, in the order in which they should be mended."""

    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    """Keys of the codes that did not arrive."""

    @property
    def is_healthy(self) -> bool:
        """Every code came, and nothing is wrong."""
        return not self.findings and not self.missing


def diagnose(setup: Setup, arrivals: Sequence[Arrival], *, finished: bool = False) -> Diagnosis:
    """Explain the arrivals. `finished`: whatever has not come by now does not come."""
    explained = [_explanations(setup, arrival) for arrival in arrivals]
    chosen = _agreeing(explained)
    seen = {reading.key for reading in chosen}
    missing = tuple(code.key for code in SHEET if code.key not in seen)
    found = [finding for reading in chosen for finding in reading.findings]
    if finished:
        found += _switched_off(seen)
    ordered = sorted(dict.fromkeys(found), key=lambda finding: (_rank(finding.code), finding.detail))
    return Diagnosis(tuple(chosen), tuple(ordered), missing)


def end_name(raw: bytes) -> str | None:
    """The name of the line end that stands behind a label (`CR LF`); None where there is none."""
    for end in (b"\r\n", b"\r", b"\n", b"\t", b"\x03"):
        if raw.endswith(end):
            return _END_NAMES[end]
    return None


ORDER = (
    "doctor_wrong_mode", "doctor_layout", "doctor_country", "doctor_full_width", "doctor_input_method",
    "doctor_case_inverted", "doctor_case_upper", "doctor_case_lower", "doctor_suffix_missing",
    "doctor_suffix_doubled", "doctor_suffix_other",
    "doctor_prefix_missing", "doctor_prefix_added", "doctor_aim_off", "doctor_aim_other", "doctor_gs_dropped",
    "doctor_gs_replaced", "doctor_chinese_gbk", "doctor_chinese_garbled", "doctor_chinese_lost",
    "doctor_check_digit_off", "doctor_symbology_off", "doctor_unexplained",
)  # fmt: skip
"""Every finding there is, in the order of mending: what hides other things comes first."""


def _rank(code: str) -> int:
    return ORDER.index(code)


def _switched_off(seen: set[str | None]) -> Iterator[Finding]:
    """Symbologies of which nothing came; if nothing came at all, no setting can be blamed."""
    if not any(seen):
        return
    arrived = {BY_KEY[key].symbology for key in seen if key is not None}
    for symbology in Symbology:
        if symbology not in arrived:
            yield Finding("doctor_symbology_off", symbology.value)


def _agreeing(explained: Sequence[tuple[Reading, ...]]) -> list[Reading]:
    """One explanation per arrival; the clear ones first, and the others as these need them."""
    chosen: dict[int, Reading] = {}
    needed: set[Finding] = set()
    for place in sorted(range(len(explained)), key=lambda place: len(explained[place])):
        reading = min(explained[place], key=lambda reading: len(set(reading.findings) - needed))
        chosen[place] = reading
        needed |= set(reading.findings)
    return [chosen[place] for place in range(len(explained))]


def _explanations(setup: Setup, arrival: Arrival) -> tuple[Reading, ...]:
    """The shortest explanations of one arrival, at least one."""
    mode = () if arrival.kind == setup.kind else (Finding("doctor_wrong_mode", arrival.kind),)
    readings = [
        Reading(candidate.code.key, (*mode, *candidate.way.findings, *candidate.form.findings, *around))
        for candidate in _candidates(arrival.kind)
        if all(piece in arrival.raw for piece in candidate.pieces)
        for around in _around(setup, arrival, candidate)
    ]
    if not readings:
        blame = "doctor_input_method" if arrival.kind == "keys" and is_wide(arrival.raw) else "doctor_unexplained"
        return (Reading(None, (*mode, Finding(blame))),)
    fewest = min(len(reading.findings) for reading in readings)
    return tuple(dict.fromkeys(reading for reading in readings if len(reading.findings) == fewest))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One form of one code on one way, and the bytes that it makes."""

    code: SheetCode
    way: WayForm
    form: DataForm
    pieces: tuple[bytes, ...]


@functools.cache
def _candidates(kind: str) -> tuple[_Candidate, ...]:
    """Every form of every code. A way that leaves no trace on a code is left out: nothing would speak for it."""
    return tuple(
        _Candidate(code, way, form, tuple(way.change(piece) for piece in form.pieces))
        for code in SHEET
        for way in way_forms(kind)
        for form in data_forms(code)
        if not way.findings or any(way.change(part) != part for part in (*form.pieces, code.aims[0].encode()))
    )


def _around(setup: Setup, arrival: Arrival, candidate: _Candidate) -> Iterator[tuple[Finding, ...]]:
    """What stands around the data, wherever they stand."""
    code, way = candidate.code, candidate.way
    for begin, end, detail in _places(arrival.raw, candidate.pieces):
        replaced = tuple(Finding("doctor_gs_replaced", detail) for _ in candidate.pieces[1:])
        tail = _suffix_findings(setup, arrival, arrival.raw[end:])
        if tail is None:
            continue
        for head in _head_findings(setup, arrival, code, way, arrival.raw[:begin]):
            yield (*replaced, *head, *tail)


def _places(raw: bytes, pieces: tuple[bytes, ...]) -> Iterator[tuple[int, int, str]]:
    """Where the pieces stand: begin, end, and what stands between two of them."""
    begin = raw.find(pieces[0])
    while begin >= 0:
        end = begin + len(pieces[0])
        if len(pieces) == 1:
            yield begin, end, ""
        else:
            second = raw.find(pieces[1], end + 1, end + _REPLACEMENT_LIMIT + len(pieces[1]))
            if second >= 0 and raw[end:second] != b"\x1d":
                yield begin, second + len(pieces[1]), _named(raw[end:second])
        begin = raw.find(pieces[0], begin + 1)


def _head_findings(
    setup: Setup, arrival: Arrival, code: SheetCode, way: WayForm, head: bytes
) -> Iterator[tuple[Finding, ...]]:
    """Every way to read what stands before the data: prefix and AIM identifier, in either order."""
    if arrival.aim is not None:
        right = arrival.aim in code.aims
        yield from _prefix_findings(setup, head, () if right else (Finding("doctor_aim_other", arrival.aim),))
        return
    for aim in code.aims:
        sent = way.change(aim.encode())
        if sent and sent in head:
            before, _, behind = head.partition(sent)
            yield from _prefix_findings(setup, before + behind, ())
            return
    found = _AIM.search(head)
    if found is not None:
        rest = head[: found.start()] + head[found.end() :]
        yield from _prefix_findings(setup, rest, (Finding("doctor_aim_other", found.group().decode()),))
    off = (Finding("doctor_aim_off"),) if setup.aim_expected else ()
    yield from _prefix_findings(setup, head, off)


def _prefix_findings(setup: Setup, prefix: bytes, more: tuple[Finding, ...]) -> Iterator[tuple[Finding, ...]]:
    expected = setup.profile.prefix
    if prefix == expected:
        yield more
    elif not prefix:
        yield (Finding("doctor_prefix_missing", _named(expected)), *more)
    elif len(prefix) <= _AROUND_LIMIT:
        yield (Finding("doctor_prefix_added", _named(prefix)), *more)


def _suffix_findings(setup: Setup, arrival: Arrival, suffix: bytes) -> tuple[Finding, ...] | None:
    """None where this cannot be a suffix at all."""
    if len(suffix) > _AROUND_LIMIT:
        return None
    right = _ENDS.get(setup.profile.suffix, _ANY_LINE_END)
    if suffix in right or (not suffix and arrival.kind != "serial"):
        return ()
    if not suffix:
        return (Finding("doctor_suffix_missing"),)
    if any(end and suffix == end + end for end in (*right, *_ANY_LINE_END)):
        return (Finding("doctor_suffix_doubled", _named(suffix)),)
    return (Finding("doctor_suffix_other", _named(suffix)),)


def _named(raw: bytes) -> str:
    """Bytes to be read aloud: `STX`, `CR CR`, `~`, `{F8}`."""
    text = raw.decode("utf-8", "backslashreplace")
    parts = [
        _CONTROL_NAMES.get(ord(sign), sign if sign.isprintable() and sign != " " else f"0x{ord(sign):02X}")
        for sign in text
    ]
    return (" " if any(len(part) > 1 for part in parts) else "").join(parts)
