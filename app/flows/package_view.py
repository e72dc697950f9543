"""What is known of the packages around a code, as a screen draws it: the tree, who says so, who disagrees. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["in", "missing", "elsewhere", "damaged", "rejected", "unknown"]


@dataclass(frozen=True, slots=True)
class TreeNode:
    """One package. Counts are smallest packs below it; for a smallest pack they are its own (1, and 1 if it is in)."""

    code: str
    level: int | None  # 1 is the smallest; None: nobody says
    drug: str | None
    name: str | None
    batches: tuple[str, ...]
    expiry: str | None  # ISO day
    state: State
    packs: int
    packs_in: int
    estimated: bool = False  # nobody named the packs below it: `packs` is a default
    here: bool = False  # the code under the hand
    disputed: bool = False  # sources disagree about it
    opened: bool = False  # 拆箱: it does not stand for its full set any more
    sources: tuple[str, ...] = ()  # kinds
    children: tuple[TreeNode, ...] = ()
    more: int = 0  # children that are not listed


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source of what is shown. `says`: what sets it apart, such as its file or delivery; may be empty."""

    kind: str  # relay, line_file, middleware, clerk
    name: str
    at_ms: int
    trust: int
    says: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """What one source says in a conflict; `says` is data: a code, a level, a batch, a number."""

    kind: str
    name: str
    at_ms: int | None
    says: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Sources that disagree about a code. `about`: the kind of dispute (parent, level, content, children …)."""

    code: str
    about: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class PackageTree:
    """The tree of the code under the hand, from its outermost package down; None where nobody knows it."""

    root: TreeNode | None
    sources: tuple[SourceLine, ...] = ()  # the most trusted first
    conflicts: tuple[Conflict, ...] = ()
    arithmetic: str = ""


@dataclass(frozen=True, slots=True)
class DrugFacts:
    """What a person compares with the print on the box; empty where the hospital does not say."""

    generic: str  # 通用名
    trade: str = ""  # 商品名
    approval_no: str = ""  # 批准文号
    spec: str = ""  # 规格
    pack_spec: str = ""  # 包装
    expiry: str = ""  # 效期
    maker: str = ""  # 生产企业
    hospital_unit: str = ""
    arithmetic: str = ""  # such as 60 盒 × 20 瓶/盒 = 1200 瓶
