"""One receipt, rule by rule: undo, outcomes, hold, pause, rights, restart, other devices, the hospital's answers."""

from __future__ import annotations

import pytest

from app.base.errors import Trouble
from app.domain.documents import receipt_id
from app.flows.answers import Answers
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.receiving import Receiving
from sync import Settled
from sync.changes import PackageRow, PackagesChange, RecallChange
from sync.item_ids import unpacked
from tests.fixtures.hospital import Dock, closed, code, delivery, drug, line, operator, packages, received_by

BOX, BUNDLE, CARTON = "8999011", "8999012", "8999013"
B = [code(BOX, n) for n in range(10)]
B1, B2, C = code(BUNDLE, 1), code(BUNDLE, 2), code(CARTON, 1)
TREE: dict[str, object] = {C: {B1: {key: {} for key in B[:5]}, B2: {key: {} for key in B[5:]}}}
LEVELS = {BOX: 1, BUNDLE: 2, CARTON: 3}


@pytest.fixture
def hospital(dock: Dock) -> Dock:
    """Ten boxes in two bundles in a carton, and a line of twenty bags without codes."""
    dock.feed(operator(), drug("D1", LEVELS), drug("D2", {}, exempt="herbal"), packages(TREE))
    dock.feed(delivery(line(1, "D1", 10), line(2, "D2", 20)))
    return dock


@pytest.fixture
def desk(hospital: Dock) -> Receiving:
    return hospital.desk()


def shoot(desk: Receiving, *keys: str) -> list[str]:
    return [desk.scan(key.encode()).reason for key in keys]


def received(desk: Receiving) -> int:
    return desk.summary().equation.received


def parts(desk: Receiving) -> dict[str, int]:
    """The equation without what is nothing."""
    return {name: value for name, value in desk.summary().equation.as_dict().items() if value and name != "expected"}


def item_of(dock: Dock, seq: int) -> str:
    return unpacked(dock.rows("SELECT id FROM entries WHERE seq = ? AND receipt = 'T-1-R1'", seq)[0][0])


def settle(dock: Dock, seq: int, kind: str, state: str) -> None:
    """The hospital's answer to the item of an entry."""
    answer = Settled(item_of(dock, seq), receipt_id("T-1"), kind, state, None, None, ())
    answers = Answers(dock.program.receipts)
    dock.program.writer.call(lambda: answers.apply([answer]))


def test_undo_of_a_box_that_its_carton_holds(desk: Receiving) -> None:
    assert shoot(desk, B[0], C) == ["ok", "ok"]
    done = desk.command(f"undo {B[0]}")
    assert (done.text, done.values["seq"], received(desk)) == ("undone_still_in", 1, 10)
    assert desk.command(f"undo {B[0]}").reason == "nothing_to_undo"
    assert desk.command("undo").text == "undone_scan"
    assert received(desk) == 0


def test_a_covered_scan_is_not_kept_in_reserve(desk: Receiving) -> None:
    assert shoot(desk, C, B[3], B1) == ["ok", "covered_by_parent", "covered_by_parent"]
    assert desk.command("undo").values["seq"] == 1
    assert received(desk) == 0
    assert desk.command("undo 2").reason == "nothing_to_undo"


def test_undo_by_number_and_not_twice(desk: Receiving) -> None:
    shoot(desk, B[0], B[1])
    assert desk.command("undo 1").ok
    assert desk.command("undo 1").reason == "nothing_to_undo"
    assert desk.command("undo 3").reason == "nothing_to_undo"  # an undo is not undone
    assert desk.command("undo 999").reason == "nothing_to_undo"
    assert received(desk) == 1
    assert shoot(desk, B[0]) == ["ok"]


def test_an_outcome_over_an_outcome_and_back(desk: Receiving) -> None:
    shoot(desk, C)
    desk.command(f"damaged {B1} wet")
    desk.command(f"reject {B[0]} wrong")
    assert parts(desk) == {"received": 5, "damaged": 4, "rejected": 1}
    assert desk.command(f"damaged {B[0]} wet again").ok
    assert parts(desk) == {"received": 5, "damaged": 5}
    assert desk.command(f"undo {B[0]}").text == "undone_outcome"
    assert parts(desk) == {"received": 5, "damaged": 4, "rejected": 1}
    assert desk.command(f"undo {B1}").ok
    assert parts(desk) == {"received": 9, "rejected": 1}
    assert desk.command("undo").ok
    assert parts(desk) == {"received": 10}


def test_a_scan_under_an_outcome_leaves_without_a_sound(desk: Receiving) -> None:
    shoot(desk, B[0])
    desk.command(f"damaged {B[0]} wet")
    assert shoot(desk, B[0]) == ["duplicate_in_receipt"]
    assert desk.command("undo 1").ok
    assert parts(desk) == {"damaged": 1}
    assert desk.command("undo").text == "undone_outcome"
    assert parts(desk) == {}


