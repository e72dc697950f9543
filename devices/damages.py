"""What wrong settings do to a code, as a forward model: every way in which one code of the sheet may arrive. Pure.

A setting works on one of three levels: on the data (separator, Chinese, check digit), on the way of the signs (case,
keyboard layout, width), or around the data (AIM identifier, prefix, suffix; see `devices.doctor`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from devices.sheet import GS, SheetCode, Symbology
from devices.wedge_layouts import LAYOUTS, Layout

TYPING = frozenset({"keys", "evdev"})
"""Kinds of scanners that are keyboards."""
_FOREIGN = ("de", "fr", "be")


@dataclass(frozen=True, slots=True)
class Finding:
    """One wrong setting. `code` is a text code, `detail` what was found instead, ready to be read."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DataForm:
    """The data as they may arrive: in one piece, or with something unknown where the separator was."""

    pieces: tuple[bytes, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class WayForm:
    """What the signs go through on their way, data and AIM identifier alike."""

    change: Callable[[bytes], bytes]
    findings: tuple[Finding, ...] = ()


def data_forms(code: SheetCode) -> tuple[DataForm, ...]:
    """Every form of the data alone, the healthy one first."""
    forms = [DataForm((code.label,))]
    if GS in code.label:
        forms.append(DataForm((code.label.replace(GS, b""),), (Finding("doctor_gs_dropped"),)))
        forms.append(DataForm(tuple(code.label.split(GS))))
    if code.symbology is Symbology.QR:
        forms += _chinese_forms(code.content)
    if code.symbology is Symbology.EAN_13:
        forms.append(DataForm((code.label[:-1],), (Finding("doctor_check_digit_off"),)))
    return tuple(forms)


def way_forms(kind: str) -> tuple[WayForm, ...]:
    """Every way of the signs, the healthy one first. A scanner that types has a keyboard's country; what it types into
    a window goes through the machine's layout and width besides."""
    cases = (
        WayForm(bytes),
        WayForm(bytes.swapcase, (Finding("doctor_case_inverted"),)),
        WayForm(bytes.upper, (Finding("doctor_case_upper"),)),
        WayForm(bytes.lower, (Finding("doctor_case_lower"),)),
    )
    if kind not in TYPING:
        return cases
    countries = tuple(_country_form(name) for name in _FOREIGN)
    if kind != "keys":
        return (*cases, *(_joined(case, country) for country in countries for case in cases))
    layouts = (WayForm(bytes), *map(_layout_form, _FOREIGN), *countries)
    widths = (WayForm(bytes), WayForm(_widened, (Finding("doctor_full_width"),)))
    # A scanner changes the case before the keyboard makes signs of its places, Caps Lock after it.
    orders = [(case, layout) for layout in layouts for case in cases]
    orders += [(layout, cases[1]) for layout in layouts[1:]]
    return tuple(_joined(*order, width) for width in widths for order in orders)


def is_wide(raw: bytes) -> bool:
    """Whether an input method had its hand in: signs that no key of a scanner makes."""
    text = raw.decode("utf-8", "ignore")
    return any(0x3000 <= ord(sign) <= 0x9FFF or 0xFF01 <= ord(sign) <= 0xFF5E for sign in text)


def _chinese_forms(content: str) -> Iterator[DataForm]:
    utf_8 = content.encode()
    yield DataForm((content.encode("gb18030"),), (Finding("doctor_chinese_gbk"),))
    yield DataForm((utf_8.decode("gb18030", "replace").encode(),), (Finding("doctor_chinese_garbled"),))
    for stand_in in (b"", b"?", b"??", b"???"):
        lost = b"".join(sign.encode() if sign.isascii() else stand_in for sign in content)
        yield DataForm((lost,), (Finding("doctor_chinese_lost"),))


def _joined(*forms: WayForm) -> WayForm:
    def change(raw: bytes) -> bytes:
        for form in forms:
            raw = form.change(raw)
        return raw

    return WayForm(change, tuple(finding for form in forms for finding in form.findings))


def _layout_form(name: str) -> WayForm:
    """The scanner types the places of a US keyboard, and the machine reads them as its own."""
    return _read_as(LAYOUTS["us"], LAYOUTS[name], Finding("doctor_layout", name.upper()))


def _country_form(name: str) -> WayForm:
    """The scanner types the places of another country's keyboard, and they are read as those of a US one."""
    return _read_as(LAYOUTS[name], LAYOUTS["us"], Finding("doctor_country", name.upper()))


def _read_as(typed: Layout, read: Layout, finding: Finding) -> WayForm:
    def sign_of(sign: str) -> str:
        for place, level in typed.homes.get(sign, ()):
            return read.sign(place, level) or ""
        return sign

    def change(raw: bytes) -> bytes:
        return "".join(map(sign_of, raw.decode("utf-8", "surrogateescape"))).encode("utf-8", "surrogateescape")

    return WayForm(change, (finding,))


def _widened(raw: bytes) -> bytes:
    text = raw.decode("utf-8", "surrogateescape")
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)
    return wide.encode("utf-8", "surrogateescape")
