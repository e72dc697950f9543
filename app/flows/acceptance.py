"""Accepting what was received: findings, photos, the conclusion with its second signature, the shelf. Any one thread.

Every act asks anew who the person is and what they may, works the rules on what the store says now, and adds one event
to the journal in one transaction. `may_close` is what receiving asks before it closes.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from app.base.clock import Clock, IdMaker, day_of, zone_of
from app.base.errors import Trouble
from app.base.settings import Settings
from app.domain.acceptance import (
    PHOTO_ABOUTS,
    REPORT_KINDS,
    Concluded,
    Event,
    Fact,
    Findings,
    InvoiceLineSeen,
    InvoiceSeen,
    LicenceSeen,
    PhotoKept,
    PutAway,
    ReportSeen,
    Signed,
    TemperatureRead,
    Undone,
    findings_of,
    in_force,
)
from app.domain.acceptance_rules import (
    AcceptanceRules,
    Missing,
    Stage,
    areas_of,
    differences_of,
    may_close,
    missing_for_conclusion,
    missing_for_signature,
    stage_of,
)
from app.domain.logger_file import MOST_BYTES as LOGGER_BYTES
from app.domain.logger_file import read_logger
from app.domain.rights import ACCEPT, PUT_AWAY, UNDO, WITNESS, Operator, may
from app.domain.temperature import Range, named_ranges, range_of, read_temperature
from app.flows.acceptance_items import AcceptanceItems
from app.flows.acceptance_tables import AcceptanceWords
from app.flows.acceptance_view import AcceptanceTask, AcceptanceView
from app.flows.permission import demand
from app.flows.sign_in import SignIn
from app.store.acceptance import AcceptanceHead, AcceptanceJournal
from app.store.attachments import MOST_BYTES, Attachments
from app.store.catalogue import DEFAULT_ZONE, Catalogue
from app.store.writer import SCAN, SETTLE, StoreWriter

TEXT_SIGNS = 60  # of a number that somebody types
NOTE_SIGNS = 500
LISTED = 50
T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AcceptanceParts:
    """What acceptance stands on; made once by wiring."""

    writer: StoreWriter
    catalogue: Catalogue
    journal: AcceptanceJournal
    attachments: Attachments
    door: SignIn
    clock: Clock
    ids: IdMaker
    words: AcceptanceWords
    settings: Callable[[], Settings]
    items: AcceptanceItems


@dataclass(frozen=True, slots=True)
class _Case:
    """A receipt as it stands inside the transaction."""

    head: AcceptanceHead
    events: tuple[Event, ...]
    found: Findings
    rules: AcceptanceRules
    stage: Stage


class Acceptance:
    """Answers for every receipt; `operator` is the id of whoever is signed in.

    Acts raise Trouble: acceptance_no_receipt, operator_unknown, no_right, other_store_room, and their own.
    """

    def __init__(self, parts: AcceptanceParts) -> None:
        self._parts = parts

    def waiting(self, operator: Operator) -> tuple[AcceptanceTask, ...]:
        """Closed receipts that are not on the shelf, newest first, of the store rooms of this person."""
        return self._read(lambda: tuple(self._waiting(operator)))

    def view(self, receipt: str, operator: Operator) -> AcceptanceView:
        """Raises Trouble acceptance_no_receipt."""
        return self._read(lambda: self._view(self._case(receipt), operator))

    def may_close(self, receipt: str) -> tuple[Missing, ...]:
        """What stands before the close of a receipt; nothing unless the site folds the steps. Any transaction."""

        def ask() -> tuple[Missing, ...]:
            case = self._case(receipt)
            return may_close(case.head.goods, case.found, case.rules, self._today())

        return self._read(ask)

    def type_temperature(self, operator: str, receipt: str, text: str) -> AcceptanceView:
        """One number, or the coldest and the warmest with a blank between. Trouble: temperature_…."""
        found = [read_temperature(word) for word in text.replace("/", " ").split()]
        if not 1 <= len(found) <= 2:
            raise Trouble("temperature_unreadable")
        degrees = [one for one in found if isinstance(one, float)]
        for problem in found:
            if isinstance(problem, str):
                raise Trouble(problem)
        return self._find(operator, receipt, TemperatureRead(min(degrees), max(degrees)))

    def take_logger(self, operator: str, receipt: str, file: Path) -> AcceptanceView:
        """A logger's csv file, kept as it came. Trouble: logger_…, file_unreadable and those of the data folder."""
        content = _content(file, LOGGER_BYTES, "logger_too_large")
        allowed = self._read(lambda: _cold_range(self._case(receipt)))
        report = read_logger(content, self._parts.words.columns, allowed)
        if isinstance(report, str):
            raise Trouble(report)
        digest = self._parts.attachments.keep_table(content)
        read = TemperatureRead(
            report.least_c, report.most_c, "logger", report.readings, report.outside, report.bad_rows, digest,
            report.first.at, report.last.at, report.excursions,
        )  # fmt: skip
        return self._find(operator, receipt, read)

    def type_invoice(self, operator: str, receipt: str, no: str, code: str = "") -> AcceptanceView:
        """Trouble acceptance_text_bad."""
        return self._find(operator, receipt, InvoiceSeen(_typed(no), _typed(code, may_be_empty=True)))

    def type_invoice_line(self, operator: str, receipt: str, line: int, packs: int) -> AcceptanceView:
        """Trouble acceptance_no_line, acceptance_text_bad."""
        if not 0 <= packs <= 999_999_999:
            raise Trouble("acceptance_text_bad")
        return self._find(operator, receipt, InvoiceLineSeen(line, packs), line=line)

    def type_licence(self, operator: str, receipt: str, no: str, expiry: str) -> AcceptanceView:
        """Trouble acceptance_text_bad, acceptance_day_bad (an ISO day is wanted)."""
        try:
            day = dt.date.fromisoformat(expiry.strip())
        except ValueError:
            raise Trouble("acceptance_day_bad") from None
        return self._find(operator, receipt, LicenceSeen(_typed(no), day.isoformat()))

    def type_report(self, operator: str, receipt: str, line: int, kind: str, no: str) -> AcceptanceView:
        """Trouble acceptance_no_line, acceptance_text_bad."""
        if kind not in REPORT_KINDS:
            raise Trouble("acceptance_text_bad")
        return self._find(operator, receipt, ReportSeen(line, kind, _typed(no)), line=line)

    def add_photo(self, operator: str, receipt: str, file: Path, about: str, line: int | None = None) -> AcceptanceView:
        """A picture or PDF, on the disk before the journal names it. Trouble: attachment_…, file_unreadable."""
        if about not in PHOTO_ABOUTS:
            raise Trouble("acceptance_text_bad")
        content = _content(file, MOST_BYTES, "attachment_too_large")
        self._allowed(operator, ACCEPT, self._read(lambda: self._case(receipt)))
        digest = self._parts.attachments.keep(content)
        name = "".join(sign for sign in file.name if sign.isprintable())[-TEXT_SIGNS:]
        return self._find(operator, receipt, PhotoKept(digest, about, name, len(content), line), line=line)

    def conclude(
        self, operator: str, receipt: str, *, qualified: bool, unqualified: tuple[int, ...] = (), note: str = ""
    ) -> AcceptanceView:
        """Trouble: acceptance_concluded, acceptance_not_closed, acceptance_no_line, or the first that is missing."""
        text = note.strip()[:NOTE_SIGNS]

        def decide(case: _Case) -> Fact:
            if case.found.conclusion is not None:
                raise Trouble("acceptance_concluded")
            if not case.head.goods.closed and not case.rules.folded:
                raise Trouble("acceptance_not_closed", receipt=receipt)
            if not set(unqualified) <= {line.line for line in case.head.goods.lines}:
                raise Trouble("acceptance_no_line", line=max(unqualified))
            conclusion = Concluded(qualified, tuple(sorted(set(unqualified))), text)
            missing = missing_for_conclusion(case.head.goods, case.found, case.rules, conclusion, self._today())
            if missing:
                raise Trouble(missing[0].code, **dict(missing[0].values))
            return conclusion

        return self._act(operator, receipt, ACCEPT, decide)

    def sign(self, operator: str, receipt: str, witness: str, pin: str) -> AcceptanceView:
        """The second person, by PIN. Trouble: acceptance_same_person, acceptance_not_concluded, those of the door."""
        second = self._parts.door.sign_in(witness, pin)

        def decide(case: _Case) -> Fact:
            if case.found.conclusion_seq is None:
                raise Trouble("acceptance_not_concluded")
            if second.id == case.found.concluded_by:
                raise Trouble("acceptance_same_person", operator=second.id)
            demand(second, WITNESS, case.head.goods.store_room)
            return Signed(case.found.conclusion_seq, second.id)

        return self._act(operator, receipt, ACCEPT, decide)

    def put_away(self, operator: str, receipt: str, shelf: str = "") -> AcceptanceView:
        """Into stock. Trouble: acceptance_not_concluded, acceptance_rejected, acceptance_stocked, what is missing."""
        place = _typed(shelf, may_be_empty=True)

        def decide(case: _Case) -> Fact:
            if case.stage is Stage.STOCKED:
                raise Trouble("acceptance_stocked")
            for one in missing_for_signature(case.head.goods, case.found, case.rules):
                raise Trouble(one.code, **dict(one.values))
            if case.found.conclusion_seq is None or case.stage is Stage.RECEIVING:
                raise Trouble("acceptance_not_concluded")
            if case.stage is Stage.REJECTED:
                raise Trouble("acceptance_rejected")
            return PutAway(case.found.conclusion_seq, place)

        return self._act(operator, receipt, PUT_AWAY, decide)

    def undo(self, operator: str, receipt: str, seq: int | None = None) -> AcceptanceView:
        """Take back an event, the last one in force if none is named. Trouble: acceptance_nothing_to_undo, ….

        What lies on the shelf is taken back first, and by somebody who may undo.
        """

        def decide(now: _Case) -> Fact:
            if now.found.put_away is not None:
                demand(self._parts.door.present(operator), UNDO, now.head.goods.store_room)
            kept = in_force(now.events)
            target = next((event for event in reversed(kept) if seq is None or event.seq == seq), None)
            if target is None:
                raise Trouble("acceptance_nothing_to_undo")
            if now.found.put_away is not None and not isinstance(target.fact, PutAway):
                raise Trouble("acceptance_stocked")
            if now.found.conclusion is not None and not isinstance(target.fact, Concluded | Signed | PutAway):
                raise Trouble("acceptance_concluded")
            return Undone(target.seq)

        return self._act(operator, receipt, ACCEPT, decide)

    def photo(self, digest: str) -> Path:
        """Where a kept picture lies. Trouble: attachment_missing, attachment_damaged."""
        return self._parts.attachments.path_of(digest)

    def _find(self, operator: str, receipt: str, fact: Fact, *, line: int | None = None) -> AcceptanceView:
        def decide(case: _Case) -> Fact:
            if case.found.conclusion is not None:
                raise Trouble("acceptance_concluded")
            if line is not None and line not in {one.line for one in case.head.goods.lines}:
                raise Trouble("acceptance_no_line", line=line)
            return fact

        return self._act(operator, receipt, ACCEPT, decide)

    def _act(self, operator: str, receipt: str, right: str, decide: Callable[[_Case], Fact]) -> AcceptanceView:
        parts = self._parts

        def run() -> AcceptanceView:
            case = self._case(receipt)
            person = self._allowed(operator, right, case)
            fact, at_ms = decide(case), parts.clock.now_ms()
            event = Event(len(case.events) + 1, parts.ids.new(at_ms), at_ms, operator, fact)
            parts.journal.add(receipt, event)
            parts.items.tell(receipt, event, case.events)
            _log.info("acceptance of %s: %s by %s", receipt, event.kind, operator)
            return self._view(self._case(receipt), person)

        view = parts.writer.call(run, priority=SCAN)
        parts.items.nudge()
        return view

    def _allowed(self, operator: str, right: str, case: _Case) -> Operator:
        person = self._parts.door.present(operator)
        demand(person, right, case.head.goods.store_room)
        return person

    def _case(self, receipt: str) -> _Case:
        head = self._parts.journal.head(receipt, self._range_of)
        if head is None:
            raise Trouble("acceptance_no_receipt", receipt=receipt)
        events = self._parts.journal.events(receipt)
        found, rules = findings_of(events), self._rules()
        return _Case(head, events, found, rules, stage_of(head.goods, found, rules))

    def _view(self, case: _Case, operator: Operator) -> AcceptanceView:
        head, goods, found = case.head, case.head.goods, case.found
        planned = found.conclusion or Concluded(True)
        missing = missing_for_conclusion(goods, found, case.rules, planned, self._today())
        room = goods.store_room
        return AcceptanceView(
            head.receipt, head.delivery, head.supplier, room or "", case.stage, case.rules.folded,
            tuple(areas_of(goods, found, case.stage).items()), goods.lines, found,
            (*missing, *missing_for_signature(goods, found, case.rules)), differences_of(goods, found),
            tuple(reversed(case.events)), frozenset(event.seq for event in in_force(case.events)), goods.invoice_no,
            goods.licence, goods.licence_expiry, may(operator, ACCEPT, room), may(operator, PUT_AWAY, room),
        )  # fmt: skip

    def _waiting(self, operator: Operator) -> list[AcceptanceTask]:
        tasks = []
        for receipt in self._parts.journal.closed_receipts(LISTED):
            case = self._case(receipt)
            goods = case.head.goods
            mine = may(operator, ACCEPT, goods.store_room) or may(operator, PUT_AWAY, goods.store_room)
            if case.stage is Stage.STOCKED or not mine:
                continue
            cold = any(line.storage is not None and line.storage.is_cold for line in goods.lines if line.came)
            special = any(line.special for line in goods.lines if line.came)
            packs = sum(line.received for line in goods.lines)
            tasks.append(
                AcceptanceTask(receipt, case.head.delivery, case.head.supplier, case.stage, packs, cold, special)
            )
        return tasks

    def _rules(self) -> AcceptanceRules:
        settings = self._parts.settings()
        return AcceptanceRules(
            settings.text("acceptance") == "folded", frozenset(settings.words("acceptance_requires"))
        )  # fmt: skip

    def _range_of(self, storage: str | None) -> Range | None:
        """The site's own words go before the program's, and stand before them."""
        words = self._parts.words.storage
        own = named_ranges(self._parts.settings().words("storage_ranges"))
        return range_of(storage, replace(words, named=own | {w: r for w, r in words.named.items() if w not in own}))

    def _today(self) -> dt.date:
        site = self._parts.catalogue.site()
        return day_of(self._parts.clock.now_ms(), zone_of(site.zone if site else DEFAULT_ZONE))

    def _read(self, job: Callable[[], T]) -> T:
        return self._parts.writer.call(job, priority=SETTLE, write=False)


def _cold_range(case: _Case) -> Range | None:
    """What all goods of the cold chain bear."""
    cold = [line.storage for line in case.head.goods.lines if line.came and line.storage and line.storage.is_cold]
    return functools.reduce(
        lambda one, two: Range(max(one.least_c, two.least_c), min(one.most_c, two.most_c)), cold[1:], cold[0]
    ) if cold else None  # fmt: skip


def _typed(text: str, *, may_be_empty: bool = False) -> str:
    """What somebody typed as a number of a paper; Trouble acceptance_text_bad."""
    plain = text.strip()
    if (not plain and not may_be_empty) or len(plain) > TEXT_SIGNS or not plain.isprintable():
        raise Trouble("acceptance_text_bad")
    return plain


def _content(file: Path, most: int, too_large: str) -> bytes:
    """All of a file; more than `most` bytes are not read into memory."""
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise Trouble("file_unreadable", file=file.name, why=error.strerror or "") from error
    if len(content) > most:
        raise Trouble(too_large, most=most // 1_000_000)
    return content
