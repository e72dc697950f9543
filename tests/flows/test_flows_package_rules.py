"""The sixteen rules of an engine of packages (trace-codes.md §8.5), each as a person at the dock would see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.changes import DrugChange
from tests.fixtures.hospital import DELIVERY, code, delivery, drug, line, packages, received_by
from tests.fixtures.outbox import BODIES, bodies
from tests.flows.package_desk import BUNDLE, CARTON, LEVELS, PALLET, PackageDock, box, bundle, carton, carton_of, row

Answer = tuple[str, int | None, int | None]


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[PackageDock]:
    with PackageDock(tmp_path) as found:
        found.set_up()
        yield found


def shoot(dock: PackageDock, text: str, number: str = DELIVERY) -> Answer:
    outcome = dock.desk(number).scan(text.encode())
    return outcome.reason, outcome.packs, outcome.received


def test_r1_a_code_has_one_parent_at_a_time_and_the_past_is_kept(dock: PackageDock) -> None:
    dock.tell([*carton_of(range(4)), *carton_of(range(10, 14), number=1)])
    dock.happened("add", parent=bundle(1_000), children=(box(0),))

    assert dock.rows("SELECT parent FROM packages WHERE code = ?", box(0)) == [(bundle(1_000),)]
    assert dock.rows("SELECT verb, parent, code FROM package_events") == [("add", bundle(1_000), box(0))]
    # What lost a box stands for its content no more; what got it stands for one more.
    assert shoot(dock, carton(0))[0] == "parent_opened"
    assert shoot(dock, carton(1)) == ("ok", 5, 5)


def test_r2_a_link_between_levels_turned_round_is_not_taken_and_kept_as_evidence(dock: PackageDock) -> None:
    dock.tell([*carton_of(range(4)), row(bundle(7), box(3), batch=None), row(carton(9), carton(0), batch=None)])

    assert dock.rows("SELECT code, kind, says FROM disputes WHERE kind = 'levels' ORDER BY code") == [
        (bundle(7), "levels", box(3)),
        (carton(9), "levels", carton(0)),
    ]
    assert shoot(dock, carton(0))[0] == "source_conflict"
    assert shoot(dock, box(3)) == ("ok", 1, 1)


def test_r2_a_level_may_be_left_out(dock: PackageDock) -> None:
    dock.tell([row(carton(), batch=None), *(row(box(one), carton()) for one in range(4))])
    assert shoot(dock, carton()) == ("ok", 4, 4)


@pytest.mark.parametrize("children_first", [False, True])
def test_r3_no_cycle_comes_in(dock: PackageDock, children_first: bool) -> None:
    rows = [
        row(carton(0), carton(1), batch=None), row(carton(1), carton(0), batch=None),
        row(carton(2), carton(2), batch=None), row(box(0), carton(0)),
    ]  # fmt: skip
    dock.tell(rows[::-1] if children_first else rows)

    assert dock.rows("SELECT count(*) FROM packages WHERE parent = code") == [(0,)]
    assert {str(row[0]) for row in dock.rows("SELECT DISTINCT kind FROM disputes")} == {"levels", "self_parent"}
    assert shoot(dock, carton(0))[0] == "source_conflict"
    assert shoot(dock, box(0)) == ("ok", 1, 1)


def test_r3_four_levels_are_followed(dock: PackageDock) -> None:
    pallet = code(PALLET, 1)
    dock.tell([row(pallet, batch=None), row(carton(0), pallet, batch=None), *carton_of(range(4))[1:]])
    assert shoot(dock, pallet) == ("ok", 4, 4)
    assert shoot(dock, carton(0))[0] == "covered_by_parent"


def test_r4_a_code_counts_once_and_never_beside_its_carton(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    assert shoot(dock, box(0)) == ("ok", 1, 1)
    assert shoot(dock, carton()) == ("ok", 4, 4)
    assert shoot(dock, carton())[0] == "duplicate_in_receipt"
    assert dock.packs_in() == {box(one) for one in range(4)}


def test_r5_what_a_carton_covers_is_a_soft_answer(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    shoot(dock, carton())
    assert shoot(dock, box(2)) == ("covered_by_parent", 1, 4)
    assert shoot(dock, bundle(1)) == ("covered_by_parent", 2, 4)


def test_r6_children_first_and_their_carton_brings_the_rest(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    for one in (0, 1, 3):
        shoot(dock, box(one))
    assert shoot(dock, bundle(0)) == ("children_all_in", 2, 3)
    assert shoot(dock, carton()) == ("ok", 4, 4)


def test_r7_an_opened_carton_stands_for_its_content_no_more(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    dock.happened("delete", parent=bundle(0), children=(box(0),))

    assert shoot(dock, carton())[0] == "parent_opened"
    assert shoot(dock, bundle(0))[0] == "parent_opened"
    assert shoot(dock, bundle(1)) == ("ok", 2, 2)
    assert shoot(dock, box(1)) == ("ok", 1, 3)


def test_r7_opened_by_hand_and_taken_back(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    desk = dock.desk()
    assert desk.command(f"open {box(0)}").reason == "not_a_package"
    assert desk.command(f"open {code(CARTON, 99)}").ok  # known by its prefix alone
    assert desk.command(f"open {carton()}").ok
    assert shoot(dock, carton())[0] == "parent_opened"
    assert desk.command(f"undo {carton()}").ok
    assert shoot(dock, carton()) == ("ok", 4, 4)
    assert [str(row[0]) for row in dock.rows("SELECT verb FROM package_events ORDER BY id")] == [
        "delete", "delete", "declare_error",
    ]  # fmt: skip
    kinds = [row[0] for row in dock.rows("SELECT kind FROM sync_outbox ORDER BY n")]
    assert kinds == ["package_event", "package_event", "package_event", "scan"]


def test_r8_known_children_then_the_amount_then_the_ratio(dock: PackageDock) -> None:
    dock.tell(carton_of(range(3)))  # three boxes, although the ratio says four
    dock.tell([row(carton(5), batch="B1", amount=2)], manifest="M-2")

    assert shoot(dock, carton(0)) == ("ok", 3, 3)
    assert shoot(dock, carton(5)) == ("ok", 2, 5)
    assert shoot(dock, carton(6)) == ("ok", 4, 9)  # nobody knows it: the ratio, and it is marked
    assert [b'"estimated":true' in body for body in bodies(dock.rows(BODIES))] == [False, False, True]
    assert dock.rows("SELECT seq FROM entries WHERE note = 'estimated'") == [(3,)]


def test_r9_a_carton_may_be_the_smallest_coded_pack(tmp_path: Path) -> None:
    with PackageDock(tmp_path) as dock:
        dock.set_up()
        dock.feed(drug("D4", {"8999043": 1}, ratio="1"), delivery(line(1, "D4", 5), manifest="late", number="T-4"))
        dock.tell([row(code("8999043", 1), level=1, amount=120)], manifest="M-4", delivery_no="T-4")
        assert shoot(dock, code("8999043", 1), "T-4") == ("ok", 1, 1)


def test_r10_the_hospitals_unit_is_reckoned_beside_the_coded_one(dock: PackageDock) -> None:
    dock.feed(DrugChange("D1", "药D1", "drug", LEVELS, min_pack_unit="盒", hospital_unit="瓶", multiplier=20))
    dock.tell(carton_of(range(3)))
    assert shoot(dock, carton()) == ("ok", 3, 3)  # what is counted stays the coded pack
    tree = dock.program.look_up(carton()).tree
    assert tree is not None
    assert tree.arithmetic == "3 盒 × 20 瓶/盒 = 60 瓶"


def test_r11_a_mixed_carton_counts_on_the_line_of_each_batch(tmp_path: Path) -> None:
    with PackageDock(tmp_path) as dock:
        dock.set_up(lines={"B1": 2, "B2": 2})
        dock.tell([
            row(carton(), batch=None), row(box(0), carton()), row(box(1), carton()),
            row(box(2), carton(), batch="B2"), row(box(3), carton(), batch="B2"),
        ])  # fmt: skip
        assert shoot(dock, carton())[:2] == ("ok", 4)
        assert dock.rows("SELECT line, received FROM receipt_lines ORDER BY line") == [(1, 2), (2, 2)]


def test_r11_of_two_lines_with_one_batch_the_one_that_the_hospital_names_counts(tmp_path: Path) -> None:
    with PackageDock(tmp_path) as dock:
        dock.set_up(packs=4)
        dock.feed(delivery(line(1, "D1", 4, batch="B1"), line(2, "D1", 4, batch="B1"), manifest="late"))
        tree = {carton(): {bundle(0): {box(0): {}, box(1): {}}, bundle(1): {box(2): {}}}}
        dock.feed(packages(tree, line_no=2))
        dock.tell(carton_of(range(3)))

        assert dock.desk().scan(box(0).encode()).line == 2
        assert shoot(dock, carton())[::2] == ("ok", 3)
        assert dock.rows("SELECT line, received FROM receipt_lines ORDER BY line") == [(1, 0), (2, 3)]


def test_r11_a_carton_with_a_box_that_is_not_on_the_note_is_a_conflict(dock: PackageDock) -> None:
    dock.tell([row(carton(), batch=None), row(box(0), carton()), row(box(1), carton(), batch="B9")])
    assert shoot(dock, carton())[0] == "source_conflict"
    assert shoot(dock, box(0)) == ("ok", 1, 1)


def test_r12_the_more_trusted_source_is_asked_first(dock: PackageDock) -> None:
    dock.feed(packages({carton(): {box(0): {}, box(1): {}}}))
    dock.tell([row(carton(), batch=None), *(row(box(one), carton()) for one in range(3))])
    kinds = dock.rows(
        "SELECT s.kind FROM packages p JOIN sources s ON s.id = p.source WHERE p.code = ? ORDER BY s.trust DESC",
        carton(),
    )
    assert kinds == [("relay",), ("middleware",)]
    assert shoot(dock, carton())[:2] == ("source_conflict", 3)


def test_r13_sources_that_disagree_both_stay_and_nothing_is_covered(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    moved = [row(carton(1), batch=None), row(bundle(1_000), carton(1), batch=None), row(box(0), bundle(1_000))]
    dock.tell(moved, manifest="M-2", delivery_no=None)

    for doubtful in (carton(0), bundle(0), carton(1), bundle(1_000)):
        packs = dock.desk().scan(doubtful.encode())
        assert packs.reason in ("source_conflict", "children_all_in"), doubtful
    assert shoot(dock, bundle(1)) == ("ok", 2, 2)
    assert shoot(dock, box(0)) == ("ok", 1, 3)
    assert dock.rows("SELECT count(*) FROM packages WHERE code = ?", box(0)) == [(2,)]


def test_r13_a_manifest_that_is_taken_back_contradicts_nobody(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    dock.tell([row(carton(1), batch=None), row(box(0), carton(1))], manifest="M-2", delivery_no=None)
    assert shoot(dock, carton())[0] == "source_conflict"
    dock.program.writer.call(lambda: dock.program._manifests.withdraw("M-2"))
    assert shoot(dock, carton()) == ("ok", 4, 4)


def test_r14_a_replaced_code_is_dead_and_can_still_be_asked_for(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    dock.happened("add", children=(box(77),), replaces=box(0))

    assert shoot(dock, box(0))[0] == "source_conflict"
    assert shoot(dock, box(77)) == ("ok", 1, 1)
    assert shoot(dock, carton()) == ("ok", 4, 4)
    assert dock.packs_in() == {box(77), box(1), box(2), box(3)}
    assert dock.rows("SELECT old, new FROM aliases") == [(box(0), box(77))]


def test_r14_what_was_received_before_stays_received(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    shoot(dock, box(0))
    dock.happened("add", children=(box(77),), replaces=box(0))
    assert dock.received() == 1


def test_r15_a_code_is_received_once_in_the_whole_hospital(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    dock.feed(received_by("pda-2", box(0), receipt="T-0-R1"))
    assert shoot(dock, box(0))[0] == "already_received"
    assert shoot(dock, carton())[0] == "parent_opened"
    dock.feed(received_by("pda-2", box(0), receipt="T-0-R1", state="returned"))
    assert shoot(dock, carton()) == ("ok", 4, 4)


def test_r16_scanning_again_never_raises_a_number(dock: PackageDock) -> None:
    dock.tell(carton_of(range(4)))
    for text in (box(0), box(0), bundle(0), bundle(0), carton(), carton(), box(3), bundle(1)):
        shoot(dock, text)
    assert dock.received() == 4


def test_a_virtual_carton_is_no_carton(dock: PackageDock) -> None:
    nines = f"{CARTON}{'9' * 13}"
    dock.tell([row(box(0), nines), row(box(1), nines)])
    assert shoot(dock, box(0)) == ("ok", 1, 1)
    assert dock.rows("SELECT code, kind, says FROM disputes ORDER BY code") == [
        (box(0), "virtual_parent", nines), (box(1), "virtual_parent", nines),
    ]  # fmt: skip


def test_one_manifest_that_names_a_child_twice_covers_with_neither_parent(dock: PackageDock) -> None:
    dock.tell([*carton_of(range(4)), row(bundle(9), batch=None), row(box(0), bundle(9))])
    assert shoot(dock, bundle(9))[0] in ("source_conflict", "ambiguous")
    assert shoot(dock, bundle(0))[0] == "source_conflict"
    assert shoot(dock, bundle(1)) == ("ok", 2, 2)
    assert shoot(dock, box(0)) == ("ok", 1, 3)


def test_a_manifest_is_invisible_until_it_is_whole(dock: PackageDock) -> None:
    dock.stage(carton_of(range(3)))
    assert shoot(dock, carton()) == ("ok", 4, 4)  # by the ratio
    assert dock.rows("SELECT state FROM sources WHERE kind = 'relay'") == [("staged",)]


def test_a_later_manifest_restates_an_estimate_in_the_trail(dock: PackageDock) -> None:
    assert shoot(dock, carton()) == ("ok", 4, 4)
    dock.tell(carton_of(range(3)))

    assert dock.received() == 3
    assert dock.packs_in() == {box(0), box(1), box(2)}
    trail = dock.rows("SELECT seq, coalesce(command, kind), negates, packs, in_force, note FROM entries ORDER BY seq")
    assert trail == [
        (1, "scan", None, 4, 0, "estimated"), (2, "restated", 1, 4, 0, "4 → 3"), (3, "scan", None, 3, 1, None),
    ]  # fmt: skip
    assert [row[0] for row in dock.rows("SELECT kind FROM sync_outbox ORDER BY n")] == ["scan", "reversal", "scan"]
    assert shoot(dock, box(1))[0] == "covered_by_parent"
    assert dock.desk().command("undo").ok
    assert dock.received() == 0


def test_an_estimate_that_turns_out_wrong_is_counted_no_more(dock: PackageDock) -> None:
    shoot(dock, carton())
    dock.feed(received_by("pda-2", box(0), receipt="T-0-R1"))
    dock.tell(carton_of(range(4)))

    assert dock.received() == 0
    last = dock.rows("SELECT reason, counted FROM entries ORDER BY seq DESC LIMIT 1")
    assert last == [("parent_opened", 0)]


def test_the_next_version_takes_the_place_of_the_first(dock: PackageDock) -> None:
    dock.tell(carton_of(range(3)))
    dock.tell(carton_of(range(4)), version=2)
    assert shoot(dock, carton()) == ("ok", 4, 4)
    assert dock.rows("SELECT version, state FROM sources WHERE kind = 'relay' ORDER BY version") == [
        (1, "superseded"), (2, "complete"),
    ]  # fmt: skip


def test_a_code_is_learnt_once_and_its_prefix_with_it(dock: PackageDock) -> None:
    desk = dock.desk()
    strange = code("8999777", 1)
    assert desk.scan(strange.encode()).reason == "unknown_code"
    assert desk.command(f"level {strange} NOPE 1").reason == "no_such_drug"
    assert desk.command(f"level {box(0)} D1 1").reason == "level_known"
    assert desk.command(f"level {strange} D1 1").ok
    assert shoot(dock, strange) == ("ok", 1, 1)
    assert shoot(dock, code("8999777", 2)) == ("ok", 1, 2)
    view = dock.program.look_up(code("8999777", 3))
    assert (view.name, view.level, view.origin) == ("药D1", 1, "manual")
    assert dock.program.look_up(box(0)).origin is None
    assert shoot(dock, code(BUNDLE, 5)) == ("ok", 2, 4)
    assert desk.command(f"undo {strange}").ok  # the scan
    assert desk.command(f"undo {strange}").text == "undone_level"
    assert shoot(dock, code("8999777", 3))[0] == "unknown_code"
