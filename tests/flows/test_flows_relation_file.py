"""Relation files of the production line: what is read, what is set aside and why, and that nothing is half kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.base.texts import Texts
from app.domain.relation_xml import BadFile, RelationReader
from app.flows.relation_report import FileReport
from app.flows.relation_words import report_words
from tests.fixtures.hospital import Dock, drug
from tests.flows.relation_bench import (
    Row,
    Taker,
    batch,
    box,
    bundle,
    carton,
    document,
    every_finding_has_words,
    tree,
    write,
)

ROOT = Path(__file__).resolve().parents[2]
LEAF = ("YP-1", "B1", "2029-06-30", "2026-07-01")
VIRTUAL = "8999013" + "9" * 13


@pytest.fixture
def taker(tmp_path: Path) -> Iterator[Taker]:
    with Taker(tmp_path / "data") as made:
        yield made


def take(taker: Taker, text: str | bytes, name: str = "relation.xml") -> FileReport:
    report = taker.files.take_in(write(taker.folder, text, name))
    every_finding_has_words(report)
    return report


def problems(report: FileReport) -> list[tuple[str, int | None]]:
    return [(each.code, each.line) for each in report.problems]


def notes(report: FileReport) -> list[str]:
    return [each.code for each in report.notes]


# ------------------------------------------------------------------------------------------------------ sound files


def test_a_carton_comes_in_with_its_batch_on_the_smallest_packs(taker: Taker) -> None:
    report = take(taker, document(batch(tree())))

    assert (report.state, report.codes, report.cartons, report.set_aside) == ("taken_in", 7, 1, 0)
    assert report.levels == ((1, 4), (2, 2), (3, 1))
    assert (report.batches, report.drugs, report.flags) == (("B1",), ("YP-1",), (("0", 7),))
    assert (report.problems, report.notes) == ((), ())
    claims = taker.shelf.claims()
    assert claims[carton(0)] == (3, None, "YP-1", None, None, None)
    assert claims[bundle(1)] == (2, carton(0), "YP-1", None, None, None)
    assert claims[box(3)] == (1, bundle(1), *LEAF)


def test_looking_into_a_file_keeps_nothing(taker: Taker) -> None:
    report = taker.files.inspect(write(taker.folder, document(batch(tree()))))

    assert (report.state, report.codes) == ("sound", 7)
    assert taker.shelf.calls == []


def test_the_same_file_is_taken_in_once(taker: Taker) -> None:
    first = take(taker, document(batch(tree())))
    again = take(taker, document(batch(tree())))

    assert (again.state, again.source) == ("already_here", first.source)
    assert again.source_name == first.source_name == f"relation.xml {first.digest}"
    assert taker.shelf.calls == ["begin", "complete"]


def test_a_copy_under_another_name_is_recognised(tmp_path: Path) -> None:
    with Dock(tmp_path / "data") as dock:
        dock.feed(drug("D1", {"8999011": 1, "8999012": 2, "8999013": 3}))
        first = dock.program.take_in_file(write(tmp_path, document(batch(tree())), name="一号线.xml"))
        copy = dock.program.take_in_file(write(tmp_path, document(batch(tree())), name="副本.xml"))
        other = dock.program.take_in_file(write(tmp_path, document(batch(tree(1))), name="一号线.xml"))

        assert (first.state, copy.state, other.state) == ("taken_in", "already_here", "taken_in")
        assert (copy.source, copy.imported_as) == (first.source, "一号线.xml")
        words = next(iter(report_words(copy, Texts.load(), "zh")))
        assert words.startswith("副本.xml：内容与 20")
        assert "导入的 一号线.xml 相同" in words
        found = dock.program.look_up(carton(0)).tree
        assert found is not None
        assert [(line.kind, line.name, line.says) for line in found.sources] == [
            ("line_file", "一号线.xml", "一号线.xml")
        ]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("UTF-8", "GB18030").encode("gb18030"),
        lambda text: text.replace("UTF-8", "gb2312").encode("gb18030"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("UTF-8", "utf-16").encode("utf-8"),
        lambda text: text.partition("?>")[2].lstrip().encode("utf-8"),
        lambda text: text.replace("\n", "\r\n").encode("utf-8"),
    ],
    ids=["utf8", "bom", "gb18030", "gb2312", "utf16", "says_utf16", "undeclared", "crlf"],
)
def test_encodings(taker: Taker, encode: object) -> None:
    assert callable(encode)
    report = take(taker, encode(document(batch(tree()))))

    assert (report.state, report.codes, problems(report)) == ("taken_in", 7, [])


def test_names_in_any_case_and_with_a_namespace_are_the_same_names(taker: Taker) -> None:
    text = document(batch(tree()))
    for name in ("curCode", "packLayer", "parentCode", "batchNo", "validateDate", "Event name", "Events version"):
        text = text.replace(name, name.upper())
    text = text.replace("</Event", "</EVENT").replace("</EVENTs", "</EVENTS").replace("<Code ", "<r:code ")

    assert take(taker, text).codes == 7
    assert taker.shelf.claims()[box(0)] == (1, bundle(0), *LEAF)


def test_children_may_come_before_their_parents_and_batches_may_be_many(taker: Taker) -> None:
    first, second = tree(0), tree(1)
    report = take(taker, document(batch(reversed(first)), batch(reversed(second), "B2", expiry="2029-07-31")))

    assert (report.codes, report.cartons, report.batches) == (14, 2, ("B1", "B2"))
    assert taker.shelf.claims()[box(4)] == (1, bundle(2), "YP-1", "B2", "2029-07-31", "2026-07-01")


def test_gs1_codes_and_their_parents_meet_under_one_key(taker: Taker) -> None:
    plain = "010952999900200221A1B2C3\x1d17290331"
    rows = [
        Row("(01)09529999002002(21)PARENT1", 2),
        Row("0109529999002002" + "21A1B2C3", 1, "010952999900200221PARENT1"),
    ]
    report = take(taker, document(batch(rows)))

    assert "\x1d" in plain
    assert report.state == "taken_in"
    assert set(taker.shelf.claims()) == {"010952999900200221PARENT1", "010952999900200221A1B2C3"}
    assert taker.shelf.claims()["010952999900200221A1B2C3"][1] == "010952999900200221PARENT1"


def test_what_may_be_left_out_may_be_left_out(taker: Taker) -> None:
    rows = "<Code curCode='MY-OWN-0001'/>"
    report = take(
        taker, f"<Document><Events><Event><Relation><Batch>{rows}</Batch></Relation></Event></Events></Document>"
    )

    assert report.state == "taken_in"
    assert taker.shelf.claims() == {"MY-OWN-0001": (None, None, None, None, None, None)}
    assert notes(report) == ["relation_level_missing", "relation_product_unknown"]


def test_the_drug_comes_from_the_prefix_and_else_from_the_product_code(taker: Taker) -> None:
    rows = [Row("89997770000000000001", 1), Row(box(1), 1)]
    take(taker, document(batch(rows), product="YP-2"))

    assert [claim[2] for claim in taker.shelf.claims().values()] == ["YP-2", "YP-1"]


# ---------------------------------------------------------------------------------------------------- what is noted


@pytest.mark.parametrize(
    "attribute", ['parentCode="" ', "", f'parentCode="{VIRTUAL}" '], ids=["empty", "absent", "nines"]
)
def test_a_placeholder_is_no_parent(taker: Taker, attribute: str) -> None:
    report = take(
        taker, document(batch([])).replace("</Batch>", f'<Code curCode="{box(1)}" {attribute}packLayer="1"/></Batch>')
    )

    assert taker.shelf.claims() == {box(1): (1, None, *LEAF)}
    assert notes(report) == (["relation_virtual_parent"] if VIRTUAL in attribute else [])


def test_the_row_of_a_placeholder_is_no_package(taker: Taker) -> None:
    report = take(taker, document(batch([Row(VIRTUAL, 3), Row(box(1), 1, VIRTUAL), Row(box(2), 1, VIRTUAL)])))

    assert set(taker.shelf.claims()) == {box(1), box(2)}
    assert notes(report) == ["relation_virtual_row", "relation_virtual_parent", "relation_virtual_parent"]


def test_a_row_that_stands_twice_counts_once(taker: Taker) -> None:
    report = take(taker, document(batch([*tree(), *tree()])))

    assert (report.codes, set(notes(report)), report.problems) == (7, {"relation_row_again"}, ())


def test_a_mixed_carton_stands_in_both_batches_and_its_boxes_in_one_each(taker: Taker) -> None:
    top = Row(carton(0), 3)
    report = take(
        taker, document(batch([top, Row(box(1), 1, carton(0))]), batch([top, Row(box(2), 1, carton(0))], "B2"))
    )

    claims = taker.shelf.claims()
    assert notes(report) == ["relation_mixed_batches"]
    assert (claims[carton(0)][3], claims[box(1)][3], claims[box(2)][3]) == (None, "B1", "B2")


def test_other_notes(taker: Taker) -> None:
    rows = [Row(box(1), 1, carton(9)), Row(bundle(1), 1), Row("89997770000000000001", 1)]
    report = take(taker, document(batch(rows, expiry="20290630"), product="NOBODY"))

    assert sorted(notes(report)) == [
        "relation_date_bad", "relation_level_differs", "relation_parent_not_listed", "relation_product_unknown",
    ]  # fmt: skip
    assert taker.shelf.claims()[box(1)] == (1, carton(9), "YP-1", "B1", None, "2026-07-01")


def test_a_flag_is_only_counted(taker: Taker) -> None:
    report = take(
        taker, document(batch([Row(box(1), 1, flag="2"), Row(box(2), 1, flag="0"), Row(box(3), 1, flag=None)]))
    )

    assert report.flags == (("", 1), ("0", 1), ("2", 1))


# ------------------------------------------------------------------------------- what sets a tree, or all of it, aside


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("relation_self_parent", [Row(box(90), 1, box(90))]),
        ("relation_level_turned", [Row(box(90), 2), Row(bundle(90), 3, box(90))]),
        ("relation_level_turned", [Row(box(90), 1, box(91)), Row(box(91), 1)]),
        ("relation_level_bad", [Row(bundle(90), "two"), Row(box(90), 1, bundle(90))]),
        ("relation_level_bad", [Row(bundle(90), 2), Row(box(90), -1, bundle(90))]),
        (
            "relation_two_parents",
            [Row(bundle(90), 2), Row(bundle(91), 2), *(Row(box(90), 1, bundle(n)) for n in (90, 91))],
        ),
        ("relation_two_levels", [Row(box(90), 1), Row(box(90), 2)]),
        ("relation_code_missing", [Row(bundle(90), 2), Row(None, 1, bundle(90))]),
        ("relation_code_unusable", [Row(bundle(90), 2), Row("6901234567892", 1, bundle(90))]),
        ("relation_parent_unusable", [Row(box(90), 1, "6901234567892")]),
    ],
)
def test_a_contradiction_keeps_its_tree_out_and_lets_the_others_in(taker: Taker, code: str, rows: list[Row]) -> None:
    under = [Row(box(99), 1, rows[0].code)] if rows[0].level == 2 and code != "relation_level_turned" else []
    report = take(taker, document(batch([*tree(), *rows, *under])))

    assert [name for name, _ in problems(report)] == [code]
    assert all(line and line > 12 for _, line in problems(report))
    assert (report.state, report.codes) == ("taken_in", 7)
    assert report.set_aside == len({row.code for row in (*rows, *under) if row.code and not row.code.startswith("69")})
    assert set(taker.shelf.claims()) == {row.code for row in tree()}


def test_a_box_in_two_batches_is_a_contradiction(taker: Taker) -> None:
    report = take(taker, document(batch(tree(0)), batch([Row(box(0), 1, bundle(0)), *tree(1)], "B2")))

    assert [name for name, _ in problems(report)] == ["relation_two_batches"]
    assert set(taker.shelf.claims()) == {row.code for row in tree(1)}


def test_a_file_of_nothing_but_contradictions_brings_nothing(taker: Taker) -> None:
    report = take(taker, document(batch([Row(box(1), 1, box(1))])))

    assert (report.state, problems(report)) == ("refused", [("relation_self_parent", 7)])
    assert taker.shelf.calls == []


def test_a_thousand_problems_are_counted_and_a_few_are_listed(taker: Taker) -> None:
    report = take(taker, document(batch([*tree(), *(Row(box(n), 1, box(n)) for n in range(100, 1_100))])))

    assert (len(report.problems), dict(report.counted)) == (20, {"relation_self_parent": 1_000})
    assert (report.codes, report.set_aside) == (7, 1_000)


BOMB = (
    """<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Document>&b;</Document>"""
)
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE Document SYSTEM "file:///etc/passwd"><Document/>"""
SOUND = document(batch(tree()))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("xml_entities", BOMB),
        ("xml_entities", OUTSIDE),
        ("xml_entities", SOUND.replace("一号线", "&secret;")),
        ("relation_not_xml", "hello"),
        ("relation_not_xml", SOUND.replace("</Events>", "</Event>")),
        ("relation_not_xml", SOUND + SOUND),
        ("relation_packed", b"PK\x03\x04" + bytes(600)),
        ("relation_empty", ""),
        ("relation_empty", document(batch([]))),
        ("relation_truncated", SOUND[: len(SOUND) // 2]),
        ("relation_truncated", SOUND[:-3]),
        ("relation_truncated", SOUND.encode()[: SOUND.encode().index("一号线".encode()) + 1]),
        ("relation_encoding", SOUND.encode("gb18030")),
        ("relation_encoding_unknown", SOUND.replace("UTF-8", "KOI8-R")),
        ("relation_schema", "<Workbook><Sheet/></Workbook>"),
        ("relation_schema", SOUND.replace("Relation ", "Other ").replace("</Relation>", "</Other>")),
        ("relation_schema", "<Document>" * 40 + "</Document>" * 40),
        ("relation_event", SOUND.replace("RelationCreate", "RelationDelete")),
        ("relation_cycle", document(batch([*tree(), *(Row(box(n), None, box((n + 1) % 3 + 90)) for n in range(93))]))),
        ("relation_cycle", document(batch([*tree(), Row(box(8), 1, bundle(8)), Row(bundle(8), 2, box(8))]))),
        ("relation_too_deep", document(batch([*tree(), *(Row(box(n), None, box(n + 1)) for n in range(90, 120))]))),
    ],
)
def test_a_wrong_file_brings_nothing_and_says_why(taker: Taker, code: str, text: str | bytes) -> None:
    report = take(taker, text)

    assert report.problems[0].code == code
    assert report.state == "refused"
    assert taker.shelf.calls == []


def test_a_giant_token_does_not_fill_the_memory() -> None:
    reader = RelationReader()
    reader.feed(b"<Document>" + b" " * 600)
    fed = 0

    def feed_for_ever() -> None:
        nonlocal fed
        while fed < 100_000_000:
            reader.feed(b"x" * 65_536)
            fed += 65_536

    with pytest.raises(BadFile, match="relation_token"):
        feed_for_ever()
    assert fed < 5_000_000


def test_a_file_that_is_not_there(taker: Taker) -> None:
    with pytest.raises(Trouble, match="file_missing"):
        taker.files.inspect(taker.folder / "none.xml")
    with pytest.raises(Trouble, match="file_unreadable"):
        taker.files.take_in(taker.folder)
