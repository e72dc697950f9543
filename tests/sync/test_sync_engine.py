"""The engine against a living middleware: what arrives, what is told, and how often it calls."""

from __future__ import annotations

import threading

import pytest

from sync.errors import SyncError
from sync.ports import Priority, SyncSettings
from sync.status import Summary
from tests.sync.sync_bench import FAST, Device, StepClock
from tests.sync.sync_middleware import Middleware


def test_everything_arrives_once_and_is_counted(middleware: Middleware, device: Device) -> None:
    boxes = [device.scan() for _ in range(120)]
    undo = device.reverse(boxes[3])
    end = device.close_receipt()
    summary = device.drain(middleware.url)
    assert summary == Summary(0, 122, 122, 0, 0, 0, 0, None)
    assert middleware.order == [*boxes, undo, end]
    assert set(middleware.effects.values()) == {1}
    assert [one.state for one in device.settled] == ["accepted"] * 122


def test_summary_counts_an_item_once_and_also_what_another_run_sent(middleware: Middleware, device: Device) -> None:
    device.scan()
    engine = device.engine(middleware.url)
    engine.start()
    device.wait_status(lambda status: status.network == "online" and status.waiting == 0)
    engine.stop()
    device.scan()
    assert device.drain(middleware.url).sent == 2
    assert device.drain(middleware.url).sent == 0


def test_answers_reach_the_program_with_their_words(middleware: Middleware, device: Device) -> None:
    clash, bad = device.scan(code="conflicting"), device.scan(code="bad")
    summary = device.drain(middleware.url)
    assert (summary.sent, summary.accepted, summary.refused) == (2, 0, 2)
    assert [(one.id, one.state, one.code, one.text, one.with_ids) for one in device.settled] == [
        (clash, "conflict", "same_code", None, (clash,)),
        (bad, "refused", "bad_item", "格式不对", ()),
    ]
    row = device.row(clash)
    assert (row.state, row.result, row.code, row.with_ids, row.attempts) == (
        "refused", "conflict", "same_code", (clash,), 1,
    )  # fmt: skip


def test_a_reply_lost_after_its_effect_is_cleared_by_asking(middleware: Middleware, device: Device) -> None:
    middleware.faults["items"].append("lost")
    boxes = [device.scan() for _ in range(3)]
    summary = device.drain(middleware.url)
    assert (summary.sent, summary.accepted, summary.unsure) == (3, 3, 0)
    assert middleware.order == boxes
    assert (middleware.count("items"), middleware.count("ask")) == (1, 1)


def test_a_request_that_never_arrived_is_sent_again(middleware: Middleware, device: Device) -> None:
    middleware.faults["items"].append("drop")
    device.scan()
    assert device.drain(middleware.url).accepted == 1
    assert (middleware.count("items"), middleware.count("ask")) == (2, 1)


@pytest.mark.parametrize("fault", ["missing", "twice", "bad_word", "bad_type"])
def test_only_the_item_without_one_clean_answer_becomes_unsure(
    middleware: Middleware, device: Device, fault: str
) -> None:
    middleware.faults["items"].append(fault)
    middleware.faults["ask"].extend(["status:500"] * 1000)
    first, second = device.scan(), device.scan()
    summary = device.drain(middleware.url, limit_s=0.3)
    assert (summary.unsure, summary.accepted, summary.trouble) == (1, 1, "server_error")
    assert (device.row(first).state, device.row(second).state) == ("unsure", "accepted")
    middleware.faults.clear()
    assert device.drain(middleware.url).accepted == 1


@pytest.mark.parametrize(
    "fault", ["garbage", "deep", "truncated", "wrong_schema", "status:500", "status:302", "html:200"]
)
def test_a_reply_that_is_none_makes_the_whole_batch_unsure(middleware: Middleware, device: Device, fault: str) -> None:
    middleware.faults["items"].append(fault)
    middleware.faults["ask"].extend(["drop"] * 1000)
    device.scan()
    device.scan()
    assert device.drain(middleware.url, limit_s=0.2).unsure == 2
    middleware.faults.clear()
    assert device.drain(middleware.url).accepted == 2


def test_answers_of_strangers_are_trouble_but_ours_count(middleware: Middleware, device: Device) -> None:
    middleware.faults["items"].append("strangers")
    device.scan()
    assert device.drain(middleware.url).accepted == 1
    assert middleware.count("site") == 2


def test_later_goes_again_and_delays_nobody_else(middleware: Middleware, device: Device) -> None:
    first, second = device.scan(), device.scan("D2-R1")
    undo = device.reverse(first)
    middleware.later[first] = ["busy", "busy"]
    assert device.drain(middleware.url).accepted == 3
    assert middleware.order.index(second) < middleware.order.index(first) < middleware.order.index(undo)
    told = [one for one in device.settled if one.state == "queued"]
    assert [(one.id, one.code) for one in told if one.id == first] == [(first, "busy"), (first, "busy")]


