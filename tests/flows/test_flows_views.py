"""What the task list and the receipt screen are given to draw, on a real data folder."""

from __future__ import annotations

import pytest

from app.base.errors import Trouble
from app.domain.documents import Equation
from app.domain.rights import Operator
from sync.changes import DeliveryChange
from tests.fixtures.hospital import (
    NOW_MS,
    Dock,
    closed,
    code,
    delivery,
    drug,
    line,
    operator,
    packages,
    received_by,
)

BOXES = [code("8999011", number) for number in range(4)]
CARTON = code("8999013", 0)
DRUG = drug("YP-1", {"8999011": 1, "8999013": 3})
CLERK = Operator("1001", "甲", "clerk", frozenset({"receive"}), frozenset({"YK"}))


def shipped(number: str, at_ms: int | None, **more: object) -> DeliveryChange:
    return DeliveryChange(number, "演示医药", "complete", "open", (line(1, "YP-1", 4),), shipped_ms=at_ms, **more)  # type: ignore[arg-type]


def one_delivery(dock: Dock) -> None:
    dock.feed(
        operator(), DRUG, drug("YP-2", {}, exempt="免码"),
        delivery(line(1, "YP-1", 4), line(2, "YP-2", 5, batch=None, expiry=None), store_room="YK"),
        packages({CARTON: {box: {} for box in BOXES}}),
    )  # fmt: skip


def states(dock: Dock) -> list[tuple[str, str]]:
    return [(task.delivery, task.state) for task in dock.program.tasks.view().tasks]


def test_tasks_stand_under_way_first_then_by_age(dock: Dock) -> None:
    dock.feed(operator(), DRUG, shipped("D-3", 3), shipped("D-0", None), shipped("D-1", 1), shipped("D-2", 2))
    dock.desk("D-3")
    dock.desk("D-2").command("pause")
    assert states(dock) == [("D-3", "under_way"), ("D-2", "paused"), ("D-1", "waiting"), ("D-0", "waiting")]


def test_a_receipt_of_another_device_is_under_way_with_what_it_has(dock: Dock) -> None:
    one_delivery(dock)
    dock.feed(received_by("other", *BOXES[:3]), closed("T-9-R1"))
    assert [task.accounted for task in dock.program.tasks.view().tasks] == [3]


def test_closed_deliveries_come_last_newest_first_and_not_for_ever(dock: Dock) -> None:
    dock.feed(operator(), DRUG, *(shipped(f"D-{number:02}", number) for number in range(1, 31)))
    dock.feed(*(closed(f"D-{number:02}-R1") for number in range(1, 26)))
    found = states(dock)
    assert [number for number, state in found if state == "waiting"] == [f"D-{number}" for number in range(26, 31)]
    assert [number for number, state in found if state == "closed"] == [f"D-{number:02}" for number in range(25, 5, -1)]


def test_a_withdrawn_or_only_announced_delivery_is_no_task(dock: Dock) -> None:
    dock.feed(DRUG, delivery(line(1, "YP-1", 4), state="withdrawn"), packages({BOXES[0]: {}}, number="D-9"))
    assert states(dock) == []


def test_a_task_tells_what_is_in_it(dock: Dock) -> None:
    one_delivery(dock)
    desk = dock.desk()
    desk.scan(BOXES[0].encode())
    desk.command(f"reject {BOXES[1]} 破")
    desk.command("short 2 1 少")
    (task,) = dock.program.tasks.view().tasks
    assert (task.supplier, task.lines, task.expected, task.accounted) == ("演示医药", 2, 9, 3)
    assert (task.first_drug, task.manifest, task.special, task.gift) == ("药YP-1", "complete", False, False)


def test_tasks_are_those_of_the_persons_store_rooms(dock: Dock) -> None:
    dock.feed(DRUG, shipped("D-1", 1, store_room="YK"), shipped("D-2", 2, store_room="YF"), shipped("D-3", 3))
    shown = [task.delivery for task in dock.program.tasks.view(CLERK).tasks]
    assert shown == ["D-1", "D-3"]


