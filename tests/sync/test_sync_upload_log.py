"""The log of attempts over a real middleware and a real file: every try with its time, traces and answer; doubts that
only a person can clear; sweeping."""

from __future__ import annotations

import hashlib
import json
from typing import TypeVar

import pytest

from sync.errors import SyncError
from sync.listener import FRAGMENT, Listener
from sync.ports import Priority
from sync.transport import Begun, Call, Reply
from sync.upload_log import Attempt, AttemptLog
from tests.sync.sync_bench import Device
from tests.sync.sync_middleware import Middleware

T = TypeVar("T")


class Log:
    """The log as the program reads it, on the writer's thread."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._log = AttemptLog(device.database)

    def of(self, item_id: str) -> tuple[Attempt, ...]:
        n = self._device.row(item_id).n
        return self._device.writer.call(lambda: self._log.of(n), priority=Priority.IDLE, write=False)

    def words(self, item_id: str) -> list[tuple[str, str]]:
        return [(attempt.word, attempt.code) for attempt in self.of(item_id)]

    def troubles(self) -> dict[tuple[str, str], int]:
        found = self._device.writer.call(self._log.troubles, priority=Priority.IDLE, write=False)
        return {(state, code): rows for state, code, rows in found}

    def decide(self, item_id: str, *, arrived: bool) -> int:
        n = self._device.row(item_id).n
        return len(self._device.writer.call(lambda: self._log.decide([n], 99, arrived=arrived), priority=Priority.IDLE))

    def sweep(self, before_ms: int, *, steps: int | None = None) -> None:
        def run() -> None:
            for done, _ in enumerate(self._log.sweep(before_ms), start=1):
                if done == steps:
                    return

        self._device.writer.call(run, priority=Priority.IDLE)


@pytest.fixture
def log(device: Device) -> Log:
    return Log(device)


@pytest.fixture
def silent(middleware: Middleware) -> Middleware:
    """A hospital that has no way to ask for items."""
    middleware.faults["ask"].extend(["status:404"] * 1000)
    return middleware


def test_a_plain_success_is_told_without_a_row_of_its_own(device: Device, middleware: Middleware, log: Log) -> None:
    box = device.scan()
    device.drain(middleware.url)
    (attempt,) = log.of(box)
    assert (attempt.word, attempt.status, attempt.outcome, attempt.items) == ("accepted", 200, "answered", 1)
    sent = b'{"items":[' + json.dumps(middleware.contents[box]).encode() + b"]}"
    assert attempt.request == hashlib.blake2s(sent, digest_size=16).hexdigest()
    assert len(attempt.reply) == 32
    assert attempt.sent_ms is not None
    assert attempt.answered_ms is not None
    assert attempt.sent_ms <= attempt.answered_ms
    assert attempt.fragment is None, "a reply that was understood is not kept"
    assert device.sql("SELECT count(*) FROM sync_attempt") == [(0,)]


def test_every_try_is_told(device: Device, middleware: Middleware, log: Log) -> None:
    box = device.scan()
    middleware.later[box] = ["busy"]
    middleware.faults["items"].extend(["garbage"])
    middleware.faults["ask"].extend(["drop"])
    device.drain(middleware.url)
    assert log.words(box)[0] == ("no_answer", "bad_reply")
    assert log.of(box)[0].fragment == "��{not json"
    assert log.words(box)[-1][0] in ("accepted", "duplicate")
    assert ("later", "busy") in log.words(box) or ("unknown", "") in log.words(box)
    assert device.row(box).state == "accepted"


def test_a_reply_that_breaks_off_leaves_its_beginning(device: Device, middleware: Middleware, log: Log) -> None:
    box = device.scan()
    middleware.faults["items"].append("truncated")
    device.drain(middleware.url)
    tried = log.of(box)[0]
    assert (tried.word, tried.code, tried.status, tried.reply) == ("no_answer", "connection_lost", 200, "")
    assert tried.fragment is not None
    assert '{"items": [{"id": "'.startswith(tried.fragment[:10])
    assert device.row(box).state == "accepted"


@pytest.mark.parametrize("fault", ["lost", "drop"])
def test_a_reply_of_which_nothing_came_leaves_nothing(
    device: Device, middleware: Middleware, log: Log, fault: str
) -> None:
    box = device.scan()
    middleware.faults["items"].append(fault)
    device.drain(middleware.url)
    tried = log.of(box)[0]
    assert (tried.code, tried.status, tried.reply, tried.fragment) == ("connection_lost", None, "", None)
    assert device.row(box).state == "accepted"


def test_the_beginning_of_an_endless_reply_is_short() -> None:
    class Endless:
        begun = Begun(200, ("x\x00" * 400).encode())

        def exchange(self, call: Call) -> Reply:
            raise SyncError("reply_too_large", may_have_left=True)

        def close(self) -> None: ...

    listener = Listener(Endless())
    with pytest.raises(SyncError):
        listener.exchange(Call("POST", "/v1/items", body=b"{}"))
    assert listener.heard.fragment == "x " * (FRAGMENT // 2)
    assert (listener.heard.status, listener.heard.reply) == (200, None)


def test_refusals_keep_what_was_said(device: Device, middleware: Middleware, log: Log) -> None:
    bad, good, clash = device.scan(code="bad"), device.scan(), device.scan(code="conflicting")
    device.drain(middleware.url)
    assert [(one.word, one.code, one.text) for one in log.of(bad)] == [("refused", "bad_item", "格式不对")]
    assert log.words(clash) == [("conflict", "same_code")]
    assert log.words(good) == [("accepted", "")]
    assert log.troubles() == {("refused", "bad_item"): 1, ("refused", "same_code"): 1}
    assert device.writer.call(lambda: device.outbox.retry([bad]), priority=Priority.IDLE) == 1
    assert log.troubles() == {("refused", "same_code"): 1}
    device.drain(middleware.url)
    assert log.words(bad) == [("refused", "bad_item"), ("refused", "bad_item")], "both tries are told"


def test_poison_stands_alone_and_the_rest_goes_on(device: Device, middleware: Middleware, log: Log) -> None:
    boxes = [device.scan() for _ in range(20)]
    middleware.poison.add(boxes[7])
    device.drain(middleware.url)
    assert device.counts().accepted == 19
    assert log.troubles() == {("refused", "bad_request"): 1}
    words = log.words(boxes[7])
    assert words[-1] == ("refused", "bad_request")
    assert {word for word, _ in words[:-1]} == {"put_back"}
    assert log.of(boxes[7])[-1].items == 1


def test_a_kill_in_flight_is_told(device: Device, middleware: Middleware, log: Log) -> None:
    box = device.scan()
    device.sql("INSERT INTO sync_batch (realm, items, bytes, sent_ms) VALUES ('hospital-a', 1, 9, 5) RETURNING number")
    device.sql("UPDATE sync_outbox SET state = 'in_flight', batch = 1, attempts = 1 RETURNING n")
    device.drain(middleware.url)
    assert log.words(box)[0] == ("killed", "")
    assert log.words(box)[-1] == ("accepted", "")
    assert device.row(box).state == "accepted"


def test_who_cannot_be_asked_leaves_it_to_a_person(device: Device, silent: Middleware, log: Log) -> None:
    box, other = device.scan(), device.scan()
    silent.faults["items"].append("lost")
    device.drain(silent.url)
    assert {device.row(box).state, device.row(other).state} == {"unsure"}
    assert device.row(box).code == "ask_unavailable"
    assert log.troubles() == {("unsure", "ask_unavailable"): 2}
    sent, asked = log.of(box)
    assert (sent.word, sent.endpoint, len(sent.request)) == ("no_answer", "items", 32)
    assert (asked.endpoint, asked.code, asked.times >= 3) == ("ask", "ask_unavailable", True)

    device.drain(silent.url)
    assert silent.count("items") == 1, "nothing goes again by itself"
    assert log.decide(box, arrived=True) == 1
    assert log.decide(other, arrived=False) == 1
    assert (device.row(box).state, device.row(box).code) == ("accepted", "person_arrived")
    assert device.row(other).state == "queued"
    assert log.decide(box, arrived=False) == 0, "a word that was given stands"
    device.drain(silent.url)
    assert device.row(other).state == "accepted"
    assert silent.effects[other] == 1


def test_a_hospital_that_declares_no_question_is_not_asked(device: Device, middleware: Middleware, log: Log) -> None:
    site = middleware.site
    middleware.site = lambda: {**site(), "capabilities": ["changes", "items"]}  # type: ignore[method-assign]
    box = device.scan()
    middleware.faults["items"].append("lost")
    device.drain(middleware.url)
    assert (device.row(box).state, device.row(box).code) == ("unsure", "ask_unavailable")
    assert middleware.count("ask") == 0
    assert log.words(box) == [("no_answer", "connection_lost")]


def test_an_answer_after_all_clears_it(device: Device, middleware: Middleware, log: Log) -> None:
    box = device.scan()
    middleware.faults["items"].append("lost")
    middleware.faults["ask"].extend(["status:501"] * 3)
    device.drain(middleware.url, until_empty=False)
    device.drain(middleware.url)
    assert device.row(box).state == "accepted"
    assert log.words(box)[-1] == ("accepted", "")
    assert log.troubles() == {}


def test_sweeping_spares_what_has_a_way_to_go(device: Device, middleware: Middleware, log: Log) -> None:
    bad, good = device.scan(code="bad"), device.scan()
    middleware.later[good] = ["busy"]
    device.drain(middleware.url)
    device.scan()
    device.drain(middleware.url)
    assert len(log.of(good)) == 2
    log.sweep(2**60, steps=1)
    log.sweep(2**60)
    assert log.words(bad) == [("refused", "bad_item")]
    assert log.of(bad)[0].sent_ms is not None
    (left,) = log.of(good)
    assert (left.word, left.sent_ms) == ("accepted", None), "what became of it stays, its traces are gone"
    assert device.rows() != ()


def test_no_number_of_a_batch_is_given_twice(device: Device, middleware: Middleware, log: Log) -> None:
    device.scan()
    device.drain(middleware.url)
    log.sweep(2**60)
    box = device.scan()
    device.drain(middleware.url)
    assert [attempt.batch for attempt in log.of(box)] == [2]


def test_a_batch_from_before_the_log_keeps_its_traces(device: Device, middleware: Middleware, log: Log) -> None:
    """It does not say which records were in it, so one of them may still have a way to go."""
    bad = device.scan(code="bad")
    device.drain(middleware.url)
    device.sql("UPDATE sync_batch SET first_n = NULL, last_n = NULL RETURNING number")
    device.sql("DELETE FROM sync_attempt RETURNING n")
    device.scan()
    device.drain(middleware.url)
    log.sweep(2**60)
    assert [(one.word, one.code, one.sent_ms is None) for one in log.of(bad)] == [("refused", "bad_item", False)]


def test_nothing_young_is_swept(device: Device, middleware: Middleware, log: Log) -> None:
    box = device.scan()
    device.drain(middleware.url)
    log.sweep(1)
    assert log.of(box)[0].sent_ms is not None
