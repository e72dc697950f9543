"""Order where it matters and nowhere else: random items, batches and answers over the real outbox file, against rules
that are written down here a second time."""

from __future__ import annotations

import tempfile
from pathlib import Path

import peewee
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.dispatch import Dispatch
from sync.outbox import NewItem, Outbox
from sync.schema import MIGRATIONS
from sync.verdicts import Sent, Settled, Verdict

REALM = "hospital-a"
SETTLED = {"accepted", "refused"}
STEP_MS, DELAY_MS = 10, 25
WORDS = ("accepted", "refused", "conflict", "later", "doubt", "put_back")

Kind = tuple[str, int]
"""What an item is (scan, reversal, close, scan_after) and which earlier one it is about, counted back."""

schedules = st.lists(
    st.tuples(st.sampled_from(("scan", "scan", "reversal", "close", "scan_after")), st.integers(1, 6)), max_size=14
)
answers = st.lists(st.sampled_from(WORDS), max_size=60)


class Model:
    """What may leave, by the rules of docs/sync.md; knows nothing of the program's own."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.about: dict[str, str | None] = {}
        self.receipts: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.due: dict[str, int] = {}

    def add(self, item: str, kind: str, about: str | None, receipt: str) -> None:
        self.kinds[item], self.about[item], self.receipts[item] = kind, about, receipt
        self.states[item] = "queued"

    def may_go(self, item: str, before: list[str]) -> bool:
        """`before`: items that stand earlier in the same batch."""
        kind, about = self.kinds[item], self.about[item]
        if kind == "reversal":
            return about is None or self.states[about] in SETTLED or about in before
        if kind == "scan_after":
            return about is None or self.states[about] in SETTLED
        if kind == "close":
            older = [one for one in self.states if one < item and self.receipts[one] == self.receipts[item]]
            return all(self.states[one] in SETTLED or one in before for one in older)
        return True

    def check_batch(self, chosen: list[str], now_ms: int) -> None:
        for place, item in enumerate(chosen):
            assert self.may_go(item, chosen[:place]), (self.kinds[item], self.about[item])
        assert chosen == sorted(chosen), "in the order in which they were made"
        went: list[str] = []
        for item in sorted(self.states):
            if self.states[item] == "queued" and self.due.get(item, 0) <= now_ms and self.may_go(item, went):
                assert item in chosen, f"{self.kinds[item]} waits for nothing and was left"
                went.append(item)


def fill(outbox: Outbox, model: Model, schedule: list[Kind]) -> None:
    made: list[str] = []
    for number, (kind, back) in enumerate(schedule, start=1):
        item = f"01a201d7-0000-7000-8000-{number:012d}"
        about = made[-back] if back <= len(made) and kind in ("reversal", "scan_after") else None
        receipt = f"D-{back % 2}-R1"
        wire = "scan" if kind == "scan_after" else kind
        negates, waits = (about, None) if kind == "reversal" else (None, about)
        outbox.add(NewItem(item, receipt, number, wire, b"{}", number, negates, waits_for=waits), REALM)
        model.add(item, kind, about, receipt)
        made.append(item)


def verdict(row: Sent, word: str) -> Verdict:
    state = {"later": "queued"}.get(word, word)
    return Verdict(row, Settled(row.id, row.receipt, row.kind, state, "busy", None, ()), 0, word)


class Table:
    """The outbox with the model beside it."""

    def __init__(self, path: Path, schedule: list[Kind]) -> None:
        self.database = peewee.SqliteDatabase(str(path), pragmas={"synchronous": 0})
        self.database.connect()
        for step in (step for version in sorted(MIGRATIONS) for step in MIGRATIONS[version]):
            _ = step(self.database) if callable(step) else self.database.execute_sql(step)
        self.dispatch = Dispatch(self.database, hold_after=99)
        self.model = Model()
        self.now_ms = 0
        fill(Outbox(self.database), self.model, schedule)

    def turn(self, words: list[str]) -> bool:
        """One batch with its answers; False if nothing could leave."""
        self.now_ms += STEP_MS
        with self.database.atomic("IMMEDIATE"):
            taken = self.dispatch.take(REALM, self.now_ms, after=0, max_items=500, max_bytes=10**6)
        chosen = [row.id for row in taken.batch.rows] if taken.batch else []
        self.model.check_batch(chosen, self.now_ms)
        if taken.batch is None:
            return False
        for row in taken.batch.rows:
            self.answer(row, taken.batch.number, words.pop(0) if words else "accepted")
        return True

    def answer(self, row: Sent, batch: int, word: str) -> None:
        with self.database.atomic("IMMEDIATE"):
            if word == "doubt":
                self.dispatch.doubt([row], batch, "connection_lost")
            elif word == "put_back":
                self.dispatch.requeue([row], batch, "throttled")
            else:
                self.dispatch.settle([verdict(row, word)], self.now_ms, lambda _: DELAY_MS, batch)
        self.model.due[row.id] = self.now_ms + DELAY_MS if word == "later" else 0
        moves = {"doubt": "unsure", "put_back": "queued", "later": "queued", "conflict": "refused"}
        self.model.states[row.id] = moves.get(word, word)

    def ask(self, words: list[str]) -> None:
        """What is unsure is asked for."""
        with self.database.atomic("IMMEDIATE"):
            rows = self.dispatch.unsure(REALM, after=0, limit=500)
        for row in rows:
            self.answer(row, 0, "later" if words and words.pop(0) == "put_back" else "accepted")

    def left(self) -> set[str]:
        return {state for (state,) in self.database.execute_sql("SELECT DISTINCT state FROM sync_outbox").fetchall()}


@settings(max_examples=150, deadline=None)
@given(schedules, answers)
def test_only_what_depends_waits(schedule: list[Kind], words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = Table(Path(folder) / "matou.db", schedule)
        words = list(words)
        for _ in range(4 * len(words) + 40):
            went = table.turn(words)
            if words and not went:
                words.pop(0)
            if words and words[0] in ("doubt", "accepted"):
                continue  # the question waits: what is unsure holds up only what depends on it
            if table.dispatch.unsure(REALM, after=0, limit=1):
                table.ask(words)
            elif not went and table.left() <= SETTLED:
                break
        assert table.left() <= SETTLED, "everything came to its end"
        table.database.close()
