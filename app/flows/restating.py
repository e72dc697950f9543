"""A better answer came for a carton that was counted by a ratio: the estimate is taken back and the scan is answered
again, both as entries of the receipt, never silently. On the writer's thread, inside the transaction that brings it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.base.clock import day_of, zone_of
from app.domain.codes import Reading, read
from app.domain.reasons import OK, SCAN_REASONS
from app.domain.receiving import Decision, SiteRules, decide
from app.flows.items import Stamp, reversal_item, scan_item
from app.flows.manifest_news import Came
from app.flows.receiving import Parts
from app.store.catalogue import DEFAULT_NEAR_EXPIRY_DAYS, DEFAULT_ZONE
from app.store.facts import ReceiptKey
from app.store.receipts import ESTIMATED, Entry, Estimate

RESTATED = "restated"  # the command word of the entry that takes an estimate back
_log = logging.getLogger(__name__)


class Restating:
    """Looks at the estimates of open receipts whenever more is known."""

    def __init__(self, parts: Parts, told: Callable[[Came], None] = lambda _: None) -> None:
        """`told` hears of every source, before the commit."""
        self._parts = parts
        self._told = told

    def came(self, source: int) -> None:
        """A source is complete: every estimate that it settles is counted anew."""
        settled: list[str] = []
        for estimate in self._parts.receipts.estimates():
            row = self._parts.receipts.find(estimate.receipt)
            assert row is not None
            facts = self._parts.facts.of(self._read(estimate), row.key)
            if facts.packs and not facts.packs.estimated:
                self._restate(estimate, row.key)
                settled.append(estimate.receipt)
        self._told(Came(source, tuple(settled)))

    def _restate(self, estimate: Estimate, key: ReceiptKey) -> None:
        parts = self._parts
        parts.receipts.take_back(estimate.receipt, estimate.seq)
        decision = self._decide(estimate, key)
        stamp = self._stamp(estimate)
        parts.receipts.add(
            Entry(
                stamp.receipt, stamp.seq, stamp.id, "command", stamp.at_ms, stamp.operator, estimate.scanner, OK,
                payload=RESTATED, code=estimate.code, packs=estimate.packs, command=RESTATED, negates=estimate.seq,
                note=f"{estimate.packs} → {decision.packs}",
            )
        )  # fmt: skip
        parts.outbox.add(reversal_item(stamp, negates=estimate.id), self._realm())
        self._record(estimate, decision, waits_for=stamp.id)
        _log.info("restated %s/%d: %d packs estimated, now %s", *_words(estimate), decision.packs)

    def _decide(self, estimate: Estimate, key: ReceiptKey) -> Decision:
        site = self._parts.catalogue.site()
        zone = zone_of(site.zone if site else DEFAULT_ZONE)
        rules = SiteRules(site.near_expiry_days if site else DEFAULT_NEAR_EXPIRY_DAYS)
        reading = self._read(estimate)
        return decide(reading, self._parts.facts.of(reading, key), day_of(estimate.at_ms, zone), rules)

    def _record(self, estimate: Estimate, decision: Decision, *, waits_for: str) -> None:
        stamp = self._stamp(estimate)
        rule = SCAN_REASONS[decision.reason]
        line = decision.line.line if decision.line else None
        self._parts.receipts.add(
            Entry(
                stamp.receipt, stamp.seq, stamp.id, "scan", stamp.at_ms, stamp.operator, estimate.scanner,
                decision.reason, payload=estimate.payload, code=estimate.code, verdict=rule.verdict,
                counted=rule.counted, line=line, packs=decision.packs, in_force=rule.counted,
                note=ESTIMATED if decision.holds.estimated else None,
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


def _words(estimate: Estimate) -> tuple[str, int, int]:
    return estimate.receipt, estimate.seq, estimate.packs