def test_a_close_that_never_adds_up_is_held_and_can_be_released(middleware: Middleware, device: Device) -> None:
    end = device.close_receipt()
    other = device.scan("D2-R1")
    middleware.later[end] = ["receipt_incomplete"] * 5
    summary = device.drain(middleware.url)
    assert (summary.held, summary.sent, summary.trouble) == (1, 1, None)
    assert (device.row(end).state, device.row(end).code) == ("held", "close_differs")
    assert device.settled[-1].state == "held"
    assert middleware.order == [other]
    undo = device.reverse(end)
    assert device.drain(middleware.url).held == 2
    assert (device.row(undo).state, device.row(undo).code) == ("held", "waits_for_held")
    assert device.writer.call(lambda: device.outbox.release([end, undo]), priority=Priority.IDLE) == 2
    assert device.drain(middleware.url).accepted == 2


def test_a_close_is_not_held_while_its_receipt_still_has_work(middleware: Middleware, device: Device) -> None:
    box = device.scan()
    middleware.later[box] = ["busy"] * 12
    end = device.close_receipt()
    assert device.drain(middleware.url).accepted == 2
    assert middleware.order == [box, end]


def test_a_poisoned_item_is_found_and_refused_and_the_rest_arrives(middleware: Middleware, device: Device) -> None:
    boxes = [device.scan() for _ in range(60)]
    middleware.poison = {boxes[17], boxes[18]}
    summary = device.drain(middleware.url)
    assert (summary.accepted, summary.refused, summary.trouble) == (58, 2, None)
    assert (device.row(boxes[17]).code, device.row(boxes[18]).code) == ("bad_request", "bad_request")


def test_a_passing_400_blames_nobody(middleware: Middleware, device: Device) -> None:
    middleware.faults["items"].extend(["status:400", "status:422", "html:400"])
    device.scan()
    summary = device.drain(middleware.url)
    assert (summary.accepted, summary.refused) == (1, 0)


def test_too_large_halves_and_a_single_giant_has_an_owner(middleware: Middleware, device: Device) -> None:
    middleware.limits = {"items": 500, "bytes": 2000}
    device.scan(payload="x" * 3000)
    for _ in range(40):
        device.scan()
    middleware.faults["items"].append("html:413")
    summary = device.drain(middleware.url)
    assert (summary.accepted, summary.refused) == (40, 1)
    assert device.rows(states=["refused"])[0].code == "too_large"


def test_a_foreign_hospital_gets_nothing(middleware: Middleware, device: Device) -> None:
    device.realm = "hospital-b"
    device.scan()
    summary = device.drain(middleware.url)
    assert (summary.trouble, summary.waiting) == ("foreign_realm", 1)
    assert middleware.calls == ["site"]


def test_rows_of_another_realm_stay(middleware: Middleware, device: Device) -> None:
    device.add(device.item(), realm="demo")
    ours = device.scan()
    summary = device.drain(middleware.url)
    assert (summary.accepted, summary.waiting, summary.trouble) == (1, 1, None)
    assert middleware.order == [ours]


def test_what_was_in_flight_when_the_process_died_is_asked_for(middleware: Middleware, device: Device) -> None:
    arrived, lost = device.scan(), device.scan()
    device.sql("UPDATE sync_outbox SET state = 'in_flight' RETURNING n")
    middleware.take([{"id": arrived, "kind": "scan"}])
    assert device.drain(middleware.url).accepted == 2
    assert middleware.batches[1:] == [[lost]]


def test_stop_leaves_a_hanging_request_in_flight_and_the_next_start_asks(
    middleware: Middleware, device: Device
) -> None:
    middleware.faults["items"].append("hang")
    device.scan()
    engine = device.engine(middleware.url)
    engine.start()
    for _ in range(2):
        assert middleware.arrived.acquire(timeout=5)
    engine.stop(timeout_s=0.05)
    assert device.counts().in_flight == 1
    middleware.let_go.set()
    assert device.drain(middleware.url).accepted == 1
    assert list(middleware.effects.values()) == [1]


def test_an_answer_that_comes_after_the_engine_was_left_behind_is_not_written(
    middleware: Middleware, device: Device
) -> None:
    middleware.faults["items"].append("slow")
    device.scan()
    engine = device.engine(middleware.url)
    engine.start()
    for _ in range(2):
        assert middleware.arrived.acquire(timeout=5)
    thread = next(thread for thread in threading.enumerate() if thread.name == "sync-engine")
    engine.stop(timeout_s=0.05)
    middleware.let_go.set()
    thread.join(5)
    assert not thread.is_alive()
    assert (device.counts().in_flight, device.settled) == (1, [])
    assert device.drain(middleware.url).accepted == 1
    assert middleware.batches == [[device.settled[0].id]]


def test_dead_server_ends_at_the_limit_with_its_trouble(device: Device, middleware: Middleware) -> None:
    device.scan()
    url = middleware.url
    middleware.close()
    summary = device.drain(url, limit_s=0.2)
    assert (summary.trouble, summary.waiting, summary.unsure) == ("server_unreachable", 1, 0)


