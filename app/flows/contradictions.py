"""What contradicts a scan that was beeped here, told to the person who scanned: found, kept, and answered.

Found on the writer's thread, inside the transaction that brings it: a conflict answer, or a change of the feed (a scan
that another device reversed, a code that another receipt has, a receipt that was closed elsewhere). Each is an entry of
the receipt's trail, and stays open until a person answers it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import cast

from app.base.errors import Trouble
from app.domain.reasons import OK
from app.domain.rights import UNDO, Operator, may
from app.domain.upload_owners import Owner
from app.flows.items import Stamp, reversal_item
from app.flows.receiving import Parts
from app.store.contradictions import Act, Contradiction, ContradictionRows, Held, Side, Told
from app.store.receipts import Entry
from app.store.tables import Sql
from app.store.writer import SETTLE
from sync.changes import Change, CodeRow, CodesChange, ReceiptChange
from sync.item_ids import unpacked
from sync.verdicts import Settled

CONTRADICTED = "contradicted"
"""The command word of the entry that tells it in the trail; its note is the kind."""
OWNERS: Mapping[str, Owner] = {
    "same_code": Owner.CLERK,
    "other_receipt": Owner.PHARMACIST,
    "different_children": Owner.CLERK,
    "reversed_elsewhere": Owner.CLERK,
    "held_elsewhere": Owner.PHARMACIST,
    "closed_elsewhere": Owner.PHARMACIST,
}
"""Kind → whose turn it is; the words of a kind are the text `conflict_<kind>`."""
OTHER_KIND = "other_conflict"  # a conflict for a reason that this version does not know
ANSWERS = ("taken_back", "left")
SHOWN = 200
_ROWS_A_STEP = 50
_UNDER_WAY = ("in_flight", "unsure")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SideView:
    """One side: who, when, which device, which receipt; None where nobody told."""

    operator: str | None
    at_ms: int | None
    device: str | None
    receipt: str | None


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A contradiction as its screen draws it. `may_take_back`: a reversal of ours would still say something."""

    id: int
    at_ms: int
    kind: str
    code: str | None
    drug: str
    owner: Owner
    seq: int
    ours: SideView
    other: SideView
    asked_ms: int | None
    answer: str | None
    answered_ms: int | None
    answered_by: str | None
    may_take_back: bool
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class ConflictsView:
    """Open ones first; `replica_ms`: when everybody's codes were last fetched."""

    open: int
    rows: tuple[ConflictView, ...]
    replica_ms: int | None


