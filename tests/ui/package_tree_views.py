"""Trees of packages for the pictures: invented, one for every state that a tree can be in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.flows.package_view import Conflict, DrugFacts, PackageTree, Side, SourceLine, State, TreeNode

NOW_MS = 1_795_327_200_000  # 2026-11-22T06:00:00Z
CARTON = "89990139836900602677"
BUNDLE = "89990123546848745299"
NAME = "阿莫西林胶囊"
DIGEST = "9f8e" * 16
SOURCES = (
    SourceLine("relay", "M-20261121-07", NOW_MS - 3_600_000 * 4, 40, ""),
    SourceLine("line_file", f"HB2607.xml {DIGEST}", NOW_MS - 86_400_000, 35, "HB2607.xml"),
)


def box(number: int, state: State = "in", **changed: object) -> TreeNode:
    values: dict[str, object] = {
        "code": f"8999011{4_017_572_284_642 + 97 * number:013d}", "level": 1, "drug": "YP-0001", "name": NAME,
        "batches": ("260701",), "expiry": "2029-06-30", "state": state, "packs": 1, "packs_in": int(state == "in"),
    }  # fmt: skip
    return TreeNode(**(values | changed))  # type: ignore[arg-type]


def package(code: str, level: int, children: Iterable[TreeNode], **changed: object) -> TreeNode:
    """A bundle or a carton; counts and batches follow from what is in it."""
    inside = tuple(children)
    packs, packs_in = sum(each.packs for each in inside), sum(each.packs_in for each in inside)
    batches = tuple(sorted({batch for each in inside for batch in each.batches}))
    expiries = {each.expiry for each in inside}
    values: dict[str, object] = {
        "code": code, "level": level, "drug": "YP-0001", "name": NAME, "batches": batches,
        "expiry": expiries.pop() if len(expiries) == 1 else None, "state": "in" if packs == packs_in else "missing",
        "packs": packs, "packs_in": packs_in, "children": inside,
    }  # fmt: skip
    return TreeNode(**(values | changed))  # type: ignore[arg-type]


def bundle(number: int, children: Iterable[TreeNode], **changed: object) -> TreeNode:
    return package(f"8999012{3_546_848_745_268 + 31 * number:013d}", 2, children, **changed)


def carton_of_bundles() -> TreeNode:
    """The bundle under the hand is partly in: the first is whole, the third is not there."""
    whole = bundle(0, (box(number) for number in range(20)))
    states: tuple[State, ...] = ("in", "missing", "in", "damaged", "rejected", "elsewhere", "unknown", "missing")
    partly = bundle(1, (box(100 + number, states[number % 8]) for number in range(20)), here=True)
    away = bundle(2, (box(200 + number, "missing") for number in range(20)))
    return package(CARTON, 3, (whole, partly, away))


def box_in_a_mixed_carton() -> TreeNode:
    """A box under the hand, two batches, an opened bundle, a disputed one."""
    other = {"batches": ("260702",), "expiry": "2029-07-31"}
    first = bundle(0, (box(number, here=number == 3) for number in range(6)))
    second = bundle(1, (box(50 + number, "missing", **other) for number in range(6)), opened=True)
    third = bundle(2, (box(90 + number, **(other if number % 2 else {})) for number in range(4)), disputed=True)
    return package(CARTON, 3, (first, second, third), opened=True, disputed=True)


def long_carton(count: int = 10_000) -> TreeNode:
    """Boxes directly in a carton, the one under the hand in the middle."""
    return package(
        CARTON,
        3,
        (box(number, "in" if number % 3 else "missing", here=number == count // 2) for number in range(count)),
    )


def unknown_content() -> TreeNode:
    """A pallet by another maker: nobody named the boxes, and the level of one package is not known."""
    name = "注射用甲磺酸加贝酯（冻干粉针剂，静脉滴注用）"
    loose = TreeNode("00395299990000000171", None, None, name, (), None, "unknown", 200, 0, estimated=True, here=True)
    return TreeNode("MA.156.M0.100221.1A2B3C.SLOT-0001", 4, None, name, (), None, "missing", 4_800, 0, estimated=True,
                    children=(loose,), more=23)  # fmt: skip


CONFLICTS = (
    Conflict(
        "89990114017572284642", "parent",
        (
            Side("relay", "M-20261121-07", NOW_MS - 3_600_000 * 4, "89990123546848745268"),
            Side("line_file", "HB2607.xml", NOW_MS - 86_400_000, "89990123546848745299"),
        ),
    ),
    Conflict(BUNDLE, "level", (Side("relay", "", NOW_MS, "2"), Side("clerk", "", NOW_MS, "3"))),
    Conflict(BUNDLE, "children", (Side("relay", "", NOW_MS, "20"), Side("line_file", "HB2607.xml", None, ""))),
    Conflict(BUNDLE, "content", (Side("relay", "", NOW_MS, "260701"), Side("line_file", "", NOW_MS, "260702"))),
)  # fmt: skip
FACTS = DrugFacts(
    NAME, "再林", "国药准字H20267001", "0.25g", "24粒/盒×20盒/中包×10中包/箱", "2029-06-30",
    "演示制药股份有限公司（模拟）", "瓶", "60 盒 × 20 瓶/盒 = 1200 瓶",
)  # fmt: skip
TREES = {
    "bundle": PackageTree(carton_of_bundles(), SOURCES, (), "1 箱 = 3 中包 = 60 盒"),
    "mixed": PackageTree(box_in_a_mixed_carton(), SOURCES, CONFLICTS),
    "long": PackageTree(long_carton(), SOURCES[:1]),
    "unknown": PackageTree(unknown_content(), (replace(SOURCES[1], kind="somebody", says=""),)),
}
