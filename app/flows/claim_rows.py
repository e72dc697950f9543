"""What a receipt tells the insurance: rows by drug, batch and dates, and later what corrects them. Pure.

A row is one line of a message to be. Goods that carry codes stand in it by code, all others as a number; only what was
accepted is in it. A correction never deletes: what is no longer there goes back by a row of the opposite trade, under
the batch serial that it came with.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from app.domain.packages import code_of
from app.domain.profile import Fact, Facts, Problem, Profile

OPPOSITE = {"purchase": "purchase_return", "stock_in": "stock_out", "sale": "sale_return"}
_FORWARD = {back: forward for forward, back in OPPOSITE.items()}
CODES_PER_ROW = 500  # some 25,000 signs of JSON: a message takes 40,000


@dataclass(frozen=True, slots=True)
class ClaimCode:
    """An accepted pack, by the name that the receipt has for it: pieces of one batch share what is printed on them.

    `packs` is more than 1 for a package of which nobody names the boxes.
    """

    code: str
    packs: int = 1

    @property
    def printed(self) -> str:
        return code_of(self.code)


@dataclass(frozen=True, slots=True)
class ClaimGoods:
    """What makes goods the same for the insurance. `price` is that of a smallest coded pack."""

    drug: str
    name: str
    batch: str | None = None
    made: dt.date | None = None
    expiry: dt.date | None = None
    gift: bool = False
    price: Decimal | None = None
    national_code: str | None = None
    spec: str | None = None
    maker: str | None = None
    approval_no: str | None = None
    rx: str | None = None
    pack_unit: str | None = None
    multiplier: int = 1  # hospital units = packs × multiplier ÷ divisor
    divisor: int = 1
    in_hospital_units: bool = False  # nobody codes it: it is delivered and counted in the hospital's unit


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A line of the receipt with what was accepted of it."""

    line: int
    goods: ClaimGoods
    received: int = 0  # packs by code
    exempt: int = 0  # accepted without codes
    codes: tuple[ClaimCode, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimSnapshot:
    """A receipt as it stands at one moment; `at` is in the hospital's zone."""

    realm: str
    receipt: str
    delivery: str
    supplier: str
    operator_name: str
    at: dt.datetime
    lines: tuple[ClaimLine, ...] = ()
    supplier_licence: str | None = None
    invoice_no: str | None = None
    invoice_code: str | None = None
    closed: bool = True


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One line of a message to be: `codes` and `loose` packs of the goods, under one batch serial."""

    trade: str
    goods: ClaimGoods
    line: int  # the first line of the receipt that it comes from
    serial: str
    generation: int
    codes: tuple[ClaimCode, ...] = ()
    loose: int = 0
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    item: str = ""  # the item of the outbox that carries it; empty before, and where a person handed it over

    @property
    def forward(self) -> str:
        """The trade that this row belongs to, or takes back from."""
        return _FORWARD.get(self.trade, self.trade)


@dataclass(frozen=True, slots=True)
class _Gathered:
    """All lines of the same goods."""

    goods: ClaimGoods
    line: int
    codes: tuple[ClaimCode, ...]
    received: int
    exempt: int


def rows_of(snapshot: ClaimSnapshot, profile: Profile, trades: Sequence[str]) -> tuple[ClaimRow, ...]:
    """What the receipt tells by these trades; nothing where nothing was accepted."""
    gathered = _gather(snapshot.lines)
    return tuple(
        row
        for trade in trades
        for each in gathered
        for row in _rows(snapshot, profile, trade, each)
        if row.codes or row.loose or row.problems
    )


def corrections(
    snapshot: ClaimSnapshot, profile: Profile, trades: Sequence[str], sent: Sequence[ClaimRow]
) -> tuple[ClaimRow, ...]:
    """What makes of everything sent so far (earlier corrections included) what the receipt says now."""
    now: dict[tuple[str, ClaimGoods], list[ClaimRow]] = {}
    for row in rows_of(snapshot, profile, trades):
        now.setdefault((row.trade, row.goods), []).append(row)
    before: dict[tuple[str, ClaimGoods], list[ClaimRow]] = {}
    for row in sent:
        before.setdefault((row.forward, row.goods), []).append(row)
    keys = sorted(now.keys() | before.keys(), key=lambda key: (key[0], min(_lines(now, before, key))))
    return tuple(
        row for key in keys for row in _correct(snapshot, profile, now.get(key, ()), before.get(key, ()))
    )  # fmt: skip


def facts_of(row: ClaimRow, snapshot: ClaimSnapshot, profile: Profile) -> Facts:
    """The facts that the profile's fields ask for."""
    goods, receipt = row.goods, snapshot
    found: dict[str, Fact] = {
        "national_code": goods.national_code, "item_code": goods.drug, "item_name": goods.name,
        "batch_serial": row.serial, "batch": goods.batch, "made": goods.made, "expiry": goods.expiry, "rx": goods.rx,
        "spec": goods.spec, "maker": goods.maker, "approval_no": goods.approval_no, "pack_unit": goods.pack_unit,
        "split": "0", "gift": "1" if goods.gift else "0", "change_type": _change_type(row, profile),
        "supplier": receipt.supplier, "supplier_licence": receipt.supplier_licence, "delivery": receipt.delivery,
        "invoice_no": receipt.invoice_no, "invoice_code": receipt.invoice_code, "document": receipt.receipt,
        "at": receipt.at, "day": receipt.at.date(), "operator_name": receipt.operator_name,
        "count": _exact(_amount(row, profile)), "price": _price(goods, profile),
        "codes": tuple({"code": code} for code in dict.fromkeys(each.printed for each in row.codes)),
    }  # fmt: skip
    return found


def carries_codes(profile: Profile, trade: str) -> bool:
    """True if the message of this trade has a place for codes."""
    message = profile.messages[profile.trades[trade]]
    return any(each.kind == "nodes" and each.fact == "codes" for each in message.line.fields)


def batch_serial(snapshot: ClaimSnapshot, profile: Profile, line: int, generation: int) -> str:
    """The institution's own number of a stock batch, the same whenever it is worked out. ValueError: a bad pattern."""
    realm = f"{snapshot.realm}\n{snapshot.receipt}".encode()
    digest = base64.b32encode(hashlib.blake2b(realm, digest_size=10).digest()).decode("ascii")[:14]
    values = {"day": f"{snapshot.at:%Y%m%d}", "digest": digest, "receipt": snapshot.receipt}
    try:
        return profile.options["batch_serial"].format(**values, line=line, generation=generation)
    except (KeyError, IndexError, AttributeError) as error:
        raise ValueError("batch_serial") from error


def _gather(lines: Iterable[ClaimLine]) -> tuple[_Gathered, ...]:
    found: dict[ClaimGoods, _Gathered] = {}
    for line in sorted(lines, key=lambda each: each.line):
        old = found.get(line.goods) or _Gathered(line.goods, line.line, (), 0, 0)
        codes = (*old.codes, *sorted(line.codes, key=lambda each: each.code))
        found[line.goods] = _Gathered(
            line.goods, old.line, codes, old.received + line.received, old.exempt + line.exempt
        )
    return tuple(found.values())


def _rows(snapshot: ClaimSnapshot, profile: Profile, trade: str, found: _Gathered) -> Iterator[ClaimRow]:
    if not carries_codes(profile, trade):
        yield _row(snapshot, profile, trade, found, 1, (), found.received + found.exempt)
        return
    problems, notes = _code_findings(found, profile)
    loose = found.exempt if profile.options.get("without_codes") == "send" else 0
    for number, part in enumerate(_parts(found.codes), start=1):
        row = _row(snapshot, profile, trade, found, number, part, loose if number == 1 else 0)
        yield replace(row, problems=(*row.problems, *problems), notes=notes if number == 1 else ())


def _row(
    snapshot: ClaimSnapshot, profile: Profile, trade: str, found: _Gathered, generation: int,
    codes: tuple[ClaimCode, ...], loose: int,
) -> ClaimRow:  # fmt: skip
    problems: tuple[Problem, ...] = ()
    serial = ""
    try:
        serial = batch_serial(snapshot, profile, found.line, generation)
    except ValueError:
        problems = (_problem("claim_serial_bad", "batch_serial", pattern=profile.options.get("batch_serial", "")),)
    row = ClaimRow(trade, found.goods, found.line, serial, generation, codes, loose, problems)
    if _exact(_amount(row, profile)) is None:
        broken = _problem("claim_unit_broken", "count", line=found.line, count=_packs(row))
        return replace(row, problems=(*problems, broken))
    return row


def _code_findings(found: _Gathered, profile: Profile) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """(what keeps a row with codes back, what is said about it)."""
    problems = []
    if profile.options.get("packages_as_codes") != "yes":
        packages = [each.code for each in found.codes if each.packs != 1]
        problems += [_problem("claim_package_code", "codes", value=code) for code in packages]
    here = sum(each.packs for each in found.codes)
    if here != found.received:
        problems.append(
            _problem("claim_codes_missing", "codes", line=found.line, count=found.received, codes=here)
        )  # fmt: skip
    if not found.exempt or profile.options.get("without_codes") == "send":
        return tuple(problems), ()
    return tuple(problems), (_problem("claim_packs_without_codes", "codes", line=found.line, count=found.exempt),)


def _parts(codes: Sequence[ClaimCode]) -> list[tuple[ClaimCode, ...]]:
    """As many as a row takes; pieces with the same code stay together. One empty part where there is none."""
    together = [tuple(group) for _, group in itertools.groupby(codes, key=lambda each: each.printed)]
    starts = range(0, max(len(together), 1), CODES_PER_ROW)
    return [tuple(itertools.chain(*together[start : start + CODES_PER_ROW])) for start in starts]


@dataclass(slots=True)
class _Balance:
    """What stands under one batch serial at the insurance."""

    generation: int
    line: int
    loose: int = 0
    codes: dict[str, ClaimCode] = field(default_factory=dict)


def _correct(
    snapshot: ClaimSnapshot, profile: Profile, now: Sequence[ClaimRow], before: Sequence[ClaimRow]
) -> Iterator[ClaimRow]:
    """The rows back, then the row forward, for the same goods and trade."""
    balances = _balances(before)
    wanted = {each.code: each for row in now for each in row.codes}
    missing = sum(row.loose for row in now) - sum(each.loose for each in balances.values())
    first = now[0] if now else before[0]
    known: set[str] = set()
    for serial, balance in sorted(balances.items(), key=lambda each: -each[1].generation):
        known |= balance.codes.keys()
        gone = tuple(each for code, each in sorted(balance.codes.items()) if code not in wanted)
        less = min(balance.loose, max(-missing, 0))
        missing += less
        if gone or less:
            trade = OPPOSITE.get(first.forward)
            told = (
                ()
                if trade
                else (_problem("claim_no_way_back", first.forward, line=balance.line, count=less + len(gone)),)
            )
            yield ClaimRow(
                trade or first.forward, first.goods, balance.line, serial, balance.generation, gone, less, told
            )
    came = tuple(each for code, each in sorted(wanted.items()) if code not in known)
    generation = max((each.generation for each in balances.values()), default=0)
    gathered = _Gathered(first.goods, first.line, (), 0, 0)
    problems = tuple(dict.fromkeys(problem for row in now for problem in row.problems))
    for number, part in enumerate(_parts(came), start=generation + 1):
        loose = max(missing, 0) if number == generation + 1 else 0
        if part or loose:
            row = _row(snapshot, profile, first.forward, gathered, number, part, loose)
            yield replace(row, problems=tuple(dict.fromkeys((*row.problems, *problems))))


def _balances(rows: Iterable[ClaimRow]) -> dict[str, _Balance]:
    found: dict[str, _Balance] = {}
    for row in rows:
        balance = found.setdefault(row.serial, _Balance(row.generation, row.line))
        back = row.trade != row.forward
        balance.loose += -row.loose if back else row.loose
        for each in row.codes:
            if back:
                balance.codes.pop(each.code, None)
            else:
                balance.codes[each.code] = each
    return found


def _lines(
    now: Mapping[tuple[str, ClaimGoods], Sequence[ClaimRow]],
    before: Mapping[tuple[str, ClaimGoods], Sequence[ClaimRow]],
    key: tuple[str, ClaimGoods],
) -> Iterator[int]:
    return (row.line for row in (*now.get(key, ()), *before.get(key, ())))


def _packs(row: ClaimRow) -> int:
    return sum(each.packs for each in row.codes) + row.loose


def _amount(row: ClaimRow, profile: Profile) -> Fraction:
    """In the unit that the profile counts in."""
    if row.goods.in_hospital_units or profile.options.get("count_unit") != "hospital":
        return Fraction(_packs(row))
    return Fraction(_packs(row) * row.goods.multiplier, row.goods.divisor)


def _price(goods: ClaimGoods, profile: Profile) -> Decimal | None:
    """Of the unit that the profile counts in; None where it is not known, or has no end."""
    if goods.price is None or goods.in_hospital_units or profile.options.get("count_unit") != "hospital":
        return goods.price
    return _exact(Fraction(goods.price) * goods.divisor / goods.multiplier)


def _exact(value: Fraction) -> Decimal | None:
    """As a decimal, if it has an end."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return Decimal(value.numerator) / Decimal(value.denominator) if rest == 1 else None


def _change_type(row: ClaimRow, profile: Profile) -> str | None:
    back = row.trade != row.forward
    name = (
        ("gift_return_type" if back else "gift_type")
        if row.goods.gift
        else ("return_type" if back else "purchase_type")
    )
    return profile.options.get(name)


def _problem(code: str, name: str, **values: object) -> Problem:
    return Problem(name, code, name, name, tuple((key, str(value)) for key, value in values.items()))
