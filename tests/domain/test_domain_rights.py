"""Roles and functions, written out once more by hand; lists of the middleware; store rooms; words nobody knows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.texts import LANGUAGES, Texts
from app.domain.rights import RIGHTS, ROLES, Operator, functions_of, may, may_open, rights_of, why_not

TABLE = """
                  clerk  pharmacist  dispenser  head  technician  insurance
receive           x      x           -          x     -           -
scan              x      x           -          x     -           -
close             x      x           -          x     -           -
close_difference  -      x           -          x     -           -
exempt            -      x           -          x     -           -
undo              -      x           -          x     -           -
accept            -      x           -          x     -           -
witness           -      x           x          x     -           -
put_away          x      x           -          x     -           -
dispense          -      -           x          -     -           -
install           -      -           -          -     x           -
export            -      x           -          x     x           x
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
EXPECTED = [(role, row[0], row[1 + place] == "x") for row in ROWS[1:] for place, role in enumerate(ROWS[0])]
ROOM = st.sampled_from(["YK", "MZYF", "ZYYF"])


def person(*rights: str, rooms: tuple[str, ...] = (), active: bool = True) -> Operator:
    return Operator("1", "N", "clerk", frozenset(rights), frozenset(rooms), active)


def by_role(role: str) -> Operator:
    return Operator("1", "N", role, rights_of(role, None))


@pytest.mark.parametrize(("role", "right", "expected"), EXPECTED)
def test_a_role_has_the_functions_of_the_table(role: str, right: str, expected: bool) -> None:
    assert may(by_role(role), right) is expected
    assert (right in ROLES[role]) is expected


def test_the_table_has_every_role_and_every_function() -> None:
    assert set(ROWS[0]) == set(ROLES)
    assert tuple(row[0] for row in ROWS[1:]) == RIGHTS


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("listed", [(), ("export",), ("receive", "no_such_right")])
def test_a_list_of_the_middleware_wins_over_the_role(role: str, listed: tuple[str, ...]) -> None:
    found = Operator("1", "N", role, rights_of(role, listed))
    assert found.rights == frozenset(listed), "kept as it came"
    expected = {"export"} & set(listed) | ({"receive", "scan"} if "receive" in listed else set())
    assert set(functions_of(found)) == expected


def test_a_role_that_nobody_knows_has_nothing() -> None:
    assert functions_of(by_role("visitor")) == ()


@pytest.mark.parametrize(
    ("word", "functions"),
    [
        ("receive", {"receive", "scan"}),
        ("count", {"receive"}),
        ("scan", {"scan"}),
        ("close", {"close", "close_difference"}),
        ("close_even", {"close"}),
        ("close_difference", {"close_difference"}),
        ("undo", {"undo"}),
        ("accept", {"accept"}),
        ("", set()),
        ("RECEIVE", set()),
    ],
)
def test_what_each_word_of_a_list_gives(word: str, functions: set[str]) -> None:
    assert set(functions_of(person(word))) == functions


def test_counting_and_scanning_are_two_rights_and_either_opens_a_receipt() -> None:
    counter, shooter = person("count"), person("scan")
    assert (may(counter, "receive"), may(counter, "scan")) == (True, False)
    assert (may(shooter, "receive"), may(shooter, "scan")) == (False, True)
    assert may_open(counter)
    assert may_open(shooter, "YK")
    assert not may_open(person("dispense"))
    assert not may_open(person("scan", rooms=("MZYF",)), "YK")


def test_why_not_tells_a_missing_right_from_another_store_room() -> None:
    found = person("receive", rooms=("YK",))
    assert why_not(found, "receive", "YK") is None
    assert why_not(found, "receive", "MZYF") == "other_store_room"
    assert why_not(found, "accept", "MZYF") == "no_right"
    assert why_not(replace(found, active=False), "receive", "YK") == "no_right"


@given(st.frozensets(st.sampled_from([*RIGHTS, "count", "close_even", "?"])), st.frozensets(ROOM), ROOM)
def test_a_store_room_only_ever_takes_away(rights: frozenset[str], rooms: frozenset[str], room: str) -> None:
    limited, free = person(*rights, rooms=tuple(rooms)), person(*rights)
    for right in RIGHTS:
        assert may(limited, right) is may(free, right)
        assert may(limited, right, room) is (may(free, right) and (not rooms or room in rooms))


@given(st.frozensets(st.text()), st.frozensets(st.sampled_from(RIGHTS)))
def test_words_nobody_knows_give_nothing(strange: frozenset[str], known: frozenset[str]) -> None:
    strange -= {*RIGHTS, "count", "close_even"}
    assert functions_of(person(*strange, *known)) == functions_of(person(*known))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_function_and_role_has_a_word(lang: str) -> None:
    texts = Texts.load()
    wanted = {f"right_{right}" for right in RIGHTS} | {f"role_{role}" for role in ROLES}
    wanted |= {f"sign_in_role_{role}" for role in ROLES}
    assert {code for code in wanted if not texts.has(code) or not texts.title(code, lang)} == set()


def test_a_function_is_named_by_its_word() -> None:
    told = Texts.load().title("no_right", "zh", operator="1001", right="close_difference")
    assert told == "操作员 1001 没有“有差异时完成收货”的权限"
    assert "x_y" in Texts.load().title("no_right", "zh", operator="1001", right="x_y")