def test_tasks_count_what_waits_and_say_how_old_the_replica_is(dock: Dock) -> None:
    one_delivery(dock)
    dock.desk().scan(BOXES[0].encode())
    before = dock.program.tasks.view()
    database = dock.program.writer.database
    dock.program.writer.call(lambda: database.execute_sql("INSERT INTO sync_cursor VALUES ('site-test', 'c', 7)"))
    assert (before.waiting, before.refused, before.held, before.replica_ms) == (1, 0, 0, None)
    assert dock.program.tasks.view().replica_ms == 7


def test_a_code_finds_the_deliveries_that_still_wait_for_it(dock: Dock) -> None:
    one_delivery(dock)
    assert dock.program.tasks.deliveries_of(CARTON) == ("T-1",)
    assert dock.program.tasks.deliveries_of("nobody") == ()
    dock.feed(closed())
    assert dock.program.tasks.deliveries_of(CARTON) == ()


def test_a_receipt_shows_its_lines_equation_and_latest_entries(dock: Dock) -> None:
    one_delivery(dock)
    desk = dock.desk()
    for raw in (BOXES[0], BOXES[0], BOXES[1]):
        desk.scan(raw.encode(), at_ms=NOW_MS)
    desk.command("undo")
    desk.command("exempt 2 5 免码")
    view = dock.program.receipt_views.of("T-1-R1")

    assert (view.delivery, view.supplier, view.store_room) == ("T-1", "演示医药", "YK")
    assert [(row.line, row.name, row.expected, row.received, row.exempt, row.missing) for row in view.lines] == [
        (1, "药YP-1", 4, 1, 0, 3),
        (2, "药YP-2", 5, 0, 5, 0),
    ]
    assert (view.lines[0].batch, view.lines[0].expiry, view.lines[1].expiry) == ("B1", "2029-06-30", "")
    assert (view.lines[0].coded, view.lines[1].coded, view.lines[1].exempt_reason) == (True, False, "免码")
    assert view.equation == Equation(9, 1, 0, 0, 0, 5)
    assert dict(view.lists)["duplicate"] == 1
    assert [(entry.seq, entry.what, entry.counted, entry.in_force, entry.undoable) for entry in view.entries] == [
        (5, "exempt", False, True, True),
        (4, "undo", False, False, False),
        (3, "scan", True, False, False),
        (2, "scan", False, False, False),
        (1, "scan", True, True, True),
    ]
    assert (view.entries[4].payload, view.entries[4].line, view.entries[4].packs) == (BOXES[0], 1, 1)
    assert (view.held, view.closed) == (False, False)
    assert len(dock.program.receipt_views.of("T-1-R1", latest=2).entries) == 2


def test_a_receipt_shows_a_stop_that_waits_and_a_close_by_another_device(dock: Dock) -> None:
    one_delivery(dock)
    dock.desk(holds=True).scan(code("8999011", 99).encode())
    assert dock.program.receipt_views.of("T-1-R1").held
    dock.feed(closed())
    assert dock.program.receipt_views.of("T-1-R1").closed


def test_a_receipt_that_is_not_here_is_trouble(dock: Dock) -> None:
    with pytest.raises(Trouble) as caught:
        dock.program.receipt_views.of("nowhere-R1")
    assert caught.value.code == "receipt_not_here"


def test_the_site_is_told_with_its_zone(dock: Dock) -> None:
    site = dock.program.site()
    assert site is not None
    assert (site.name, site.synthetic, site.zone) == ("演示医院", True, "+08:00")


def test_a_look_up_tells_what_happened_to_a_code(dock: Dock) -> None:
    one_delivery(dock)
    dock.desk().scan(CARTON.encode())
    view = dock.program.look_up(CARTON)
    assert [(event.what, event.reason, event.upload) for event in view.history] == [("scan", "ok", "queued")]
