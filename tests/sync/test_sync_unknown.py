"""Members and changes that this version does not know: the rest is taken in, and their names are kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.changes import CodeRow, CodesChange, decode_page
from sync.unknown import EXAMPLE_MOST, Unknown
from sync.verdicts import unknown_in_answers
from tests.sync.sync_bench import Device
from tests.sync.sync_middleware import Middleware

DEEP = b'{"items":[' + b"[" * 100_000
PIN = {"scheme": "scrypt", "salt": "00", "n": 2, "r": 1, "p": 1, "verifier": "00"}
LINE = {"line": 1, "drug": "YP-1", "batch": "B1", "expiry": None, "packs": 4}
DELIVERY = {"kind": "delivery", "delivery": "T-1", "supplier": "演示", "manifest": "complete", "state": "open"}
CODE = {"code": "8", "receipt": "T-1-R1", "delivery": "T-1", "line": 1, "state": "in", "device": "pda-9"}
KNOWN = {"kind", *CodeRow.__struct_fields__}
NAMES = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda name: name not in KNOWN)


def page(*changes: object) -> bytes:
    return json.dumps({"changes": changes, "cursor": "1", "more": False}).encode()


def unknown_in(*changes: object) -> list[tuple[str, int, str | None]]:
    return [(one.member, one.times, one.example) for one in decode_page(page(*changes)).unknown]


def test_what_is_known_is_no_news() -> None:
    drug = {"kind": "drug", "drug": "D", "name": "药", "item_kind": "drug", "levels": {"8999011": 1, "any": 2}}
    packages = {"kind": "packages", "delivery": "T", "packages": [{"code": "8", "level": 1, "parent": None, "line": 1}]}
    person = {"kind": "operator", "id": "1", "name": "甲", "role": "clerk", "rights": None, "active": True, "pin": PIN}
    codes = {"kind": "codes", "rows": [CODE, {**CODE, "via": None}]}
    assert unknown_in(drug, packages, person, codes, {**DELIVERY, "lines": [LINE]}) == []


@pytest.mark.parametrize("member", [b'"\xd6\xd0"', b"1e999"], ids=["GBK", "1e999"])
def test_an_unknown_member_that_cannot_be_read_stops_nothing(member: bytes) -> None:
    body = page({**DELIVERY, "lines": [LINE]}).replace(b'"state": "open"', b'"state": "open", "neu": ' + member)
    found = decode_page(body)
    assert len(found.changes) == 1
    assert found.cursor == "1"
    assert [one.member for one in found.unknown] == ["delivery.*"]


def test_names_are_kept_with_how_often_and_one_example() -> None:
    lines = [{**LINE, "hue": "红"}, LINE, {**LINE, "hue": {"r": 255}}]
    found = unknown_in({**DELIVERY, "lines": lines, "note": "x" * 500})
    assert found == [
        ("delivery.lines[…].hue", 2, '{"r":255}'),
        ("delivery.note", 1, '"' + "x" * (EXAMPLE_MOST - 1)),
    ]
    rows = [CODE, {**CODE, "place": 1}]
    assert unknown_in({"kind": "codes", "rows": rows}) == [("codes.rows[…].place", 1, "1")]
    packages = [{"code": "8", "level": 1, "parent": None, "line": 1, "weight": 5}]
    assert unknown_in({"kind": "packages", "delivery": "T", "packages": packages}) == [
        ("packages.packages[…].weight", 1, "5")
    ]


def test_of_a_person_only_the_name_of_the_member_is_kept() -> None:
    person = {"kind": "operator", "id": "1", "name": "甲", "role": "clerk", "rights": None, "active": True}
    assert unknown_in({**person, "pin": {**PIN, "plain": "1234"}, "id_no": "3301"}) == [
        ("operator.pin.plain", 1, None),
        ("operator.id_no", 1, None),
    ]


def test_a_change_of_an_unknown_kind_is_kept_by_its_kind() -> None:
    found = decode_page(page({"kind": "weather", "sky": "blue"}, {"kind": "weather"}))
    assert (found.passed_over, [(one.member, one.times) for one in found.unknown]) == (2, [("weather", 2)])


@given(st.dictionaries(NAMES, st.integers(), max_size=3))
def test_any_name_is_kept_and_disturbs_nothing(more: dict[str, int]) -> None:
    found = decode_page(page({"kind": "codes", "rows": [{**CODE, **more}]}))
    assert isinstance(found.changes[0], CodesChange)
    assert {one.member for one in found.unknown} == {f"codes.rows[…].{name}" for name in more}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"items":[{"id":7}]}', b'{"items":[7,"x"]}', b"\xff", pytest.param(DEEP, id="deep")]
)
def test_a_reply_that_is_none_tells_no_names(body: bytes) -> None:
    assert unknown_in_answers(body) == ()


def test_answers_may_say_more(device: Device, middleware: Middleware) -> None:
    box = device.scan()
    judge = middleware._judge
    middleware._judge = lambda item: {**judge(item), "entered_as": "RK-7"}  # type: ignore[method-assign]
    middleware.changes.append({**DELIVERY, "lines": [{**LINE, "hue": "红"}]})
    device.drain(middleware.url)
    assert device.row(box).state == "accepted"
    assert device.unknown == [Unknown("answer.entered_as", 1, '"RK-7"'), Unknown("delivery.lines[…].hue", 1, '"红"')]
