"""收货 → 验收 → 入库: state and place of a receipt, what is still missing, and where the papers differ. Pure."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.acceptance import Concluded, Findings, Goods, GoodsLine

REQUIREMENTS = ("temperature", "invoice", "licence", "report", "damage_photo", "witness")


class Stage(enum.StrEnum):
    """Where a receipt stands. Stored nowhere: it follows from the events."""

    RECEIVING = "receiving"
    TO_ACCEPT = "to_accept"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    STOCKED = "stocked"


class Area(enum.StrEnum):
    """Where goods lie: 待验, 合格, 不合格, and the shelf."""

    PENDING = "pending"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"
    SHELF = "shelf"


@dataclass(frozen=True, slots=True)
class AcceptanceRules:
    """The site's. `folded`: 收货, 验收 and 入库 are one step, concluded before the receipt is closed."""

    folded: bool = False
    requires: frozenset[str] = frozenset({"temperature", "invoice", "licence", "witness"})


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that stands between a receipt and its next state; a text has the same code."""

    code: str
    line: int | None = None
    values: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Where invoice, note and goods (票, 单, 货) do not say the same. None: that one is silent."""

    what: str  # packs, invoice_no, invoice_code, licence, licence_expiry
    invoice: str | None
    note: str | None
    goods: str | None
    line: int | None = None
    name: str = ""


def differences_of(goods: Goods, found: Findings) -> tuple[Difference, ...]:
    """Only what differs; a paper that says nothing differs from nobody."""
    typed_no, typed_code = (found.invoice.no, found.invoice.code) if found.invoice else ("", "")
    licence, expiry = (found.licence.no, found.licence.expiry) if found.licence else ("", "")
    heads = [
        Difference("invoice_no", typed_no or None, goods.invoice_no or None, None),
        Difference("invoice_code", typed_code or None, goods.invoice_code or None, None),
        Difference("licence", None, goods.licence or None, licence or None),
        Difference("licence_expiry", None, goods.licence_expiry or None, expiry or None),
    ]
    rows = [
        Difference(
            "packs", _text(found.invoice_lines.get(line.line)), str(line.expected), str(line.received + line.over),
            line.line, line.name,
        )
        for line in goods.lines
    ]  # fmt: skip
    return tuple(row for row in (*heads, *rows) if len({row.invoice, row.note, row.goods} - {None}) > 1)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def stage_of(goods: Goods, found: Findings, rules: AcceptanceRules) -> Stage:
    """Where the receipt stands. Folded, a conclusion may come before the close and stock follows at once."""
    if not goods.closed:
        return Stage.RECEIVING
    if found.conclusion is None or missing_for_signature(goods, found, rules):
        return Stage.TO_ACCEPT
    if found.put_away is not None or (rules.folded and found.conclusion.qualified):
        return Stage.STOCKED
    return Stage.ACCEPTED if found.conclusion.qualified else Stage.REJECTED


def areas_of(goods: Goods, found: Findings, stage: Stage) -> dict[Area, int]:
    """Packs by place. What is damaged or sent back never lies with the good ones."""
    areas = dict.fromkeys(Area, 0)
    good = {Stage.ACCEPTED: Area.QUALIFIED, Stage.STOCKED: Area.SHELF, Stage.REJECTED: Area.UNQUALIFIED}
    bad = found.conclusion.unqualified if found.conclusion else ()
    for line in goods.lines:
        areas[Area.UNQUALIFIED] += line.damaged + line.rejected
        refused = stage in good and line.line in bad
        areas[Area.UNQUALIFIED if refused else good.get(stage, Area.PENDING)] += line.received
    return areas


def missing_for_conclusion(
    goods: Goods, found: Findings, rules: AcceptanceRules, conclusion: Concluded, today: dt.date
) -> tuple[Missing, ...]:
    """What forbids this conclusion. Goods that are refused need no papers, only a word why."""
    if not conclusion.qualified:
        return () if conclusion.note else (Missing("acceptance_note_missing"),)
    lines = [line for line in goods.lines if line.came and line.line not in conclusion.unqualified]
    found_missing: list[Missing] = []
    if conclusion.unqualified and not conclusion.note:
        found_missing.append(Missing("acceptance_note_missing"))
    found_missing += _of_temperature(lines, found, rules, conclusion)
    found_missing += _of_papers(goods, lines, found, rules, today)
    return tuple(found_missing)


def missing_for_signature(goods: Goods, found: Findings, rules: AcceptanceRules) -> tuple[Missing, ...]:
    """The second person, where a special drug came."""
    if "witness" not in rules.requires or found.conclusion is None or found.witness is not None:
        return ()
    special = [line for line in goods.lines if line.special and line.came]
    return tuple(Missing("acceptance_witness_missing", line.line, (("drug", line.name),)) for line in special[:1])


def may_close(goods: Goods, found: Findings, rules: AcceptanceRules, today: dt.date) -> tuple[Missing, ...]:
    """What stands between a receipt and its close: nothing, unless the site folds the three steps into one."""
    if not rules.folded:
        return ()
    if found.conclusion is None:
        ahead = missing_for_conclusion(goods, found, rules, Concluded(True), today)
        return (*ahead, Missing("acceptance_conclusion_missing"))
    ahead = missing_for_conclusion(goods, found, rules, found.conclusion, today)
    return (*ahead, *missing_for_signature(goods, found, rules))


def _of_temperature(
    lines: Sequence[GoodsLine], found: Findings, rules: AcceptanceRules, conclusion: Concluded
) -> list[Missing]:
    """A reading outside the range needs a word from whoever accepts all the same."""
    read = found.temperature
    if read is None:
        cold = [line for line in lines if line.storage is not None and line.storage.is_cold]
        asked = "temperature" in rules.requires
        return [Missing("acceptance_temperature_missing", line.line, (("drug", line.name),)) for line in cold if asked]
    if conclusion.note:
        return []
    return [
        Missing("acceptance_temperature_out", line.line, (("drug", line.name), ("least", line.storage.least_c),
            ("most", line.storage.most_c), ("read_least", read.least_c), ("read_most", read.most_c)))
        for line in lines
        if line.storage is not None and not (line.storage.holds(read.least_c) and line.storage.holds(read.most_c))
    ]  # fmt: skip


def _of_papers(
    goods: Goods, lines: Sequence[GoodsLine], found: Findings, rules: AcceptanceRules, today: dt.date
) -> list[Missing]:
    missing: list[Missing] = []
    if "invoice" in rules.requires and not (found.invoice or goods.invoice_no):
        missing.append(Missing("acceptance_invoice_missing"))
    expiry = found.licence.expiry if found.licence else goods.licence_expiry
    if "licence" in rules.requires and not (found.licence or (goods.licence and expiry)):
        missing.append(Missing("acceptance_licence_missing"))
    if expiry and dt.date.fromisoformat(expiry) < today:
        missing.append(Missing("acceptance_licence_expired", None, (("day", expiry),)))
    if "report" in rules.requires:
        has = {report.line for report in found.reports}
        bare = [line for line in lines if line.line not in has]
        missing += [Missing("acceptance_report_missing", line.line, (("drug", line.name),)) for line in bare]
    if "damage_photo" in rules.requires and not any(photo.about == "damage" for photo in found.photos):
        damaged = [line for line in goods.lines if line.damaged]
        missing += [Missing("acceptance_photo_missing", line.line, (("drug", line.name),)) for line in damaged[:1]]
    return missing
