"""The tree of packages in words, for the screen and the command line alike. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.base.texts import Texts
from app.flows.package_view import Conflict, Side, SourceLine, TreeNode

When = Callable[[int], str]  # a moment (epoch ms) as people read it


def level_words(texts: Texts, lang: str, level: int | None) -> str:
    """What kind of package it is."""
    if level is None:
        return texts.title("tree_level_unknown", lang)
    return texts.title(f"tree_level_{level}" if 1 <= level <= 3 else "tree_level_other", lang, level=level)


def more_words(texts: Texts, lang: str, count: int) -> str:
    """That some are not listed."""
    return texts.title("tree_more", lang, count=f"{count:,}")


def value_words(texts: Texts, lang: str, node: TreeNode) -> str:
    """How many of how many are in; for one pack, what became of it."""
    if not node.children and not node.more and node.packs <= 1:
        return texts.title(f"tree_state_{node.state}", lang)
    if node.estimated:
        return texts.title("tree_about", lang, count=f"{node.packs:,}")
    return f"{node.packs_in:,}/{node.packs:,}"


def detail_words(texts: Texts, lang: str, node: TreeNode, above: TreeNode | None) -> tuple[str, ...]:
    """What cannot be seen from the package around it, from the long form to the short one; may be empty.

    The short ones do without the drug, and then without the expiry.
    """
    said = (("tree_disputed", node.disputed), ("tree_opened", node.opened))
    marks = [texts.title(code, lang) for code, holds in said if holds]
    name = batches = expiry = ""
    if node.name and (above is None or node.name != above.name):
        name = node.name
    if node.batches and (above is None or node.batches != above.batches):
        joint = "、" if lang == "zh" else ", "
        batches = texts.title("tree_batches", lang, batches=joint.join(node.batches))
    if node.expiry and (above is None or node.expiry != above.expiry):
        expiry = texts.title("tree_expiry", lang, day=node.expiry)
    forms = ([*marks, name, batches, expiry], [*marks, batches, expiry], [*marks, batches], marks or [name])
    return tuple(dict.fromkeys(words for form in forms if (words := " · ".join(part for part in form if part))))


def source_words(texts: Texts, lang: str, kind: str, *more: str) -> str:
    """Who it is, and whatever sets it apart."""
    code = f"tree_source_{kind}"
    return " ".join(part for part in (texts.title(code, lang) if texts.has(code) else kind, *more) if part)


def sources_words(texts: Texts, lang: str, sources: Sequence[SourceLine], when: When | None) -> str:
    """`来源：云码平台 09:12 · 生产线文件 …`, the most trusted first; without `when` only who they are."""
    trusted = sorted(sources, key=lambda source: -source.trust)
    if when is None:
        said = [source_words(texts, lang, source.kind) for source in trusted]
    else:
        said = [source_words(texts, lang, source.kind, source.says, _moment(when, source.at_ms)) for source in trusted]
    return texts.title("tree_sources", lang, sources=" · ".join(dict.fromkeys(said))) if said else ""


def conflict_words(texts: Texts, lang: str, conflict: Conflict, code_words: str) -> str:
    """What the sources disagree about; `code_words`: the code as it is shown."""
    code = f"tree_conflict_{conflict.about}"
    return texts.title(code if texts.has(code) else "tree_conflict_other", lang, code=code_words)


def side_words(texts: Texts, lang: str, about: str, side: Side, when: When) -> tuple[str, str]:
    """Who, and what it says."""
    who = source_words(texts, lang, side.kind, side.name, _moment(when, side.at_ms))
    if not side.says:
        return who, texts.title("tree_says_nothing", lang)
    code = f"tree_says_{about}"
    return who, texts.title(code, lang, says=side.says) if texts.has(code) else side.says


def _moment(when: When, at_ms: int | None) -> str:
    """Empty where nobody says when."""
    return when(at_ms) if at_ms else ""
