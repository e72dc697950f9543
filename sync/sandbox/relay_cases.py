"""Hard deliveries, drawn from one number: every case that packages make trouble with, and what the relay says of it.

Pure; lives on no thread. The packages of a delivery are the goods as they stand at the dock; what the relay tells may
be older (a code was replaced, a box was taken out), less (a second version follows), more or simply wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from msgspec.structs import replace

from sync.sandbox.deliveries import DeliverySeed
from sync.sandbox.relay import Claim, Event, Row, Story, rows_of, shuffled
from sync.sandbox.relay_flaws import FLAWS
from sync.sandbox.wire import Line, ManifestState, Package

SUPPLIERS = ("演示医药商业有限公司", "示例药品配送有限公司", "演示医药物流有限公司")
ELSEWHERE = "示例医药批发有限公司"
DISTRIBUTOR_CARTON = "8999903"
"""Prefix of a distributor's own carton codes: in no catalogue, so its level is known by the manifest alone."""
_SHIPPED_MS = 1_795_290_000_000
_STATES: tuple[ManifestState, ...] = ("complete", "complete", "complete", "late", "wrong", "missing")


@dataclass(frozen=True, slots=True)
class Hard:
    """One hard delivery: the truth, what the relay says, and boxes of it that another receipt has."""

    seed: DeliverySeed
    story: Story
    elsewhere: tuple[str, ...]


@dataclass(slots=True)
class _Dock:
    """A delivery while it is packed."""

    drawn: random.Random
    used: set[str]
    number: str
    supplier: str
    lines: list[Line] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    told: list[Callable[[tuple[Row, ...]], tuple[Row, ...]]] = field(default_factory=list)
    """How the relay's rows differ from the truth, step by step."""
    kept_back: list[str] = field(default_factory=list)
    """Codes that only the second version tells."""
    elsewhere: list[str] = field(default_factory=list)

    def code(self, prefix: str) -> str:
        """A new code: 20 digits, the key of a GS1 code, a maker's own, or an SSCC."""
        while True:
            code = _drawn_code(prefix, self.drawn)
            if code not in self.used:
                self.used.add(code)
                return code

    def line(self, drug: str) -> int:
        """A new line of a drug; its packs are counted when all is packed."""
        made = date(2026, 1, 1) + timedelta(days=self.drawn.randrange(300))
        expiry = date(made.year + self.drawn.choice((2, 3)), made.month, 1) - timedelta(days=1)
        batch = f"H{made:%y%m}{self.drawn.randrange(100):02d}"
        line = Line(len(self.lines) + 1, drug, batch, expiry, 0, made)
        self.lines.append(line)
        return line.line

    def pack(self, prefix: str, level: int, line: int, parent: str | None = None, times: int = 1) -> list[str]:
        """So many packages of a kind, side by side."""
        codes = [self.code(prefix) for _ in range(times)]
        self.packages += [Package(code, level, parent, line) for code in codes]
        return codes

    def tree(self, prefixes: Mapping[int, str], line: int, shape: Iterable[int], top: int) -> str:
        """One package of level `top` that holds bundles of so many boxes each (0: a box of its own); its code."""
        [root] = self.pack(prefixes[top], top, line)
        for boxes in shape:
            [bundle] = self.pack(prefixes[2], 2, line, root)
            self.pack(prefixes[1], 1, line, bundle, boxes)
        return root

    def event(self, verb: str, **facts: object) -> None:
        """Something that happened after shipping."""
        at_ms = _SHIPPED_MS + 3_600_000 + len(self.events) * 60_000
        name = f"EV-{self.number}-{len(self.events) + 1}"
        self.events.append(Event(name, verb, at_ms, self.supplier, **facts))  # type: ignore[arg-type]


_DRUG_1 = {1: "8999011", 2: "8999012", 3: "8999013"}
_DRUG_2 = {1: "8999021", 2: "8999022", 3: "8999023"}
_DRUG_7 = {1: "8999071", 2: "8999072", 3: "8999073"}
_DRUG_8 = {1: "8999081", 2: "8999082", 3: "8999083"}


def clean(dock: _Dock) -> None:
    """A full carton of three levels."""
    dock.tree(_DRUG_1, dock.line("YP-0001"), [20] * 10, 3)


def partial_carton(dock: _Dock) -> None:
    """零箱: 47 boxes where the ratio says 400."""
    dock.tree(_DRUG_2, dock.line("YP-0002"), (20, 20, 7), 3)


def mixed_batch(dock: _Dock) -> None:
    """拼箱: two batches in one carton, and both in one of its bundles."""
    first, second = dock.line("YP-0007"), dock.line("YP-0007")
    carton = dock.tree(_DRUG_7, first, (20,), 3)
    [bundle] = dock.pack(_DRUG_7[2], 2, first, carton)
    dock.pack(_DRUG_7[1], 1, first, bundle, 12)
    dock.pack(_DRUG_7[1], 1, second, bundle, 8)


