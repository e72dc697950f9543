"""The shapes of `docs/remote/middleware.yaml` as the sandbox reads and writes them. Pure; lives on no thread.

Written from the published contract, not shared with the client: a mistake on either side shows as a difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, NewType

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

ItemId = NewType("ItemId", str)
ReceiptId = NewType("ReceiptId", str)

ID_PATTERN = r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"
DEVICE_PATTERN = r"\A[A-Za-z0-9._-]{1,64}\Z"
RECEIPT_PATTERN = r"\A.{1,64}-R[1-9][0-9]{0,2}\Z"
DIGEST_PATTERN = r"\A[0-9a-f]{64}\Z"

LIMIT_ITEMS = 500
LIMIT_BYTES = 262_144
LIMIT_ASK = 1000
LIMIT_ROWS = 1000
"""Rows inside one `packages` or `codes` change."""

IdText = Annotated[str, Meta(pattern=ID_PATTERN)]
DeviceText = Annotated[str, Meta(pattern=DEVICE_PATTERN)]
ReceiptText = Annotated[str, Meta(pattern=RECEIPT_PATTERN)]
DigestText = Annotated[str, Meta(pattern=DIGEST_PATTERN)]
Filled = Annotated[str, Meta(min_length=1)]
EpochMs = Annotated[int, Meta(ge=0, le=9_999_999_999_999)]
Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Price = Annotated[str, Meta(pattern=r"\A[0-9]{1,10}(\.[0-9]{1,6})?\Z")]
Level = Annotated[int, Meta(ge=1, le=4)]
OutcomeKind = Literal["short", "over", "damaged", "rejected", "exempt"]
ManifestState = Literal["complete", "late", "wrong", "missing"]
CodeState = Literal["in", "reversed", "dispensed", "returned"]
Knowledge = Literal["feed", "relay"]
AcceptanceFact = Literal[
    "temperature", "invoice", "invoice_line", "licence", "report", "photo", "conclusion", "signature", "put_away",
    "undo",
]  # fmt: skip
Verb = Literal["add", "delete", "observe", "declare_error"]


class Equation(Struct, frozen=True):
    """The six numbers of a receipt, in smallest packs."""

    expected: Count
    received: Count
    short: Count
    damaged: Count
    rejected: Count
    exempt: Count

    def adds_up(self) -> bool:
        """True if what was expected is explained completely."""
        return self.expected == self.received + self.short + self.damaged + self.rejected + self.exempt


class _Item(Struct, frozen=True, tag_field="kind"):
    id: IdText
    device: DeviceText
    receipt: ReceiptText
    seq: Positive
    at_ms: EpochMs
    operator: Filled


class Scan(_Item, frozen=True, tag="scan"):
    """A counted scan: the code that was shot and what it stands for."""

    payload: Filled
    code: Filled
    line: Positive
    count: Positive
    digest: DigestText | None
    estimated: bool = False
    line_guessed: bool = False


class Reversal(_Item, frozen=True, tag="reversal"):
    """Takes back one earlier item."""

    negates: IdText


class Outcome(_Item, frozen=True, tag="outcome"):
    """What became of packs that do not simply come in."""

    outcome: OutcomeKind
    line: Positive
    code: Filled | None
    count: Count
    digest: DigestText | None
    reason: str
    line_guessed: bool = False


class Close(_Item, frozen=True, tag="close"):
    """The end of a receipt, with the sums the sender holds."""

    equation: Equation


class PackageEvent(Struct, frozen=True, tag_field="kind", tag="package_event"):
    """What somebody learnt about packages or did to them: knowledge, no quantity."""

    id: IdText
    device: DeviceText
    at_ms: EpochMs
    operator: Filled
    verb: Verb
    receipt: ReceiptText | None = None
    seq: Positive | None = None
    parent: Filled | None = None
    children: Annotated[tuple[Filled, ...], Meta(max_length=1000)] = ()
    replaces: Filled | None = None
    declares: IdText | None = None
    code: Filled | None = None
    level: Level | None = None
    drug: Filled | None = None
    prefix: Filled | None = None
    note: str | None = None

    def says_something(self) -> bool:
        """True if the facts that its verb needs are there."""
        if self.verb == "add":
            return len(self.children) == 1 if self.replaces else self.parent is not None and bool(self.children)
        if self.verb == "delete":
            return self.parent is not None
        if self.verb == "observe":
            return self.code is not None or self.parent is not None
        return self.declares is not None


class Acceptance(_Item, frozen=True, tag="acceptance"):
    """What somebody found or concluded between the dock and the shelf: no quantity. `says` depends on the fact."""

    fact: AcceptanceFact
    says: dict[str, object]

    def names(self) -> str | None:
        """The id of the event that this one takes back or stands on."""
        word = {"undo": "negates", "signature": "conclusion", "put_away": "conclusion"}.get(self.fact)
        found = self.says.get(word) if word else None
        return found if isinstance(found, str) else None

    def says_something(self) -> bool:
        """True if an event that stands on another one names it."""
        return self.fact not in ("undo", "signature", "put_away") or self.names() is not None


class Claim(_Item, frozen=True, tag="claim"):
    """A row for the insurance, as a message of its own in a text."""

    infno: Annotated[str, Meta(pattern=r"\A[0-9A-Z]{4,8}\Z")]
    profile: Filled
    serial: Annotated[str, Meta(min_length=1, max_length=64)]
    back: bool
    message: Annotated[str, Meta(min_length=2)]

    def says_something(self) -> bool:
        """True if the message is a JSON object that names the serial."""
        try:
            found = msgspec.json.decode(self.message)
        except msgspec.MsgspecError:
            return False
        return isinstance(found, dict) and bool(found) and self.serial in self.message


Item = Scan | Reversal | Outcome | Close | PackageEvent | Acceptance | Claim
Counted = Scan | Reversal | Outcome | Close
"""Items that belong to the books of a receipt."""


class _OnlyId(Struct, frozen=True):
    id: IdText


class ItemsRequest(Struct, frozen=True):
    """A batch; each item is read by itself."""

    items: Annotated[list[msgspec.Raw], Meta(min_length=1)]


class AskRequest(Struct, frozen=True):
    """Ids whose fate is asked for."""

    ids: Annotated[list[IdText], Meta(min_length=1, max_length=LIMIT_ASK)]


class Answer(Struct, frozen=True, omit_defaults=True):
    """What became of one item. `text` is filled in at the edge from the stable `code`."""

    id: str
    result: Literal["accepted", "duplicate", "conflict", "refused", "later", "unknown"]
    code: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    retry_after_s: int | UnsetType = UNSET
    with_: tuple[str, ...] | UnsetType = msgspec.field(default=UNSET, name="with")


class Line(Struct, frozen=True):
    """A line of a delivery note; `packs` in smallest coded packs, in the hospital's unit where there is no code."""

    line: Positive
    drug: Filled
    batch: str | None
    expiry: date | None
    packs: Count
    made: date | None = None
    gift: bool = False
    price: Price | None = None


