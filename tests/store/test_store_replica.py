"""What the feed brings: every kind of change, twice, cut short, out of order, and while a receipt is open."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.domain.documents import Equation
from sync.changes import Change, PackagesChange, RecallChange, ReceiptChange, StoreRoomChange
from tests.store.store_bench import (
    MINE,
    NO,
    OTHER,
    PIN,
    RECEIPT,
    Bench,
    box,
    bundle,
    carton,
    codes,
    delivery,
    drug,
    operator,
    packages,
)

RECALL = RecallChange("YP-1", "B1", True, "test")
EACH_KIND: dict[str, Change] = {
    "operator": operator(),
    "store_room": StoreRoomChange("YK", "store", "store"),
    "drug": drug(),
    "recall": RECALL,
    "packages": packages(),
    "delivery": delivery(),
    "receipt": ReceiptChange("D-0-R1", "D-0", "closed"),
    "codes": codes(0, 1, 3),
}
WHOLE_PAGE = tuple(EACH_KIND.values())


def scan(bench: Bench, code: str) -> tuple[str, int | None]:
    outcome = bench.desk().scan(code.encode())
    return outcome.reason, outcome.received


def equation(bench: Bench) -> Equation:
    return bench.desk().summary().equation


def cut_short(bench: Bench, changes: Sequence[Change], steps: int) -> None:
    """Apply so many steps of a page, then lose the rest, as a kill between two slices does."""

    def some() -> None:
        going = bench.replica.apply(changes)
        for _ in range(steps):
            next(going, None)

    bench.writer.call(some)


@pytest.mark.parametrize("kind", sorted(EACH_KIND))
def test_a_change_applied_twice_is_the_same_as_once(bench: Bench, kind: str) -> None:
    empty = bench.dump()
    bench.apply(EACH_KIND[kind])
    once = bench.dump()
    bench.apply(EACH_KIND[kind])

    assert once != empty
    assert bench.dump() == once


def test_a_whole_page_applied_twice_beside_an_open_receipt_is_the_same_as_once(dock: Bench) -> None:
    desk = dock.desk()
    desk.scan(box(2).encode())
    dock.apply(*WHOLE_PAGE)
    once = dock.dump()
    dock.apply(*WHOLE_PAGE)

    assert dock.dump() == once
    assert equation(dock).received == 4


@pytest.mark.parametrize("steps", range(1, 9))
def test_a_page_cut_short_anywhere_and_applied_again_is_as_if_it_had_not_been(
    bench: Bench, tmp_path, steps: int
) -> None:
    bench.meet()
    cut_short(bench, WHOLE_PAGE, steps)
    bench.apply(*WHOLE_PAGE)

    other = Bench(tmp_path / "never cut")
    try:
        other.meet()
        other.apply(*WHOLE_PAGE)
        assert bench.dump() == other.dump()
    finally:
        other.close()


def test_a_person_can_sign_in_as_soon_as_the_feed_named_them(bench: Bench) -> None:
    assert bench.catalogue.operator("1001") is None
    bench.apply(operator(rights=("receive",), store_rooms=("YK",), registration="R1"))

    found = bench.writer.call(lambda: bench.catalogue.operator("1001"))
    assert found is not None
    person, verifier = found
    assert set(person.rights) == {"receive"}
    assert set(person.store_rooms) == {"YK"}
    assert person.registration == "R1"
    assert verifier.matches(PIN)
    assert not verifier.matches("1235")

    bench.apply(operator(active=False))
    found = bench.writer.call(lambda: bench.catalogue.operator("1001"))
    assert found is not None
    assert not found[0].active


def test_a_recall_stops_a_box_and_its_end_lets_it_in(dock: Bench) -> None:
    dock.apply(RECALL)
    assert scan(dock, box(0)) == ("recalled", 0)

    dock.apply(RecallChange("YP-1", "B1", False))
    assert scan(dock, box(0)) == ("ok", 1)


def test_a_recall_of_another_batch_stops_nothing(dock: Bench) -> None:
    dock.apply(RecallChange("YP-1", "B2", True))

    assert scan(dock, box(0)) == ("ok", 1)


def test_a_drug_that_changes_is_read_anew(dock: Bench) -> None:
    """Names and prefixes are kept in memory between scans; the feed makes them forgotten."""
    unknown, known = "89990210000000000001", "89990110000000009999"
    assert scan(dock, unknown) == ("unknown_code", None)
    assert scan(dock, known) == ("over_quantity", 0)

    dock.apply(drug(name="renamed", levels={"8999021": 1}))

    assert scan(dock, unknown) == ("over_quantity", 0)
    assert scan(dock, known) == ("unknown_code", None)
    found = dock.writer.call(lambda: dock.catalogue.drug("YP-1"))
    assert found is not None
    assert found.name == "renamed"


def test_a_prefix_that_moves_to_another_drug_belongs_to_that_one(dock: Bench) -> None:
    dock.apply(drug(drug="YP-2", name="second", levels={"8999011": 1}))

    assert dock.writer.call(lambda: dock.catalogue.prefix("8999011")) == ("YP-2", 1)
    assert scan(dock, "89990110000000009999")[0] == "not_in_delivery"


def test_packages_may_come_before_their_delivery(bench: Bench) -> None:
    bench.meet()
    bench.apply(packages(), drug())
    found = bench.writer.call(lambda: bench.catalogue.delivery(NO))
    assert found is not None
    assert found.state == "announced"

    bench.apply(delivery())

    assert scan(bench, carton()) == ("ok", 4)


def test_packages_after_their_delivery_are_known_at_the_next_scan(bench: Bench) -> None:
    """A manifest that comes late: the receipt is open already, the codes are known from then on."""
    bench.meet()
    bench.apply(drug(), delivery(manifest="late"))
    desk = bench.desk()
    assert desk.scan(box(0).encode()).reason == "ok"

    bench.apply(packages(), delivery())

    bundled = desk.scan(bundle(0).encode())
    assert (bundled.reason, bundled.packs, bundled.received) == ("ok", 2, 2)


def test_a_carton_of_unknown_content_covers_what_turns_out_to_be_in_it(bench: Bench) -> None:
    bench.meet()
    bench.apply(drug(), delivery(packs=(200,), manifest="late"))
    desk = bench.desk()
    assert desk.scan(carton().encode()).received == 200
    bench.apply(packages(), delivery(packs=(200,)))

    assert desk.scan(box(0).encode()).reason == "covered_by_parent"
    assert desk.scan(bundle(0).encode()).reason == "covered_by_parent"


def test_a_line_that_is_added_while_a_receipt_is_open_counts(dock: Bench) -> None:
    desk = dock.desk()
    desk.scan(carton().encode())
    second = PackagesChange(NO, tuple(row for row in packages(boxes=2, start=10).packages))
    late = PackagesChange(NO, tuple(type(row)(row.code, row.level, row.parent, 2) for row in second.packages))
    dock.apply(late, delivery(packs=(4, 2)))

    answer = desk.scan(carton(10).encode())

    assert (answer.reason, answer.line, answer.received, answer.expected) == ("ok", 2, 2, 2)
    assert equation(dock) == Equation(expected=6, received=6)


def test_a_quantity_that_is_changed_while_a_receipt_is_open_counts(dock: Bench) -> None:
    desk = dock.desk()
    assert desk.scan(carton().encode()).expected == 4
    dock.apply(packages(boxes=6), delivery(packs=(6,)))

    # The carton was shot for four: what a later manifest puts into it must be shot, or it would jam the close.
    answer = desk.scan(box(5).encode())
    assert (answer.reason, answer.received, answer.expected) == ("ok", 5, 6)
    assert desk.scan(box(3).encode()).reason == "covered_by_parent"
    assert desk.scan(bundle(2).encode()).received == 6
    assert desk.command("close").ok


def test_a_delivery_that_is_withdrawn_takes_no_new_receipt(dock: Bench) -> None:
    dock.apply(delivery(state="withdrawn"))

    with pytest.raises(Exception, match="delivery_withdrawn"):
        dock.desk()


def test_a_receipt_that_is_closed_at_the_hospital_is_not_opened_here(dock: Bench) -> None:
    dock.apply(ReceiptChange(RECEIPT, NO, "closed"))

    with pytest.raises(Exception, match="receipt_closed"):
        dock.desk()


def test_what_others_have_counts_from_the_moment_the_feed_tells(dock: Bench) -> None:
    desk = dock.desk()
    desk.scan(box(0).encode())
    dock.apply(codes(0, 1))

    assert equation(dock).received == 2
    assert desk.scan(box(1).encode()).reason == "duplicate_in_receipt"
    answer = desk.scan(carton().encode())
    assert (answer.reason, answer.received) == ("ok", 4)


def test_what_others_had_before_this_receipt_was_opened_counts_too(dock: Bench) -> None:
    dock.apply(codes(0, 1))

    assert equation(dock).received == 2
    assert scan(dock, bundle(0)) == ("children_all_in", 2)


def test_what_others_give_back_is_free_again(dock: Bench) -> None:
    desk = dock.desk()
    dock.apply(codes(0, 1))
    dock.apply(codes(0, state="reversed"))

    assert equation(dock).received == 1
    answer = desk.scan(box(0).encode())
    assert (answer.reason, answer.received) == ("ok", 2)


def test_what_others_give_back_stays_in_while_our_own_scan_holds_it(dock: Bench) -> None:
    desk = dock.desk()
    desk.scan(box(0).encode())
    dock.apply(codes(0))
    dock.apply(codes(0, state="reversed"))

    assert equation(dock).received == 1


def test_our_own_codes_that_come_back_by_the_feed_change_nothing(dock: Bench) -> None:
    desk = dock.desk()
    desk.scan(box(0).encode())
    desk.command("undo")
    dock.apply(codes(0, device=MINE))

    assert equation(dock).received == 0


def test_codes_of_another_receipt_are_already_received(dock: Bench) -> None:
    dock.apply(codes(0, receipt="D-0-R1", device=OTHER))

    assert scan(dock, box(0)) == ("already_received", 0)
    assert scan(dock, bundle(0)) == ("parent_opened", 0)
    assert scan(dock, bundle(1)) == ("ok", 2)


def test_a_code_that_was_dispensed_is_told_as_that(dock: Bench) -> None:
    dock.apply(codes(0, state="dispensed", receipt="D-0-R1"))

    assert scan(dock, box(0)) == ("already_dispensed", 0)


def test_an_outcome_here_goes_before_what_others_count(dock: Bench) -> None:
    desk = dock.desk()
    desk.command(f"damaged {box(0)} wet")
    dock.apply(codes(0))

    assert equation(dock) == Equation(expected=4, received=0, damaged=1)