def mixed_drug(dock: _Dock) -> None:
    """A distributor's own carton with two drugs, one of them in a bundle and one loose in it."""
    digoxin, smectite = dock.line("YP-0008"), dock.line("YP-0007")
    [carton] = dock.pack(DISTRIBUTOR_CARTON, 3, digoxin)
    [bundle] = dock.pack(_DRUG_8[2], 2, digoxin, carton)
    dock.pack(_DRUG_8[1], 1, digoxin, bundle, 20)
    dock.pack(_DRUG_7[1], 1, smectite, carton, 5)


def level_gap(dock: _Dock) -> None:
    """A carton directly over boxes, although the drug has bundles."""
    line = dock.line("YP-0001")
    [carton] = dock.pack(_DRUG_1[3], 3, line)
    dock.pack(_DRUG_1[1], 1, line, carton, 30)


def pallet(dock: _Dock) -> None:
    """Two cartons on a pallet that carries an SSCC."""
    line = dock.line("YP-0007")
    [root] = dock.pack("00", 4, line)
    for _ in range(2):
        carton = dock.tree(_DRUG_7, line, (10, 10), 3)
        place = next(place for place, package in enumerate(dock.packages) if package.code == carton)
        dock.packages[place] = replace(dock.packages[place], parent=root)


def carton_only(dock: _Dock) -> None:
    """Injections coded by the carton: level 1, and 120 bottles of the hospital's each."""
    dock.pack("8999043", 1, dock.line("YP-0004"), times=dock.drawn.randint(3, 6))


def unit_mismatch(dock: _Dock) -> None:
    """Codes count boxes, the hospital counts bottles, twenty to a box."""
    line = dock.line("YP-0005")
    [carton] = dock.pack("8999053", 2, line)
    dock.pack("8999051", 1, line, carton, 60)


def gs1_cartons(dock: _Dock) -> None:
    """Imported goods with GS1 codes on both levels."""
    line = dock.line("YP-0010")
    for carton in dock.pack("19529999002027", 2, line, times=2):
        dock.pack("09529999002020", 1, line, carton, 10)


def collisions(dock: _Dock) -> None:
    """Trace codes that begin like GS1 element strings."""
    for drug, bundle, box, boxes in (("YP-0012", "8999122", "8012990", 20), ("YP-0013", "8999132", "8002990", 15)):
        line = dock.line(drug)
        [parent] = dock.pack(bundle, 2, line)
        dock.pack(box, 1, line, parent, boxes)


def maker_own(dock: _Dock) -> None:
    """Codes of a maker's own layout, without any prefix that a table knows."""
    dock.pack("DMZY-", 1, dock.line("YP-0011"), times=8)


def replaced_code(dock: _Dock) -> None:
    """Two boxes and a bundle carry new codes; the manifest has the old ones, and events tell of the new."""
    line = dock.line("YP-0007")
    carton = dock.tree(_DRUG_7, line, (10, 10), 3)
    bundles = [package for package in dock.packages if package.parent == carton]
    boxes = [package for package in dock.packages if package.parent == bundles[0].code]
    aliases: dict[str, str] = {}
    for package in (*boxes[:2], bundles[1]):
        old = aliases[package.code] = dock.code(package.code[:7])
        dock.event("add", parent=package.parent, children=(package.code,), replaces=old, note="单码替换")
    dock.told.append(lambda rows: tuple(_as_of_old(row, aliases) for row in rows))


def opened_carton(dock: _Dock) -> None:
    """A box was taken out before and went elsewhere: the manifest has it, the carton has not."""
    line = dock.line("YP-0008")
    carton = dock.tree(_DRUG_8, line, (10, 10), 3)
    bundle = next(package for package in dock.packages if package.parent == carton)
    box = next(package for package in dock.packages if package.parent == bundle.code)
    dock.packages.remove(box)
    dock.elsewhere.append(box.code)
    dock.event("delete", parent=bundle.code, children=(box.code,), note="拆箱出库")
    told = Row(box.code, 1, bundle.code, box.code[:7], dock.lines[line - 1].batch, amount=1)
    dock.told.append(lambda rows: (*rows, told))


def loose_boxes(dock: _Dock) -> None:
    """零头: boxes without any carton."""
    dock.pack(dock.drawn.choice(("8999021", "8999024")), 1, dock.line("YP-0002"), times=dock.drawn.randint(5, 9))


def all_nine_parent(dock: _Dock) -> None:
    """The carton was never scanned: the manifest puts a serial of nines over its boxes, which stand alone."""
    boxes = set(dock.pack("8999091", 1, dock.line("YP-0009"), times=15))
    nines = "8999093" + "9" * 13
    virtual = (Row(nines, 3, None, "8999093", amount=15),) if dock.drawn.random() < 0.5 else ()
    dock.told.append(
        lambda rows: (*(replace(row, parent=nines) if row.code in boxes else row for row in rows), *virtual)
    )


