"""Items out, answers in: one batch after the other, and unsure items cleared by asking. The engine's thread.

While a batch is away the next one is chosen, by a thread of its own: on a busy queue that is a third of the time. A
batch that was chosen and then not sent goes back as it was.

A row is written as in flight before its bytes leave. From then on every way out of this module leaves it settled,
queued (only if the request cannot have taken effect) or unsure; a kill leaves it in flight, which the next start reads
as unsure.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sync.changes import Limits
from sync.dispatch import Batch, Dispatch, Taken
from sync.endpoints import middleware_ask, middleware_items
from sync.errors import SyncError
from sync.listener import Listener
from sync.ports import Clock, Hooks, Priority, SyncSettings, Writer
from sync.questions import Questions
from sync.transport import TracedTransport
from sync.verdicts import Answer, Judged, Sent, Verdict, judge_ask, judge_batch, refusal

log = logging.getLogger(__name__)

T = TypeVar("T")

REST_S = 0.02
"""After each batch while scans come: they share the writer and the interpreter with the exchange, and go first."""
ASK_REFUSALS = 3
"""So many times "this cannot be asked here", and what is unsure waits for a person's word."""

_NOT_THE_ITEMS = frozenset({"device_missing"})
"""Problem codes of a 400 that no smaller batch would mend."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """How many items one request held, 0 when none may go; `more`: another request can follow at once."""

    items: int
    more: bool


class Push:
    """Sends what may go. `delay_ms` gives the back-off of one item after so many attempts."""

    def __init__(
        self, *, transport: TracedTransport, questions: Questions, dispatch: Dispatch, writer: Writer, hooks: Hooks,
        clock: Clock, settings: SyncSettings, delay_ms: Callable[[int], int],
    ) -> None:  # fmt: skip
        self._line = Listener(transport)
        self._questions = questions
        self._dispatch = dispatch
        self._writer = writer
        self._hooks = hooks
        self._clock = clock
        self._settings = settings
        self._delay_ms = delay_ms
        self._smaller: int | None = None
        self._suspects = 0
        self._ceiling: int | None = None
        self._ask_refusals = 0
        self._chooser = ThreadPoolExecutor(1, "sync-chooser")
        self._ahead: Taken | None = None
        self._breath = threading.Event()  # never set

    def clear_unsure(self, realm: str, stopping: Callable[[], bool]) -> int:
        """Ask for every unsure item; how many got an answer. Raises SyncError, after the answers that came."""
        after, cleared, doubtful = 0, 0, 0
        while not stopping():
            rows = self._write(partial(self._dispatch.unsure, realm, after=after, limit=middleware_ask.MAX_IDS))
            if not rows:
                break
            after = rows[-1].n
            judged = judge_ask(rows, self._ask(realm, rows))
            self._write(partial(self._told, realm, rows, judged.verdicts))
            cleared += len(judged.verdicts)
            doubtful += len(judged.unclear)
        if doubtful:
            raise SyncError("bad_reply", f"{doubtful} questions without one clean answer")
        return cleared

    def leave_to_people(self, realm: str) -> None:
        """This hospital has no way to ask for items: what is unsure waits for a person's word."""
        self._write(partial(self._dispatch.leave_to_people, realm))

    def batch(self, realm: str, limits: Limits, *, drain: bool) -> Pushed:
        """Send one batch, and choose the next one if there may be one: whoever sends no more calls `give_back`.

        Raises SyncError, after its rows are in a state that says what is known of them.
        """
        scans_come = self._hooks.scans_come()
        wanted = self._settings.drain_items if drain and not scans_come else self._settings.batch_items
        max_items = min(wanted, limits.items, self._ceiling or wanted, self._smaller or wanted)
        choose = partial(self._choose, realm, max_items, limits.bytes)
        ahead, self._ahead = self._ahead, None
        taken = choose() if ahead is None or ahead.batch is None else ahead
        if taken.batch is None:
            return Pushed(0, more=False)
        following = self._chooser.submit(choose) if taken.more and not scans_come else None
        answered = False
        try:
            answered = self._exchange(taken.batch)
        finally:
            if following is not None:
                self._ahead = following.result()
                if not answered:
                    self.give_back()
        if scans_come:
            self._breath.wait(REST_S)
        # What was passed over while another batch was away may go now.
        return Pushed(len(taken.batch.rows), more=taken.more or not answered or taken is ahead)

    def give_back(self) -> None:
        """What was chosen and is not sent goes back to the queue."""
        taken, self._ahead = self._ahead, None
        if taken is not None and taken.batch is not None:
            self._write(partial(self._dispatch.give_back, taken.batch))

    def _choose(self, realm: str, max_items: int, max_bytes: int) -> Taken:
        after: int | None = 0
        while after is not None:
            take = partial(self._dispatch.take, realm, self._clock.now_ms(), after=after)
            taken = self._write(partial(take, max_items=max_items, max_bytes=max_bytes))
            if taken.batch is not None:
                return taken
            after = taken.after
        return Taken(None, None)

    def _ask(self, realm: str, rows: Sequence[Sent]) -> tuple[Answer, ...]:
        settings = self._settings
        question = self._questions.ask_by_ids([row.id for row in rows], settings.read_s)
        try:
            answers = question.result(settings.connect_s + 3 * settings.read_s)
        except TimeoutError as error:
            raise SyncError("server_timeout", "a question got no answer") from error
        except SyncError as error:
            self._not_told(realm, rows, error)
            raise
        self._ask_refusals = 0
        return answers

    def _told(self, realm: str, rows: Sequence[Sent], verdicts: Sequence[Verdict]) -> None:
        self._dispatch.told(realm, rows, verdicts, self._clock.now_ms())
        self._settle(verdicts)

    def _not_told(self, realm: str, rows: Sequence[Sent], error: SyncError) -> None:
        """Logged where the hospital says that it cannot be asked; after some times these rows wait for a person."""
        if error.code != "ask_unavailable":
            return
        self._ask_refusals += 1
        hopeless = self._ask_refusals >= ASK_REFUSALS
        job = partial(self._dispatch.not_told, realm, rows, self._clock.now_ms(), error.code, hopeless=hopeless)
        self._write(job)

    def _write(self, job: Callable[[], T]) -> T:
        return self._writer.call(job, priority=Priority.SETTLE)

    def _exchange(self, batch: Batch) -> bool:
        try:
            answers = middleware_items.post(self._line, batch.bodies)
        except SyncError as error:
            self._failed(batch, error)
            return False
        judged = judge_batch(batch.rows, answers)
        self._write(partial(self._answered, batch, judged))
        self._suspects -= len(batch.rows)
        if self._suspects <= 0:
            self._smaller = None
        if judged.unclear or judged.strangers:
            raise SyncError("bad_reply", f"{len(judged.unclear)} items without one clean answer", may_have_left=True)
        return True

    def _answered(self, batch: Batch, judged: Judged) -> None:
        self._settle(judged.verdicts, batch.number)
        if self._line.heard.unknown:
            self._hooks.on_unknown(self._line.heard.unknown)
        self._dispatch.doubt(judged.unclear, batch.number, "bad_reply")
        self._close(batch, "bad_reply" if judged.unclear else "answered")

    def _failed(self, batch: Batch, error: SyncError) -> None:
        """The batch as a whole got no answer. Raises `error` again unless a smaller batch may do better."""
        if error.status == 413 or (error.status in (400, 422) and error.problem not in (None, *_NOT_THE_ITEMS)):
            self._shrink(batch, error)
            return
        move = self._dispatch.doubt if error.may_have_left else self._dispatch.requeue
        self._write(partial(self._put_back, batch, move, error.code))
        raise error

    def _shrink(self, batch: Batch, error: SyncError) -> None:
        """Halve until the item that spoils its batch stands alone; refused alone again and again, it gets an owner."""
        log.warning("a batch of %d was refused as a whole: %s", len(batch.rows), error)
        half = len(batch.rows) // 2
        if not half:
            self._write(partial(self._blame, batch, batch.rows[0], error))
            self._smaller, self._suspects = None, 0
            return
        self._write(partial(self._put_back, batch, self._dispatch.requeue, error.code))
        if error.status == 413:
            self._ceiling = half
            return
        if self._smaller is None:
            self._suspects = len(batch.rows)
        self._smaller = half

    def _blame(self, batch: Batch, row: Sent, error: SyncError) -> None:
        now_ms = self._clock.now_ms()
        self._close(batch, error.code)
        if self._dispatch.suspect(row) >= self._settings.alone_tries:
            self._settle((refusal(row, "too_large" if error.status == 413 else "bad_request"),), batch.number)
        else:
            self._dispatch.postpone(row, now_ms + self._delay_ms(row.attempts), batch.number, error.code)

    def _put_back(self, batch: Batch, move: Callable[[Sequence[Sent], int, str], None], outcome: str) -> None:
        move(batch.rows, batch.number, outcome)
        self._close(batch, outcome)

    def _close(self, batch: Batch, outcome: str) -> None:
        self._dispatch.close_batch(batch, self._clock.now_ms(), outcome, self._line.heard)

    def _settle(self, verdicts: Sequence[Verdict], batch: int | None = None) -> None:
        if verdicts:
            settled = self._dispatch.settle(verdicts, self._clock.now_ms(), self._delay_ms, batch)
            told = tuple(one for one in settled if one.state != "queued" or one.code is not None)
            if told:
                self._hooks.on_settled(told)
