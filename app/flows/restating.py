"""A better answer came for a carton that was counted by a ratio: the estimate is taken back and the scan is answered
again, both as entries of the receipt, never silently. On the writer's thread, inside the transaction that brings it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.base.clock import day_of, zone_of
from app.domain.codes import Reading, read
from app.domain.packages import is_piece
from app.domain.reasons import OK, SCAN_REASONS
from app.domain.receiving import CodeFacts, Decision, SiteRules, decide
from app.flows.items import Stamp, reversal_item, scan_item
from app.flows.manifest_news import Came
from app.flows.receiving import Parts, note_of
from app.store.catalogue import DEFAULT_NEAR_EXPIRY_DAYS, DEFAULT_ZONE
from app.store.facts import ReceiptKey
from app.store.guesses import Guesses
from app.store.receipts import Entry, Estimate
from sync.changes import Change, CodesChange

Apply = Callable[[Sequence[Change]], Iterator[None]]
RESTATED = "restated"  # the command word of the entry that takes an estimate back
_log = logging.getLogger(__name__)


class Restating:
    """Looks at the estimates of open receipts whenever more is known."""

    def __init__(self, parts: Parts, told: Callable[[Came], None] = lambda _: None) -> None:
        """`told` hears of every source, before the commit."""
        self._parts = parts
        self._told = told
        self._guesses = Guesses(parts.writer.database)

    def came(self, source: int) -> None:
        """A source is complete: every estimate that it settles is counted anew."""
        settled = [each.receipt for each in self._parts.receipts.estimates() if self._counted_anew(each)]
        settled += self._lines_known(source)
        self._told(Came(source, tuple(settled)))

    def opened_again(self, receipt: str) -> None:
        """While it was closed nobody looked at its guesses: what became known meanwhile settles them now."""
        for estimate in self._parts.receipts.estimates():
            if estimate.receipt == receipt:
                self._counted_anew(estimate)
        for guess in self._guesses.of_receipt(receipt):
            line = self._guesses.told_line(guess)
            if line is None:
                self._line_known(guess)
            else:
                self._placed(guess, line)

    def after(self, apply: Apply) -> Apply:
        """Takes a page of the feed in as `apply` does, and then what it settles."""

        def take_in(changes: Sequence[Change]) -> Iterator[None]:
            yield from apply(changes)
            self.heard(changes)
            yield

        return take_in

    def heard(self, changes: Iterable[Change]) -> None:
        """The hospital tells where packs stand: what was counted on a line by a guess moves to where it knows it."""
        for change in changes:
            for row in change.rows if isinstance(change, CodesChange) else ():
                guess = self._guesses.of(row.receipt, row.code) if row.state == "in" else None
                if guess is not None:
                    self._placed(guess, row.line)

    def _lines_known(self, source: int) -> list[str]:
        """The receipts of the scans whose line was a guess that the source proves wrong."""
        return [guess.receipt for guess in self._guesses.named_by(source) if self._line_known(guess)]

    def _counted_anew(self, estimate: Estimate) -> bool:
        """True if its number is known now."""
        row = self._parts.receipts.find(estimate.receipt)
        assert row is not None
        facts = self._facts(estimate, row.key)
        if not facts.packs or facts.packs.estimated:
            return False
        self._restate(estimate, row.key)
        return True

    def _line_known(self, guess: Estimate) -> bool:
        """True if its line is known now, and is another one."""
        row = self._parts.receipts.find(guess.receipt)
        assert row is not None
        facts = self._facts(guess, row.key)
        if facts.line is None or facts.line_guessed:
            return False
        if facts.line.line == guess.line and len(facts.lines) < 2:
            self._guesses.settle(guess)
            return False
        self._restate(guess, row.key)
        return True

    def _placed(self, guess: Estimate, line: int) -> None:
        """The hospital counts it on this line already, so nothing is sent."""
        if line == guess.line:
            self._guesses.settle(guess)
            return
        parts = self._parts
        parts.receipts.move(guess.receipt, guess.seq, line)
        stamp = self._stamp(guess)
        parts.receipts.add(
            Entry(
                stamp.receipt, stamp.seq, stamp.id, "command", stamp.at_ms, stamp.operator, guess.scanner, OK,
                payload=RESTATED, code=guess.code, line=line, packs=guess.packs, command=RESTATED,
                note=moved_note(guess.line, line),
            )
        )  # fmt: skip

    def _restate(self, estimate: Estimate, key: ReceiptKey) -> None:
        parts = self._parts
        parts.receipts.take_back(estimate.receipt, estimate.seq)
        decision = self._decide(estimate, key)
        stamp = self._stamp(estimate)
        parts.receipts.add(
            Entry(
                stamp.receipt, stamp.seq, stamp.id, "command", stamp.at_ms, stamp.operator, estimate.scanner, OK,
                payload=RESTATED, code=estimate.code, packs=estimate.packs, command=RESTATED, negates=estimate.seq,
                note=_change(estimate, decision),
            )
        )  # fmt: skip
        parts.outbox.add(reversal_item(stamp, negates=estimate.id), self._realm())
        self._record(estimate, decision, waits_for=stamp.id)
        _log.info("restated %s/%d: %d packs estimated, now %s", *_words(estimate), decision.packs)

    def _decide(self, estimate: Estimate, key: ReceiptKey) -> Decision:
        site = self._parts.catalogue.site()
        zone = zone_of(site.zone if site else DEFAULT_ZONE)
        rules = SiteRules(site.near_expiry_days if site else DEFAULT_NEAR_EXPIRY_DAYS)
        return decide(self._read(estimate), self._facts(estimate, key), day_of(estimate.at_ms, zone), rules)

    def _facts(self, estimate: Estimate, key: ReceiptKey) -> CodeFacts:
        piece = estimate.code if is_piece(estimate.code) else None
        return self._parts.facts.of(self._read(estimate), key, piece=piece)

    def _record(self, estimate: Estimate, decision: Decision, *, waits_for: str) -> None:
        stamp = self._stamp(estimate)
        rule = SCAN_REASONS[decision.reason]
        line = decision.line.line if decision.line else None
        self._parts.receipts.add(
            Entry(
                stamp.receipt, stamp.seq, stamp.id, "scan", stamp.at_ms, stamp.operator, estimate.scanner,
                decision.reason, payload=estimate.payload, code=estimate.code, verdict=rule.verdict,
                counted=rule.counted, line=line, packs=decision.packs, in_force=rule.counted,
                note=note_of(decision),
            )
        )  # fmt: skip
        if not rule.counted:
            return
        assert line is not None
        assert decision.packs is not None
        self._parts.receipts.hold(stamp.receipt, stamp.seq, decision.holds.gains)
        item = scan_item(
            stamp, payload=estimate.payload, code=estimate.code, line=line, count=decision.packs,
            digest=decision.holds.digest, estimated=decision.holds.estimated, waits_for=waits_for,
            line_guessed=decision.line_guessed,
        )  # fmt: skip
        self._parts.outbox.add(item, self._realm())

    def _read(self, estimate: Estimate) -> Reading:
        return read(estimate.payload, self._parts.catalogue.patterns())

    def _stamp(self, estimate: Estimate) -> Stamp:
        """In the name of the person who scanned it, now."""
        row = self._parts.receipts.find(estimate.receipt)
        assert row is not None
        at_ms = self._parts.clock.now_ms()
        return Stamp(
            self._parts.ids.new(at_ms), self._parts.device, estimate.receipt, row.next_seq, at_ms, estimate.operator
        )

    def _realm(self) -> str:
        site = self._parts.catalogue.site()
        assert site is not None
        return site.realm


def moved_note(before: int | None, now: int | None) -> str:
    """Of an entry that tells of another line, as `estimate.packs → …` tells of another number."""
    return f"line {before} → {now}"


def _change(estimate: Estimate, decision: Decision) -> str:
    now = decision.line.line if decision.line else None
    if estimate.packs == decision.packs and estimate.line is not None and decision.holds:
        return moved_note(estimate.line, now)
    return f"{estimate.packs} → {decision.packs}"


def _words(estimate: Estimate) -> tuple[str, int, int]:
    return estimate.receipt, estimate.seq, estimate.packs
