"""What a hospital tells its devices: the site, and the changes of its feed, as typed wire values. Pure; any thread.

Wire words of docs/remote/middleware.yaml. Enumerations stay strings: a receiver may learn new words in v1 and the
program decides what it makes of them. Members that we do not know are passed over, and told by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from sync.unknown import EXAMPLE_MOST, Unknown, Unknowns

Word: TypeAlias = Annotated[str, Meta(min_length=1)]
Count: TypeAlias = Annotated[int, Meta(ge=0)]
Ordinal: TypeAlias = Annotated[int, Meta(ge=1)]
Level: TypeAlias = Annotated[int, Meta(ge=1, le=4)]
Day: TypeAlias = Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]

Price: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9]{1,10}(\.[0-9]{1,6})?$")]


class Addresses(Struct, frozen=True):
    """Where the hospital's parties answer; None: not here."""

    middleware: str
    relay: str | None = None
    evoucher: str | None = None


class Limits(Struct, frozen=True):
    """The largest batch that the hospital takes."""

    items: Ordinal
    bytes: Annotated[int, Meta(ge=1024)]


class Site(Struct, frozen=True):
    """`GET /v1/site`: who this hospital is. `site_id` is the realm that outbox rows name."""

    site_id: Word
    name: str
    synthetic: bool
    zone: Annotated[str, Meta(pattern=r"^[+-][0-9]{2}:[0-9]{2}$")]
    near_expiry_days: Count
    now_ms: Count
    addresses: Addresses
    limits: Limits
    capabilities: tuple[str, ...]
    relay_token: str | None = None

    @property
    def relay(self) -> str | None:
        """The relay's address, None where this hospital does not say that one answers there."""
        return self.addresses.relay if "relay" in self.capabilities else None


class PinVerifier(Struct, frozen=True):
    """scrypt(PIN, salt, n, r, p) with a 32-byte result; salt and verifier are hex. Never the PIN itself."""

    scheme: str
    salt: str
    n: int
    r: int
    p: int
    verifier: str


class OperatorChange(Struct, frozen=True, tag_field="kind", tag="operator"):
    """A person who may sign in. No `store_rooms` means all; `rights` null leaves them to the role."""

    id: Word
    name: str
    role: str
    rights: tuple[str, ...] | None
    active: bool
    pin: PinVerifier
    store_rooms: tuple[str, ...] = ()
    registration: str | None = None
    insurance_code: str | None = None


class StoreRoomChange(Struct, frozen=True, tag_field="kind", tag="store_room"):
    """A store (药库), pharmacy (药房) or ward (病区)."""

    id: Word
    name: str
    type: str


class DrugChange(Struct, frozen=True, tag_field="kind", tag="drug"):
    """An item of the hospital's catalogue. Hospital units = smallest packs × multiplier ÷ divisor.

    `levels`: prefix (seven digits of a 20-digit code, or a GTIN-14) → level, 1 = smallest coded pack.
    `units`: prefix → (multiplier, divisor) where packs of this prefix are not counted like the drug's others.
    `maker_patterns`: templates of codes of the maker's own layout, each for the whole of a code.
    """

    drug: Word
    name: str
    item_kind: str
    levels: dict[str, Level]
    trade_name: str | None = None
    spec: str | None = None
    dosage_form: str | None = None
    maker: str | None = None
    approval_no: str | None = None
    nhsa_code: str | None = None
    min_pack_unit: str | None = None
    hospital_unit: str | None = None
    multiplier: Ordinal = 1
    divisor: Ordinal = 1
    pack_ratio: str | None = None
    storage: str | None = None
    special: bool = False
    splittable: bool = False
    exempt: str | None = None
    maker_patterns: tuple[str, ...] = ()
    units: dict[str, tuple[Ordinal, Ordinal]] = {}
    rx: str | None = None


class RecallChange(Struct, frozen=True, tag_field="kind", tag="recall"):
    """A batch that must not be used; `active` false ends the recall."""

    drug: Word
    batch: str
    active: bool
    reason: str | None = None


class PackageRow(Struct, frozen=True):
    """One coded pack of a manifest; level 1 is the smallest."""

    code: Word
    level: Level
    parent: str | None
    line: Ordinal


class PackagesChange(Struct, frozen=True, tag_field="kind", tag="packages"):
    """Packs of a delivery; they stand before the delivery whose manifest is `complete`."""

    delivery: Word
    packages: tuple[PackageRow, ...]


class DeliveryLine(Struct, frozen=True):
    """One line of a delivery note; `packs` are smallest coded packs, the hospital's unit where there are no codes."""

    line: Ordinal
    drug: Word
    batch: str | None
    expiry: Day | None
    packs: Count
    made: Day | None = None
    gift: bool = False
    price: Price | None = None


class DeliveryChange(Struct, frozen=True, tag_field="kind", tag="delivery"):
    """A delivery note (随货单). `manifest`: complete, late, wrong or missing; `state`: open or withdrawn.

    `knowledge` says where its packages are told: in this `feed`, or by the `relay`.
    """

    delivery: Word
    supplier: str
    manifest: str
    state: str
    lines: tuple[DeliveryLine, ...]
    supplier_code: str | None = None
    supplier_licence: str | None = None
    supplier_licence_expiry: Day | None = None
    invoice_no: str | None = None
    invoice_code: str | None = None
    store_room: str | None = None
    shipped_ms: Count | None = None
    gift: bool = False
    synthetic: bool = False
    knowledge: str = "feed"