class Contradictions:
    """Finds, shows and answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows = ContradictionRows(parts.writer.database)
        self._sql = Sql(parts.writer.database)

    def of_answer(self, answer: Settled, receipt: str, seq: int) -> None:
        """The hospital answered `conflict`, inside the transaction that settles it."""
        kind = answer.code if answer.code is not None and answer.code in OWNERS else OTHER_KIND
        entry = self._sql.one("SELECT code, at_ms, operator FROM entries WHERE receipt = ? AND seq = ?", receipt, seq)
        assert entry is not None
        code, made_ms, who = cast("tuple[str | None, int, str]", tuple(entry))
        item = answer.with_ids[0] if answer.with_ids else None
        known = self._rows.known(code) if code and kind != "different_children" else Side()
        if known.item is not None and item is not None and known.item != item:
            known = Side()
        other = replace(known, item=item or known.item, at_ms=known.at_ms or _moment_of(item))
        self._note(kind, code, (receipt, seq), (who, made_ms), other)

    def watch(self, apply: Callable[[Sequence[Change]], Iterator[None]], changes: Sequence[Change]) -> Iterator[None]:
        """Take in a page of the feed, and look at each change for what it contradicts: before it takes the place of
        what was told before.
        """
        for change in changes:
            if isinstance(change, CodesChange):
                yield from self._look_at(change.rows)
            yield from apply((change,))
            if isinstance(change, ReceiptChange) and change.state == "closed":
                self._closed(change)
                yield
        self._look_again()

    def after(self, settle: Callable[[Sequence[Settled]], None]) -> Callable[[Sequence[Settled]], None]:
        """Settles as `settle` does, and then looks again at what was told of a scan while nobody knew whether the
        hospital has it.
        """

        def settled(answers: Sequence[Settled]) -> None:
            settle(answers)
            self._look_again()

        return settled

    def view(self, operator: Operator | None = None) -> ConflictsView:
        """All, or one person's; who may take back what was sent sees everybody's."""
        who = None if operator is None or may(operator, UNDO) else operator.id
        return self._parts.writer.call(lambda: self._view(who), priority=SETTLE, write=False)

    def count(self, operator: Operator | None = None) -> int:
        """How many wait for an answer, counted as `view` lists them."""
        who = None if operator is None or may(operator, UNDO) else operator.id
        return self._parts.writer.call(lambda: self._rows.count_open(who), priority=SETTLE, write=False)

    def take_back(self, number: int, operator: Operator) -> None:
        """Our side gives way. Raises Trouble: no_right, conflict_answered, conflict_nothing_to_take_back."""
        self._parts.writer.call(partial(self._take_back, number, operator), priority=SETTLE)
        self._parts.nudge(True)

    def ask(self, number: int, operator: Operator) -> None:
        """The other side was asked; it stays open. Raises Trouble: no_right, conflict_answered."""

        def job() -> None:
            found, now_ms = self._open(number, operator), self._parts.clock.now_ms()
            self._rows.asked(found.id, now_ms)
            self._rows.act(Act(now_ms, operator.id, "asked", None), contradiction=found.id)

        self._parts.writer.call(job, priority=SETTLE)

    def leave(self, number: int, operator: Operator, reason: str) -> None:
        """It stays as it is, for a reason. Raises Trouble: no_right, conflict_answered, reason_missing."""
        if not reason.strip():
            raise Trouble("reason_missing")
        self._parts.writer.call(lambda: self._answer(self._open(number, operator), operator, "left", reason.strip()))

    def _note(
        self, kind: str, code: str | None, place: tuple[str, int], who: tuple[str, int | None], other: Side
    ) -> None:
        """`place`: receipt and seq of our scan; `who`: its operator and moment."""
        parts, now_ms = self._parts, self._parts.clock.now_ms()
        row = parts.receipts.find(place[0])
        if not self._rows.add(now_ms, kind, code, place, who[0], who[1], other) or row is None:
            return
        parts.receipts.add(
            Entry(
                place[0], row.next_seq, parts.ids.new(now_ms), "command", now_ms, who[0], None, OK,
                payload=CONTRADICTED, code=code, command=CONTRADICTED, note=kind,
            )
        )  # fmt: skip
        _log.info("contradiction %s: %s/%d", kind, *place)

    def _look_at(self, rows: Sequence[CodeRow]) -> Iterator[None]:
        left, earlier = iter(rows), dict[str, CodeRow]()
        while part := list(islice(left, _ROWS_A_STEP)):
            others = [row for row in part if row.device != self._parts.device]
            if self._rows.wants_other_side():
                for row in others:
                    if row.state == "in":
                        self._rows.tell_other_side(row.code, _side(row))
            found: dict[str, list[Held]] = {}
            for held in self._rows.held(list({row.code for row in others})):
                found.setdefault(held.pack, []).append(held)
            for row in part:
                if row.device != self._parts.device:
                    for held in found.get(row.code, ()):
                        self._compare(held, row, earlier.get(row.code) or self._rows.told(row.code))
                earlier[row.code] = row
            yield

    def _compare(self, held: Held, row: CodeRow, before: CodeRow | Told | None) -> None:
        """Only what the hospital had accepted can be contradicted: anything else gets an answer of its own.

        `before`: what was told last of the code. Where that was our scan, the order of the feed says what came later,
        whatever the other device's clock; where nobody told of it, the two clocks do.
        """
        heard = before is not None and before.item == held.item
        if row.outcome is not None or not (heard or (row.at_ms or 0) > held.at_ms):
            return
        if row.state == "in" and row.receipt != held.receipt:
            if self._given_away(held, before):
                return  # rejected or damaged here, so it may come in by another delivery
            kind = "held_elsewhere"
        elif row.state == "reversed" and row.receipt == held.receipt:
            kind = "reversed_elsewhere"
        else:
            return
        if heard or held.upload == "accepted":
            self._contradict(kind, held, _side(row))
        elif held.upload in _UNDER_WAY:
            self._rows.suspend(held, row.code, _side(row), kind)

    def _contradict(self, kind: str, held: Held, other: Side) -> None:
        if not self._still_in_force(held):
            return  # by an earlier row of this page
        self._parts.receipts.take_back(held.receipt, held.seq, remote="reversed")
        self._note(kind, held.code, (held.receipt, held.seq), (held.operator, held.at_ms), other)

    def _look_again(self) -> None:
        """At what was told of scans under way: those that the hospital has are contradicted, if nothing else was told
        since; those that it has not are not.
        """
        for one in self._rows.suspended():
            place = (one.receipt, one.seq)
            held = next((held for held in self._rows.held([one.code]) if (held.receipt, held.seq) == place), None)
            if held is not None and held.upload in _UNDER_WAY:
                continue
            self._rows.resume(one)
            told = self._rows.told(one.code)
            if held is not None and held.upload == "accepted" and told is not None and told.item == one.other.item:
                self._contradict(one.kind, held, one.other)

    def _given_away(self, held: Held, before: CodeRow | Told | None) -> bool:
        """True if it has an outcome (damaged, rejected): one of ours, or of another device of the same receipt."""
        if before is not None and before.outcome is not None and before.receipt == held.receipt:
            return True
        return self._sql.one(
            "SELECT 1 FROM outcomes WHERE pack = ? AND receipt = ? LIMIT 1", held.pack, held.receipt
        ) is not None  # fmt: skip

    def _still_in_force(self, held: Held) -> bool:
        return self._sql.one(
            "SELECT 1 FROM entries WHERE receipt = ? AND seq = ? AND in_force = 1", held.receipt, held.seq
        ) is not None  # fmt: skip

    def _closed(self, change: ReceiptChange) -> None:
        """Another device closed a receipt of which something here has not arrived."""
        found = self._rows.under_way(change.id)
        if found is not None and found[1]:
            self._note("closed_elsewhere", None, (change.id, 0), (found[0], None), Side(receipt=change.id))

    def _view(self, who: str | None) -> ConflictsView:
        site = self._parts.catalogue.site()
        return ConflictsView(
            self._rows.count_open(who),
            tuple(self._draw(row) for row in self._rows.listed(who, open_only=False, limit=SHOWN)),
            self._parts.outbox.fetched_ms(site.realm) if site else None,
        )

    def _draw(self, row: Contradiction) -> ConflictView:
        other = row.other
        return ConflictView(
            row.id, row.at_ms, row.kind, row.code, self._drug(row), OWNERS.get(row.kind, Owner.PHARMACIST), row.seq,
            SideView(self._name(row.operator), row.made_ms, self._parts.device, row.receipt),
            SideView(self._name(other.operator), other.at_ms, other.device, other.receipt),
            row.asked_ms, row.answer, row.answered_ms, self._name(row.answered_by),
            row.answer is None and self._target(row) is not None, self._acts(row.id),
        )  # fmt: skip

    def _acts(self, number: int) -> tuple[Act, ...]:
        return tuple(
            replace(act, operator=self._name(act.operator) or "") for act in self._rows.acts(contradiction=number)
        )

    def _name(self, operator: str | None) -> str | None:
        found = operator and self._sql.one("SELECT name FROM operators WHERE id = ?", operator)
        return f"{cast('str', found[0])} {operator}" if found else operator

    def _drug(self, row: Contradiction) -> str:
        found = self._sql.one(
            "SELECT coalesce(g.name, l.drug) FROM entries e JOIN receipts r ON r.id = e.receipt "
            "JOIN delivery_lines l ON l.delivery = r.delivery AND l.line = e.line "
            "LEFT JOIN drugs g ON g.drug = l.drug WHERE e.receipt = ? AND e.seq = ?",
            row.receipt,
            row.seq,
        )
        return str(found[0]) if found else ""

    def _target(self, row: Contradiction) -> str | None:
        """The item of ours that a reversal would take back; None: nothing is left to take back."""
        if row.kind in ("reversed_elsewhere", "held_elsewhere", "closed_elsewhere"):
            return None
        found = self._sql.one(
            "SELECT id FROM entries e WHERE receipt = ?1 AND seq = ?2 AND NOT EXISTS ("
            "SELECT 1 FROM entries u WHERE u.receipt = ?1 AND u.negates = ?2 AND u.reason = 'ok')",
            row.receipt,
            row.seq,
        )
        return None if found is None else unpacked(found[0])

    def _open(self, number: int, operator: Operator) -> Contradiction:
        found = self._rows.get(number)
        if found is None or found.answer is not None:
            raise Trouble("conflict_answered")
        if operator.id != found.operator and not may(operator, UNDO):
            raise Trouble("no_right", operator=operator.id, right=UNDO)
        return found

    def _take_back(self, number: int, operator: Operator) -> None:
        found = self._open(number, operator)
        target = self._target(found)
        row = self._parts.receipts.find(found.receipt)
        site = self._parts.catalogue.site()
        if target is None or row is None or site is None:
            raise Trouble("conflict_nothing_to_take_back")
        parts, now_ms = self._parts, self._parts.clock.now_ms()
        stamp = Stamp(parts.ids.new(now_ms), parts.device, found.receipt, row.next_seq, now_ms, operator.id)
        parts.receipts.take_back(found.receipt, found.seq)
        parts.receipts.add(
            Entry(
                stamp.receipt, stamp.seq, stamp.id, "command", now_ms, operator.id, None, OK, payload="undo",
                code=found.code, command="undo", negates=found.seq,
            )
        )  # fmt: skip
        parts.outbox.add(reversal_item(stamp, negates=target), site.realm)
        self._answer(found, operator, "taken_back", None)

    def _answer(self, found: Contradiction, operator: Operator, answer: str, reason: str | None) -> None:
        now_ms = self._parts.clock.now_ms()
        self._rows.answer(found.id, answer, by=operator.id, at_ms=now_ms)
        self._rows.act(Act(now_ms, operator.id, answer, reason), contradiction=found.id)


def _side(row: CodeRow) -> Side:
    return Side(row.item, row.receipt, row.device, row.operator, row.at_ms)


def _moment_of(item: str | None) -> int | None:
    """A UUIDv7 carries the moment at which it was made."""
    digits = (item or "").replace("-", "")
    return int(digits[:12], 16) if len(digits) == 32 and digits[12] == "7" else None