def test_damaged_before_any_scan_and_the_carton_brings_the_others(desk: Receiving) -> None:
    assert desk.command(f"damaged {B[0]} wet").ok
    found = desk.scan(C.encode())
    assert (found.reason, found.packs, found.received) == ("ok", 10, 9)


def test_a_later_number_replaces_an_earlier_one_and_comes_back(desk: Receiving) -> None:
    for words in ("short 1 3 lost", "short 1 4 lost", "exempt 2 20 herbal"):
        assert desk.command(words).ok
    assert parts(desk) == {"short": 4, "exempt": 20}
    desk.command("undo")
    desk.command("undo")
    assert parts(desk) == {"short": 3}
    assert desk.command("over 1 2 gift").ok
    assert parts(desk) == {"short": 3}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("short 9 1 x", "no_such_line"),
        ("short 1 11 x", "quantity_bad"),
        ("exempt 2 21 x", "quantity_bad"),
        (f"damaged {code('8000000', 1)} x", "unknown_code"),
        (f"damaged {code(BOX, 77)} x", "not_in_delivery"),
        ("reject 6901234567892 x", "product_code"),
        ("reject 0109529999001016 x", "ambiguous"),
        ("confirm", "nothing_to_confirm"),
        ("close", "outcome_missing"),
        ("dance", "unknown_command"),
        ("next", "command_unavailable"),
        ("short", "bad_command"),
    ],
)
def test_commands_that_do_not_work_are_kept_and_change_nothing(
    hospital: Dock, desk: Receiving, words: str, reason: str
) -> None:
    found = desk.command(words)
    assert (found.ok, found.reason, found.text, found.seq) == (False, reason, f"command_{reason}", 1)
    assert parts(desk) == {}
    assert hospital.rows("SELECT reason, payload, in_force FROM entries") == [(reason, words, 0)]
    assert hospital.rows("SELECT count(*) FROM sync_outbox") == [(0,)]


def test_close_names_every_line_that_does_not_add_up(desk: Receiving) -> None:
    shoot(desk, C)
    desk.command("short 1 1 lost")
    found = desk.command("close")
    assert found.details == (("line_exceeds", {"line": 1, "count": 1}), ("line_lacks", {"line": 2, "count": 20}))
    desk.command("undo")
    desk.command("exempt 2 20 herbal")
    assert desk.command("close").ok
    assert desk.summary().closed


def test_a_closed_receipt_cannot_be_opened_again(hospital: Dock, desk: Receiving) -> None:
    shoot(desk, C)
    desk.command("exempt 2 20 herbal")
    desk.command("close")
    with pytest.raises(Trouble, match="receipt_closed"):
        hospital.desk()


def test_a_receipt_that_another_device_closed(hospital: Dock) -> None:
    hospital.feed(closed())
    with pytest.raises(Trouble, match="receipt_closed"):
        hospital.desk()


def test_a_printed_command_is_obeyed_and_a_printed_badge_is_a_scan(desk: Receiving) -> None:
    shoot(desk, B[0])
    found = desk.scan_or_command(b"]Q1MATOU!undo\r\n")
    assert isinstance(found, CommandOutcome)
    assert (found.ok, received(desk)) == (True, 0)
    badge = desk.scan_or_command(b"MATOU#1001")
    assert isinstance(badge, ScanOutcome)
    assert badge.reason == "unknown_code"


def test_a_stop_holds_until_it_is_confirmed(hospital: Dock) -> None:
    desk = hospital.desk(holds=True)
    assert shoot(desk, B[0], code(BOX, 99), B[1], B[1]) == ["ok", "over_quantity", "held_by_stop", "held_by_stop"]
    hospital.restart()
    desk = hospital.desk(holds=True)
    assert shoot(desk, B[1]) == ["held_by_stop"]
    assert desk.command("confirm").ok
    assert desk.command("confirm").reason == "nothing_to_confirm"
    assert shoot(desk, B[1], B[1], B[2]) == ["ok", "duplicate_in_receipt", "ok"]
    assert desk.scan(b"4240000000000000000000990000").reason == "voucher_at_dock"
    assert shoot(desk, B[3]) == ["held_by_stop"]
    assert dict(desk.summary().lists)["extra"] == 1


@pytest.mark.parametrize("behind", ["", "6901234567892", "4240000", "\r6901234567892"])
def test_a_voucher_is_kept_nowhere_whatever_digits_run_on_behind_it(hospital: Dock, behind: str) -> None:
    voucher = "4249518273640951827364051627"
    assert hospital.desk().scan(f"{voucher}{behind}".encode()).reason == "voucher_at_dock"
    assert hospital.rows("SELECT 1 FROM entries WHERE instr(payload, ?)", voucher) == []
    assert shoot(hospital.desk(), B[0]) == ["ok"]


