"""Rows for the insurance go out by themselves when the hospital has taken the close, each with an answer of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.base.options import Environment
from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from app.flows.receiving import Receiving
from app.flows.views import UploadFilter, UploadRow
from app.wiring import Call, Program
from sync import Settled
from sync.changes import Change, CodeRow, CodesChange, DeliveryChange, DeliveryLine, DrugChange
from tests.fixtures.hospital import DELIVERY, NOW_MS, PIN, Dock, code, operator, packages, site
from tests.fixtures.sandbox import SandboxProcess

NO = "DEMO-20261122-11"  # one line of 200 boxes, whose price and prescription mark are told
BOXES = [code("8999011", number) for number in range(3)]
RECEIPT = f"{DELIVERY}-R1"


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess(claims=True) as made:
        yield made


class Device:
    """A program that has received the carton and closed."""

    def __init__(self, root: Path, hospital: SandboxProcess, route: str = "one") -> None:
        root.mkdir()
        (root / "site.toml").write_text(f'collection_model = "{route}"\n', encoding="utf-8")
        self.hospital = hospital
        self.program = Program(Call("test", root, hospital.url, Environment()))
        self.engine = self.program.engine()
        self.sync()
        desk: Receiving = self.program.receiving(NO, self.program.sign_in("1002", PIN), holds=False)
        packs = hospital.deliveries()[NO]["packages"]
        assert desk.scan(next(row["code"] for row in packs if row["level"] == 3).encode()).counted
        assert desk.command("close").ok

    def sync(self) -> None:
        found = self.engine.run_until_empty(limit_s=60, until_empty=True)
        assert found.trouble is None, found

    def listed(self) -> list[UploadRow]:
        return [row for row in self.program.uploads.log.every(UploadFilter()) if row.kind.startswith("claim")]

    def told(self) -> list[tuple[str, bool, dict[str, object]]]:
        """What the hospital has: (interface, back, the only line of its message)."""
        rows = []
        for row in self.hospital.ledger(NO)["claims"]:
            (lines,) = (value for value in json.loads(row["message"]).values() if isinstance(value, list))
            (line,) = lines
            assert row["serial"] == line["fixmedins_bchno"]
            rows.append((row["infno"], row["back"], line))
        return rows


@pytest.fixture
def device(hospital: SandboxProcess, tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "one", hospital)
    yield made
    made.program.close()


def test_a_close_that_is_taken_tells_the_insurance_once(device: Device) -> None:
    assert device.listed() == [], "nothing before the hospital has the close"
    device.sync()
    ((infno, back, line),) = device.told()
    assert (infno, back, line["purc_retn_cnt"], line["rx_flag"]) == ("3503A", False, 200, "1")
    assert [row.state for row in device.listed()] == ["accepted"]
    device.sync()
    assert len(device.told()) == 1
    assert device.program.claims().preview(f"{NO}-R1").messages == ()
    trail = device.program.receipt_views.of(f"{NO}-R1").entries
    (entry,) = [entry for entry in trail if entry.what == "claim"]
    assert entry.note == f"3503A {line['fixmedins_bchno']}"


def test_the_sites_route_says_which_messages(hospital: SandboxProcess, tmp_path: Path) -> None:
    device = Device(tmp_path / "one", hospital, "one_with_codes")
    device.sync()
    (bought, _, _), (came, _, line) = sorted(device.told(), key=lambda row: row[0], reverse=True)
    assert (bought, came) == ("3503A", "3502A")
    codes = hospital.deliveries()[NO]["packages"]
    assert sorted(each["drug_trac_codg"] for each in line["drugtracinfo"]) == sorted(  # type: ignore[attr-defined]
        row["code"] for row in codes if row["level"] == 1
    )
    device.program.close()


def test_a_row_that_is_refused_has_an_owner_and_a_next_step_and_goes_again_by_hand(device: Device) -> None:
    device.hospital.faults({"poison:3503A": 1.0})
    device.sync()
    (row,) = device.listed()
    assert (row.state, row.code, row.owner) == ("refused", "claim_refused", "insurance")
    assert row.text
    device.sync()
    assert len(device.listed()) == 1, "the same row is not sent again by itself"
    device.hospital.faults({})
    assert device.program.uploads.retry([row.id]) == 1
    device.sync()
    assert [row.state for row in device.listed()] == ["accepted"]
    assert len(device.told()) == 1


def test_a_hospital_that_does_not_take_rows_gets_none(tmp_path: Path) -> None:
    with SandboxProcess() as hospital:
        device = Device(tmp_path / "one", hospital)
        device.sync()
        assert (device.listed(), device.told()) == ([], [])
        device.program.close()


def test_a_lost_reply_tells_nothing_twice(device: Device) -> None:
    device.hospital.faults({"plan": [{"endpoint": "items", "fault": "lost_reply", "nth": 2}]})
    device.sync()
    device.hospital.faults({})
    device.sync()
    assert len(device.told()) == 1
    assert [row.state for row in device.listed()] == ["accepted"]


GOODS = DrugChange(
    "D1", "药", "drug", {"8999011": 1}, spec="1×1", maker="厂", approval_no="国药准字H20990001", nhsa_code="X-1",
    min_pack_unit="盒", rx="1",
)  # fmt: skip
NOTE = DeliveryChange(
    DELIVERY, "演示医药", "complete", "open",
    (DeliveryLine(1, "D1", "B1", "2029-06-30", 3, "2026-01-31", price="12.5"),), supplier_licence="L1",
    invoice_no="F1", invoice_code="C1", shipped_ms=NOW_MS,
)  # fmt: skip


def close(dock: Dock, *changes: Change) -> None:
    """Three boxes received; the hospital takes rows, and the close."""
    dock.program.writer.call(lambda: dock.program._replica.site(site(capabilities=("claims",))))
    dock.feed(operator(), *changes, packages({key: {} for key in BOXES}))
    desk = dock.desk()
    for key in BOXES:
        assert desk.scan(key.encode()).counted
    assert desk.command("close").ok
    answer(dock, "close", "accepted", None)


def answer(dock: Dock, kind: str, state: str, reason: str | None) -> None:
    """As the engine settles what waits of this kind."""
    program = dock.program
    rows = program.writer.call(lambda: program.outbox.rows(states=("queued",)), write=False)
    heard = CloseAnswers(program._parts, program._claim_sending.closed).heard
    word = "refused" if state == "refused" else state
    for row in rows:
        if row.kind == kind:
            settled = Settled(row.id, RECEIPT, kind, state, reason, None, ())
            program.writer.call(
                lambda row=row: program.writer.database.execute_sql(  # type: ignore[misc]
                    "UPDATE sync_outbox SET state = ?, result = ?, code = ? WHERE n = ?", (word, state, reason, row.n)
                )
            )
            program.writer.call(lambda settled=settled: Answers(program.receipts, None, heard).apply([settled]))  # type: ignore[misc]
    program._claim_sending.work()


def feed(dock: Dock, *changes: Change) -> None:
    take_in = dock.program._claim_sending.after(dock.program._replica.apply)
    dock.program.writer.run_sliced(lambda: take_in(changes), finish=lambda: None)
    dock.program._claim_sending.work()


def listed(dock: Dock) -> list[tuple[str, str, str | None]]:
    found = dock.rows("SELECT kind, state, code FROM sync_outbox WHERE kind LIKE 'claim%' ORDER BY n")
    return [(str(kind), str(state), None if why is None else str(why)) for kind, state, why in found]


def test_what_lacks_something_waits_in_the_log_and_goes_when_it_is_told(dock: Dock) -> None:
    close(dock, msgspec.structs.replace(GOODS, rx=None), NOTE)
    (row,) = [row for row in dock.program.uploads.log.every(UploadFilter()) if row.kind == "claims_due"]
    assert (row.state, row.code, row.owner) == ("held", "claim_incomplete", "insurance")
    assert row.text is not None
    assert "第 1 行" in row.text
    assert "处方药标志" in row.text
    feed(dock, msgspec.structs.replace(GOODS, rx=None))
    assert len(listed(dock)) == 1, "the same lack is told once"
    assert dock.program.uploads.retry([row.id]) == 1
    dock.program._claim_sending.work()
    assert listed(dock) == [("claims_due", "held", "claim_incomplete")], "it never goes out itself"
    feed(dock, GOODS)
    assert listed(dock) == [("claims_due", "accepted", "superseded"), ("claim", "queued", None)]
    feed(dock, GOODS)
    assert len(listed(dock)) == 2


def test_a_mended_profile_is_seen_when_somebody_sends_it_again(dock: Dock) -> None:
    (dock.program.paths.root / "profile.toml").write_text("nonsense = 1\n", encoding="utf-8")
    close(dock, GOODS, NOTE)
    ((text,),) = dock.rows("SELECT text FROM sync_outbox WHERE kind = 'claims_due'")
    assert "profile.toml" in str(text)
    (dock.program.paths.root / "profile.toml").unlink()
    (row,) = [row for row in dock.program.uploads.log.every(UploadFilter()) if row.kind == "claims_due"]
    assert dock.program.uploads.retry([row.id]) == 1
    dock.program._claim_sending.work()
    assert [kind for kind, *_ in listed(dock)] == ["claims_due", "claim"]


def test_facts_that_were_mended_go_in_the_place_of_a_refused_row(dock: Dock) -> None:
    close(dock, GOODS, NOTE)
    answer(dock, "claim", "refused", "claim_refused")
    feed(dock, CodesChange((CodeRow(BOXES[0], RECEIPT, DELIVERY, 1, "in", "pda-9"),)))
    assert listed(dock) == [("claim", "refused", "claim_refused")]
    feed(dock, msgspec.structs.replace(GOODS, nhsa_code="X-2"))
    assert listed(dock) == [("claim", "accepted", "superseded"), ("claim", "queued", None)]
    (first,) = [row for row in dock.program.uploads.log.every(UploadFilter()) if row.code == "superseded"]
    assert dock.program.uploads.retry([first.id]) == 0


def test_what_another_device_takes_back_afterwards_goes_back_under_its_serial(dock: Dock) -> None:
    close(dock, GOODS, NOTE)
    answer(dock, "claim", "accepted", None)
    dock.program.writer.call(lambda: dock.program.receipts.others.give(RECEIPT, BOXES[0], 1, "damaged", 1))
    feed(dock, CodesChange((CodeRow(BOXES[0], RECEIPT, DELIVERY, 1, "reversed", "pda-9", outcome="damaged"),)))
    kept = dock.rows("SELECT trade, serial FROM claim_rows ORDER BY n")
    assert [trade for trade, _ in kept] == ["purchase", "purchase_return"]
    assert kept[0][1] == kept[1][1]
    feed(dock, CodesChange((CodeRow(BOXES[0], RECEIPT, DELIVERY, 1, "reversed", "pda-9", outcome="damaged"),)))
    assert len(listed(dock)) == 2
    dock.restart()
    feed(dock, GOODS)
    assert len(listed(dock)) == 2


def test_what_a_kill_left_to_tell_is_told_by_the_next_run(dock: Dock) -> None:
    dock.program._claim_sending.work = lambda: None  # type: ignore[method-assign]
    close(dock, GOODS, NOTE)
    assert listed(dock) == []
    dock.restart()
    dock.program._claim_sending.work()
    assert listed(dock) == [("claim", "queued", None)]
    dock.restart()
    dock.program._claim_sending.work()
    assert len(listed(dock)) == 1
