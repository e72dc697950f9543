"""The tree of packages on the command line: unfolded down to the code that was asked for, in few lines."""

from __future__ import annotations

import datetime as dt

import pytest

from app.base.texts import LANGUAGES, Texts
from app.cli.tree_words import Said, facts_lines, tree_lines
from app.flows.package_view import Conflict, DrugFacts, PackageTree, Side, SourceLine, State, TreeNode

TEXTS = Texts.load()
ZONE = dt.timezone(dt.timedelta(hours=8))
NOW_MS = 1_795_327_200_000  # 2026-11-22T06:00:00Z


def node(code: str, level: int | None, *children: TreeNode, state: State = "in", **changed: object) -> TreeNode:
    packs = sum(child.packs for child in children) or 1
    packs_in = sum(child.packs_in for child in children) if children else int(state == "in")
    values: dict[str, object] = {
        "code": code, "level": level, "drug": "YP-1", "name": "药", "batches": ("B1",), "expiry": None,
        "state": state, "packs": packs, "packs_in": packs_in, "children": children,
    }  # fmt: skip
    return TreeNode(**(values | changed))  # type: ignore[arg-type]


def lines(tree: PackageTree, lang: str = "zh") -> list[str]:
    return list(tree_lines(tree, TEXTS, lang, ZONE))


def test_the_way_to_the_code_is_unfolded_and_nothing_else() -> None:
    here = node("B2", 2, node("X3", 1, state="missing"), node("X4", 1), here=True)
    root = node("C1", 3, node("B1", 2, node("X1", 1)), here, batches=("B1", "B2"))
    tree = PackageTree(root, (SourceLine("line_file", "n", NOW_MS, 35, "f.xml"), SourceLine("relay", "m", NOW_MS, 40)))

    assert lines(tree) == [
        "包装关系：",
        "    大箱 C1 2/3 药 · 批号 B1、B2",
        "      中包 B1 1/1 批号 B1",
        "    → 中包 B2 1/2 批号 B1",
        "        小包装 X3 未收",
        "        小包装 X4 已收",
        "来源：云码平台 2026-11-22 14:00 · 生产线文件 f.xml 2026-11-22 14:00",
    ]


def test_a_long_carton_is_a_window_around_the_code() -> None:
    boxes = [node(f"X{number:05d}", 1, here=number == 7_000) for number in range(10_000)]
    said = lines(PackageTree(node("C1", 2, *boxes, more=5)))

    assert len(said) == 2 + 30 + 1
    assert sum("→" in line for line in said) == 1
    assert said[-1].strip() == "还有 9,975 个没有列出"


def test_who_disagrees_about_what() -> None:
    sides = (Side("relay", "M-1", NOW_MS, "2"), Side("clerk", "", None, ""))
    tree = PackageTree(node("C1", None, here=True), (), (Conflict("C1", "level", sides), Conflict("C1", "odd", sides)))

    assert lines(tree)[2:] == [
        "C1 是第几级包装，说法不一", "  云码平台 M-1 2026-11-22 14:00: 第 2 级", "  现场登记: 没有说",
        "关于 C1，各来源说法不一", "  云码平台 M-1 2026-11-22 14:00: 2", "  现场登记: 没有说",
    ]  # fmt: skip


def test_what_stands_above_the_tree_is_not_said_again() -> None:
    said = Said("药", "B1", "2029-06-30", "1 箱 × 120 瓶/箱 = 120 瓶")

    def told(root: TreeNode) -> list[str]:
        return list(tree_lines(PackageTree(root, arithmetic=said.arithmetic), TEXTS, "zh", ZONE, said=said))

    assert told(node("X1", 1, expiry="2029-06-30", here=True)) == ["包装关系：", "  → 小包装 X1 已收"]
    assert told(node("X1", 1, expiry="2029-06-30", here=True, batches=("B1", "B2"), disputed=True))[1:] == [
        "  → 小包装 X1 已收 说法不一 · 批号 B1、B2",
    ]
    around = node("C1", 3, node("X1", 1, here=True, expiry="2029-06-30"), expiry="2029-06-30")
    assert told(around)[1:] == ["    大箱 C1 1/1 药 · 批号 B1 · 有效期至 2029-06-30", "    → 小包装 X1 已收"]


def test_facts_and_nothing() -> None:
    assert lines(PackageTree(None)) == []
    facts = DrugFacts("通用", expiry="2029-06-30", maker="厂", arithmetic="60 盒 × 20 瓶/盒 = 1200 瓶")
    assert list(facts_lines(facts, TEXTS, "zh")) == ["通用名：通用", "生产企业：厂", "60 盒 × 20 瓶/盒 = 1200 瓶"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_state_and_kind_has_words(lang: str) -> None:
    states: tuple[State, ...] = ("in", "missing", "elsewhere", "damaged", "rejected", "unknown")
    children = [node(state, level, state=state) for level, state in enumerate(states)]
    root = node("C", 9, *children, here=True, disputed=True, opened=True, estimated=True, expiry="2029-06-30")
    said = "\n".join(lines(PackageTree(root, arithmetic="1 = 2"), lang))

    assert "tree_" not in said
    assert "{" not in said
