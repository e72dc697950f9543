"""Names of members that nobody here knows: kept once each, counted, and bounded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.__main__ import main
from app.base.options import Environment
from app.store.unknown_members import MOST, OTHERS, UnknownMember, UnknownMembers
from app.wiring import Call, Program
from sync.unknown import Unknown
from tests.store.store_bench import Bench


def keep(bench: Bench, at_ms: int, *found: Unknown) -> tuple[UnknownMember, ...]:
    members = UnknownMembers(bench.database, lambda: at_ms)
    bench.writer.call(lambda: members.keep(found))
    return bench.writer.call(members.all, write=False)


def test_a_name_is_kept_with_its_first_and_last_time(bench: Bench) -> None:
    assert keep(bench, 5) == ()
    keep(bench, 5, Unknown("delivery.note", 2, '"a"'), Unknown("operator.id_no", 1, None))
    assert keep(bench, 9, Unknown("delivery.note", 3, '"b"')) == (
        UnknownMember("delivery.note", 5, 5, 9, '"b"'),
        UnknownMember("operator.id_no", 1, 5, 5, None),
    )


def test_whoever_makes_up_names_does_not_fill_the_file(bench: Bench) -> None:
    made_up = [Unknown(f"drug.{number}", 1, None) for number in range(3 * MOST)]
    keep(bench, 5, *made_up[:MOST])
    found = keep(bench, 6, *made_up)
    assert len(found) == MOST + 1
    assert next(one for one in found if one.member == OTHERS).times == 2 * MOST
    assert next(one for one in found if one.member == "drug.0").times == 2


def test_the_self_test_names_them(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with Program(Call("test", tmp_path, None, Environment())) as program:
        found = Unknown("delivery.lines[…].hue", 3, '"红"')
        program.writer.call(lambda: program.unknown_members.keep([found]))

    assert main(["self-test", "--json", "--data-dir", str(tmp_path)]) == 0
    checks = {row["check"]: row for row in json.loads(capsysbinary.readouterr().out)["checks"]}
    assert checks["unknown_members"]["state"] == "attention"
    assert "delivery.lines[…].hue ×3" in checks["unknown_members"]["found"]
