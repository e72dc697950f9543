"""What the control door may add to the hospital: read strictly, checked as a whole, then done; nothing half.

Lives on the sandbox's event loop. The same orders, in the same sequence, give the same hospital.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from sync.sandbox.bad_order import BadOrder
from sync.sandbox.bulk import MADE_DRUG, MOST, BulkReceipt, made_packages
from sync.sandbox.deliveries import DeliverySeed
from sync.sandbox.hospital import ELSEWHERE, EarlierReceipt, Hospital
from sync.sandbox.ledger import EarlierCode
from sync.sandbox.relay_cases import Hard, hard_deliveries
from sync.sandbox.wire import (
    CodeState,
    Count,
    Drug,
    Equation,
    Filled,
    Knowledge,
    Level,
    Line,
    Package,
    Positive,
    Recall,
    ReceiptId,
    ReceiptText,
)

DeliveryNumber = Annotated[str, Meta(pattern=r"\A.{1,64}\Z")]
Boxes = Annotated[int, Meta(ge=1, le=MOST)]
_MADE_SUPPLIER = "演示医药商业有限公司"
_MADE_BATCH = "LOAD2611"
_MADE_EXPIRY = "2029-06-30"


class _ReceiptSeed(Struct, frozen=True, forbid_unknown_fields=True):
    id: ReceiptText
    delivery: Filled
    state: Literal["open", "closed"]
    equation: Equation | None = None
    devices: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()


class _CodeSeed(Struct, frozen=True, forbid_unknown_fields=True):
    code: Filled
    delivery: Filled
    line: Positive
    state: CodeState
    via: str | None = None
    times: Count = 1
    effects: tuple[str, ...] = ()


class _Earlier(Struct, frozen=True, forbid_unknown_fields=True):
    receipts: tuple[_ReceiptSeed, ...] = ()
    codes: tuple[_CodeSeed, ...] = ()


class _DrugSeed(Struct, frozen=True, forbid_unknown_fields=True):
    drug: Filled
    name: str | None = None
    levels: dict[str, Level] | None = None
    item_kind: Literal["drug", "consumable"] | None = None
    trade_name: str | None = None
    spec: str | None = None
    dosage_form: str | None = None
    maker: str | None = None
    approval_no: str | None = None
    nhsa_code: str | None = None
    min_pack_unit: str | None = None
    hospital_unit: str | None = None
    multiplier: Positive | None = None
    divisor: Positive | None = None
    pack_ratio: str | None = None
    storage: str | None = None
    special: bool | None = None
    splittable: bool | None = None
    exempt: str | None = None
    maker_patterns: tuple[str, ...] | None = None
    units: dict[str, tuple[Positive, Positive]] | None = None
    rx: Filled | None = None


class _Setting(Struct, frozen=True):
    zone: Annotated[str, Meta(pattern=r"\A[+-][0-9]{2}:[0-9]{2}\Z")] | None = None
    near_expiry_days: Count | None = None
    catalogue: tuple[_DrugSeed, ...] = ()
    earlier: _Earlier = _Earlier()


class _Generate(Struct, frozen=True, forbid_unknown_fields=True):
    boxes: Boxes | None = None
    delivery: DeliveryNumber | None = None
    codes: Boxes | None = None
    receipt: ReceiptText | None = None


class SeedOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST {control}/seed`."""

    deliveries: tuple[DeliverySeed, ...] = ()
    setting: _Setting = _Setting()
    recalls: tuple[Recall, ...] = ()
    generate: _Generate | None = None
    hard: Annotated[int, Meta(ge=1, le=500)] | None = None
    """So many hard deliveries, drawn from `seed`; what devices know of their packages, they have from the relay."""
    seed: Annotated[int, Meta(ge=0, le=999_999_999)] | None = None
    knowledge: Knowledge | None = None


def read_order(body: bytes) -> SeedOrder:
    """Read a seed order.

    Raises:
        BadOrder: not JSON, or not of this shape.
    """
    try:
        return msgspec.json.decode(body, type=SeedOrder)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadOrder(str(error)) from error