@pytest.mark.parametrize("before", ["1", "4051627", "Q1", "x", "8999011"])
def test_a_voucher_is_kept_nowhere_whatever_is_glued_before_it(hospital: Dock, before: str) -> None:
    for voucher in ("4249518273640951827364051627", "opc4951827364095182736405162"):
        assert hospital.desk().scan(f"{before}{voucher}".encode()).reason == "voucher_at_dock"
        assert hospital.rows("SELECT 1 FROM entries WHERE instr(payload, ?)", voucher) == []


def test_without_hold_nothing_holds(desk: Receiving) -> None:
    assert shoot(desk, code(BOX, 99), B[0]) == ["over_quantity", "ok"]
    assert desk.command("confirm").reason == "nothing_to_confirm"


def test_a_stop_of_the_window_does_not_hold_a_command_line_without_hold(hospital: Dock) -> None:
    assert shoot(hospital.desk(holds=True), code(BOX, 99), B[0]) == ["over_quantity", "held_by_stop"]
    assert shoot(hospital.desk(), B[0]) == ["ok"]
    assert shoot(hospital.desk(holds=True), B[1]) == ["held_by_stop"]


def test_pause_and_restart_go_on_where_they_were(hospital: Dock) -> None:
    desk = hospital.desk()
    shoot(desk, B[0], B1)
    assert desk.command("pause").ok
    assert hospital.rows("SELECT paused FROM receipts") == [(1,)]
    hospital.restart()
    desk = hospital.desk()
    assert hospital.rows("SELECT paused FROM receipts") == [(0,)]
    found = desk.scan(B[5].encode())
    assert (found.seq, found.line, found.received) == (4, 1, 6)
    assert desk.command("undo 2").ok
    assert received(desk) == 2


def test_rights(hospital: Dock) -> None:
    hospital.feed(operator("2", rights=()), operator("3", rights=("receive",)), operator("4", store_rooms=("X",)))
    with pytest.raises(Trouble, match="no_right"):
        hospital.desk(who="2")
    clerk = hospital.desk(who="3")
    shoot(clerk, C)
    refused = clerk.command("exempt 2 20 herbal")
    assert (refused.reason, dict(refused.values)["right"]) == ("no_right", "exempt")
    assert clerk.command("close").reason == "no_right"
    hospital.feed(delivery(line(1, "D1", 1), number="T-2", store_room="Y"), delivery(number="T-3", store_room="X"))
    with pytest.raises(Trouble, match="other_store_room"):
        hospital.desk("T-2", who="4")
    assert hospital.desk("T-3", who="4").summary().equation.expected == 0


def test_deliveries_that_are_not_to_be_received(hospital: Dock) -> None:
    hospital.feed(delivery(number="T-2", state="withdrawn"), packages({code(BOX, 500): {}}, number="T-3"))
    for number, trouble in (("T-2", "delivery_withdrawn"), ("T-3", "delivery_not_here"), ("T-4", "delivery_not_here")):
        with pytest.raises(Trouble, match=trouble):
            hospital.desk(number)


def test_what_another_device_has_is_part_of_the_sets(hospital: Dock, desk: Receiving) -> None:
    shoot(desk, B[0])
    hospital.feed(received_by("pda-2", *B[5:], via=B2), received_by("pda-2", B[1]))
    assert received(desk) == 7
    assert shoot(desk, B[5], B[1], B2) == ["covered_by_parent", "duplicate_in_receipt", "children_all_in"]
    assert desk.scan(C.encode()).received == 10
    assert desk.command(f"undo {B[1]}").reason == "nothing_to_undo"
    hospital.feed(received_by("pda-2", *B[5:], via=B2, state="reversed"))
    assert received(desk) == 10
    desk.command("undo")
    assert received(desk) == 2


def test_what_the_hospital_had_before_this_device_began(hospital: Dock) -> None:
    """A row's device is who changed it last, here perhaps in a folder that was lost: what is in, is in."""
    hospital.feed(
        received_by("pda-2", B[0]),
        received_by(hospital.program.device, B[1]),
        received_by("pda-2", B[2], state="reversed"),
    )
    assert received(hospital.desk()) == 2


def test_codes_of_other_receipts(hospital: Dock, desk: Receiving) -> None:
    hospital.feed(
        received_by("pda-2", B[0], receipt="T-0-R1"), received_by("pda-2", B[9], receipt="T-0-R1", state="dispensed")
    )
    assert shoot(desk, B[0], B[9], B1, C, B[1]) == [
        "already_received", "already_dispensed", "parent_opened", "parent_opened", "ok"
    ]  # fmt: skip
    hospital.feed(received_by("pda-2", B[0], receipt="T-0-R1", state="returned"))
    assert shoot(desk, B[0]) == ["ok"]


