"""Rights as the feed brings them: kept over a restart without a network, followed at once, limited by store room."""

from __future__ import annotations

import pytest

from app.base.errors import Trouble
from app.base.texts import Texts
from app.domain.rights import functions_of
from app.flows.permission import demand
from app.flows.sign_in import SignIn
from tests.fixtures.hospital import PIN, Dock, operator


def door(dock: Dock) -> SignIn:
    return SignIn(dock.program.writer, dock.program.catalogue, dock.program.clock)


def test_without_a_list_the_role_decides(dock: Dock) -> None:
    dock.feed(*(replaced(role, None) for role in ("clerk", "insurance", "visitor")))
    assert functions_of(dock.person("clerk")) == ("receive", "scan", "close", "put_away")
    assert functions_of(dock.person("insurance")) == ("export",)
    assert functions_of(dock.person("visitor")) == ()


def test_rights_hold_after_a_restart_without_a_network(dock: Dock) -> None:
    dock.feed(operator(rights=("count", "from_next_year"), store_rooms=("YK",)))
    dock.restart()
    person = door(dock).sign_in("1001", PIN)
    assert person.rights == {"count", "from_next_year"}
    demand(person, "receive", "YK")
    assert refusal(person, "scan", "YK") == ("no_right", {"operator": "1001", "right": "scan"})
    code, values = refusal(person, "receive", "MZYF")
    assert (code, values["room"], values["rooms"]) == ("other_store_room", "MZYF", "YK")
    told = Texts.load().line(code, "zh", **values)
    assert "MZYF" in told
    assert "YK" in told
    assert "{" not in told


def test_what_the_hospital_takes_away_is_gone_with_the_next_page_of_the_feed(dock: Dock) -> None:
    dock.feed(operator(rights=("receive", "accept")))
    entrance = door(dock)
    assert "accept" in entrance.sign_in("1001", PIN).rights
    dock.feed(operator(rights=("receive",)))
    assert refusal(entrance.present("1001"), "accept", None)[0] == "no_right"
    dock.feed(operator(active=False))
    with pytest.raises(Trouble, match="operator_unknown"):
        entrance.present("1001")


def replaced(role: str, rights: tuple[str, ...] | None):
    change = operator(role)
    return type(change)(role, change.name, role, rights, True, change.pin)


def refusal(person: object, right: str, room: str | None) -> tuple[str, dict[str, object]]:
    with pytest.raises(Trouble) as caught:
        demand(person, right, room)
    return caught.value.code, dict(caught.value.values)
