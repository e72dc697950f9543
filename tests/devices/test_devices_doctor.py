"""The doctor names every wrong setting, alone and in pairs, and nothing else."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.doctor import ORDER, Arrival, Setup, diagnose, end_name
from devices.evdev_keys import US
from devices.framing import Profile, Suffix
from devices.sheet import BY_KEY, SHEET, SheetCode, Symbology
from tests.devices.wedge_typist import homes

# An own model of what settings do, written beside the one under test: the scanner's side first, then the machine's.
DE = str.maketrans("zZyY-/;]", "yYzZß-ö+")
FR = str.maketrans("aAqQzZwWmM1234567890-/;]", "qQaAwWzZ,?&é\"'(-è_çà)!m$")
BE = str.maketrans("aAqQzZwWmM1234567890-/;]", "qQaAwWzZ,?&é\"'(§è!çà)=m$")
WIDE = {number: number + 0xFEE0 for number in range(0x21, 0x7F)}


class Gun:
    """A scanner with settings; `sends` gives the bytes of a code."""

    def __init__(self) -> None:
        self.data = lambda code: code.label
        self.aim = lambda code: code.aims[0].encode()
        self.prefix = b""
        self.suffix = b"\r\n"
        self.sent = lambda raw: raw
        self.host = lambda raw: raw
        self.silent: set[Symbology] = set()

    def sends(self, code: SheetCode) -> bytes:
        return self.host(self.sent(self.aim(code) + self.data(code))).join((self.prefix, self.suffix))


def text_map(table):
    return lambda raw: raw.decode().translate(table).encode()


def set_data(change):
    def apply(gun: Gun) -> None:
        before = gun.data
        gun.data = lambda code: change(code, before(code))

    return apply


def put(name, value):
    return lambda gun: setattr(gun, name, value)


def recoded(change):
    return set_data(lambda code, data: change(data) if code.symbology is Symbology.QR else data)


ANYWHERE = {
    ("doctor_case_inverted", ""): ("host", put("sent", bytes.swapcase)),
    ("doctor_case_upper", ""): ("host", put("sent", bytes.upper)),
    ("doctor_case_lower", ""): ("host", put("sent", bytes.lower)),
    ("doctor_suffix_missing", ""): ("suffix", put("suffix", b"")),
    ("doctor_suffix_doubled", "CR LF CR LF"): ("suffix", put("suffix", b"\r\n\r\n")),
    ("doctor_suffix_doubled", "CR CR"): ("suffix", put("suffix", b"\r\r")),
    ("doctor_suffix_other", "TAB"): ("suffix", put("suffix", b"\t")),
    ("doctor_suffix_other", "ETX"): ("suffix", put("suffix", b"\x03")),
    ("doctor_prefix_added", "STX"): ("prefix", put("prefix", b"\x02")),
    ("doctor_prefix_added", "#7"): ("prefix", put("prefix", b"#7")),
    ("doctor_aim_off", ""): ("aim", put("aim", lambda code: b"")),
    ("doctor_aim_other", "]X0"): ("aim", put("aim", lambda code: b"]X0")),
    ("doctor_gs_dropped", ""): ("gs", set_data(lambda _, data: data.replace(b"\x1d", b""))),
    ("doctor_gs_replaced", "~"): ("gs", set_data(lambda _, data: data.replace(b"\x1d", b"~"))),
    ("doctor_gs_replaced", "{GS}"): ("gs", set_data(lambda _, data: data.replace(b"\x1d", b"{GS}"))),
    ("doctor_chinese_gbk", ""): ("qr", recoded(lambda data: data.decode().encode("gbk"))),
    ("doctor_chinese_garbled", ""): ("qr", recoded(lambda data: data.decode("gb18030", "replace").encode())),
    ("doctor_chinese_lost", ""): ("qr", recoded(lambda data: data.decode().encode("ascii", "ignore"))),
    ("doctor_check_digit_off", ""): (
        "ean",
        set_data(lambda code, data: data[:-1] if code.symbology is Symbology.EAN_13 else data),
    ),
    **{
        ("doctor_symbology_off", symbology.value): (
            symbology.value,
            lambda gun, symbology=symbology: gun.silent.add(symbology),
        )
        for symbology in Symbology
    },
}
TYPED = {
    ("doctor_layout", "DE"): ("layout", put("host", text_map(DE))),
    ("doctor_layout", "FR"): ("layout", put("host", text_map(FR))),
    ("doctor_layout", "BE"): ("layout", put("host", text_map(BE))),
    ("doctor_full_width", ""): ("layout", put("host", text_map(WIDE))),
}


def examined(setup: Setup, kind: str, *damages):
    gun = Gun()
    if kind == "keys":
        gun.suffix = b""
    for _, apply in damages:
        apply(gun)
    arrivals = [Arrival(gun.sends(code), kind) for code in SHEET if code.symbology not in gun.silent]
    found = diagnose(setup, arrivals, finished=True)
    assert None not in {reading.key for reading in found.readings}
    return {(finding.code, finding.detail) for finding in found.findings}


def hides(first, second):
    """The code on which one damage would be seen does not arrive because of the other."""
    silenced = {detail for code, detail in (first, second) if code == "doctor_symbology_off"}
    codes = {code for code, _ in (first, second)}
    no_chinese = "qr" in silenced and any(code.startswith("doctor_chinese") for code in codes)
    return no_chinese or ("ean13" in silenced and "doctor_check_digit_off" in codes)


def as_arrived(found, first, second):
    """A replaced separator and a foreign AIM identifier are told as they arrived, so letters may have changed, too."""
    changes = {"doctor_case_inverted": str.swapcase, "doctor_case_upper": str.upper, "doctor_case_lower": str.lower}
    change = next((changes[code] for code, _ in (first, second) if code in changes), str)
    shown = ("doctor_gs_replaced", "doctor_aim_other")
    return {(code, change(detail) if code in shown else detail) for code, detail in found}


def pairs(*tables):
    table = {name: damage for each in tables for name, damage in each.items()}
    for (first, damage), (second, other) in itertools.combinations(table.items(), 2):
        if damage[0] != other[0] and not hides(first, second):
            yield first, second, damage, other


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_healthy_scanner_is_healthy(end):
    gun = Gun()
    gun.suffix = end
    found = diagnose(Setup("serial"), [Arrival(gun.sends(code)) for code in SHEET], finished=True)
    assert found.is_healthy
    assert [reading.key for reading in found.readings] == [code.key for code in SHEET]


@pytest.mark.parametrize("name", ANYWHERE, ids=" ".join)
def test_every_wrong_setting_alone_on_a_serial_line(name):
    assert examined(Setup("serial"), "serial", ANYWHERE[name]) == {name}


@pytest.mark.parametrize("name", [*TYPED, *(name for name in ANYWHERE if ANYWHERE[name][0] != "suffix")], ids=" ".join)
def test_every_wrong_setting_alone_on_the_keyboard(name):
    assert examined(Setup("keys"), "keys", {**ANYWHERE, **TYPED}[name]) == {name}


@pytest.mark.parametrize("kind", ["keys", "evdev"])
@pytest.mark.parametrize("country", ["de", "fr", "be"])
def test_a_scanner_of_another_country_is_told_by_what_it_types_on_a_us_keyboard(kind, country):
    """Its brackets come by a key that a US keyboard has not: such a label never arrives."""
    no_aim = ("aim", put("aim", lambda _: b""))
    keys = {ord(sign): US.get(place, ("", ""))[way == "shift"] for sign, (place, way) in homes(country).items() if sign}
    typed = ("layout", put("host", text_map(keys)))
    assert examined(Setup(kind), kind, no_aim, typed, ANYWHERE["doctor_suffix_missing", ""]) == {
        ("doctor_aim_off", ""), ("doctor_country", country.upper()),
    }  # fmt: skip


def test_every_pair_of_wrong_settings_on_a_serial_line():
    found = {
        (first, second): examined(Setup("serial"), "serial", damage, other)
        for first, second, damage, other in pairs(ANYWHERE)
    }
    wrong = {pair: seen for pair, seen in found.items() if seen != as_arrived(pair, *pair)}
    assert wrong == {}
    assert len(found) > 200


def test_every_pair_with_a_keyboard_setting():
    # Alone on the way of the signs: GBK bytes, separators and brackets cannot be typed on a foreign keyboard.
    untyped = ("suffix", "qr", "gs")
    others = {name: damage for name, damage in ANYWHERE.items() if damage[0] not in untyped}
    found = {
        (first, second): examined(Setup("keys"), "keys", damage, other)
        for first, second, damage, other in pairs(TYPED, others)
        if "layout" in (damage[0], other[0]) and "aim_other" not in first[0] + second[0]
    }
    wrong = {pair: seen for pair, seen in found.items() if seen != set(pair)}
    assert wrong == {}
    assert len(found) > 30


def test_a_scanner_that_types_where_a_serial_one_is_expected_is_in_the_wrong_mode():
    assert ("doctor_wrong_mode", "keys") in examined(Setup("serial"), "keys")
    assert examined(Setup("serial"), "keys", TYPED["doctor_layout", "DE"]) == {
        ("doctor_wrong_mode", "keys"),
        ("doctor_layout", "DE"),
    }


@pytest.mark.parametrize(
    ("suffix", "sent", "finding"),
    [
        (Suffix.TAB, b"\t", None),
        (Suffix.TAB, b"\r", ("doctor_suffix_other", "CR")),
        (Suffix.TAB, b"\t\t", ("doctor_suffix_doubled", "TAB TAB")),
        (Suffix.CRLF, b"\r\n", None),
        (Suffix.CRLF, b"\r", ("doctor_suffix_other", "CR")),
        (Suffix.EITHER, b"", ("doctor_suffix_missing", "")),
        (Suffix.NONE, b"", None),
        (Suffix.NONE, b"\r", ("doctor_suffix_other", "CR")),
        (Suffix.ETX, b"", ("doctor_suffix_missing", "")),
    ],
)
def test_the_line_end_is_judged_by_what_the_site_has_set(suffix, sent, finding):
    setup = Setup("serial", Profile(suffix, prefix=b"\x02"))
    gun = Gun()
    gun.prefix, gun.suffix = b"\x02", sent
    found = diagnose(setup, [Arrival(gun.sends(code)) for code in SHEET]).findings
    assert [(each.code, each.detail) for each in found] == ([finding] if finding else [])


def test_a_prefix_that_the_site_has_set_and_the_scanner_does_not_send():
    found = diagnose(Setup("serial", Profile(prefix=b"\x02")), [Arrival(b"]C0" + SHEET[0].label + b"\r")])
    assert [(each.code, each.detail) for each in found.findings] == [("doctor_prefix_missing", "STX")]


def test_an_aim_identifier_beside_the_bytes_counts():
    right = Arrival(BY_KEY["gs1_datamatrix"].label, "hid", aim="]d2")
    assert diagnose(Setup("hid"), [right]).findings == ()
    other = Arrival(BY_KEY["gs1_datamatrix"].label, "hid", aim="]d1")
    assert [each.code for each in diagnose(Setup("hid"), [other]).findings] == ["doctor_aim_other"]


def test_what_is_missing_is_named_only_when_the_visit_is_over():
    arrivals = [Arrival(b"]E0" + BY_KEY["ean13"].label + b"\r")]
    running = diagnose(Setup("serial"), arrivals)
    assert (running.findings, running.missing) == ((), tuple(code.key for code in SHEET if code.key != "ean13"))
    over = diagnose(Setup("serial"), arrivals, finished=True)
    assert {each.detail for each in over.findings} == {each.value for each in Symbology} - {"ean13"}
    assert diagnose(Setup("serial"), [], finished=True).findings == ()


def test_what_an_input_method_made_of_a_code_is_said_so():
    eaten = Arrival("】对010690123456789210LotAbC".encode(), "keys")
    found = diagnose(Setup("keys"), [eaten])
    assert [(reading.key, reading.findings[0].code) for reading in found.readings] == [(None, "doctor_input_method")]


def test_a_code_of_another_sheet_is_not_explained_away():
    found = diagnose(Setup("serial"), [Arrival(b"]E06920152400975\r")])
    assert [each.code for each in found.findings] == ["doctor_unexplained"]


@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from(["serial", "keys", "hid"]), st.booleans())
def test_any_bytes_have_one_reading_each(raws, kind, finished):
    found = diagnose(Setup("serial"), [Arrival(raw, kind) for raw in raws], finished=finished)
    assert len(found.readings) == len(raws)
    assert all(finding.code in ORDER for finding in found.findings)


@given(st.permutations(SHEET), st.binary(max_size=8).filter(lambda raw: b"]" not in raw))
def test_any_prefix_and_any_order_name_just_the_prefix(codes, prefix):
    arrivals = [Arrival(prefix + code.aims[0].encode() + code.label + b"\r") for code in codes]
    found = diagnose(Setup("serial"), arrivals)
    assert {each.code for each in found.findings} == ({"doctor_prefix_added"} if prefix else set())


def test_a_visit_is_explained_while_a_person_waits():
    began_s = time.monotonic()
    for _ in range(10):
        examined(Setup("keys"), "keys", TYPED["doctor_layout", "FR"])
    assert time.monotonic() - began_s < 10


def test_the_end_of_a_label_has_a_name():
    ends = [end_name(b"A" + end) for end in (b"\r", b"\n", b"\r\n", b"\t", b"\x03", b"")]
    assert ends == ["CR", "LF", "CR LF", "TAB", "ETX", None]
