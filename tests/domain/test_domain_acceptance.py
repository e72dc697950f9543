"""收货 → 验收 → 入库 by table: state, place, what is missing, differences, and an append-only journal with undo."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.texts import LANGUAGES, Texts
from app.domain.acceptance import (
    KINDS,
    Concluded,
    Event,
    Fact,
    Findings,
    Goods,
    GoodsLine,
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
    REQUIREMENTS,
    AcceptanceRules,
    Area,
    Stage,
    areas_of,
    differences_of,
    may_close,
    missing_for_conclusion,
    missing_for_signature,
    stage_of,
)
from app.domain.temperature import Range

TODAY = dt.date(2026, 11, 22)
COLD_LINE = GoodsLine(1, "胰岛素", "B1", "2027-05-31", 10, 10, storage=Range(2, 8))
LINE = GoodsLine(2, "阿莫西林", "B2", "2027-05-31", 20, 18, damaged=2)
SPECIAL = GoodsLine(3, "吗啡", "B3", "2027-05-31", 5, 5, special=True)
GOODS = Goods((COLD_LINE, LINE, SPECIAL), True, "YK", "F1", "C1", "L1", "2027-01-01")
RULES = AcceptanceRules(False, frozenset(REQUIREMENTS))
GOOD = Concluded(True)
PAPERS = (
    TemperatureRead(3.0, 7.5), ReportSeen(1, "import", "J1"), ReportSeen(2, "inspection", "R2"),
    ReportSeen(3, "inspection", "R3"), PhotoKept("d" * 64, "damage", "a.jpg", 9),
)  # fmt: skip


def events(*facts: Fact) -> tuple[Event, ...]:
    return tuple(Event(seq, f"id{seq}", seq, "1002", fact) for seq, fact in enumerate(facts, 1))


def found(*facts: Fact) -> Findings:
    return findings_of(events(*facts))


def codes(facts: tuple[Fact, ...], conclusion: Concluded = GOOD, goods: Goods = GOODS) -> list[str]:
    missing = missing_for_conclusion(goods, found(*facts), RULES, conclusion, TODAY)
    return [one.code.removeprefix("acceptance_") for one in missing]


@pytest.mark.parametrize(
    ("facts", "conclusion", "expected"),
    [
        (PAPERS, GOOD, []),
        ((), GOOD, ["temperature_missing", "report_missing", "report_missing", "report_missing", "photo_missing"]),
        ((*PAPERS, TemperatureRead(3, 9)), GOOD, ["temperature_out"]),
        ((*PAPERS, TemperatureRead(3, 9)), Concluded(True, note="开箱取样，十分钟"), []),
        ((*PAPERS, TemperatureRead(3, 9)), Concluded(True, (1,), "超温"), []),
        (PAPERS, Concluded(True, (1,)), ["note_missing"]),
        (PAPERS[1:], Concluded(True, (1,), "超温"), []),
        ((), Concluded(False), ["note_missing"]),
        ((), Concluded(False, note="全部超温"), []),
        ((*PAPERS, LicenceSeen("L2", "2026-11-21")), GOOD, ["licence_expired"]),
        ((*PAPERS, LicenceSeen("L2", "2026-11-22")), GOOD, []),
        (PAPERS[:1] + PAPERS[2:], GOOD, ["report_missing"]),
        ((*PAPERS[:-1], PhotoKept("d" * 64, "paper", "a.pdf", 9)), GOOD, ["photo_missing"]),
    ],
)
def test_what_stands_before_a_conclusion(facts: tuple[Fact, ...], conclusion: Concluded, expected: list[str]) -> None:
    assert codes(facts, conclusion) == expected


def test_what_the_note_says_need_not_be_typed() -> None:
    silent = replace(GOODS, invoice_no="", licence="")
    assert codes(PAPERS, goods=silent) == ["invoice_missing", "licence_missing"]
    typed = (*PAPERS, InvoiceSeen("F9"), LicenceSeen("L9", "2027-01-01"))
    assert codes(typed, goods=silent) == []


def test_a_site_that_asks_for_nothing_gets_nothing_but_the_law_of_dates() -> None:
    rules = AcceptanceRules(False, frozenset())
    assert missing_for_conclusion(GOODS, Findings(), rules, GOOD, TODAY) == ()
    late = replace(GOODS, licence_expiry="2020-01-01")
    assert [one.code for one in missing_for_conclusion(late, Findings(), rules, GOOD, TODAY)] == [
        "acceptance_licence_expired"
    ]


def test_goods_that_did_not_come_ask_for_nothing() -> None:
    absent = replace(GOODS, lines=(replace(COLD_LINE, received=0), replace(SPECIAL, received=0)))
    assert codes((), goods=absent) == []
    assert missing_for_signature(absent, found(GOOD), RULES) == ()


STAGES = [
    ((), Stage.TO_ACCEPT),
    (PAPERS, Stage.TO_ACCEPT),
    ((GOOD,), Stage.TO_ACCEPT),  # the second signature
    ((GOOD, Signed(1, "1001")), Stage.ACCEPTED),
    ((GOOD, Signed(1, "1001"), PutAway(1)), Stage.STOCKED),
    ((GOOD, Signed(1, "1001"), PutAway(1), Undone(3)), Stage.ACCEPTED),
    ((GOOD, Signed(1, "1001"), PutAway(1), Undone(1)), Stage.TO_ACCEPT),
    ((GOOD, Signed(1, "1001"), Undone(2)), Stage.TO_ACCEPT),
    ((GOOD, Signed(1, "1001"), Undone(1), GOOD), Stage.TO_ACCEPT),  # a signature is for one conclusion
    ((Concluded(False, note="x"), Signed(1, "1001")), Stage.REJECTED),
]


@pytest.mark.parametrize(("facts", "expected"), STAGES)
def test_stages(facts: tuple[Fact, ...], expected: Stage) -> None:
    assert stage_of(GOODS, found(*facts), RULES) is expected
    assert stage_of(replace(GOODS, closed=False), found(*facts), RULES) is Stage.RECEIVING


def test_folded_a_conclusion_before_the_close_is_stock_at_once() -> None:
    folded = replace(RULES, folded=True)
    still_open = replace(GOODS, closed=False)
    assert [one.code for one in may_close(still_open, found(), folded, TODAY)][-1] == "acceptance_conclusion_missing"
    assert [one.code for one in may_close(still_open, found(*PAPERS, GOOD), folded, TODAY)] == [
        "acceptance_witness_missing"
    ]
    signed = found(*PAPERS, GOOD, Signed(len(PAPERS) + 1, "1001"))
    assert may_close(still_open, signed, folded, TODAY) == ()
    assert stage_of(GOODS, signed, folded) is Stage.STOCKED
    assert may_close(still_open, found(), RULES, TODAY) == ()


@pytest.mark.parametrize(
    ("stage", "unqualified", "expected"),
    [
        (Stage.RECEIVING, (), {Area.PENDING: 33, Area.UNQUALIFIED: 2}),
        (Stage.TO_ACCEPT, (1,), {Area.PENDING: 33, Area.UNQUALIFIED: 2}),
        (Stage.ACCEPTED, (), {Area.QUALIFIED: 33, Area.UNQUALIFIED: 2}),
        (Stage.ACCEPTED, (1,), {Area.QUALIFIED: 23, Area.UNQUALIFIED: 12}),
        (Stage.REJECTED, (), {Area.UNQUALIFIED: 35}),
        (Stage.STOCKED, (3,), {Area.SHELF: 28, Area.UNQUALIFIED: 7}),
    ],
)
def test_where_the_goods_lie(stage: Stage, unqualified: tuple[int, ...], expected: dict[Area, int]) -> None:
    areas = areas_of(GOODS, found(Concluded(True, unqualified, "x")), stage)
    assert {area: packs for area, packs in areas.items() if packs} == expected


def test_only_what_differs_between_invoice_note_and_goods() -> None:
    even = replace(GOODS, lines=(COLD_LINE,))
    assert differences_of(even, Findings()) == ()
    assert differences_of(even, found(InvoiceSeen("F1", "C1"), InvoiceLineSeen(1, 10))) == ()
    rows = differences_of(
        GOODS, found(InvoiceSeen("F2", "C1"), InvoiceLineSeen(1, 12), LicenceSeen("L1", "2028-01-01"))
    )
    assert [(row.what, row.line, row.invoice, row.note, row.goods) for row in rows] == [
        ("invoice_no", None, "F2", "F1", None),
        ("licence_expiry", None, None, "2027-01-01", "2028-01-01"),
        ("packs", 1, "12", "10", "10"),
        ("packs", 2, None, "20", "18"),
    ]


FACT = st.one_of(
    st.builds(TemperatureRead, st.floats(-30, 30), st.floats(-30, 30)),
    st.builds(InvoiceSeen, st.text(min_size=1)),
    st.builds(ReportSeen, st.integers(1, 3), st.just("inspection"), st.text(min_size=1)),
    st.builds(Concluded, st.booleans()),
    st.builds(Signed, st.integers(1, 12), st.just("1001")),
    st.builds(PutAway, st.integers(1, 12)),
    st.builds(Undone, st.integers(1, 12)),
)


@given(st.lists(FACT, max_size=12))
def test_an_undo_leaves_no_trace_in_what_is_known(facts: list[Fact]) -> None:
    """What is in force is what would be there if the undone events had never been written."""
    written = events(*facts)
    undone = {event.fact.negates for event in written if isinstance(event.fact, Undone)}
    plain = tuple(event for event in written if event.seq not in undone and not isinstance(event.fact, Undone))
    assert findings_of(written) == findings_of(plain)
    kept = in_force(written)
    conclusions = [event.seq for event in kept if isinstance(event.fact, Concluded)]
    assert all(event.fact.conclusion == conclusions[-1] for event in kept if isinstance(event.fact, Signed | PutAway))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_state_place_and_event_has_words(lang: str) -> None:
    texts = Texts.load()
    wanted = {f"acceptance_stage_{one}" for one in Stage} | {f"acceptance_area_{one}" for one in Area}
    wanted |= {f"acceptance_event_{one}" for one in KINDS}
    wanted |= {
        f"acceptance_differs_{one}" for one in ("packs", "invoice_no", "invoice_code", "licence", "licence_expiry")
    }
    wanted |= {f"acceptance_{one}" for one in (
        "note_missing", "temperature_missing", "temperature_out", "invoice_missing", "licence_missing",
        "licence_expired", "report_missing", "photo_missing", "witness_missing", "conclusion_missing",
    )}  # fmt: skip
    wanted |= {"temperature_unreadable", "temperature_implausible"}
    wanted |= {f"logger_{one}" for one in ("too_large", "not_text", "no_column", "empty")}
    assert {code for code in wanted if not texts.has(code) or not texts.title(code, lang)} == set()
