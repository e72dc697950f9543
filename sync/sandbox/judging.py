"""The rules of /v1/items: what the hospital answers to each item, and what it writes in the books.

Lives on the sandbox's event loop. Nothing here looks at a clock or draws a number, so a journal of batches, judged
again in order, gives the same books.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from sync.sandbox.deliveries import Delivery, Expansion
from sync.sandbox.hospital import Conflict, Hospital, Settled
from sync.sandbox.ledger import Book, Entry, Pack
from sync.sandbox.wire import (
    Acceptance,
    Answer,
    Claim,
    Close,
    Counted,
    Item,
    Outcome,
    PackageEvent,
    ReceiptId,
    Reversal,
    Scan,
    content_mark,
    digest_of,
    read_item,
)

Forced = Literal["later", "poisoned", "claim_refused"]
RETRY_S = 5


@dataclass(frozen=True, slots=True)
class Letter:
    """One item as it came: readable, or only its id."""

    id: str
    item: Item | None
    mark: bytes


def open_letter(raw: msgspec.Raw) -> Letter:
    """Read one item.

    Raises:
        msgspec.MsgspecError: not even its id can be read.
    """
    read = read_item(raw)
    if isinstance(read, str):
        return Letter(read, None, content_mark(raw))
    return Letter(read.id, read, content_mark(read))


@dataclass(slots=True)
class _Batch:
    later: set[str] = field(default_factory=set)
    touched: dict[tuple[str, str], tuple[Book, Pack]] = field(default_factory=dict)
    receipts: dict[str, Book] = field(default_factory=dict)


class _No(Exception):
    """An answer on its way out, not an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.result)
        self.answer = answer


def _refuse(item: Item, code: str) -> _No:
    return _No(Answer(item.id, "refused", code))


def _later(item_id: str, code: str) -> Answer:
    return Answer(item_id, "later", code, retry_after_s=RETRY_S)