class Package(Struct, frozen=True):
    """A row of a package manifest."""

    code: Filled
    level: Level
    parent: str | None
    line: Positive


class Drug(Struct, frozen=True, tag_field="kind", tag="drug"):
    """A catalogue entry. Hospital units = smallest packs × multiplier ÷ divisor."""

    drug: Filled
    name: Filled
    levels: dict[str, Level]
    item_kind: Literal["drug", "consumable"] = "drug"
    trade_name: str | None = None
    spec: str | None = None
    dosage_form: str | None = None
    maker: str | None = None
    approval_no: str | None = None
    nhsa_code: str | None = None
    min_pack_unit: str | None = None
    hospital_unit: str | None = None
    multiplier: Positive = 1
    divisor: Positive = 1
    pack_ratio: str | None = None
    storage: str | None = None
    special: bool = False
    splittable: bool = False
    exempt: str | None = None
    maker_patterns: tuple[Filled, ...] = ()
    units: dict[str, tuple[Positive, Positive]] = {}
    rx: Filled | None = None


class Recall(Struct, frozen=True, tag_field="kind", tag="recall"):
    """A recalled batch."""

    drug: Filled
    batch: Filled
    active: bool = True
    reason: str | None = None


def read_item(raw: msgspec.Raw) -> Item | ItemId:
    """One item, or only its id where the rest breaks the schema.

    Raises:
        msgspec.ValidationError: not even the id can be read, so nobody could be answered.
    """
    try:
        item: Item = msgspec.json.decode(raw, type=Item)
    except msgspec.MsgspecError:
        return ItemId(msgspec.json.decode(raw, type=_OnlyId).id)
    return item


def content_mark(item: Item | msgspec.Raw) -> bytes:
    """Short digest of an item's content, to tell a repeat from another item under the same id."""
    text = bytes(item) if isinstance(item, msgspec.Raw) else msgspec.json.encode(item)
    return hashlib.blake2b(text, digest_size=16).digest()


def digest_of(codes: Iterable[str]) -> str:
    """SHA-256 of the keys of smallest packs, sorted, joined by LF."""
    return hashlib.sha256("\n".join(sorted(codes)).encode()).hexdigest()