class Equation(Struct, frozen=True):
    """expected = received + short + damaged + rejected + exempt, in packs."""

    expected: Count
    received: Count
    short: Count
    damaged: Count
    rejected: Count
    exempt: Count


class NumbersRow(Struct, frozen=True):
    """A line of a receipt with its numbers, from any device."""

    line: Ordinal
    short: Count = 0
    over: Count = 0
    exempt: Count = 0


class OutcomeRow(Struct, frozen=True):
    """A pack with an outcome (damaged, rejected) in this receipt that another receipt has now."""

    code: Word
    line: Ordinal
    outcome: str
    packs: Count = 1


class ReceiptChange(Struct, frozen=True, tag_field="kind", tag="receipt"):
    """A receipt as the hospital holds it; `state`: open or closed. `lines` absent: nothing is said of numbers;
    `outcomes` absent: nothing is said of packs that another receipt has now.
    """

    id: Word
    delivery: Word
    state: str
    equation: Equation | None = None
    lines: tuple[NumbersRow, ...] | None = None
    outcomes: tuple[OutcomeRow, ...] | None = None


class CodeRow(Struct, frozen=True):
    """A code as it is now; `state`: in, reversed, dispensed or returned; `via`: the carton that brought it.

    `outcome`: it is `reversed` because it was found damaged or rejected. `operator`: who did what was done last.
    """

    code: Word
    receipt: str
    delivery: str
    line: Ordinal
    state: str
    device: str
    via: str | None = None
    item: str | None = None
    at_ms: Count | None = None
    packs: Ordinal = 1
    estimated: bool = False
    outcome: str | None = None
    operator: str | None = None


class CodesChange(Struct, frozen=True, tag_field="kind", tag="codes"):
    """Everybody's codes; the last row of a code wins."""

    rows: tuple[CodeRow, ...]


class PackageEventChange(Struct, frozen=True, tag_field="kind", tag="package_event"):
    """What somebody at the hospital learnt about packages or did to them; known by its `id`, never changed.

    `verb`: `add` and `delete` as in the relay's events (`delete` without children: all left); `observe`: seen like
    this, so `code` is of this `level` and `drug`, and so are codes of its `prefix`; `declare_error`: `declares` never
    was true.
    """

    id: Word
    verb: str
    at_ms: Count
    operator: str | None = None
    device: str | None = None
    receipt: str | None = None
    parent: str | None = None
    children: tuple[Word, ...] = ()
    replaces: str | None = None
    declares: str | None = None
    code: str | None = None
    level: Level | None = None
    drug: str | None = None
    prefix: str | None = None
    note: str | None = None


Change: TypeAlias = (
    OperatorChange
    | StoreRoomChange
    | DrugChange
    | RecallChange
    | PackagesChange
    | DeliveryChange
    | ReceiptChange
    | CodesChange
    | PackageEventChange
)

KINDS = frozenset(
    {"operator", "store_room", "drug", "recall", "packages", "delivery", "receipt", "codes", "package_event"}
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the feed. `passed_over` counts changes of kinds that this program does not know.

    `unknown`: these kinds, and members of others.
    """

    changes: tuple[Change, ...]
    cursor: str
    more: bool
    passed_over: int
    unknown: tuple[Unknown, ...] = ()


class _Page(Struct):
    changes: list[msgspec.Raw]
    cursor: Word
    more: bool


class _Kind(Struct):
    kind: str


class _PlainCode(CodeRow, frozen=True, forbid_unknown_fields=True):
    pass


class _PlainPackage(PackageRow, frozen=True, forbid_unknown_fields=True):
    pass


class _PlainCodes(Struct, tag_field="kind", tag="codes", forbid_unknown_fields=True):
    rows: tuple[_PlainCode, ...]


class _PlainPackages(Struct, tag_field="kind", tag="packages", forbid_unknown_fields=True):
    delivery: str
    packages: tuple[_PlainPackage, ...]


_LARGE = frozenset({"codes", "packages"})
_PLAIN = msgspec.json.Decoder(_PlainCodes | _PlainPackages)


def decode_page(body: bytes) -> Page:
    """A reply of `GET /v1/changes`. Raises msgspec.ValidationError or DecodeError.

    A change of a known kind that does not decode spoils its page on purpose: the cursor must not move past rows that
    nobody read, or they would be lost for good.
    """
    page = msgspec.json.decode(body, type=_Page)
    decoder: msgspec.json.Decoder[Change] = msgspec.json.Decoder(Change)
    kinds = msgspec.json.Decoder(_Kind)
    changes, unknown = [], Unknowns()
    for raw in page.changes:
        kind = kinds.decode(raw).kind
        if kind not in KINDS:
            unknown.add(kind, bytes(raw).decode(errors="replace")[:EXAMPLE_MOST])
            continue
        changes.append(decoder.decode(raw))
        if not (kind in _LARGE and _is_plain(raw)):
            unknown.look(raw, changes[-1], kind, private=kind == "operator")
    return Page(tuple(changes), page.cursor, page.more, len(page.changes) - len(changes), unknown.all())


def _is_plain(raw: msgspec.Raw) -> bool:
    """True if a change with thousands of rows holds no member that is not known: asked in C, row by row."""
    try:
        _PLAIN.decode(raw)
    except msgspec.ValidationError:
        return False
    return True


def row_count(changes: Sequence[Change]) -> int:
    """Rows as `limit` counts them: a row inside `packages` and `codes` is one."""
    total = 0
    for change in changes:
        if isinstance(change, PackagesChange):
            total += len(change.packages)
        elif isinstance(change, CodesChange):
            total += len(change.rows)
        else:
            total += 1
    return total