def test_a_hospital_that_cannot_be_asked_leaves_unsure_as_an_end(middleware: Middleware, device: Device) -> None:
    middleware.faults["items"].append("lost")
    middleware.faults["ask"].extend(["status:404"] * 100_000)
    device.scan()
    other = device.scan("D2-R1")
    summary = device.drain(middleware.url, limit_s=0.5)
    assert (summary.unsure, summary.waiting) == (2, 0)
    assert other in middleware.order


def test_one_broken_endpoint_does_not_jam_the_others(middleware: Middleware, device: Device) -> None:
    middleware.faults["ask"].extend(["status:500"] * 1000)
    middleware.faults["changes"].extend(["garbage"] * 1000)
    device.sql("SELECT 1")
    doubtful = device.scan()
    device.sql("UPDATE sync_outbox SET state = 'in_flight' RETURNING n")
    device.scan()
    summary = device.drain(middleware.url, limit_s=0.3)
    assert (summary.accepted, summary.unsure) == (1, 1)
    assert device.row(doubtful).state == "unsure"


def test_retry_after_is_obeyed_even_when_nudged(middleware: Middleware, device: Device) -> None:
    middleware.faults["items"].append("retry_after:3600")
    device.scan()
    engine = device.engine(middleware.url)
    engine.start()
    status = device.wait_status(lambda status: status.trouble == "throttled")
    assert status.unsure == 1
    for _ in range(100):
        engine.nudge(urgent=True)
    engine.stop()
    assert middleware.count("items") == 1


def test_a_bug_in_a_hook_keeps_the_outbox_and_the_thread(middleware: Middleware, device: Device) -> None:
    device.answer_bug = True
    device.scan()
    engine = device.engine(middleware.url)
    engine.start()
    device.wait_status(lambda status: status.trouble == "sync_bug")
    device.answer_bug = False
    device.wait_status(lambda status: status.trouble is None and status.waiting == 0)
    assert device.counts().accepted == 1
    assert list(middleware.effects.values()) == [1]


def test_200_scans_in_20_seconds_stay_within_12_requests(middleware: Middleware, device: Device) -> None:
    """A clerk's rhythm in a time of our own: it moves only between scans, so a fast machine cannot make it easier."""
    clock = StepClock()
    engine = device.engine(middleware.url, SyncSettings(), clock)
    engine.start()
    device.wait_status(lambda status: status.network == "online")
    for _ in range(200):
        clock.advance(0.1)
        device.scan()
        engine.nudge()
    clock.advance(5.0)
    engine.nudge()
    device.wait_status(lambda status: device.counts().accepted == 200)
    engine.stop()
    assert len(middleware.calls) <= 12
    assert middleware.count("items") >= 4


def test_ten_nudges_are_one_exchange(middleware: Middleware, device: Device) -> None:
    engine = device.engine(middleware.url, SyncSettings(linger_s=0.05))
    for _ in range(10):
        device.scan()
        engine.nudge()
    engine.start()
    device.wait_status(lambda status: status.network == "online" and status.waiting == 0)
    engine.stop()
    assert [len(batch) for batch in middleware.batches] == [10]


def test_an_urgent_nudge_does_not_linger(middleware: Middleware, device: Device) -> None:
    engine = device.engine(middleware.url, SyncSettings(linger_s=3600.0))
    engine.start()
    device.wait_status(lambda status: status.network == "online")
    device.scan()
    engine.nudge(urgent=True)
    device.wait_status(lambda status: status.last_exchange_ms is not None and device.counts().accepted == 1)


def test_a_wall_clock_that_went_back_does_not_strand_a_row(middleware: Middleware, device: Device) -> None:
    device.scan()
    device.sql("UPDATE sync_outbox SET next_ms = 9000000000000 RETURNING n")
    assert device.drain(middleware.url).accepted == 1


def test_a_running_engine_cannot_be_drained_by_hand(middleware: Middleware, device: Device) -> None:
    engine = device.engine(middleware.url)
    engine.start()
    with pytest.raises(RuntimeError):
        engine.run_until_empty(limit_s=1, until_empty=True)
    with pytest.raises(RuntimeError):
        engine.start()


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("http://hospital.example", "insecure_url"),
        ("http://10.0.0.7:8080", "insecure_url"),
        ("ftp://127.0.0.1", "bad_server_url"),
        ("127.0.0.1:80", "bad_server_url"),
        ("http://", "bad_server_url"),
        ("http://user:secret@127.0.0.1", "bad_server_url"),
    ],
)
def test_addresses_that_are_refused(device: Device, server: str, code: str) -> None:
    with pytest.raises(SyncError) as caught:
        device.engine(server)
    assert caught.value.code == code


def test_a_long_queue_drains_in_large_batches_with_few_requests(middleware: Middleware, device: Device) -> None:
    device.add(*[device.item(receipt=f"D{n % 7}-R1") for n in range(3000)])
    assert device.drain(middleware.url, settings=FAST).accepted == 3000
    assert len(middleware.batches) == 6
    assert device.sql("SELECT count(*) FROM sync_batch WHERE outcome = 'answered'") == [(6,)]