def two_parent_claim(dock: _Dock) -> None:
    """Another supplier claims a box of this delivery for a bundle of his own."""
    line = dock.line("YP-0001")
    carton = dock.tree(_DRUG_1, line, (10,), 3)
    bundle = next(package.code for package in dock.packages if package.parent == carton)
    contested = next(package.code for package in dock.packages if package.parent == bundle)
    other, mates = dock.code(_DRUG_1[2]), [dock.code(_DRUG_1[1]) for _ in range(3)]
    rows = tuple(Row(code, 1, other, _DRUG_1[1], amount=1) for code in (contested, *mates))
    dock.claims.append(Claim(ELSEWHERE, (Row(other, 2, None, _DRUG_1[2], amount=len(rows)), *rows)))


def second_version(dock: _Dock) -> None:
    """The first version is short of three boxes and of one whole bundle, the second has them."""
    carton = dock.tree(_DRUG_1, dock.line("YP-0001"), (10, 10), 3)
    bundles = [package.code for package in dock.packages if package.parent == carton]
    inside = {bundle: [one.code for one in dock.packages if one.parent == bundle] for bundle in bundles}
    dock.kept_back += [*inside[bundles[0]][:3], bundles[1], *inside[bundles[1]]]


def plain(dock: _Dock) -> None:
    """Goods like any others, for a manifest that is late, wrong or missing."""
    dock.tree(_DRUG_1, dock.line("YP-0001"), (10, 10), 3)


CASES: Mapping[str, Callable[[_Dock], None]] = {
    case.__name__: case
    for case in (
        clean, partial_carton, mixed_batch, mixed_drug, level_gap, pallet, carton_only, unit_mismatch, gs1_cartons,
        collisions, maker_own, replaced_code, opened_carton, loose_boxes, all_nine_parent, two_parent_claim,
        second_version,
    )
}  # fmt: skip


def hard_deliveries(seed: int, count: int) -> list[Hard]:
    """So many deliveries: first each case alone, then a late, a missing and every wrong manifest, then mixtures."""
    drawn = random.Random(f"hard {seed}")
    used: set[str] = set()
    alone: list[tuple[tuple[str, ...], ManifestState, str | None]] = [((name,), "complete", None) for name in CASES]
    alone += [(("plain",), "late", None), (("plain",), "missing", None)]
    alone += [(("plain",), "wrong", flaw) for flaw in FLAWS]
    made: list[Hard] = []
    for place in range(count):
        if place < len(alone):
            names, state, flaw = alone[place]
        else:
            names = tuple(drawn.sample(sorted(CASES), drawn.choice((2, 2, 3))))
            state = drawn.choice(_STATES)
            flaw = drawn.choice(sorted(FLAWS)) if state == "wrong" else None
        number = f"DEMO-H{seed}-{place + 1:02d}"
        made.append(_deliver(_Dock(drawn, used, number, drawn.choice(SUPPLIERS)), names, state, flaw))
    return made


def _deliver(dock: _Dock, names: tuple[str, ...], state: ManifestState, flaw: str | None) -> Hard:
    for name in names:
        (CASES.get(name) or plain)(dock)
    parents = {package.parent for package in dock.packages}
    packs = Counter(package.line for package in dock.packages if package.code not in parents)
    lines = tuple(replace(line, packs=packs[line.line]) for line in dock.lines)
    rows = rows_of(dock.packages, lines)
    for tell in dock.told:
        rows = tell(rows)
    if flaw is not None:
        rows = FLAWS[flaw](rows, dock.drawn)
    rows = shuffled(rows, dock.number)
    kept_back = set(dock.kept_back)
    versions = (tuple(row for row in rows if row.code not in kept_back), rows) if kept_back else (rows,)
    extra = tuple(one for one in (state if state != "complete" else None, flaw) if one is not None)
    seed = DeliverySeed(
        dock.number, dock.supplier, state, lines, tuple(dock.packages), invoice_no=f"FP-{dock.number}",
        store_room="YK", shipped_ms=_SHIPPED_MS, knowledge="relay",
        cases=(*(name for name in names if name in CASES), *extra),
    )  # fmt: skip
    return Hard(seed, Story(versions, tuple(dock.claims), tuple(dock.events)), tuple(dock.elsewhere))


def _as_of_old(row: Row, aliases: Mapping[str, str]) -> Row:
    parent = row.parent if row.parent is None else aliases.get(row.parent, row.parent)
    return replace(row, code=aliases.get(row.code, row.code), parent=parent)


def _drawn_code(prefix: str, drawn: random.Random) -> str:
    def digits(count: int) -> str:
        return "".join(drawn.choice("0123456789") for _ in range(count))

    if prefix == "00":
        body = f"39529999{digits(9)}"
        total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
        return f"00{body}{-total % 10}"
    if len(prefix) == 7:
        return f"{prefix}{drawn.randrange(8)}{digits(12)}"
    if len(prefix) == 14:
        return f"01{prefix}21INS{digits(9)}"
    return prefix + "".join(drawn.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(16 - len(prefix)))