class Judge:
    """Answers batches against one hospital's books."""

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def receive(self, letters: Iterable[Letter], forced: Mapping[int, Forced]) -> list[Answer]:
        """One answer per item, in order; `forced` says by position which ones a fault decides."""
        batch = _Batch()
        answers = [self._answer(letter, forced.get(place), batch) for place, letter in enumerate(letters)]
        # A pack that another receipt has is that receipt's to tell: the last row of a code wins on every device.
        told = [
            (book, pack)
            for book, pack in batch.touched.values()
            if pack.is_in or not self._hospital.held_elsewhere(pack.code, book.id)
        ]
        # Who gave a pack an outcome before another receipt got it hears of both: its own row, once it is the last one
        # again, and meanwhile the receipt's list.
        rivals = list(self._hospital.rivals(batch.touched.values()))
        told += [(book, pack) for book, pack in rivals if not self._hospital.held_elsewhere(pack.code, book.id)]
        self._hospital.tell_codes(told)
        books = dict(batch.receipts)
        books.update((book.id, book) for book, _ in rivals)
        for book in books.values():
            self._hospital.tell_receipt(book)
        return answers

    def ask(self, ids: Iterable[str]) -> list[Answer]:
        """What became of these ids."""
        answers: list[Answer] = []
        for item_id in ids:
            settled = self._hospital.settled.get(item_id)
            answers.append(settled.answer if settled is not None else Answer(item_id, "unknown"))
        return answers

    def _answer(self, letter: Letter, forced: Forced | None, batch: _Batch) -> Answer:
        known = self._hospital.settled.get(letter.id)
        if known is not None:
            if known.mark != letter.mark:
                return Answer(letter.id, "refused", "id_reused")
            if known.answer.result == "accepted":
                return Answer(letter.id, "duplicate")
            # A refusal had no effect, so its owner may mend the cause and send it again; what was undone stays undone.
            if known.answer.result == "conflict" or letter.id in self._hospital.negated:
                return known.answer
        answer, entry = self._decide(letter, forced, batch)
        receipt = letter.item.receipt if letter.item is not None else None
        if answer.result == "later":
            self._hospital.postponed.add(letter.id)
            if receipt is not None:
                batch.later.add(receipt)
        else:
            self._hospital.postponed.discard(letter.id)
            self._hospital.settled[letter.id] = Settled(letter.mark, answer, receipt, entry)
        return answer

    def _decide(self, letter: Letter, forced: Forced | None, batch: _Batch) -> tuple[Answer, Entry | None]:
        if forced == "later":
            return _later(letter.id, "busy"), None
        if forced is not None:
            return Answer(letter.id, "refused", forced), None
        if letter.item is None:
            return Answer(letter.id, "refused", "bad_item"), None
        if isinstance(letter.item, PackageEvent):
            return self._learn(letter.item), None
        if isinstance(letter.item, Acceptance):
            return self._accept(letter.item), None
        if isinstance(letter.item, Claim):
            return self._claim(letter.item), None
        try:
            return Answer(letter.id, "accepted"), self._judge(letter.item, batch)
        except _No as no:
            return no.answer, None

    def _learn(self, item: PackageEvent) -> Answer:
        """Knowledge stands beside the books: no receipt need be open for it, and nothing is counted."""
        if not item.says_something():
            return Answer(item.id, "refused", "bad_item")
        self._hospital.learn(item)
        return Answer(item.id, "accepted")

    def _accept(self, item: Acceptance) -> Answer:
        """Papers of a receipt, before and after its close: nothing is counted."""
        if item.receipt.rpartition("-R")[0] not in self._hospital.deliveries:
            return Answer(item.id, "refused", "unknown_delivery")
        if not item.says_something():
            return Answer(item.id, "refused", "bad_item")
        known = {each.id for each in self._hospital.acceptance.get(item.receipt, ())}
        named = item.names()
        if named is not None and named not in known:
            return Answer(item.id, "refused", "negates_unknown")
        self._hospital.accept(item)
        return Answer(item.id, "accepted")

    def _claim(self, item: Claim) -> Answer:
        """Rows for the insurance stand beside the books: each serial goes forward once, and back only after that."""
        hospital = self._hospital
        if item.receipt.rpartition("-R")[0] not in hospital.deliveries:
            return Answer(item.id, "refused", "unknown_delivery")
        if not item.says_something():
            return Answer(item.id, "refused", "bad_item")
        book = hospital.books.get(item.receipt)
        if book is None or book.closed is None:
            return _later(item.id, "receipt_open")
        known = {(each.infno, each.serial) for each in hospital.claims if not each.back}
        if not item.back and (item.infno, item.serial) in known:
            return Answer(item.id, "refused", "claim_serial_used")
        if item.back and item.serial not in {serial for _, serial in known}:
            return Answer(item.id, "refused", "claim_serial_unknown")
        hospital.claim(item)
        return Answer(item.id, "accepted")

    def _judge(self, item: Counted, batch: _Batch) -> Entry:
        hospital = self._hospital
        earlier = hospital.earlier_receipts.get(item.receipt)
        book = hospital.books.get(item.receipt)
        if (book is not None and book.closed is not None) or (earlier is not None and earlier.state == "closed"):
            raise _refuse(item, "receipt_closed")
        number = item.receipt.rpartition("-R")[0]
        delivery = hospital.deliveries.get(number)
        if delivery is None:
            raise _refuse(item, "unknown_delivery")
        if delivery.seed.state != "open":
            raise _refuse(item, "delivery_withdrawn")
        fresh = book is None
        if book is None:
            book = Book(ReceiptId(item.receipt), number)
        entry = self._check(item, book, delivery, batch)
        hospital.entries += 1
        entry.number = hospital.entries
        hospital.books[item.receipt] = book
        book.signed(item)
        book.entries.append(entry)
        for pack in hospital.enter(book, delivery, entry):
            batch.touched[(book.id, pack.code)] = (book, pack)
        told = fresh or book.closed is not None or _is_number(entry) or (entry.target and _is_number(entry.target))
        if told or hospital.is_rival(book, entry.target or entry):
            batch.receipts[book.id] = book
        return entry

    def _check(self, item: Counted, book: Book, delivery: Delivery, batch: _Batch) -> Entry:
        if isinstance(item, Scan):
            self._check_scan(item, book, delivery)
        elif isinstance(item, Outcome):
            self._check_outcome(item, delivery)
        elif isinstance(item, Close):
            self._check_close(item, book, delivery, batch)
            book.closed = item.equation
        else:
            return Entry(0, item, target=self._target(item, book))
        return Entry(0, item)

    def _check_place(self, item: Scan | Outcome, code: str, delivery: Delivery) -> Expansion:
        line = delivery.lines.get(item.line)
        if line is None:
            raise _refuse(item, "unknown_line")
        drug = self._hospital.drug_of(code)
        named = code if code in delivery.known else code.partition("#")[0]  # a piece is named by its batch
        if named in delivery.known:
            places = {place for _, place in delivery.leaves(named)}
            alike = item.line_guessed and any(delivery.lines[place].drug == line.drug for place in places)
            if item.line not in places and not alike:
                raise _refuse(item, "wrong_line")
        elif item.line in delivery.set_lines:
            raise _refuse(item, "not_in_delivery")
        elif drug is not None and drug.drug != line.drug:
            raise _refuse(item, "wrong_drug")
        return delivery.expand(code, item.line, item.count, drug)

    def _check_scan(self, item: Scan, book: Book, delivery: Delivery) -> None:
        expansion = self._check_place(item, item.code, delivery)
        before = book.scans.get(item.code)
        if before is not None:
            raise self._conflict(item, item.code, "same_code", (before.item.id,))
        self._check_elsewhere(item, item.code, (code for code, _ in expansion.packs), book)
        if not _same_children(item, item.code, expansion):
            raise self._conflict(item, item.code, "different_children", ())

    def _check_outcome(self, item: Outcome, delivery: Delivery) -> None:
        if (item.outcome in ("damaged", "rejected")) != (item.code is not None):
            raise _refuse(item, "bad_item")
        if item.code is None:
            if item.line not in delivery.lines:
                raise _refuse(item, "unknown_line")
            return
        if item.count < 1:
            raise _refuse(item, "bad_item")
        expansion = self._check_place(item, item.code, delivery)
        if not _same_children(item, item.code, expansion):
            raise self._conflict(item, item.code, "different_children", ())

    def _check_close(self, item: Close, book: Book, delivery: Delivery, batch: _Batch) -> None:
        if not item.equation.adds_up():
            raise _refuse(item, "equation_open")
        # A supplement (-R2 …) explains only a part of the delivery, so its own sum is what was expected of it.
        first = item.receipt.endswith("-R1")
        held = book.equation(delivery.expected() if first else item.equation.expected)
        if item.receipt in batch.later or held != item.equation:
            raise _No(_later(item.id, "receipt_incomplete"))

    def _target(self, item: Reversal, book: Book) -> Entry | None:
        hospital = self._hospital
        if item.negates in hospital.learnt:
            raise _refuse(item, "not_reversible")
        if item.negates in hospital.postponed:
            raise _No(_later(item.id, "waits_for_negated"))
        settled = hospital.settled.get(item.negates)
        if settled is None:
            raise _refuse(item, "negates_unknown")
        if settled.receipt is not None and settled.receipt != item.receipt:
            raise _refuse(item, "negates_other_receipt")
        target = settled.entry
        if target is not None:
            if not isinstance(target.item, Scan | Outcome):
                raise _refuse(item, "not_reversible")
            if isinstance(target.item, Outcome) and target.item.code is not None and target.in_force:
                back = (code for code in target.packs if _comes_back(book.packs[code]))
                self._check_elsewhere(item, target.item.code, back, book)
        hospital.negated.add(item.negates)
        hospital.conflicts.pop(item.negates, None)
        return target

    def _check_elsewhere(self, item: Item, code: str, packs: Iterable[str], book: Book) -> None:
        others = sorted({other for pack in packs for other in self._hospital.held_elsewhere(pack, book.id)})
        if others:
            raise self._conflict(item, code, "other_receipt", tuple(others))

    def _conflict(self, item: Item, code: str, reason: str, others: tuple[str, ...]) -> _No:
        self._hospital.conflicts[item.id] = Conflict(code, item.id, others, reason)
        return _No(Answer(item.id, "conflict", reason, with_=others))


def _is_number(entry: Entry) -> bool:
    return isinstance(entry.item, Outcome) and entry.item.code is None


def _comes_back(pack: Pack) -> bool:
    return bool(pack.holders) and len(pack.outcomes) == 1


def _same_children(item: Scan | Outcome, code: str, expansion: Expansion) -> bool:
    """True if the sender's count and digest say what the hospital expands the code to."""
    if not expansion.children_known:
        return item.digest is None
    if item.count != expansion.count:
        return False
    codes = [pack for pack, _ in expansion.packs]
    if codes == [code]:
        return item.digest is None
    # A device without the manifest says so (`estimated`, no digest): it asserts a number, not a set.
    if item.digest is None:
        return isinstance(item, Scan) and item.estimated
    return item.digest == digest_of(codes)