@pytest.mark.parametrize("state", ["conflict", "refused"])
def test_a_scan_that_the_hospital_does_not_take_holds_nothing(hospital: Dock, desk: Receiving, state: str) -> None:
    shoot(desk, C, B[0])
    settle(hospital, 1, "scan", state)
    assert received(desk) == 0
    assert shoot(desk, B[0]) == ["ok"]
    desk.command(f"damaged {B[1]} wet")
    settle(hospital, 4, "outcome", state)
    assert parts(desk) == {"received": 1}
    assert hospital.rows("SELECT seq FROM entries WHERE remote = ? ORDER BY seq", state) == [(1,), (4,)]
    assert desk.command("undo 1").reason == "nothing_to_undo"


@pytest.mark.parametrize("state", ["accepted", "queued", "held"])
def test_other_answers_change_no_count(hospital: Dock, desk: Receiving, state: str) -> None:
    shoot(desk, C)
    settle(hospital, 1, "scan", state)
    assert received(desk) == 10


def test_a_scan_undone_before_its_refusal_stays_undone(hospital: Dock, desk: Receiving) -> None:
    shoot(desk, B[0])
    desk.command("undo")
    shoot(desk, B[0])
    settle(hospital, 1, "scan", "conflict")
    assert received(desk) == 1
    assert hospital.rows("SELECT remote FROM entries WHERE seq = 1") == [("conflict",)]


def test_near_expiry_and_its_list_follow_the_undo(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 10, expiry="2027-05-21"), line(2, "D2", 20)))
    desk = hospital.desk()
    assert shoot(desk, B[0], B[1]) == ["near_expiry", "near_expiry"]
    assert dict(desk.summary().lists)["near_expiry"] == 2
    desk.command("undo")
    assert dict(desk.summary().lists)["near_expiry"] == 1


def test_the_day_is_the_hospital_s_day_of_the_scan(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 10, expiry="2026-11-22"), line(2, "D2", 20)))
    desk = hospital.desk()
    last_ms = 1_795_363_199_999  # 2026-11-22T23:59:59.999+08:00
    assert desk.scan(B[0].encode(), at_ms=last_ms).reason == "near_expiry"
    assert desk.scan(B[1].encode(), at_ms=last_ms + 1).reason == "expired"


def test_a_recall(hospital: Dock, desk: Receiving) -> None:
    hospital.feed(RecallChange("D1", "B1", active=True, reason="x"))
    assert shoot(desk, C, B[0]) == ["recalled", "recalled"]
    hospital.feed(RecallChange("D1", "B1", active=False))
    assert shoot(desk, B[0]) == ["ok"]


def test_a_carton_of_nobody_knows_how_many_is_ambiguous_and_no_bug(hospital: Dock, desk: Receiving) -> None:
    lone = code(CARTON, 9)
    hospital.feed(PackagesChange("T-1", (PackageRow(lone, 3, None, 1),)))
    found = desk.scan(lone.encode())
    assert (found.reason, found.trouble, found.line) == ("ambiguous", None, None)


def test_lists_count_codes_and_a_good_scan_takes_nothing_back(hospital: Dock, desk: Receiving) -> None:
    shoot(desk, B[0], B[0], B[0], code(BOX, 99), code(BOX, 99), code(BOX, 98), "x", "x", "6901234567892")
    desk.scan(b"\xff")
    desk.command("undo")
    shoot(desk, B[0])
    found = {name: value for name, value in desk.summary().lists.items() if value}
    assert found == {"duplicate": 1, "extra": 2, "to_clear": 3}
    assert len(desk.summary().lists) == 11


GS1_KEY = "010952999900101621SYN1"
GS1_SHOT = "010952999900101610L7\x1d21SYN1"


@pytest.mark.parametrize("named", [GS1_KEY, GS1_SHOT, "]d2" + GS1_SHOT])
def test_a_gs1_code_can_be_named_in_a_command(hospital: Dock, named: str) -> None:
    hospital.feed(drug("D3", {"09529999001016": 1}), packages({GS1_KEY: {}}, line_no=3))
    hospital.feed(delivery(line(1, "D1", 10), line(2, "D2", 20), line(3, "D3", 1, batch="L7")))
    desk = hospital.desk()
    assert shoot(desk, GS1_SHOT) == ["ok"]
    assert desk.command(f"damaged {named} wet").ok
    assert parts(desk) == {"damaged": 1}
    assert desk.command(f"undo {named}").text == "undone_outcome"
