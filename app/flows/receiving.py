"""Receiving a delivery: opens or resumes its receipt, answers scans, sums up. Commands are in receiving_commands.

Called from any one thread at a time; every answer is worked out and committed on the writer's thread, in one
transaction with the outbox row. An answer is returned only after that commit: a beep is a promise.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from app.base.clock import Clock, IdMaker, day_of, zone_of
from app.base.errors import Trouble
from app.domain.acceptance_rules import Missing
from app.domain.codes import (
    OtherTrace,
    OwnForm,
    Reading,
    Unknown,
    Voucher,
    decode,
    key_of,
    read,
)
from app.domain.documents import DeliveryNo, Equation, receipt_id
from app.domain.packages import piece_of
from app.domain.reasons import SCAN_REASONS, Panel
from app.domain.receiving import CodeFacts, Decision, SiteRules, decide
from app.domain.rights import OTHER_STORE_ROOM, RECEIVE, Operator, may_open, why_not
from app.domain.rights import SCAN as SHOOT
from app.flows.credentials import recognised
from app.flows.items import Stamp, scan_item
from app.flows.outcomes import RESTS_ON_REPLICA, CommandOutcome, ReceiptSummary, ScanOutcome
from app.flows.permission import Refusal, demand, refusal_of
from app.flows.pieces import Pieces, batch_key
from app.flows.receiving_commands import Commands
from app.store.catalogue import DEFAULT_NEAR_EXPIRY_DAYS, DEFAULT_ZONE, Catalogue
from app.store.facts import FactsReader, ReceiptKey
from app.store.guesses import Guesses
from app.store.package_events import PackageEvents
from app.store.packages import Packages
from app.store.receipts import ESTIMATED, GUESSED_LINE, Entry, ReceiptRow, Receipts
from app.store.writer import SCAN, StoreWriter
from sync import NewItem, Outbox

T = TypeVar("T")
NOT_ALLOWED, WITHDRAWN = "scan_not_allowed", "delivery_withdrawn"
_log = logging.getLogger(__name__)


class AcceptanceDoor(Protocol):
    """What receiving asks of acceptance."""

    def may_close(self, receipt: str) -> tuple[Missing, ...]:
        """What stands before the close. Any transaction."""

    def sign(self, operator: str, receipt: str, witness: str, pin: str) -> object:
        """The second person. Outside of any transaction; raises Trouble."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What receiving stands on; made once by wiring."""

    writer: StoreWriter
    catalogue: Catalogue
    facts: FactsReader
    receipts: Receipts
    outbox: Outbox
    clock: Clock
    ids: IdMaker
    device: str
    nudge: Callable[[bool], None]  # an item waits; True: at once
    packages: Packages
    package_events: PackageEvents
    acceptance: Callable[[], AcceptanceDoor]


