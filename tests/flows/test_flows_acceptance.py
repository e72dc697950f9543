"""Acceptance on a real data folder: three people, papers, photos, two signatures, undo, folding, and every refusal."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.base.errors import Trouble
from app.base.texts import Texts
from app.domain.acceptance import TemperatureRead
from app.domain.acceptance_rules import Area, Stage
from app.flows.acceptance import Acceptance
from app.flows.acceptance_view import AcceptanceView
from tests.fixtures.hospital import PIN, Dock, code, delivery, drug, line, operator, packages

BOX, COLD = "8999011", "8999021"
BOXES = [code(BOX, n) for n in range(4)]
VIALS = [code(COLD, n) for n in range(2)]
RECEIPT = "T-1-R1"
JPEG = b"\xff\xd8\xff\xe0" + bytes(1000)
CSV = "时间,温度(℃)\n08:00,4.0\n08:10,9.5\n08:20,5.0\n"


@pytest.fixture
def hospital(dock: Dock) -> Dock:
    """Four boxes and two vials of a special drug that travels cold, received by a clerk and closed."""
    everyone = ("receive", "close", "exempt")
    dock.feed(
        operator("1001", rights=(*everyone, "witness", "put_away")),
        operator("1002", rights=(*everyone, "accept", "put_away", "undo")),
        operator("1003", rights=(*everyone, "accept", "witness"), store_rooms=("MZYF",)),
        operator("1004", rights=("receive", "witness"), store_rooms=("YK",)),
    )
    cold = msgspec.structs.replace(drug("D2", {COLD: 1}), storage="2-8℃", special=True)
    dock.feed(drug("D1", {BOX: 1}), cold)
    dock.feed(packages({key: {} for key in BOXES}), packages({key: {} for key in VIALS}, line_no=2))
    note = delivery(line(1, "D1", 4), line(2, "D2", 2, batch="B2"), store_room="YK")
    dock.feed(
        msgspec.structs.replace(note, invoice_no="F1", supplier_licence="L1", supplier_licence_expiry="2027-01-01")
    )
    desk = dock.desk()
    for key in (*BOXES[:3], *VIALS):
        assert desk.scan(key.encode()).counted
    assert desk.command(f"damaged {BOXES[3]} wet").ok
    return dock


@pytest.fixture
def closed(hospital: Dock) -> Acceptance:
    assert hospital.desk().command("close").ok
    return hospital.program.acceptance


def trouble(act: Callable[[], object]) -> str:
    """The code of a refusal, which has words that are filled."""
    with pytest.raises(Trouble) as caught:
        act()
    told = Texts.load().line(caught.value.code, "zh", **caught.value.values)
    assert told != caught.value.code
    assert "{" not in told
    return caught.value.code


def areas(view: AcceptanceView) -> dict[Area, int]:
    return {area: packs for area, packs in view.areas if packs}


def test_three_people_bring_a_cold_special_drug_to_the_shelf(
    hospital: Dock, closed: Acceptance, tmp_path: Path
) -> None:
    pharmacist = hospital.person("1002")
    (task,) = closed.waiting(pharmacist)
    assert (task.receipt, task.stage, task.packs, task.cold, task.special) == (RECEIPT, Stage.TO_ACCEPT, 5, True, True)
    view = closed.view(RECEIPT, pharmacist)
    assert [one.code for one in view.missing] == ["acceptance_temperature_missing"]
    assert areas(view) == {Area.PENDING: 5, Area.UNQUALIFIED: 1}
    assert [(row.line, row.note, row.goods) for row in view.differences] == [(1, "4", "3")]
    assert trouble(lambda: closed.conclude("1002", RECEIPT, qualified=True)) == "acceptance_temperature_missing"

    closed.type_temperature("1002", RECEIPT, "4.5")
    closed.type_invoice("1002", RECEIPT, "F2", "C2")
    closed.type_invoice_line("1002", RECEIPT, 1, 3)
    closed.type_report("1002", RECEIPT, 2, "import", "JK-1")
    photo = tmp_path / "破损.jpg"
    photo.write_bytes(JPEG)
    view = closed.add_photo("1002", RECEIPT, photo, "damage", 1)
    assert closed.photo(view.found.photos[0].digest).read_bytes() == JPEG
    assert ("invoice_no", "F2", "F1") in [(row.what, row.invoice, row.note) for row in view.differences]

    view = closed.conclude("1002", RECEIPT, qualified=True)
    assert view.stage is Stage.TO_ACCEPT
    assert view.needs_witness
    assert trouble(lambda: closed.put_away("1001", RECEIPT)) == "acceptance_witness_missing"
    assert trouble(lambda: closed.sign("1002", RECEIPT, "1002", PIN)) == "acceptance_same_person"
    assert trouble(lambda: closed.sign("1002", RECEIPT, "1001", "0000")) == "pin_wrong"
    assert trouble(lambda: closed.sign("1002", RECEIPT, "1003", PIN)) == "other_store_room"
    view = closed.sign("1002", RECEIPT, "1004", PIN)
    assert (view.stage, view.found.witness, areas(view)[Area.QUALIFIED]) == (Stage.ACCEPTED, "1004", 5)

    assert trouble(lambda: closed.put_away("1004", RECEIPT)) == "no_right"
    view = closed.put_away("1001", RECEIPT, "A-03")
    assert (view.stage, areas(view)) == (Stage.STOCKED, {Area.SHELF: 5, Area.UNQUALIFIED: 1})
    assert closed.waiting(pharmacist) == ()


def test_all_of_it_is_there_after_a_restart(hospital: Dock, closed: Acceptance) -> None:
    closed.type_temperature("1002", RECEIPT, "3 7")
    closed.conclude("1002", RECEIPT, qualified=True)
    before = closed.view(RECEIPT, hospital.person("1002"))
    hospital.restart()
    again = hospital.program.acceptance.view(RECEIPT, hospital.person("1002"))
    assert again == before
    assert again.found.temperature == TemperatureRead(3.0, 7.0)
    assert [(event.kind, event.operator) for event in again.events] == [("conclusion", "1002"), ("temperature", "1002")]


def test_undo_goes_back_step_by_step_and_the_journal_only_grows(hospital: Dock, closed: Acceptance) -> None:
    closed.type_temperature("1002", RECEIPT, "4")
    closed.type_temperature("1002", RECEIPT, "5")
    assert closed.undo("1002", RECEIPT).found.temperature == TemperatureRead(4.0, 4.0)
    closed.conclude("1002", RECEIPT, qualified=True)
    assert trouble(lambda: closed.type_invoice("1002", RECEIPT, "F9")) == "acceptance_concluded"
    assert trouble(lambda: closed.undo("1002", RECEIPT, 1)) == "acceptance_concluded"
    closed.sign("1002", RECEIPT, "1001", PIN)
    closed.put_away("1002", RECEIPT)
    assert trouble(lambda: closed.put_away("1002", RECEIPT)) == "acceptance_stocked"
    assert trouble(lambda: closed.undo("1002", RECEIPT, 4)) == "acceptance_stocked"
    hospital.feed(operator("1002", rights=("accept", "put_away")))
    assert trouble(lambda: closed.undo("1002", RECEIPT)) == "no_right"
    hospital.feed(operator("1002", rights=("accept", "put_away", "undo")))
    assert closed.undo("1002", RECEIPT).stage is Stage.ACCEPTED
    assert closed.undo("1002", RECEIPT, 4).stage is Stage.TO_ACCEPT
    view = closed.undo("1002", RECEIPT)
    assert view.found.temperature is None
    assert trouble(lambda: closed.undo("1002", RECEIPT)) == "acceptance_nothing_to_undo"
    assert len(view.events) == 9
    rows = hospital.rows("SELECT seq, kind, negates FROM acceptance_events ORDER BY seq")
    assert [row[2] for row in rows if row[1] == "undo"] == [2, 6, 4, 1]


def test_the_file_itself_refuses_to_change_or_shorten_the_journal(hospital: Dock, closed: Acceptance) -> None:
    closed.type_temperature("1002", RECEIPT, "4")
    path = hospital.program.paths.database
    for words in ("UPDATE acceptance_events SET body = '{}'", "DELETE FROM acceptance_events"):
        connection = sqlite3.connect(path)
        with pytest.raises(sqlite3.IntegrityError, match="a journal is not"):
            connection.execute(words)
        connection.close()


def test_a_loggers_file_is_kept_and_its_excursion_needs_a_word(
    hospital: Dock, closed: Acceptance, tmp_path: Path
) -> None:
    file = tmp_path / "logger.csv"
    file.write_bytes(CSV.encode("gb18030"))
    found = closed.take_logger("1002", RECEIPT, file).found.temperature
    assert found is not None
    assert (found.source, found.least_c, found.most_c, found.readings, found.outside) == ("logger", 4.0, 9.5, 3, 1)
    assert (found.excursions[0].begins, found.excursions[0].worst_c) == ("08:10", 9.5)
    assert closed.photo(str(found.digest)).read_bytes() == CSV.encode("gb18030")
    assert trouble(lambda: closed.conclude("1002", RECEIPT, qualified=True)) == "acceptance_temperature_out"
    assert closed.conclude("1002", RECEIPT, qualified=True, unqualified=(2,), note="超温").found.conclusion is not None
    view = closed.sign("1002", RECEIPT, "1001", PIN)
    assert areas(view) == {Area.QUALIFIED: 3, Area.UNQUALIFIED: 3}


def test_what_is_refused_goes_to_the_area_for_it_and_not_into_stock(hospital: Dock, closed: Acceptance) -> None:
    assert trouble(lambda: closed.conclude("1002", RECEIPT, qualified=False)) == "acceptance_note_missing"
    closed.conclude("1002", RECEIPT, qualified=False, note="外包装破损")
    view = closed.sign("1002", RECEIPT, "1001", PIN)
    assert (view.stage, areas(view)) == (Stage.REJECTED, {Area.UNQUALIFIED: 6})
    assert trouble(lambda: closed.put_away("1002", RECEIPT)) == "acceptance_rejected"


def test_folded_the_conclusion_comes_before_the_close(hospital: Dock) -> None:
    program, acceptance = hospital.program, hospital.program.acceptance
    assert acceptance.may_close(RECEIPT) == ()
    assert trouble(lambda: acceptance.conclude("1002", RECEIPT, qualified=False, note="x")) == "acceptance_not_closed"
    program.settings = type(program.settings)({**program.settings.values, "acceptance": "folded"})
    assert [one.code for one in acceptance.may_close(RECEIPT)] == [
        "acceptance_temperature_missing", "acceptance_conclusion_missing",
    ]  # fmt: skip
    acceptance.type_temperature("1002", RECEIPT, "5")
    acceptance.conclude("1002", RECEIPT, qualified=True)
    assert [one.code for one in acceptance.may_close(RECEIPT)] == ["acceptance_witness_missing"]
    acceptance.sign("1002", RECEIPT, "1001", PIN)
    assert acceptance.may_close(RECEIPT) == ()
    assert hospital.desk().command("close").ok
    assert acceptance.view(RECEIPT, hospital.person("1002")).stage is Stage.STOCKED


def test_may_close_can_be_asked_inside_the_transaction_of_the_close(hospital: Dock) -> None:
    program = hospital.program
    assert program.writer.call(lambda: program.acceptance.may_close(RECEIPT)) == ()


def test_who_may_not_is_told_why(hospital: Dock, closed: Acceptance) -> None:
    assert trouble(lambda: closed.type_temperature("1001", RECEIPT, "5")) == "no_right"
    assert trouble(lambda: closed.type_temperature("1003", RECEIPT, "5")) == "other_store_room"
    assert trouble(lambda: closed.type_temperature("9999", RECEIPT, "5")) == "operator_unknown"
    assert closed.waiting(hospital.person("1003")) == ()
    view = closed.view(RECEIPT, hospital.person("1001"))
    assert (view.may_accept, view.may_put_away) == (False, True)


def test_bad_input_leaves_nothing_behind(hospital: Dock, closed: Acceptance, tmp_path: Path) -> None:
    empty, text, gone = tmp_path / "empty.jpg", tmp_path / "notes.txt", tmp_path / "gone.jpg"
    empty.write_bytes(b"")
    text.write_text("hello", encoding="utf-8")
    acts: list[tuple[Callable[[], object], str]] = [
        (lambda: closed.type_temperature("1002", RECEIPT, ""), "temperature_unreadable"),
        (lambda: closed.type_temperature("1002", RECEIPT, "5 6 7"), "temperature_unreadable"),
        (lambda: closed.type_temperature("1002", RECEIPT, "500"), "temperature_implausible"),
        (lambda: closed.type_invoice("1002", RECEIPT, "  "), "acceptance_text_bad"),
        (lambda: closed.type_invoice("1002", RECEIPT, "x" * 61), "acceptance_text_bad"),
        (lambda: closed.type_invoice("1002", RECEIPT, "a\nb"), "acceptance_text_bad"),
        (lambda: closed.type_invoice_line("1002", RECEIPT, 7, 1), "acceptance_no_line"),
        (lambda: closed.type_invoice_line("1002", RECEIPT, 1, -1), "acceptance_text_bad"),
        (lambda: closed.type_licence("1002", RECEIPT, "L", "2027-13-01"), "acceptance_day_bad"),
        (lambda: closed.type_report("1002", RECEIPT, 1, "no such", "R"), "acceptance_text_bad"),
        (lambda: closed.add_photo("1002", RECEIPT, empty, "damage"), "attachment_empty"),
        (lambda: closed.add_photo("1002", RECEIPT, text, "paper"), "attachment_kind_unknown"),
        (lambda: closed.add_photo("1002", RECEIPT, gone, "paper"), "file_unreadable"),
        (lambda: closed.take_logger("1002", RECEIPT, text), "logger_no_column"),
        (lambda: closed.conclude("1002", RECEIPT, qualified=True, unqualified=(9,), note="x"), "acceptance_no_line"),
        (lambda: closed.sign("1002", RECEIPT, "1001", PIN), "acceptance_not_concluded"),
        (lambda: closed.put_away("1002", RECEIPT), "acceptance_not_concluded"),
        (lambda: closed.view("no such", hospital.person("1002")), "acceptance_no_receipt"),
    ]
    assert [trouble(act) for act, _ in acts] == [expected for _, expected in acts]
    assert closed.view(RECEIPT, hospital.person("1002")).events == ()
    assert not (hospital.program.paths.root / "attachments").exists()
