"""Everything the simulated hospital holds: catalogue, deliveries, books, the feed. The rules are in `judging`.

Lives on the sandbox's event loop, so nothing here needs a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from sync.sandbox.bulk import BulkReceipt
from sync.sandbox.deliveries import Delivery, DeliverySeed, code_prefix
from sync.sandbox.feed import Codes, Feed, Packages, Single
from sync.sandbox.ledger import Book, EarlierCode, Entry, Pack
from sync.sandbox.relay import Relay, Story
from sync.sandbox.wire import (
    LIMIT_ROWS,
    Acceptance,
    Answer,
    Claim,
    Drug,
    Equation,
    Outcome,
    PackageEvent,
    Recall,
    ReceiptId,
)

ELSEWHERE = "sandbox-elsewhere"
"""The device that earlier codes are said to come from where nobody knows better."""


@dataclass(slots=True)
class Site:
    """What /v1/site says besides addresses and clock."""

    site_id: str
    name: str
    zone: str
    near_expiry_days: int


@dataclass(frozen=True, slots=True)
class EarlierReceipt:
    """A receipt from before this sandbox was born."""

    id: ReceiptId
    delivery: str
    state: str
    equation: Equation | None
    devices: tuple[str, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """An item that was answered for good, with what is needed to answer it again."""

    mark: bytes
    answer: Answer
    receipt: str | None
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """An item that contradicts what is in the books."""

    code: str
    id: str
    with_: tuple[str, ...]
    reason: str


class Hospital:
    """The books and everything around them."""

    def __init__(self, site: Site, tag: str) -> None:
        self.site = site
        self.feed = Feed(tag)
        self.relay = Relay(tag)
        self.learnt: set[str] = set()
        self.acceptance: dict[str, list[Acceptance]] = {}
        self.claims: list[Claim] = []
        self.drugs: dict[str, Drug] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.books: dict[str, Book] = {}
        self.earlier_receipts: dict[str, EarlierReceipt] = {}
        self.earlier: dict[str, EarlierCode] = {}
        self.bulk: list[BulkReceipt] = []
        self.made_deliveries = 0
        self.settled: dict[str, Settled] = {}
        self.postponed: set[str] = set()
        self.negated: set[str] = set()
        self.conflicts: dict[str, Conflict] = {}
        self.owner: dict[str, Book] = {}
        self.given: dict[str, list[Book]] = {}
        self.entries = 0
        self._drug_of_prefix: dict[str, str] = {}

    # What the control door adds

    def put_drug(self, drug: Drug) -> None:
        """Add or replace a catalogue entry."""
        self.drugs[drug.drug] = drug
        for prefix in drug.levels:
            self._drug_of_prefix[prefix] = drug.drug
        self.feed.add(Single(drug))

    def put_recall(self, recall: Recall) -> None:
        """Recall a batch, or end a recall."""
        self.feed.add(Single(recall))

    def put_delivery(self, seed: DeliverySeed, story: Story | None = None) -> None:
        """Add a delivery, or replace one by a better-known version of itself. `story`: what the relay says of it.

        A delivery of the `relay`'s knowledge is told in the feed by its lines alone, as numbers, whatever the relay
        has of it; the hospital itself knows the goods and expands by them.
        """
        delivery = Delivery(seed)
        self.deliveries[seed.delivery] = delivery
        self.relay.put(seed, story)
        if delivery.told_in_feed:
            for start in range(0, len(seed.packages), LIMIT_ROWS):
                self.feed.add(Packages(seed.delivery, seed.packages[start : start + LIMIT_ROWS]))
        body = {"kind": "delivery", **msgspec.structs.asdict(seed)}
        del body["packages"], body["cases"]
        if seed.knowledge == "relay":
            body["manifest"] = "late"
        else:
            del body["knowledge"]
        self.feed.add(Single(body))
        for book in self.books.values():
            if book.delivery == seed.delivery and book.closed is None:
                self._enter_again(book, delivery)

    def put_earlier(self, receipts: Iterable[EarlierReceipt], codes: Iterable[EarlierCode]) -> None:
        """Add receipts and codes of the past."""
        for receipt in receipts:
            self.earlier_receipts[receipt.id] = receipt
            self.feed.add(Single(receipt_change(receipt.id, receipt.delivery, receipt.state, receipt.equation)))
        rows = list(codes)
        for code in rows:
            self.earlier[code.code] = code
        for start in range(0, len(rows), LIMIT_ROWS):
            part = rows[start : start + LIMIT_ROWS]
            self.feed.add(Codes(len(part), lambda place, part=part: earlier_row(part[place])))  # type: ignore[misc]

    def put_bulk(self, bulk: BulkReceipt) -> None:
        """Add codes of the past that are known by rule."""
        count = bulk.count
        zero = Equation(expected=count, received=count, short=0, damaged=0, rejected=0, exempt=0)
        self.earlier_receipts[bulk.receipt] = EarlierReceipt(
            ReceiptId(bulk.receipt), bulk.delivery, "closed", zero, (bulk.device,), ("1001",)
        )
        self.bulk.append(bulk)
        self.feed.add(Single(receipt_change(bulk.receipt, bulk.delivery, "closed", zero)))
        self.feed.add(Codes(count, lambda place: bulk_row(bulk, place)))

    def learn(self, item: PackageEvent) -> None:
        """Keep what somebody learnt, and tell every device."""
        self.learnt.add(item.id)
        body = msgspec.structs.asdict(item)
        del body["seq"]
        self.feed.add(Single({"kind": "package_event", **body}))

    def accept(self, item: Acceptance) -> None:
        """Keep an event of acceptance with its receipt."""
        self.learnt.add(item.id)
        self.acceptance.setdefault(item.receipt, []).append(item)

    def claim(self, item: Claim) -> None:
        """Keep a row that the insurance has taken."""
        self.learnt.add(item.id)
        self.claims.append(item)

    # What the rules ask

    def drug_of(self, code: str) -> Drug | None:
        """The catalogue entry whose prefix a code carries."""
        prefix = code_prefix(code)
        return self.drugs.get(self._drug_of_prefix.get(prefix, "")) if prefix is not None else None

    def held_elsewhere(self, code: str, receipt: str) -> tuple[str, ...]:
        """Ids of the items by which another receipt has this pack; empty if none has."""
        book = self.owner.get(code)
        if book is not None and book.id != receipt:
            return tuple(entry.item.id for entry in book.packs[code].holders)
        earlier = self.earlier.get(code)
        if earlier is not None and earlier.is_held and earlier.receipt != receipt:
            return earlier.effects[-1:]
        for bulk in self.bulk:
            if bulk.receipt != receipt and (number := bulk.number_of(code)) is not None:
                return (bulk.item_id(number),)
        return ()

    def rivals(self, touched: Iterable[tuple[Book, Pack]]) -> Iterator[tuple[Book, Pack]]:
        """The same packs in other receipts that gave them an outcome."""
        for book, pack in touched:
            for other in self.given.get(pack.code, ()):
                theirs = other.packs.get(pack.code)
                if other is not book and theirs is not None and theirs.outcome is not None:
                    yield other, theirs

    def is_rival(self, book: Book, entry: Entry) -> bool:
        """True for an outcome of packs that another receipt has."""
        codes = entry.packs if isinstance(entry.item, Outcome) else ()
        return any(self.held_elsewhere(code, book.id) for code in codes)

    def packs_of(self, book: Book, expansion: Iterable[tuple[str, int]], weight: int, estimated: bool) -> list[Pack]:
        """The packs of a receipt by code, made where they are new."""
        packs: list[Pack] = []
        for code, line in expansion:
            pack = book.packs.get(code)
            if pack is None:
                pack = book.packs[code] = Pack(code, line, weight, estimated)
            elif not pack.holders and not pack.outcomes:
                pack.line, pack.weight, pack.estimated = line, weight, estimated
            packs.append(pack)
        return packs

    def own(self, book: Book, packs: Iterable[Pack]) -> None:
        """Keep the index of who has a pack in step with the books."""
        for pack in packs:
            if pack.is_in:
                self.owner[pack.code] = book
            elif self.owner.get(pack.code) is book:
                del self.owner[pack.code]

    # What the feed is told

    def tell_codes(self, touched: list[tuple[Book, Pack]]) -> None:
        """Publish packs as they are now."""
        for start in range(0, len(touched), LIMIT_ROWS):
            part = touched[start : start + LIMIT_ROWS]
            self.feed.add(Codes(len(part), lambda place, part=part: pack_row(*part[place])))  # type: ignore[misc]

    def tell_receipt(self, book: Book) -> None:
        """Publish a receipt as it is now."""
        equation = book.closed or book.equation(self.deliveries[book.delivery].expected())
        body = receipt_change(book.id, book.delivery, "closed" if book.closed else "open", equation)
        kinds = ("short", "over", "exempt")
        body["lines"] = [
            {"line": line, **{kind: book.number(line, kind) for kind in kinds}} for line in book.lines_with_numbers()
        ]
        body["outcomes"] = [
            {"code": pack.code, "line": pack.line, "outcome": pack.outcome, "packs": pack.weight}
            for pack in map(book.packs.get, book.given)
            if pack is not None and pack.outcome is not None and self.held_elsewhere(pack.code, book.id)
        ]
        self.feed.add(Single(body))

    def _enter_again(self, book: Book, delivery: Delivery) -> None:
        """A manifest came after the goods: what was a carton by number becomes its packs."""
        old = book.packs
        book.forget_effects()
        for pack in old.values():
            pack.is_in = False
            self.own(book, (pack,))
        for entry in book.entries:
            entry.in_force = True
            self.enter(book, delivery, entry)
        gone = [pack for code, pack in old.items() if code not in book.packs]
        self.tell_codes([(book, pack) for pack in (*gone, *book.packs.values())])

    def enter(self, book: Book, delivery: Delivery, entry: Entry) -> list[Pack]:
        """Let an accepted item take effect; returns the packs that others should hear of."""
        item = entry.item
        touched: list[Pack] = []
        if entry.target is not None:
            if entry.target.in_force:
                touched = book.take_back(entry.target, entry)
        elif isinstance(item, Outcome) and item.code is None:
            book.add_number(entry)
        elif item_code := getattr(item, "code", None):
            expansion = delivery.expand(item_code, item.line, item.count, self.drug_of(item_code))  # type: ignore[union-attr]
            weight = expansion.weight
            entry.packs = tuple(code for code, _ in expansion.packs)
            touched = book.add(entry, self.packs_of(book, expansion.packs, weight, expansion.estimated))
            if isinstance(item, Outcome):
                self._give(book, entry.packs)
        self.own(book, touched)
        return touched

    def _give(self, book: Book, codes: Iterable[str]) -> None:
        """Remember who gave these packs an outcome, whatever becomes of it."""
        for code in codes:
            books = self.given.setdefault(code, [])
            if book not in books:
                books.append(book)
                book.given.append(code)


def receipt_change(receipt: str, delivery: str, state: str, equation: Equation | None) -> dict[str, object]:
    """A `receipt` change."""
    return {"kind": "receipt", "id": receipt, "delivery": delivery, "state": state, "equation": equation}


def pack_row(book: Book, pack: Pack) -> dict[str, object]:
    """A row of a `codes` change, as the pack is now."""
    cause = pack.effects[-1] if pack.effects else next(iter(pack.outcomes), None)
    return {
        "code": pack.code,
        "receipt": book.id,
        "delivery": book.delivery,
        "line": pack.line,
        "state": "in" if pack.is_in else "reversed",
        "via": pack.via,
        "outcome": pack.outcome,
        "device": cause.item.device if cause else ELSEWHERE,
        "item": cause.item.id if cause else None,
        "operator": cause.item.operator if cause else None,
        "at_ms": cause.item.at_ms if cause else None,
        "packs": pack.weight,
        "estimated": pack.estimated,
    }


def earlier_row(code: EarlierCode) -> dict[str, object]:
    """A row of a `codes` change for a code of the past."""
    return {
        "code": code.code,
        "receipt": code.receipt,
        "delivery": code.delivery,
        "line": code.line,
        "state": code.state,
        "via": code.via,
        "device": code.device,
        "item": code.effects[-1] if code.effects else None,
    }


def bulk_row(bulk: BulkReceipt, number: int) -> dict[str, object]:
    """A row of a `codes` change for a code known by rule."""
    return {
        "code": bulk.code(number),
        "receipt": bulk.receipt,
        "delivery": bulk.delivery,
        "line": 1,
        "state": "in",
        "via": None,
        "device": bulk.device,
        "item": bulk.item_id(number),
    }
