"""Patients' codes, glued to others by a lost line end or cut: no recording of any scanner tells a piece of one."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.flows.credentials import CredentialJudge, is_credential
from devices.evdev_keys import Typing
from devices.framing import Profile, Suffix
from devices.hid_pos import Habits
from devices.raw import HidSetup, RawRead, RawStep, SerialSetup, Setup, TypingSetup
from devices.raw_lines import decoded
from devices.recorder import Recording
from devices.scan import RawScan
from tests.devices.evdev_typing import keys
from tests.devices.hid_scanner import FORMS, descriptor, reports

MOST_TOLD = 6
NOW_MS = 1_700_000_000_000
TRACE, EAN, GS1 = "89990110000000000001", "6901234567892", "]d2010690123456789210LotAbC-09\x1d21S1"
DIGITS, SIGNS = "0123456789", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BY_DIGITS = st.text(DIGITS, min_size=25, max_size=25).map("424".__add__)
VOUCHERS = st.one_of(BY_DIGITS, st.text(SIGNS, min_size=20, max_size=40).map("opc".__add__))
TAILS = st.builds(lambda voucher, kept: voucher[-kept:], VOUCHERS, st.integers(1, 19))
HEADS = st.builds(lambda voucher, kept: voucher[:kept], VOUCHERS, st.integers(1, 28))
BEFORE = st.one_of(TAILS, st.sampled_from(["", "]Q1", "Q1", "1", EAN, TRACE, TRACE * 2, "x "]))
BEHIND = st.one_of(HEADS, st.sampled_from(["", EAN, TRACE, "]C1" + EAN, " x"]))
CUTS = st.lists(st.integers(1, 60), max_size=3)
WAYS = st.sampled_from(["serial", "hid a", "hid b", "hid c", "evdev", "camera"])


@settings(max_examples=300, deadline=None)
@given(VOUCHERS, BEFORE, BEHIND, CUTS, WAYS, st.integers(1, 40))
@example("opc" + "A1B2C3D4E5" * 2 + "K1L2M", "5162736", "", [], "serial", 5)
@example("424" + "9518273640" * 2 + "51627", "5182736", "", [], "serial", 5)
@example("424" + "9518273640" * 2 + "51627", "518273", "", [7], "serial", 5)
@example("424" + "9518273640" * 2 + "51627", TRACE, EAN, [21, 22, 40], "evdev", 5)
@example("4244233100000000000000000000", "0000000000000", "4", [], "serial", 1)
@example("424" + "9518273640" * 2 + "51627", "", "]C1" + EAN, [9], "camera", 5)
def test_no_seven_signs_of_one_are_told(
    voucher: str, before: str, behind: str, cuts: list[int], way: str, chunk: int
) -> None:
    text = before + voucher + behind
    places = [0, *sorted({cut for cut in cuts if cut < len(text)}), len(text)]
    labels = [text[start:stop] for start, stop in pairwise(places)]
    assume(not any(re.fullmatch("8[0-9]{19}", label) for label in labels[:-1]))  # exactly a drug's code by its form
    content = recorded(way, [*labels, GS1], chunk)
    said = told(content).lower()
    elsewhere = f"{before}\n{behind}\n{GS1}".lower()
    pieces = {voucher[at : at + MOST_TOLD + 1].lower() for at in range(len(voucher) - MOST_TOLD)}
    assert not [piece for piece in pieces if piece in said and piece not in elsewhere], said
    assert GS1.lower() in said, "what is none is told"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(DIGITS, min_size=19, max_size=19).map("8".__add__),
            st.builds("]d20106901234567892{}10{}\x1d21{}".format, st.sampled_from(["", "17290531"]),
                      st.text(SIGNS, min_size=1, max_size=20), st.text(SIGNS, min_size=1, max_size=20)),
            st.sampled_from([EAN, GS1, "MA.156.M0.999902.1SYN0002", "LOT-7"]),
        ),
        min_size=1, max_size=5,
    ),
    WAYS,
    st.integers(1, 40),
)  # fmt: skip
def test_codes_of_drugs_are_told_as_they_came(labels: list[str], way: str, chunk: int) -> None:
    said = told(recorded(way, labels, chunk))
    assert all(label in said for label in labels if not is_credential(label.encode()))


def recorded(way: str, labels: Sequence[str], chunk: int) -> bytes:
    """Labels 300 ms apart, each a read of its own."""
    stream = io.BytesIO()
    recording = Recording(stream, CredentialJudge())
    for place, label in enumerate(labels):
        at_ms = NOW_MS + 300 * place
        if way == "camera":
            recording.take(RawScan("camera:0", label.encode(), at_ms))
            continue
        setup, steps = _read(way, label, chunk)
        came = tuple(item for item, _ in decoded(setup, steps))
        assert came
        recording.take_raw(RawRead("serial:X", at_ms, setup, tuple(steps), came, at_ms))
    return stream.getvalue()


def _read(way: str, label: str, chunk: int) -> tuple[Setup, list[RawStep]]:
    if way == "serial":
        line = label.encode() + b"\r"
        pieces = [line[at : at + chunk] for at in range(0, len(line), chunk)]
        return SerialSetup(Profile(Suffix.CR), False, False), [RawStep(0, "bytes", piece) for piece in pieces]
    if way == "evdev":
        events = [(1, code, value) for code, value in keys(label + "\r")]
        steps = [RawStep(2_000 * at, "event", b"", event) for at, event in enumerate(events)]
        return TypingSetup(Typing(Profile(Suffix.CR), 40, None), False, False), steps
    form = FORMS[way[-1]]
    aim = label[:3].encode() if form.aim and re.match(r"\][A-Za-z][0-9]", label) else b""
    sent = reports(form, aim, label[len(aim) :].encode(), size=max(chunk, 8))
    steps = [RawStep(3_000 * at, "report", report) for at, report in enumerate(sent)]
    return HidSetup(Profile(), False, descriptor(form), Habits()), steps


_SIGNS_OF_KEYS = {code: sign for sign in "0123456789abcdefghijklmnopqrstuvwxyz-." for code, _ in keys(sign)}


def told(content: bytes) -> str:
    """Every sign that the lines tell, whatever it is written as."""
    found = []
    for line in content.splitlines():
        entry = json.loads(line)
        for each in [entry, *entry.get("came", [])]:
            found += [bytes.fromhex(each.get("raw_hex") or "").decode("latin-1"), each.get("payload") or ""]
        steps = entry.get("steps", [])
        found.append(bytes.fromhex("".join(step[2] for step in steps if step[1] == "bytes")).decode("latin-1"))
        found.append("".join(bytes.fromhex(step[2]).decode("latin-1") for step in steps if step[1] == "report"))
        pressed = [step for step in steps if step[1] == "event" and step[2] == 1 and step[4] == 1]
        found.append("".join(_SIGNS_OF_KEYS.get(step[3], "") for step in pressed))
    return "\n".join(found)