class Receiving:
    """One receipt under one operator's hand."""

    def __init__(self, parts: Parts, delivery: str, operator: Operator, *, holds: bool) -> None:
        """Open or resume the receipt of a delivery. `holds`: a stop holds scanning until it is confirmed.

        Raises Trouble: delivery_not_here, delivery_withdrawn, receipt_closed, no_right, other_store_room.
        """
        self.parts = parts
        self.operator = operator
        self.holds = holds
        self.delivery = delivery
        self._room: str | None = None
        self.key: ReceiptKey = parts.writer.call(lambda: self._open(delivery), priority=SCAN)
        self._pieces, self._guesses = Pieces(parts.writer.database), Guesses(parts.writer.database)
        self._commands = Commands(self)

    def scan(self, raw: bytes, *, at_ms: int | None = None, scanner: str | None = None) -> ScanOutcome:
        """Answer one scan. Never raises: what could not be recorded is answered `not_recorded`."""
        text = decode(raw)
        reading = recognised(raw)
        if isinstance(reading, Voucher):
            return self._voucher()
        moment = self.parts.clock.now_ms() if at_ms is None else at_ms
        payload, kept = (text, None) if text is not None else (None, raw)
        try:
            outcome = self.parts.writer.call(
                lambda: self._answer(reading, payload, kept, moment, scanner), priority=SCAN
            )
        except Exception as error:
            return ScanOutcome(None, "not_recorded", payload, kept, trouble=self.failure_code(error))
        if outcome.counted:
            self.parts.nudge(False)
        return outcome

    def scan_or_command(
        self, raw: bytes, *, at_ms: int | None = None, scanner: str | None = None
    ) -> ScanOutcome | CommandOutcome:
        """Answer what a scanner sent: a printed command code is obeyed, everything else is a scan."""
        reading = recognised(raw)
        if isinstance(reading, OwnForm) and reading.kind == "command":
            return self.command(reading.text, at_ms=at_ms)
        return self.scan(raw, at_ms=at_ms, scanner=scanner)

    def command(self, text: str, *, at_ms: int | None = None, witness_pin: str | None = None) -> CommandOutcome:
        """Answer one command; `text` is what follows the `!`. Never raises. `witness_pin`: for `witness` alone."""
        moment = self.parts.clock.now_ms() if at_ms is None else at_ms
        return self._commands.answer(text, moment, witness_pin)

    def refusal(self, *rights: str) -> Refusal | None:
        """Why the operator has none of these rights here, as the feed last named them; inside a transaction."""
        person = self.parts.catalogue.person(self.operator.id) or self.operator
        if any(why_not(person, right, self._room) is None for right in rights):
            return None
        return refusal_of(person, rights, self._room, self.parts.catalogue.operators())

    def summary(self) -> ReceiptSummary:
        """Where the receipt stands now."""
        return self.parts.writer.call(self._summary, priority=SCAN, write=False)

    def stamp(self, seq: int, at_ms: int) -> Stamp:
        """A fresh id and the marks of the present operator and device."""
        return Stamp(self.parts.ids.new(at_ms), self.parts.device, self.key.id, seq, at_ms, self.operator.id)

    def enqueue(self, item: NewItem) -> None:
        """Put an item in the outbox, inside the present transaction."""
        self.parts.outbox.add(item, self.realm())

    def present(self) -> ReceiptRow:
        """The receipt as it stands, inside the present transaction. Raises Trouble `receipt_closed`."""
        row = self.parts.receipts.find(self.key.id)
        assert row is not None
        if row.state == "closed":
            raise Trouble("receipt_closed", receipt=self.key.id)
        self.key = row.key  # a manifest may have come since
        return row

    def realm(self) -> str:
        site = self.parts.catalogue.site()
        assert site is not None, "a delivery cannot be here without its hospital"
        return site.realm

    def failure_code(self, error: Exception) -> str:
        """Log why something was not recorded; its stable code."""
        if isinstance(error, Trouble):
            _log.error("not recorded: %s", error)
            return error.code
        _log.critical("not recorded: bug", exc_info=error)
        return "bug"

    def _open(self, number: str) -> ReceiptKey:
        parts = self.parts
        delivery = parts.catalogue.delivery(number)
        if delivery is None or delivery.state == "announced":
            raise Trouble("delivery_not_here", delivery=number)
        self._room = delivery.store_room
        if not may_open(self.operator, self._room):
            elsewhere = why_not(self.operator, SHOOT, self._room) == OTHER_STORE_ROOM
            demand(self.operator, SHOOT if elsewhere else RECEIVE, self._room)
        name = receipt_id(DeliveryNo(number))
        found = parts.receipts.find(name)
        closed_there = parts.catalogue.remote_receipt(name) == "closed"
        if closed_there or (found is not None and found.state == "closed"):
            raise Trouble("receipt_closed", receipt=name)
        if delivery.state != "open":
            raise Trouble("delivery_withdrawn", delivery=number)
        if found is None:
            parts.receipts.open(name, delivery, operator=self.operator.id, at_ms=parts.clock.now_ms())
        else:
            parts.receipts.set_flags(name, paused=False)
        return ReceiptKey(name, delivery.row, delivery.manifest == "complete")

    def _voucher(self) -> ScanOutcome:
        """A patient's credential: answered, and forgotten."""
        if self.holds:
            try:
                self.parts.writer.call(lambda: self.parts.receipts.set_flags(self.key.id, held=True), priority=SCAN)
            except Exception as error:
                self.failure_code(error)
        return ScanOutcome(None, "voucher_at_dock")

    def _answer(
        self, reading: Reading, payload: str | None, raw: bytes | None, at_ms: int, scanner: str | None
    ) -> ScanOutcome:
        parts = self.parts
        row = self.present()
        if isinstance(reading, OtherTrace | Unknown) and payload is not None:
            reading = read(payload, parts.catalogue.patterns())  # a maker's own layout, as the hospital named it
        stamp = self.stamp(row.next_seq, at_ms)
        key = key_of(reading)
        piece = piece_of(key, stamp.id) if key and batch_key(reading) else None
        if row.withdrawn and not (self.holds and row.held):
            decision, facts = Decision(WITHDRAWN), None
        else:
            decision, facts = self._decide(reading, at_ms, piece, held=self.holds and row.held)
        counted = SCAN_REASONS[decision.reason].counted
        self._record(stamp, decision, (counted and facts and facts.piece) or key, payload, raw, scanner)
        if self.holds and not row.held and SCAN_REASONS[decision.reason].panel is Panel.STOP:
            parts.receipts.set_flags(self.key.id, held=True)
        line = decision.line
        gained = dict(decision.holds.gains).get(line.line, 0) if line else 0
        values = self._values(decision, facts)
        return ScanOutcome(
            stamp.seq,
            decision.reason,
            payload,
            raw,
            line.line if line else None,
            decision.packs,
            line.received + gained if line else None,
            line.expected if line else None,
            values | ({"received": line.received + gained, "expected": line.expected} if line else {}),
            guess="ratio" if decision.holds.estimated else ("line" if decision.line_guessed else None),
            pieces=self._pieces.count(self.key.id, key) if counted and facts and facts.piece and key else 0,
            as_of=self._as_of(at_ms) if decision.reason in RESTS_ON_REPLICA else None,
        )

    def _as_of(self, at_ms: int) -> str | None:
        """When the hospital's data last came in, as its people write it; None if it never did."""
        site = self.parts.catalogue.site()
        fetched_ms = self.parts.outbox.fetched_ms(site.realm) if site else None
        if site is None or fetched_ms is None:
            return None
        then = dt.datetime.fromtimestamp(fetched_ms / 1000, zone_of(site.zone))
        return f"{then:%H:%M}" if then.date() == day_of(at_ms, zone_of(site.zone)) else f"{then:%m-%d %H:%M}"

    def _decide(
        self, reading: Reading, at_ms: int, piece: str | None, *, held: bool
    ) -> tuple[Decision, CodeFacts | None]:
        if held:
            return Decision("held_by_stop"), None
        if self.refusal(SHOOT) is not None:
            return Decision(NOT_ALLOWED), None
        site = self.parts.catalogue.site()
        zone = zone_of(site.zone if site else DEFAULT_ZONE)
        rules = SiteRules(site.near_expiry_days if site else DEFAULT_NEAR_EXPIRY_DAYS)
        facts = self.parts.facts.of(reading, self.key, piece=piece)
        return decide(reading, facts, day_of(at_ms, zone), rules), facts

    def _values(self, decision: Decision, facts: CodeFacts | None) -> dict[str, object]:
        if decision.reason == WITHDRAWN:
            return {"delivery": self.delivery}
        if facts is None:
            refusal = self.refusal(SHOOT) if decision.reason == NOT_ALLOWED else None
            return {} if refusal is None else dict(refusal.values)
        name = facts.drug.name if facts.drug else ""
        return {"drug": name, "delivery": facts.other_delivery or "", "packs": decision.packs or 0,
            "fits": "、".join(facts.fits)}  # fmt: skip

    def _record(
        self,
        stamp: Stamp,
        decision: Decision,
        key: str | None,
        payload: str | None,
        raw: bytes | None,
        scanner: str | None,
    ) -> None:
        rule = SCAN_REASONS[decision.reason]
        line = decision.line.line if decision.line else None
        entry = Entry(
            stamp.receipt, stamp.seq, stamp.id, "scan", stamp.at_ms, stamp.operator, scanner, decision.reason,
            payload=payload, raw=raw, code=key, verdict=rule.verdict, counted=rule.counted, line=line,
            packs=decision.packs, in_force=rule.counted, note=note_of(decision),
        )  # fmt: skip
        self.parts.receipts.add(entry)
        if not rule.counted:
            return
        assert key is not None
        assert payload is not None
        assert line is not None
        assert decision.packs is not None
        waits_for = self.parts.receipts.unheard_undo(key)
        self.parts.receipts.hold(stamp.receipt, stamp.seq, decision.holds.gains)
        self.enqueue(
            scan_item(
                stamp, payload=payload, code=key, line=line, count=decision.packs, digest=decision.holds.digest,
                estimated=decision.holds.estimated, waits_for=waits_for, line_guessed=decision.line_guessed,
            )
        )  # fmt: skip

    def _summary(self) -> ReceiptSummary:
        row = self.parts.receipts.find(self.key.id)
        equation = Equation.of(self.parts.facts.lines(self.key))
        closed = row is not None and row.state == "closed"
        receipts = self.parts.receipts
        return ReceiptSummary(
            self.key.id, closed, equation, receipts.lists(self.key.id), receipts.estimated(self.key.id),
            self._guesses.by_line(self.key.id),
        )  # fmt: skip


def note_of(decision: Decision) -> str | None:
    """What of a counted scan is a guess: its number, or its line."""
    if decision.holds.estimated:
        return ESTIMATED
    return GUESSED_LINE if decision.line_guessed else None
