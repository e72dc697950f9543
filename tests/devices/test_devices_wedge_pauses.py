"""A scanner that types and pauses amid a patient's code: nothing of it is recorded or handed on, and others are."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.flows.credentials import CredentialJudge, is_credential
from devices.recorder import Recording
from devices.wedge import Outcome, Scanned, WedgeDecoder
from devices.wedge_keys import KeyEvent
from devices.wedge_layouts import LAYOUTS, Level
from devices.wedge_reading import WedgeProfile
from devices.wedge_recorder import WatchedDecoder
from tests.devices.wedge_typist import HOSTS, Composed, Setting, Typist, hear

MOST_TOLD = 6
CODES = ["89990110000000000001", "86942400000000000424", "6901234567892", "]d2010952999900101617290531" + "10SYN2605A",
         "0109529999001016172905311042AB", "MA.156.M0.999902.1SYN0002"]  # fmt: skip
DIGITS, SIGNS = "0123456789", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VOUCHERS = st.one_of(
    st.text(DIGITS, min_size=25, max_size=25).map("424".__add__),
    st.text(SIGNS, min_size=20, max_size=40).map("opc".__add__),
)
PAUSES = st.dictionaries(
    st.one_of(st.integers(1, 6), st.integers(1, 40)),
    st.sampled_from([30, 60, 120, 200, 350, 800, 2_500, 6_000, 9_500]),
    max_size=8,
)  # fmt: skip
SETTINGS = st.builds(
    Setting, host=st.sampled_from(HOSTS), layout=st.sampled_from(["us", "de", "fr"]), places=st.booleans(),
    caps=st.booleans(), gap_us=st.sampled_from([0, 2_000, 15_000, 30_000]), end=st.sampled_from([28, None]),
)  # fmt: skip


class Desk:
    """A window's keys under watch, and what is recorded of them by a clock that goes with the keys."""

    def __init__(self, profile: WedgeProfile) -> None:
        self.decoder = WatchedDecoder(profile)
        self.decoder.is_credential = is_credential
        self.stream = io.BytesIO()
        self.now_us = 0
        recording = Recording(self.stream, CredentialJudge())
        self.decoder.watch = lambda label: recording.take_typed(label, 1_700_000_000_000 + self.now_us // 1000)

    def hear(self, stream: list[KeyEvent | Composed], *, editing: bool) -> list[bytes]:
        """Feed it, let the silences pass; the labels that are handed on."""
        outcomes: list[Outcome] = []
        last_us = self.now_us
        for one in stream:
            wait_us, self.now_us = self.decoder.wait_us, one.at_us
            if wait_us is not None and one.at_us - last_us > wait_us:
                outcomes += self.decoder.silence()
            assert isinstance(one, KeyEvent)
            outcomes += self.decoder.feed(one, editing=editing).outcomes
            last_us = one.at_us if one.pressed else last_us
        outcomes += self.decoder.silence()
        return [one.payload for one in outcomes if isinstance(one, Scanned)]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def paused(text: str, setting: Setting, pauses: dict[int, int], start_us: int = 1_000_000) -> list[KeyEvent | Composed]:
    """The keys of a label with pauses (milliseconds) before some of its signs."""
    events: list[KeyEvent | Composed] = []
    typist, at_us = Typist(replace(setting, end=None)), start_us
    for place, sign in enumerate(text):
        at_us += pauses.get(place, 0) * 1000 if place else 0
        events += typist.label(sign, at_us)
        at_us += setting.gap_us
    if setting.end is not None:
        events += Typist(setting).label("", at_us)
    return events


def told(entries: list[dict[str, Any]]) -> list[str]:
    """All that the lines say of signs, by the text, the keys' names and the places."""
    found = []
    for entry in entries:
        found.append(bytes.fromhex(entry["raw_hex"] or "").decode("latin-1"))
        steps = [step for step in entry.get("steps", []) if len(step) > 2 and step[3]]
        found += ["".join(step[2] for step in steps), "".join(chr(step[1]) for step in steps if step[1] < 0x7F)]
        found += ["".join(layout.sign(step[5], level) or "" for step in steps) for layout in LAYOUTS.values()
                  for level in (Level.PLAIN, Level.SHIFT) if all(step[5] for step in steps)]  # fmt: skip
    return found


def profile_of(setting: Setting, by_silence: bool | None) -> WedgeProfile:
    return WedgeProfile(by_silence=by_silence, host=LAYOUTS[setting.host], layout=LAYOUTS[setting.layout])


def tells(entries: list[dict[str, Any]], voucher: str) -> bool:
    said = "\n".join(told(entries)).lower()
    low = voucher.lower()
    return any(low[at : at + MOST_TOLD + 1] in said for at in range(len(low) - MOST_TOLD))


@settings(max_examples=300, deadline=None)
@example("424" + "5182736409" * 2 + "51627", {3: 800}, Setting(), False, None, "")
@example(
    "424" + "5182736409" * 2 + "51627", {1: 800, 2: 6_000, 4: 9_500, 7: 9_500, 13: 9_500}, Setting(), True, True, ""
)
@example(
    "4240000000000000000000000000", {6: 120, 13: 2_500}, Setting("fr", "de", places=False, gap_us=0), False, None, "]Q1"
)
@example("opc" + "A1B2C3D4E5" * 2 + "K1L2M", {2: 800, 5: 800}, Setting(caps=True), False, False, "")
@example("4240000000000000000000000000", {10: 120}, Setting(layout="de", places=False, gap_us=0), False, False, "]Q1")
@given(VOUCHERS, PAUSES, SETTINGS, st.booleans(), st.sampled_from([None, True, False]), st.sampled_from(["", "]Q1"]))
def test_of_a_patients_code_no_recording_holds_seven_signs_wherever_its_keys_pause(
    voucher: str, pauses: dict[int, int], setting: Setting, editing: bool, by_silence: bool | None, aim: str
) -> None:
    desk = Desk(profile_of(setting, by_silence))
    desk.hear(paused(aim + voucher, setting, pauses), editing=editing)
    assert not tells(desk.entries, voucher), desk.entries


@settings(max_examples=150, deadline=None)
@given(VOUCHERS, PAUSES, SETTINGS, st.booleans())
def test_of_a_patients_code_that_pauses_nothing_is_handed_on_where_labels_end_with_a_line_end(
    voucher: str, pauses: dict[int, int], setting: Setting, editing: bool
) -> None:
    desk = Desk(profile_of(setting, by_silence=False))
    labels = desk.hear(paused(voucher, replace(setting, end=28), pauses), editing=editing)
    assert labels in ([], [voucher.encode()]), "whole it is refused by its form"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(CODES), min_size=1, max_size=4),
    st.lists(st.text("01356789-AB", max_size=7), min_size=4, max_size=4),
    st.sampled_from([400, 1_500, 4_000]),
    SETTINGS,
    st.booleans(),
)
def test_other_codes_stay_recorded_whatever_a_person_types_between_them(
    codes: list[str], typed: list[str], pause_ms: int, setting: Setting, editing: bool
) -> None:
    setting = replace(setting, layout="us", host="us", caps=False)
    desk = Desk(profile_of(setting, by_silence=setting.end is None))
    at_us, labels = 1_000_000, []
    for code, text in zip(codes, typed, strict=False):
        labels += desk.hear(paused(text, setting_of_a_person(), dict.fromkeys(range(9), 170), at_us), editing=editing)
        at_us += (len(text) * 200 + pause_ms) * 1000
        labels += desk.hear(paused(code, setting, {}, at_us), editing=editing)
        at_us += 3_000_000
    assert labels == [code.encode() for code in codes]
    assert [entry["payload"] for entry in desk.entries] == codes
    assert all(entry["steps"] for entry in desk.entries)


