"""Rows of a receipt: what is one line, what is in it, which trades tell it, and corrections that always add up."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.base.texts import Texts
from app.domain.packages import piece_of
from app.domain.profile import Profile
from app.flows.claim_messages import ClaimPreview, preview_of, sentence
from app.flows.claim_profiles import load_profile, profile_names
from app.flows.claim_rows import (
    CODES_PER_ROW,
    OPPOSITE,
    ClaimCode,
    ClaimGoods,
    ClaimLine,
    ClaimRow,
    ClaimSnapshot,
    corrections,
    facts_of,
    rows_of,
)
from tests.domain.claim_oracle import complaints

ZONE = dt.timezone(dt.timedelta(hours=8))
NATIONAL = load_profile("national")
GOODS = ClaimGoods(
    "YP-1", "阿莫西林胶囊", "L01", dt.date(2025, 6, 1), dt.date(2027, 5, 31), False, Decimal("12.5"), "XTEST0001",
    "0.5g×24粒/盒", "演示制药", "国药准字H20990001", "1", "盒",
)  # fmt: skip
FRONT = tuple(trade for trade in NATIONAL.trades if trade in ("purchase", "stock_in"))


def codes(*numbers: int) -> tuple[ClaimCode, ...]:
    return tuple(ClaimCode(f"8999011{number:013}") for number in numbers)


def snapshot(*lines: ClaimLine) -> ClaimSnapshot:
    at = dt.datetime(2026, 11, 22, 14, 5, 9, tzinfo=ZONE)
    return ClaimSnapshot(
        "site-test", "PS-1-R1", "PS-1", "演示医药有限公司", "演示员甲", at, lines, "许可1", "FP-1", "FPD-1"
    )


def line(number: int, found: Sequence[ClaimCode], goods: ClaimGoods = GOODS, *, exempt: int = 0) -> ClaimLine:
    return ClaimLine(number, goods, sum(each.packs for each in found), exempt, tuple(found))


def with_options(**options: str) -> Profile:
    return replace(NATIONAL, options={**NATIONAL.options, **options})


def told(receipt: ClaimSnapshot, profile: Profile, *trades: str) -> ClaimPreview:
    return preview_of(receipt, profile, "test", rows_of(receipt, profile, trades))


@pytest.mark.parametrize("name", profile_names())
def test_every_provinces_messages_pass_the_tables(name: str) -> None:
    profile = load_profile(name)
    receipt = snapshot(line(1, codes(1, 2, 3)), line(2, codes(4), replace(GOODS, batch="L02")))
    preview = told(receipt, profile, "purchase", "stock_in")
    assert preview.set_aside == ()
    assert {message.payload.infno[:4] for message in preview.messages} == {"3502", "3503"}
    for message in preview.messages:
        found = json.loads(message.payload.text(), parse_float=Decimal)
        assert complaints(message.payload.infno, found, name) == []


def test_the_same_goods_on_two_lines_are_one_row_and_another_batch_is_another() -> None:
    receipt = snapshot(
        line(1, codes(1)), line(2, codes(2, 3)), line(3, codes(4), replace(GOODS, batch="L02")),
        line(4, codes(5), replace(GOODS, gift=True)), line(5, ()),
    )  # fmt: skip
    found = rows_of(receipt, NATIONAL, ["stock_in"])
    assert [(row.line, [each.code[-1] for each in row.codes]) for row in found] == [
        (1, ["1", "2", "3"]), (3, ["4"]), (4, ["5"]),
    ]  # fmt: skip
    assert len({row.serial for row in found}) == 3
    assert all(len(row.serial) <= 30 for row in found)
    assert [facts_of(row, receipt, NATIONAL)["change_type"] for row in found] == ["108", "108", "110"]


def test_a_purchase_counts_what_carries_no_code_and_codes_do_not() -> None:
    receipt = snapshot(line(1, codes(1, 2), exempt=3))
    purchase, stock_in = rows_of(receipt, NATIONAL, FRONT)
    assert facts_of(purchase, receipt, NATIONAL)["count"] == 5
    assert facts_of(stock_in, receipt, NATIONAL)["count"] == 2
    assert [note.code for note in stock_in.notes] == ["claim_packs_without_codes"]
    sent = with_options(without_codes="send")
    assert facts_of(rows_of(receipt, sent, ["stock_in"])[0], receipt, sent)["count"] == 5


@pytest.mark.parametrize(
    ("route", "infnos"),
    [("one", ["3503A"]), ("one_with_codes", ["3503A", "3502A"]), ("three", ["3503A"]), ("stock_take", ["3501A"])],
)
def test_the_site_chooses_what_is_told(route: str, infnos: list[str]) -> None:
    receipt = snapshot(line(1, codes(1)))
    preview = told(receipt, NATIONAL, *NATIONAL.routes[route])
    assert [message.payload.infno for message in preview.messages] == infnos
    aside = [(each.row.trade, {problem.name for problem in each.problems}) for each in preview.set_aside]
    # A receipt knows no visit and no doctor: where what came in counts as sold, the site has to say what stands there.
    assert aside == ([("sale", {"prsc_dr_name", "mdtrt_sn"})] if route == "three" else [])


def test_what_the_site_says_stands_in_a_sale() -> None:
    profile = load_profile("national")
    message = profile.messages["3505A"]
    fields = tuple(
        replace(field, otherwise="-") if field.key in ("prsc_dr_name", "mdtrt_sn") else field
        for field in message.line.fields
    )
    said = {**profile.messages, "3505A": replace(message, line=replace(message.line, fields=fields))}
    preview = told(snapshot(line(1, codes(1))), replace(profile, messages=said), *profile.routes["three"])
    assert [message.payload.infno for message in preview.messages] == ["3503A", "3505A"]
    assert complaints("3505A", json.loads(preview.messages[1].payload.text()), "national") == []


def test_a_carton_of_unknown_boxes_waits_and_the_rest_goes() -> None:
    carton = ClaimCode("89990130000000000001", 10)
    receipt = snapshot(line(1, (carton,)), line(2, codes(1), replace(GOODS, batch="L02")))
    preview = told(receipt, NATIONAL, "purchase", "stock_in")
    assert [each.problems[0].code for each in preview.set_aside] == ["claim_package_code"]
    assert [(message.payload.infno, len(message.rows)) for message in preview.messages] == [("3503A", 2), ("3502A", 1)]
    allowed = told(receipt, with_options(packages_as_codes="yes"), "stock_in")
    assert allowed.set_aside == ()
    assert [note.code for note in allowed.notes] == ["claim_count_differs"]


def test_codes_of_another_device_that_are_not_here_yet_keep_the_row_back() -> None:
    receipt = snapshot(replace(line(1, codes(1, 2)), received=5))
    preview = told(receipt, NATIONAL, "purchase", "stock_in")
    assert [each.problems[0].code for each in preview.set_aside] == ["claim_codes_missing"]
    assert [message.payload.infno for message in preview.messages] == ["3503A"]


def test_what_is_missing_is_named_for_a_person() -> None:
    receipt = snapshot(line(1, codes(1), replace(GOODS, made=None, rx=None, price=None)))
    preview = told(receipt, NATIONAL, "purchase", "stock_in")
    texts = Texts.load()
    words = [sentence(problem, texts) for each in preview.set_aside for problem in each.problems]
    assert words[:2] == ["生产日期没有填，补上以后再生成", "处方药标志没有填，补上以后再生成"]
    assert "单价没有填，补上以后再生成" in words
    assert preview.messages == ()


@pytest.mark.parametrize(
    ("multiplier", "divisor", "packs", "count", "price"),
    [
        (20, 1, 3, Decimal(60), Decimal("0.625")),
        (1, 50, 100, Decimal(2), Decimal(625)),
        (1, 50, 1, Decimal("0.02"), 625),
    ],
)
def test_the_hospitals_unit_where_the_site_counts_so(
    multiplier: int, divisor: int, packs: int, count: Decimal, price: Decimal
) -> None:
    profile = with_options(count_unit="hospital")
    goods = replace(GOODS, multiplier=multiplier, divisor=divisor)
    receipt = snapshot(line(1, codes(*range(packs)), goods))
    facts = facts_of(rows_of(receipt, profile, ["purchase"])[0], receipt, profile)
    assert (facts["count"], facts["price"]) == (count, price)


def test_a_factor_without_an_end_is_a_problem_and_not_a_rounding() -> None:
    profile = with_options(count_unit="hospital")
    receipt = snapshot(line(1, codes(1), replace(GOODS, divisor=3)))
    preview = told(receipt, profile, "purchase")
    assert preview.set_aside[0].problems[0].code == "claim_unit_broken"


@pytest.mark.parametrize("pattern", ["{nonsense}", "{day", "{line:zz}", "{0}"])
def test_a_bad_pattern_of_the_serial_is_told(pattern: str) -> None:
    preview = told(snapshot(line(1, codes(1))), with_options(batch_serial=pattern), "purchase")
    assert preview.set_aside[0].problems[0].code == "claim_serial_bad"


def test_a_serial_is_the_same_tomorrow_and_another_in_another_hospital() -> None:
    here = snapshot(line(1, codes(1)))
    found = {
        rows_of(each, NATIONAL, ["purchase"])[0].serial
        for each in (here, here, replace(here, realm="site-other"), replace(here, receipt="PS-1-R2"))
    }
    assert len(found) == 3


def test_large_lines_and_many_lines_are_cut_into_messages() -> None:
    many = [line(number, codes(number), replace(GOODS, batch=f"L{number}")) for number in range(1, 121)]
    receipt = snapshot(*many, line(200, codes(*range(1_000, 2_234))))
    preview = told(receipt, NATIONAL, "purchase", "stock_in")
    assert preview.set_aside == ()
    purchases = [message for message in preview.messages if message.trade == "purchase"]
    assert [len(message.rows) for message in purchases] == [50, 50, 21]
    sent: Counter[str] = Counter()
    for message in preview.messages:
        assert len(message.payload.text()) <= 40_000
        for row in message.rows:
            assert len(row.codes) <= CODES_PER_ROW
            sent.update(each.code for each in row.codes)
    assert len(sent) == 120 + 1_234
    assert set(sent.values()) == {1}
    serials = [row.serial for message in preview.messages if message.trade == "stock_in" for row in message.rows]
    assert len(serials) == len(set(serials))


def test_a_code_on_two_lines_is_sent_once() -> None:
    receipt = snapshot(line(1, codes(1)), line(2, codes(1, 2), replace(GOODS, batch="L02")))
    preview = told(receipt, NATIONAL, "stock_in")
    assert [each.problems[0].code for each in preview.set_aside] == ["claim_twice"]
    assert [len(message.rows) for message in preview.messages] == [1]


def test_pieces_of_one_batch_are_one_code_and_many_packs() -> None:
    key = "010952999900202010LOT1"
    pieces = [ClaimCode(piece_of(key, str(uuid.UUID(int=number)))) for number in range(700)]
    receipt = snapshot(line(1, [*pieces, *codes(1)]))
    preview = told(receipt, NATIONAL, "stock_in")
    assert preview.set_aside == ()
    (found,) = json.loads(preview.messages[0].payload.text())["invinfoDetail"]
    assert [each["drug_trac_codg"] for each in found["drugtracinfo"]] == [key, codes(1)[0].code]
    assert found["cnt"] == 701
    sent = rows_of(receipt, NATIONAL, ["stock_in"])
    back = corrections(snapshot(line(1, [*pieces[1:], *codes(1)])), NATIONAL, ["stock_in"], sent)
    assert [facts_of(row, receipt, NATIONAL)["count"] for row in back] == [1]
    assert [row.trade for row in back] == ["stock_out"]


def test_an_undo_goes_back_under_the_serial_that_it_came_with() -> None:
    sent = rows_of(snapshot(line(1, codes(1, 2, 3))), NATIONAL, FRONT)
    now = snapshot(line(1, codes(1, 3)))
    back = corrections(now, NATIONAL, FRONT, sent)
    assert [(row.trade, row.loose, [each.code[-1] for each in row.codes]) for row in back] == [
        ("purchase_return", 1, []), ("stock_out", 0, ["2"]),
    ]  # fmt: skip
    assert [row.serial for row in back] == [row.serial for row in sent]
    preview = preview_of(now, NATIONAL, "test", back)
    assert [message.payload.infno for message in preview.messages] == ["3504A", "3502A"]
    assert '"inv_chg_type":"109"' in preview.messages[1].payload.text()
    for message in preview.messages:
        assert complaints(message.payload.infno, json.loads(message.payload.text()), "national") == []
    assert corrections(now, NATIONAL, FRONT, (*sent, *back)) == ()


def test_a_corrected_batch_goes_back_and_comes_again() -> None:
    sent = rows_of(snapshot(line(1, codes(1))), NATIONAL, ["stock_in"])
    again = corrections(snapshot(line(1, codes(1), replace(GOODS, batch="L09"))), NATIONAL, ["stock_in"], sent)
    assert {(row.trade, row.goods.batch) for row in again} == {("stock_out", "L01"), ("stock_in", "L09")}


def test_where_the_profile_knows_no_way_back_a_person_decides() -> None:
    sent = rows_of(snapshot(line(1, codes(1, 2))), NATIONAL, ["stock_take"])
    preview = preview_of(
        snapshot(), NATIONAL, "test", corrections(snapshot(line(1, codes(1))), NATIONAL, ["stock_take"], sent)
    )
    assert [problem.code for each in preview.set_aside for problem in each.problems] == ["claim_no_way_back"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 3), st.sets(st.integers(1, 9), max_size=6), st.integers(0, 3)),
            max_size=3,
            unique_by=lambda each: each[0],
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_happens_to_a_receipt_what_was_sent_adds_up_to_what_it_says(
    history: list[list[tuple[int, set[int], int]]],
) -> None:
    sent: list[ClaimRow] = []
    for state in history:
        taken: set[int] = set()
        lines = []
        for number, found, exempt in state:
            own = found - taken
            taken |= own
            lines.append(line(number, codes(*sorted(own)), replace(GOODS, batch=f"L{number}"), exempt=exempt))
        now = snapshot(*lines)
        sent += corrections(now, NATIONAL, FRONT, sent)
        assert _net(sent) == _net(rows_of(now, NATIONAL, FRONT))
    serials = [(row.trade, row.serial) for row in sent if row.trade == row.forward]
    assert len(serials) == len(set(serials)), "a serial is used forward once"


def _net(rows: Sequence[ClaimRow]) -> Counter[tuple[str, ClaimGoods, str]]:
    """What stands at the insurance: goods by code and loose, forward less back. A second opinion, by plain sums."""
    back = {opposite: forward for forward, opposite in OPPOSITE.items()}
    found: Counter[tuple[str, ClaimGoods, str]] = Counter()
    for row in rows:
        sign = -1 if row.trade in back else 1
        trade = back.get(row.trade, row.trade)
        found[trade, row.goods, "loose"] += sign * row.loose
        for each in row.codes:
            found[trade, row.goods, each.code] += sign
    return Counter({key: count for key, count in found.items() if count})
