"""With `--state` the hospital survives kill -9; without it, it is born again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.sandbox import SandboxProcess
from tests.sandbox.conftest import BOXES, CARTON, Client, Pen, tree


def test_everything_survives_a_kill(tmp_path: Path):
    pen = Pen("T-1-R1")
    first, undone, poisoned = (
        pen.scan(CARTON, packs=BOXES),
        pen.outcome("damaged", 1, code=BOXES[1]),
        pen.scan(BOXES[0]),
    )
    put_off = pen.outcome("exempt", 2, count=5)
    conflict = pen.scan(CARTON, packs=BOXES)
    process = SandboxProcess(state=tmp_path)
    process.seed({"deliveries": [tree()], "setting": {"near_expiry_days": 33}})
    process.seed({"generate": {"codes": 1500, "receipt": "BULK-R1"}})
    client = Client(process.port)
    process.faults({f"poison:{BOXES[0]}": 1, "half_refused:exempt": 1})
    sent = client.results(first, undone, pen.undo(undone), poisoned, put_off, conflict)
    process.faults({})
    before = (process.ledger(), process.deliveries(), client.changes(), process.patients())
    half = client.get("/v1/changes?limit=20")
    process.kill()

    with SandboxProcess(state=tmp_path) as again:
        client = Client(again.port)
        assert (again.ledger(), again.deliveries(), client.changes(), again.patients()) == before
        assert client.get("/v1/site")["near_expiry_days"] == 33
        after = client.get(f"/v1/changes?limit=5000&cursor={half['cursor']}")
        assert half["changes"] + after["changes"] == client.get("/v1/changes?limit=5000")["changes"]
        assert client.ask(first["id"], poisoned["id"], put_off["id"], conflict["id"]) == [
            "accepted", "refused", "unknown", "conflict"
        ]  # fmt: skip
        assert client.results(first, pen.undo(put_off), put_off) == [
            ("duplicate", None), ("later", "waits_for_negated"), ("accepted", None)
        ]  # fmt: skip
    assert [result for result, _ in sent] == ["accepted", "accepted", "accepted", "refused", "later", "conflict"]


def test_torn_last_line_is_dropped(tmp_path: Path):
    pen = Pen("T-1-R1")
    with SandboxProcess(state=tmp_path) as process:
        process.seed({"deliveries": [tree()]})
        Client(process.port).send(pen.scan(BOXES[0]))
    journal = tmp_path / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"t":"items","items":[{"id"')

    with SandboxProcess(state=tmp_path) as process:
        assert [row["code"] for row in process.ledger("T-1")["codes"]] == [BOXES[0]]
        assert Client(process.port).results(pen.scan(BOXES[1])) == [("accepted", None)]
    assert journal.read_bytes().startswith(whole + b'{"t":"items"')
    with SandboxProcess(state=tmp_path) as process:
        assert len(process.ledger("T-1")["codes"]) == 2


def test_cursor_of_another_life_is_gone(tmp_path: Path):
    with SandboxProcess() as process:
        cursor = Client(process.port).get("/v1/changes")["cursor"]
    with SandboxProcess() as process:
        assert Client(process.port).call("GET", f"/v1/changes?cursor={cursor}")[0] == 410


def test_same_port_after_a_kill(tmp_path: Path):
    process = SandboxProcess(state=tmp_path)
    port = process.port
    Client(port).get("/v1/site")
    process.kill()
    with SandboxProcess(state=tmp_path, port=port) as again:
        assert again.port == port
        assert Client(port).get("/v1/site")["synthetic"] is True


@pytest.mark.parametrize("other", [{"seed": 7}, {"size": "large"}])
def test_folder_of_another_hospital_is_refused(tmp_path: Path, other: dict[str, object]):
    SandboxProcess(state=tmp_path).stop()
    with pytest.raises(RuntimeError, match=r"\(3\): state_of_other_seed"):
        SandboxProcess(state=tmp_path, **other)  # type: ignore[arg-type]


def test_repeats_do_not_fill_the_journal(tmp_path: Path):
    with SandboxProcess(state=tmp_path) as process:
        process.seed({"deliveries": [tree()]})
        client, pen = Client(process.port), Pen("T-1-R1")
        scan = pen.scan(BOXES[0])
        client.send(scan)
        size = (tmp_path / "journal.jsonl").stat().st_size
        assert client.results(scan) == [("duplicate", None)]
        assert (tmp_path / "journal.jsonl").stat().st_size == size
