"""The truth table of the keyboard scanner, a part of it: `build/dev.py bench wedge` runs all of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.wedge import WedgeDecoder
from devices.wedge_keys import KeyEvent
from devices.wedge_layouts import LAYOUTS, Level
from devices.wedge_reading import REFUSALS, WedgeProfile, read_strokes
from tests.devices.wedge_table import F8, run
from tests.devices.wedge_typist import GS1_SIGNS, HOSTS, SEPARATORS, Setting, Typist, hear, recorded

PLAIN_SETTINGS = st.builds(
    Setting,
    host=st.sampled_from(HOSTS),
    layout=st.sampled_from(["us", "de", "fr", "be"]),
    places=st.booleans(),
    caps=st.booleans(),
    knows_caps=st.booleans(),
    shift_lock=st.booleans(),
    separator=st.sampled_from(SEPARATORS),
    gap_us=st.integers(0, 50_000),
)


def test_nothing_is_changed_and_nothing_vanishes_without_a_word() -> None:
    count = run(every=97)
    assert count.total > 2_000
    assert count.changed == []
    assert count.silent == []
    assert count.shown_beside_scan == []
    assert set(count.refused) <= set(REFUSALS)
    assert count.equal > 300


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("caps", [False, True])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_with_places_every_host_layout_gives_the_label(host: str, caps: bool, separator: str) -> None:
    text = f"]d2{GS1_SIGNS[:41]}\x1d{GS1_SIGNS[41:]}"
    setting = Setting(host=host, caps=caps, separator=separator)
    heard = hear(WedgeDecoder(WedgeProfile(gs_keys=frozenset({F8}))), list(Typist(setting).label(text)), editing=True)
    assert (heard.labels, heard.refusals, heard.shown) == ([text.encode()], [], _only_modifiers(heard.shown))


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("layout", ["us", "de", "fr", "be"])
def test_without_places_the_host_layout_is_turned_back(host: str, layout: str) -> None:
    decoder = WedgeDecoder(WedgeProfile(LAYOUTS[layout], LAYOUTS[host], gs_keys=frozenset({F8})))
    refused = ""
    for sign in GS1_SIGNS:
        text = f"0109529999001016{sign}"
        setting = Setting(host=host, layout=layout, places=False)
        heard = hear(decoder, list(Typist(setting).label(text)))
        assert heard.labels in ([], [text.encode()])
        refused += "" if heard.labels else sign
    assert len(refused) <= (0 if layout == "us" or layout == host else 4), refused
    assert not any(sign.isalnum() for sign in refused), "only signs that two keys of the host could have made"


@pytest.mark.parametrize("host", HOSTS)
def test_without_places_and_host_nothing_is_guessed(host: str) -> None:
    setting = Setting(host=host, places=False)
    heard = hear(WedgeDecoder(WedgeProfile()), list(Typist(setting).label("89990110000000000001")))
    assert (heard.labels, heard.refusals) == ([], ["wedge_host_unknown"])


@settings(max_examples=250, deadline=None)
@given(PLAIN_SETTINGS, st.text(st.sampled_from([*GS1_SIGNS, "\x1d"]), min_size=6, max_size=40), st.booleans())
def test_any_label_comes_out_equal_or_not_at_all(setting: Setting, text: str, editing: bool) -> None:
    profile = WedgeProfile(LAYOUTS[setting.layout], LAYOUTS[setting.host], gs_keys=frozenset({F8}))
    try:
        stream = list(Typist(setting).label(text))
    except KeyError:
        return  # this keyboard has no such key
    heard = hear(WedgeDecoder(profile), stream, editing=editing)
    assert heard.labels in ([], [text.encode()], [text.lstrip("\x1d").encode()])
    assert heard.labels or heard.refusals or len(text.strip("\x1d")) < 10


@pytest.mark.parametrize("host", ["us", "zh"])
@pytest.mark.parametrize("layout", ["de", "fr", "be"])
@pytest.mark.parametrize("places", [False, True])
def test_a_first_sign_that_needs_a_key_which_the_computer_has_not_is_not_just_left_out(
    host: str, layout: str, places: bool
) -> None:
    for text in ("]C1010952999900101610L7", "]Q1ABCDEFGH"):
        decoder = WedgeDecoder(WedgeProfile(LAYOUTS[layout], LAYOUTS[host]))
        stream = list(Typist(Setting(host=host, layout=layout, places=places)).label(text))
        heard = hear(decoder, stream)
        assert (heard.labels, heard.refusals) == ([], ["wedge_layout"])


@pytest.mark.parametrize("name", ["us", "zh", "de", "fr", "be"])
def test_the_tables_are_those_of_the_system(name: str) -> None:
    layout = LAYOUTS[name]
    for (place, level), sign in layout.signs.items():
        way = {Level.PLAIN: "plain", Level.SHIFT: "shift", Level.ALT_GR: "alt_gr"}[level]
        key, text, _ = recorded()[f"{name} {way}"][place]
        assert text == sign or (text == "" and 0x01001250 <= key <= 0x01001257), (place, level)


def test_a_scanner_set_to_another_country_is_told_by_its_signs_or_refused() -> None:
    decoder = WedgeDecoder(WedgeProfile(LAYOUTS["de"]))
    text = "]d2ZY-01_(a)"
    assert hear(decoder, list(Typist(Setting(host="de", layout="de")).label(text))).labels == [text.encode()]
    assert hear(decoder, list(Typist(Setting(host="fr", layout="de")).label("ZY-01_(a)"))).labels == [b"ZY-01_(a)"]


def test_places_that_no_keyboard_has_are_not_trusted() -> None:
    strokes = [
        KeyEvent(ord(sign), sign, at_us=0, place=place) for sign, place in zip("ABCDEF", range(30, 36), strict=True)
    ]
    assert read_strokes(strokes, WedgeProfile()).refusal == "wedge_layout"


def _only_modifiers(shown: list[KeyEvent]) -> list[KeyEvent]:
    return [event for event in shown if not event.text]