def check_order(order: SeedOrder, hospital: Hospital) -> tuple[Drug, ...]:
    """Check an order against itself and the hospital; returns the catalogue entries it leads to.

    Raises:
        BadOrder: with the first thing found wrong.
    """
    drugs = tuple(_merged(seed, hospital.drugs.get(seed.drug)) for seed in order.setting.catalogue)
    known = set(hospital.drugs) | {drug.drug for drug in drugs}
    numbers = [seed.delivery for seed in order.deliveries]
    if len(set(numbers)) != len(numbers):
        raise BadOrder("deliveries: the same number twice")
    for seed in order.deliveries:
        _check_delivery(seed, known)
    receipts = {receipt.delivery for receipt in order.setting.earlier.receipts}
    for code in order.setting.earlier.codes:
        if code.delivery not in receipts | {one.delivery for one in hospital.earlier_receipts.values()}:
            raise BadOrder(f"earlier code {code.code}: no earlier receipt of delivery {code.delivery}")
    for recall in order.recalls:
        if recall.drug not in known:
            raise BadOrder(f"recall: unknown drug {recall.drug}")
    if order.generate is not None:
        _check_generate(order.generate, hospital)
    _check_hard(order, hospital)
    return drugs


def _merged(seed: _DrugSeed, before: Drug | None) -> Drug:
    told = {name: value for name, value in msgspec.structs.asdict(seed).items() if value is not None}
    base = msgspec.structs.asdict(before) if before is not None else {}
    try:
        return msgspec.convert({**base, **told, "kind": "drug"}, type=Drug)
    except msgspec.ValidationError as error:
        raise BadOrder(f"catalogue {seed.drug}: {error}") from error


def _check_delivery(seed: DeliverySeed, known: set[str]) -> None:
    place = f"delivery {seed.delivery}"
    _check_head(seed, known, place)
    lines = {line.line: line for line in seed.lines}
    packages = {package.code: package for package in seed.packages}
    if len(packages) != len(seed.packages):
        raise BadOrder(f"{place}: the same package code twice")
    parents = {package.parent for package in seed.packages}
    leaves = dict.fromkeys(lines, 0)
    for package in seed.packages:
        _check_package(package, packages, lines, place)
        if package.code not in parents:
            leaves[package.line] += 1
    for number, line in lines.items():
        if seed.manifest == "complete" and leaves[number] not in (0, line.packs):
            raise BadOrder(f"{place}: line {number} has {line.packs} packs but {leaves[number]} codes")


def _check_head(seed: DeliverySeed, known: set[str], place: str) -> None:
    if not 1 <= len(seed.delivery) <= 64 or "\n" in seed.delivery:
        raise BadOrder(f"{place}: a number has 1 to 64 characters on one line")
    if seed.state not in ("open", "withdrawn"):
        raise BadOrder(f"{place}: state is open or withdrawn")
    if len({line.line for line in seed.lines}) != len(seed.lines):
        raise BadOrder(f"{place}: the same line twice")
    for line in seed.lines:
        if line.drug not in known:
            raise BadOrder(f"{place}: unknown drug {line.drug}")


def _check_package(package: Package, packages: dict[str, Package], lines: dict[int, Line], place: str) -> None:
    if package.line not in lines:
        raise BadOrder(f"{place}: package {package.code} of unknown line {package.line}")
    if package.parent is None:
        return
    parent = packages.get(package.parent)
    if parent is None:
        raise BadOrder(f"{place}: parent {package.parent} is not a package")
    if parent.level <= package.level:
        raise BadOrder(f"{place}: {package.code} does not lie below its parent")


def _check_generate(order: _Generate, hospital: Hospital) -> None:
    if (order.boxes is None) == (order.codes is None):
        raise BadOrder("generate: either boxes with delivery, or codes with receipt")
    if order.boxes is not None:
        if order.delivery is None or order.receipt is not None:
            raise BadOrder("generate: boxes go with delivery")
        if order.delivery in hospital.deliveries:
            raise BadOrder(f"generate: delivery {order.delivery} is here already")
        if hospital.made_deliveries >= 100:
            raise BadOrder("generate: at most 100 made deliveries")
    elif order.receipt is None or order.delivery is not None:
        raise BadOrder("generate: codes go with receipt")
    elif order.receipt in hospital.earlier_receipts or order.receipt in hospital.books:
        raise BadOrder(f"generate: receipt {order.receipt} is here already")
    elif len(hospital.bulk) >= 100:
        raise BadOrder("generate: at most 100 made receipts")


