"""A second opinion on points 1, 2, 5, 10 and 11 of the worked example: sets and counts, nothing of the program."""

from __future__ import annotations

from dataclasses import dataclass, field

Tree = dict[str, "Tree"]


@dataclass
class Event:
    """Something that can be taken back: a counted scan, an outcome of packs, or a number of a line."""

    kind: str  # scan, damaged, rejected, short, exempt
    code: str | None
    packs: frozenset[str] = frozenset()
    line: int = 0
    count: int = 0


@dataclass
class Model:
    """One receipt of a delivery with a complete manifest: line number → tree of codes."""

    lines: dict[int, Tree]
    elsewhere: dict[str, str] = field(default_factory=dict)  # pack → received, dispensed: another receipt has it
    others: dict[str, str | None] = field(default_factory=dict)  # pack → via, of another device of this receipt
    events: dict[int, Event] = field(default_factory=dict)  # in force, by seq
    seq: int = 0
    counted_once: set[str] = field(default_factory=set)  # codes that a scan here ever counted for

    def __post_init__(self) -> None:
        self.packs: dict[str, frozenset[str]] = {}
        self.around: dict[str, tuple[str, ...]] = {}
        self.line_of: dict[str, int] = {}
        for line, tree in self.lines.items():
            self._walk(tree, (), line)

    def _walk(self, tree: Tree, around: tuple[str, ...], line: int) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for code, below in tree.items():
            self.around[code], self.line_of[code] = around, line
            self.packs[code] = self._walk(below, (*around, code), line) if below else frozenset({code})
            found |= self.packs[code]
        return found

    def held(self) -> set[str]:
        """Packs that a counted scan in force holds, here or on another device."""
        scans = [event.packs for event in self.events.values() if event.kind == "scan"]
        return set(self.others).union(*scans)

    def outcomes(self) -> dict[str, str]:
        """Pack → its latest outcome in force."""
        return {
            pack: event.kind
            for _, event in sorted(self.events.items())
            if event.kind in ("damaged", "rejected")
            for pack in event.packs
        }

    def inside(self) -> set[str]:
        return self.held() - self.outcomes().keys()

    def reason(self, code: str) -> str:
        """What a scan of a manifest's code is answered."""
        packs, gone, held = self.packs[code], self.outcomes(), self.held()
        leaf = packs == {code}
        about = {event.kind for event in self.events.values() if event.code == code}
        if about or (leaf and code in gone) or (code in self.others and self.others[code] is None):
            return "duplicate_in_receipt"
        shot = {event.code for event in self.events.values() if event.kind == "scan"}
        if shot & set(self.around[code]) or (leaf and code in held):
            return "covered_by_parent"
        if packs <= held | gone.keys():
            return "children_all_in"
        places = {self.elsewhere.get(pack) for pack in packs}
        if None not in places:
            return "already_received" if "received" in places else "already_dispensed"
        return "parent_opened" if places != {None} else "ok"

    def scan(self, code: str) -> str:
        found = self.reason(code)
        self.seq += 1
        if found == "ok":
            self.counted_once.add(code)
            self.events[self.seq] = Event("scan", code, self.packs[code])
        return found

    def outcome(self, kind: str, code: str) -> None:
        self.seq += 1
        self.events[self.seq] = Event(kind, code, self.packs[code])

    def number(self, kind: str, line: int, count: int) -> None:
        self.seq += 1
        self.events[self.seq] = Event(kind, None, line=line, count=count)

    def undo(self, *, code: str | None = None, seq: int | None = None) -> bool:
        """Take back the latest event that fits; False if there is none."""
        fits = [n for n, event in self.events.items() if code in (None, event.code) and seq in (None, n)]
        self.seq += 1
        if fits:
            del self.events[max(fits)]
        return bool(fits)

    def counts(self, line: int) -> dict[str, int]:
        """The equation of a line."""
        mine = {code for code, packs in self.packs.items() if packs == {code} and self.line_of[code] == line}
        gone = [kind for pack, kind in self.outcomes().items() if pack in mine]
        numbers = {event.kind: event.count for _, event in sorted(self.events.items()) if event.line == line}
        return {
            "expected": len(mine), "received": len(self.inside() & mine), "short": numbers.get("short", 0),
            "damaged": gone.count("damaged"), "rejected": gone.count("rejected"), "exempt": numbers.get("exempt", 0),
        }  # fmt: skip

    def adds_up(self) -> bool:
        """True if every line is accounted for exactly."""
        return all(2 * each["expected"] == sum(each.values()) for each in map(self.counts, self.lines))
