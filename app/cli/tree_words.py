"""The tree of packages as lines of text, for `matou show`: unfolded down to the code that was asked for. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.base.texts import Texts
from app.flows.package_view import DrugFacts, PackageTree, TreeNode
from app.flows.package_words import (
    conflict_words,
    detail_words,
    level_words,
    more_words,
    side_words,
    sources_words,
    value_words,
)

SHOWN_AT_ONCE = 30  # of the packages in one; the code that was asked for is always among them
STEP = "  "


@dataclass(frozen=True, slots=True)
class Said:
    """What stands above the tree of the code that was asked for."""

    name: str | None = None
    batch: str | None = None
    expiry: str | None = None
    arithmetic: str = ""

    def of(self, node: TreeNode) -> TreeNode:
        """The node as far as it is said."""
        return replace(node, name=self.name, batches=(self.batch,) if self.batch else (), expiry=self.expiry)


NOTHING_SAID = Said()


def tree_lines(
    tree: PackageTree, texts: Texts, lang: str, zone: dt.tzinfo, *, said: Said = NOTHING_SAID
) -> Iterator[str]:  # fmt: skip
    """A line per package, then who says so and who disagrees. What is `said` of the code already is not said again."""
    if tree.root is None:
        return

    def when(at_ms: int) -> str:
        return dt.datetime.fromtimestamp(at_ms / 1000, tz=zone).strftime("%Y-%m-%d %H:%M")

    counted = tree.arithmetic if tree.arithmetic != said.arithmetic else ""
    yield texts.line("show_tree", lang) + (f" {counted}" if counted else "")
    yield from _branch(tree.root, said.of(tree.root) if tree.root.here else None, 1, texts, lang)
    if tree.sources:
        yield sources_words(texts, lang, tree.sources, when)
    for conflict in tree.conflicts:
        yield conflict_words(texts, lang, conflict, conflict.code)
        for side in conflict.sides:
            who, says = side_words(texts, lang, conflict.about, side, when)
            yield f"{STEP}{who}: {says}"


def facts_lines(facts: DrugFacts, texts: Texts, lang: str) -> Iterator[str]:
    """What the hospital knows of the drug; what it does not say takes no line. The expiry is the package's own."""
    for code, value in (
        ("tree_generic", facts.generic),
        ("tree_trade", facts.trade),
        ("tree_approval", facts.approval_no),
        ("tree_spec", facts.spec),
        ("tree_pack_spec", facts.pack_spec),
        ("tree_maker", facts.maker),
        ("tree_hospital_unit", facts.hospital_unit),
    ):
        if value:
            yield f"{texts.title(code, lang)}{'：' if lang == 'zh' else ': '}{value}"
    if facts.arithmetic:
        yield facts.arithmetic


def _branch(node: TreeNode, above: TreeNode | None, depth: int, texts: Texts, lang: str) -> Iterator[str]:
    details = detail_words(texts, lang, node, above)
    mark = "→ " if node.here else STEP
    words = (level_words(texts, lang, node.level), node.code, value_words(texts, lang, node), *details[:1])
    yield f"{STEP * depth}{mark}{' '.join(words)}"
    if not _leads_to_here(node):
        return
    shown, hidden = _chosen(node.children)
    for child in shown:
        yield from _branch(child, node, depth + 1, texts, lang)
    if hidden + node.more:
        yield f"{STEP * (depth + 2)}{more_words(texts, lang, hidden + node.more)}"


def _chosen(children: tuple[TreeNode, ...]) -> tuple[tuple[TreeNode, ...], int]:
    """A window of the children around the way to the code that was asked for."""
    place = next((place for place, child in enumerate(children) if _leads_to_here(child)), 0)
    first = max(0, min(place - SHOWN_AT_ONCE // 2, len(children) - SHOWN_AT_ONCE))
    shown = children[first : first + SHOWN_AT_ONCE]
    return shown, len(children) - len(shown)


def _leads_to_here(node: TreeNode) -> bool:
    return node.here or any(_leads_to_here(child) for child in node.children)