def _check_hard(order: SeedOrder, hospital: Hospital) -> None:
    if order.hard is None:
        if order.seed is not None or order.knowledge is not None:
            raise BadOrder("seed and knowledge go with hard")
        return
    if order.knowledge != "relay":
        raise BadOrder('hard: the packages of hard deliveries are told by the relay: "knowledge": "relay"')
    if f"DEMO-H{order.seed or 0}-01" in hospital.deliveries:
        raise BadOrder(f"hard: the deliveries of seed {order.seed or 0} are here already")


def carry_out(order: SeedOrder, drugs: tuple[Drug, ...], hospital: Hospital) -> dict[str, int]:
    """Do a checked order; returns what was added, by kind."""
    setting = order.setting
    hospital.site.zone = setting.zone or hospital.site.zone
    if setting.near_expiry_days is not None:
        hospital.site.near_expiry_days = setting.near_expiry_days
    for drug in drugs:
        hospital.put_drug(drug)
    for recall in order.recalls:
        hospital.put_recall(recall)
    _put_earlier(setting.earlier, hospital)
    for seed in order.deliveries:
        hospital.put_delivery(seed)
    made = _generate(order.generate, hospital) if order.generate is not None else 0
    hard = hard_deliveries(order.seed or 0, order.hard) if order.hard is not None else []
    for one in hard:
        _put_hard(one, hospital)
    codes = len(setting.earlier.codes)
    count = len(order.deliveries) + len(hard)
    return {"deliveries": count, "drugs": len(drugs), "codes": codes, "made": made}


def _put_hard(hard: Hard, hospital: Hospital) -> None:
    """A box that was taken out of its carton before is in another receipt by now."""
    if hard.elsewhere:
        number = f"{hard.seed.delivery}-EARLIER"
        count = len(hard.elsewhere)
        sums = Equation(expected=count, received=count, short=0, damaged=0, rejected=0, exempt=0)
        receipt = EarlierReceipt(ReceiptId(f"{number}-R1"), number, "closed", sums, (ELSEWHERE,), ("1001",))
        codes = [
            EarlierCode(code, receipt.id, number, 1, None, "in", 1, (_earlier_effect(code),), ELSEWHERE)
            for code in hard.elsewhere
        ]
        hospital.put_earlier((receipt,), codes)
    hospital.put_delivery(hard.seed, hard.story)


def _earlier_effect(code: str) -> str:
    mark = hashlib.sha256(code.encode()).hexdigest()
    return f"01a1be16-60a0-7a00-8000-{mark[:12]}"


def _put_earlier(earlier: _Earlier, hospital: Hospital) -> None:
    receipts = [
        EarlierReceipt(ReceiptId(one.id), one.delivery, one.state, one.equation, one.devices, one.operators)
        for one in earlier.receipts
    ]
    by_delivery = {one.delivery: one for one in (*hospital.earlier_receipts.values(), *receipts)}
    codes: list[EarlierCode] = []
    for seed in earlier.codes:
        receipt = by_delivery[seed.delivery]
        device = receipt.devices[0] if receipt.devices else ELSEWHERE
        row = EarlierCode(
            seed.code, receipt.id, seed.delivery, seed.line, seed.via, seed.state, seed.times, seed.effects, device
        )
        codes.append(row)
    hospital.put_earlier(receipts, codes)


def _generate(order: _Generate, hospital: Hospital) -> int:
    if order.codes is not None and order.receipt is not None:
        number = order.receipt.rpartition("-R")[0]
        hospital.put_bulk(BulkReceipt(order.receipt, number, ELSEWHERE, len(hospital.bulk), order.codes))
        return order.codes
    assert order.boxes is not None
    assert order.delivery is not None
    packages = tuple(made_packages(hospital.made_deliveries, order.boxes))
    hospital.made_deliveries += 1
    line = msgspec.convert(
        {"line": 1, "drug": MADE_DRUG, "batch": _MADE_BATCH, "expiry": _MADE_EXPIRY, "packs": order.boxes}, type=Line
    )
    hospital.put_delivery(DeliverySeed(order.delivery, _MADE_SUPPLIER, "complete", (line,), packages))
    return order.boxes