def setting_of_a_person() -> Setting:
    return Setting(gap_us=0, end=None)


def test_keys_of_a_label_are_not_awaited_behind_a_line_end_or_for_ever() -> None:
    for text, end, pause_us in (("424", 28, 400_000), ("424", None, 11_000_000), ("4245", None, 11_000_000)):
        desk = Desk(WedgeProfile(by_silence=False))
        person = Setting(gap_us=0, end=end)
        desk.hear(paused(text, person, dict.fromkeys(range(9), 170)), editing=True)
        code = CODES[0]
        assert desk.hear(paused(code, Setting(), {}, desk.now_us + pause_us), editing=True) == [code.encode()]
        assert [entry["payload"] for entry in desk.entries] == [code]


@settings(max_examples=100, deadline=None)
@given(VOUCHERS, st.lists(st.integers(3, 9), min_size=1, max_size=12), st.sampled_from([150, 800, 6_000]))
def test_what_comes_at_a_scanners_pace_lands_in_no_field_though_it_pauses(
    voucher: str, sizes: list[int], pause_ms: int
) -> None:
    starts = [sum(sizes[:at]) for at in range(1, len(sizes) + 1)]
    pauses = {start: pause_ms for start in starts if start <= len(voucher) - 3}
    heard = hear(
        WedgeDecoder(WedgeProfile(by_silence=False)), paused(voucher, Setting(places=True), pauses), editing=True
    )
    assert (heard.text_shown.strip(), heard.labels) in (("", []), ("", [voucher.encode()]))
