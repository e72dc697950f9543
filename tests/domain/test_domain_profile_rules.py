"""Each rule of the engine alone: lengths, cuts, numbers, dates, nesting, required sets; bad profiles."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.paths import resources_dir
from app.base.texts import Texts
from app.domain.profile import Facts, Payload, Problem, Profile
from app.domain.profile_build import build, wrap
from app.domain.profile_data import BadProfile, laid_over, profile_of

BASE: dict[str, object] = {
    "name": "toy",
    "zh": "玩具",
    "fields": {
        "a": {"zh": "甲", "most": 4},
        "n": {"kind": "number", "digits": 6, "scale": 2},
        "day": {"kind": "date"},
        "until": {"kind": "date"},
        "at": {"kind": "datetime"},
        "flag": {"kind": "code", "table": "yes_no"},
        "codes": {
            "kind": "nodes", "fact": "codes", "required": ["c"], "optional": ["level"],
            "fields": {"c": {"fact": "code", "once": True, "most": 6}, "level": {}},
        },
    },
    "tables": {"yes_no": {"0": "否", "1": "是"}},
    "messages": {
        "M": {
            "node": "rows", "shape": "array", "required": ["a"],
            "optional": ["n", "day", "until", "at", "flag", "codes"], "not_after": [["day", "until"]],
        },
        "S": {"like": "M", "node": "row", "shape": "object"},
    },
}  # fmt: skip


def profile(**more: object) -> Profile:
    """The toy, with something otherwise."""
    return profile_of(laid_over(BASE, more))


def one(facts: Facts, made_by: Profile | None = None) -> dict[str, object] | tuple[Problem, ...]:
    """The line, or the problems of a message with one line."""
    made = build(made_by or profile(), "M", [facts])
    if not isinstance(made, Payload):
        return made
    found: dict[str, object] = json.loads(made.text())["rows"][0]
    return found


def refused(facts: Facts, made_by: Profile | None = None) -> list[tuple[str, str]]:
    """(place, code) of everything that is wrong."""
    made = build(made_by or profile(), "M", [facts])
    assert not isinstance(made, Payload), made
    return [(problem.path, problem.code) for problem in made]


def test_what_is_required_is_named_with_its_place() -> None:
    made = build(profile(), "M", [{"a": "x"}, {"n": 1}, {"a": "  "}])
    assert not isinstance(made, Payload)
    assert [(problem.path, problem.code, problem.label) for problem in made] == [
        ("input.rows[1].a", "claim_missing", "甲"),
        ("input.rows[2].a", "claim_missing", "甲"),
    ]


@pytest.mark.parametrize(
    ("text", "unit", "charset", "fits"),
    [
        ("甲乙丙丁", "characters", "utf-8", True), ("甲乙丙丁戊", "characters", "utf-8", False),
        ("甲乙", "bytes", "gb18030", True), ("甲乙a", "bytes", "gb18030", False), ("甲乙", "bytes", "utf-8", False),
        ("甲a", "bytes", "utf-8", True),
    ],
)  # fmt: skip
def test_lengths_count_in_the_profiles_unit(text: str, unit: str, charset: str, fits: bool) -> None:
    made = one({"a": text}, profile(forms={"length_unit": unit, "charset": charset}))
    if fits:
        assert made == {"a": text}
    else:
        assert isinstance(made, tuple)
        assert [problem.code for problem in made] == ["claim_too_long"]


@settings(deadline=None)
@given(st.text(st.characters(codec="gb18030", exclude_categories=["Cc", "Cs", "Zs"]), min_size=1, max_size=12))
def test_a_cut_is_never_silent_and_never_splits_a_sign(text: str) -> None:
    made_by = profile(
        forms={"length_unit": "bytes", "charset": "gb18030"}, fields={"a": {"over": "cut"}},
        messages={"M": {"required": [], "optional": ["a"], "not_after": []}},
    )  # fmt: skip
    made = build(made_by, "M", [{"a": text}])
    if not isinstance(made, Payload):
        assert not text[:4].strip()  # nothing but blanks would be left of it
        return
    kept = json.loads(made.text())["rows"][0].get("a", "")
    assert len(kept.encode("gb18030")) <= 4
    lost = "".join(dict(note.values)["lost"] for note in made.notes)
    assert text.strip() == "" or kept + lost == text
    assert bool(lost) == (kept != text and bool(text.strip()))


@pytest.mark.parametrize(
    ("value", "number", "string"),
    [
        (12, 12, "12"), (Decimal("12.50"), 12.5, "12.5"), (Decimal("0.01"), 0.01, "0.01"),
        (Decimal("-3.10"), -3.1, "-3.1"),
        (9999, 9999, "9999"), (Decimal("1E+3"), 1000, "1000"), (0, 0, "0"),
    ],
)  # fmt: skip
def test_numbers_in_both_forms(value: int | Decimal, number: float, string: str) -> None:
    assert one({"a": "x", "n": value}) == {"a": "x", "n": number}
    assert one({"a": "x", "n": value}, profile(forms={"numbers": "string"})) == {"a": "x", "n": string}


def test_numbers_with_all_their_decimals() -> None:
    forms = {"decimals": "all", "numbers": "string"}
    assert one({"a": "x", "n": 12}, profile(forms=forms)) == {"a": "x", "n": "12.00"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (10_000, "claim_number_bad"), (Decimal("1.234"), "claim_too_fine"), (Decimal("NaN"), "claim_number_bad"),
        (Decimal("1E+999999"), "claim_number_bad"), (True, "claim_wrong_kind"), ("12", "claim_wrong_kind"),
    ],
)  # fmt: skip
def test_numbers_that_do_not_fit_are_never_rounded(value: object, code: str) -> None:
    assert refused({"a": "x", "n": value}) == [("input.rows[0].n", code)]  # type: ignore[dict-item]


def test_a_quantity_is_positive_where_the_profile_says_so() -> None:
    assert refused({"a": "x", "n": 0}, profile(fields={"n": {"positive": True}}))[0][1] == "claim_not_positive"


def test_dates_and_times_in_the_profiles_form() -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=dt.UTC)
    facts: Facts = {"a": "x", "day": dt.date(2026, 1, 2), "at": moment}
    assert one(facts) == {"a": "x", "day": "2026-01-02", "at": "2026-01-02 03:04:05"}
    forms = {"date": "yyyyMMdd", "datetime": "yyyyMMddHHmmssSSS"}
    assert one(facts, profile(forms=forms)) == {"a": "x", "day": "20260102", "at": "20260102030405678"}
    own = profile(fields={"at": {"form": "yyyy-MM-ddHH:mm:ss"}})
    assert one(facts, own) == {"a": "x", "day": "2026-01-02", "at": "2026-01-0203:04:05"}
    assert refused({"a": "x", "day": moment, "at": dt.date(2026, 1, 2)}) == [
        ("input.rows[0].day", "claim_wrong_kind"), ("input.rows[0].at", "claim_wrong_kind"),
    ]  # fmt: skip


def test_a_date_that_stands_before_the_one_it_follows() -> None:
    facts: Facts = {"a": "x", "day": dt.date(2027, 1, 1), "until": dt.date(2026, 1, 1)}
    assert refused(facts) == [("input.rows[0].day", "claim_after")]


def test_codes_of_a_table_and_nothing_else() -> None:
    assert one({"a": "x", "flag": "1"}) == {"a": "x", "flag": "1"}
    assert refused({"a": "x", "flag": "2"}) == [("input.rows[0].flag", "claim_not_in_table")]


def test_a_voucher_is_refused_and_never_quoted() -> None:
    voucher = "424" + "7" * 25
    made = build(profile(fields={"a": {"most": 100}}), "M", [{"a": voucher}])
    assert not isinstance(made, Payload)
    assert made[0].code == "claim_voucher"
    assert voucher not in repr(made)


def test_nodes_as_an_array_as_an_object_and_beside() -> None:
    codes: Facts = {"a": "x", "codes": ({"code": "1"}, {"code": "2", "level": "1"})}
    assert one(codes) == {"a": "x", "codes": [{"c": "1"}, {"c": "2", "level": "1"}]}
    single = profile(fields={"codes": {"shape": "object"}})
    assert one({"a": "x", "codes": ({"code": "1"},)}, single) == {"a": "x", "codes": {"c": "1"}}
    assert refused(codes, single) == [("input.rows[0].codes", "claim_only_one")]
    beside = laid_over(BASE, {"fields": {"codes": {"place": "beside"}}, "messages": {"M": {"optional": []}}})
    beside = laid_over(beside, {"messages": {"S": {"optional": ["codes"], "not_after": []}, "M": {"not_after": []}}})
    made = build(profile_of(beside), "S", [{"a": "x", "codes": ({"code": "1"},)}])
    assert isinstance(made, Payload)
    assert json.loads(made.text()) == {"row": {"a": "x"}, "codes": [{"c": "1"}]}


def test_a_code_stands_once_in_a_message() -> None:
    row: Facts = {"a": "x", "codes": ({"code": "1"},)}
    made = build(profile(), "M", [row, row])
    assert not isinstance(made, Payload)
    assert [(problem.path, problem.code) for problem in made] == [("input.rows[1].codes[0].c", "claim_twice")]


def test_problems_inside_a_node_have_their_place() -> None:
    made = refused({"a": "x", "codes": ({"code": "1"}, {"code": "1234567"}, {"level": "2"})})
    assert made == [("input.rows[0].codes[1].c", "claim_too_long"), ("input.rows[0].codes[2].c", "claim_missing")]


def test_one_of_and_required_if() -> None:
    rules = profile(
        fields={"n": {"required_if": {"flag": ["1"]}}}, messages={"M": {"one_of": [["day", "until"]]}}
    )  # fmt: skip
    assert refused({"a": "x"}, rules) == [("input.rows[0].day", "claim_one_of")]
    until = dt.date(2026, 1, 1)
    assert refused({"a": "x", "until": until, "flag": "1"}, rules) == [("input.rows[0].n", "claim_missing")]
    assert one({"a": "x", "until": until, "flag": "0"}, rules) == {"a": "x", "until": "2026-01-01", "flag": "0"}


def test_aliases_constants_and_values_of_the_site() -> None:
    made_by = profile(
        fields={"a": {"name": "b", "also": ["B"], "otherwise": "?"}, "flag": {"const": "1"}},
        messages={"M": {"constants": {"enc": "none"}}},
    )
    assert one({"flag": "0"}, made_by) == {"b": "?", "B": "?", "flag": "1", "enc": "none"}
    assert one({"a": "x"}, made_by) == {"b": "x", "B": "x", "flag": "1", "enc": "none"}


def test_empty_members_are_left_out_or_blank() -> None:
    made = one({"a": "x"}, profile(forms={"empty": "blank"}))
    assert made == {"a": "x", "n": "", "day": "", "until": "", "at": "", "flag": ""}


def test_limits_of_a_message() -> None:
    small = profile(limits={"lines": 2, "signs": 40})
    assert [each.code for each in build(small, "M", [])] == ["claim_no_lines"]  # type: ignore[union-attr]
    assert [each.code for each in build(small, "M", [{"a": "x"}] * 3)] == ["claim_too_many_lines"]  # type: ignore[union-attr]
    large = build(small, "M", [{"a": "x", "n": 9999, "flag": "1"}] * 2)
    assert [each.code for each in large] == ["claim_too_large"]  # type: ignore[union-attr]
    assert [each.code for each in build(small, "S", [{"a": "x"}] * 2)] == ["claim_too_many_lines"]  # type: ignore[union-attr]
    assert [each.code for each in build(small, "X", [{"a": "x"}])] == ["claim_message_unknown"]  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["object", "string"])
def test_the_wrapper_is_an_object_or_a_text(form: str) -> None:
    envelope = {"envelope": {"required": ["infno", "a"], "fields": {"infno": {}}}}
    made_by = profile(messages=envelope, input=form, wrapper="in")
    payload = build(made_by, "M", [{"a": "x"}])
    assert isinstance(payload, Payload)
    found = wrap(made_by, payload, {"a": "y"})
    assert isinstance(found, Payload)
    members = json.loads(found.text())
    inside = members.pop("in")
    assert members == {"infno": "M", "a": "y"}
    assert (json.loads(inside) if form == "string" else inside) == {"rows": [{"a": "x"}]}
    assert not isinstance(wrap(made_by, payload, {}), Payload)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"nonsense": 1}, "profile.nonsense"),
        ({"fields": {"a": {"kind": "image"}}}, "messages.M.a.kind"),
        ({"fields": {"a": {"most": "4"}}}, "messages.M.a.most"),
        ({"fields": {"a": {"moost": 4}}}, "messages.M.a.moost"),
        ({"fields": {"flag": {"table": "none"}}}, "messages.M.flag.table"),
        ({"messages": {"M": {"required": ["zzz"]}}}, "messages.M.zzz"),
        ({"messages": {"M": {"not_after": [["day", "a", "n"]]}}}, "messages.M"),
        ({"messages": {"M": {"one_of": [["zzz"]]}}}, "messages.M"),
        ({"messages": {"S": {"like": "T"}}}, "messages.S.like"),
        ({"messages": {"M": {"node": ""}}}, "messages.M"),
        ({"messages": {"M": {"constants": {"a": "x"}}}}, "messages.M"),
        ({"fields": {"codes": {"place": "beside"}}}, "messages.M"),
        ({"forms": {"numbers": "roman"}}, "forms.numbers"),
        ({"forms": {"charset": "klingon"}}, "forms.charset"),
        ({"trades": {"sale": "X"}}, "trades.sale"),
        ({"routes": {"one": ["sale"]}}, "routes.one"),
        ({"input": "list"}, "input"),
        ({"limits": {"lines": -1}}, "limits.lines"),
        ({"tables": []}, "tables"),
    ],
)  # fmt: skip
def test_a_profile_that_says_nonsense_is_told_where(more: dict[str, object], path: str) -> None:
    with pytest.raises(BadProfile) as caught:
        profile(**more)
    assert caught.value.path == path


def test_every_problem_has_a_text() -> None:
    texts = Texts.load()
    folder = resources_dir().parent / "app" / "domain"
    found = {
        code
        for name in ("profile_build.py", "profile_values.py")
        for code in re.findall(r'"(claim_\w+)"', (folder / name).read_text(encoding="utf-8"))
    }
    assert len(found) >= 15
    assert [code for code in sorted(found) if not texts.has(code)] == []


def test_every_profile_that_comes_with_the_program_can_be_read() -> None:
    folder = resources_dir() / "profiles"
    base = tomllib.loads((folder / "national.toml").read_text(encoding="utf-8"))
    for path in sorted(folder.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        assert profile_of(laid_over(base, data)).name == path.stem
