"""The books: which smallest pack is in, who says so, and every item that changed it.

Lives on the sandbox's event loop. A pack is in while an item in force holds it and no outcome in force takes it out.
Nothing is ever removed from `effects`. Order of arrival matters only where two items speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.sandbox.wire import CodeState, Counted, Equation, Outcome, ReceiptId, Scan


@dataclass(slots=True, eq=False)
class Entry:
    """An accepted item. `number` counts over the whole hospital; `packs` are the keys it speaks of."""

    number: int
    item: Counted
    packs: tuple[str, ...] = ()
    target: Entry | None = None
    in_force: bool = True


def latest(entries: Iterable[Entry]) -> Entry | None:
    """The one that was made last: by `seq` on one device, by scan time between devices."""
    best: Entry | None = None
    for entry in entries:
        if best is None or _made_after(entry, best):
            best = entry
    return best


def _made_after(one: Entry, other: Entry) -> bool:
    if one.item.device == other.item.device:
        return (one.item.seq, one.number) > (other.item.seq, other.number)
    return (one.item.at_ms, one.item.id) > (other.item.at_ms, other.item.id)


@dataclass(slots=True, eq=False)
class Pack:
    """One smallest pack within one receipt (or a carton whose children nobody knows)."""

    code: str
    line: int
    weight: int
    estimated: bool
    holders: list[Entry] = field(default_factory=list)
    outcomes: list[Entry] = field(default_factory=list)
    effects: list[Entry] = field(default_factory=list)
    is_in: bool = False
    left_via: str | None = None

    @property
    def via(self) -> str | None:
        """The carton or bundle that brought it; None if it was scanned itself."""
        if not self.holders:
            return self.left_via
        codes = [_code_of(entry) for entry in self.holders]
        if self.code in codes:
            return None
        first = self.holders[0]
        for entry in self.holders[1:]:
            if _made_after(first, entry):
                first = entry
        return _code_of(first)

    @property
    def outcome(self) -> str | None:
        """`damaged` or `rejected`, whichever in force was said last."""
        last = latest(self.outcomes)
        return last.item.outcome if last is not None and isinstance(last.item, Outcome) else None

    def drop_holder(self, entry: Entry) -> None:
        """Forget a holder that was taken back."""
        if entry in self.holders:
            self.holders.remove(entry)
            if not self.holders:
                code = _code_of(entry)
                self.left_via = None if code == self.code else code

    def settle(self, cause: Entry) -> bool:
        """Work out whether it is in; True if that changed, which makes `cause` one of its effects."""
        now_in = bool(self.holders) and not self.outcomes
        if now_in == self.is_in:
            return False
        self.is_in = now_in
        self.effects.append(cause)
        return True


def _code_of(entry: Entry) -> str:
    assert isinstance(entry.item, Scan)
    return entry.item.code


@dataclass(frozen=True, slots=True)
class EarlierCode:
    """A code that came in before this sandbox was born; it never changes."""

    code: str
    receipt: ReceiptId
    delivery: str
    line: int
    via: str | None
    state: CodeState
    times: int
    effects: tuple[str, ...]
    device: str

    @property
    def is_held(self) -> bool:
        """True if the hospital still has it, or gave it to a patient."""
        return self.state != "reversed"


@dataclass(slots=True, eq=False)
class Book:
    """One receipt: all accepted items and what follows from them."""

    id: ReceiptId
    delivery: str
    closed: Equation | None = None
    devices: list[str] = field(default_factory=list)
    operators: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    packs: dict[str, Pack] = field(default_factory=dict)
    numbers: dict[tuple[int, str], list[Entry]] = field(default_factory=dict)
    quantity_effects: dict[int, list[Entry]] = field(default_factory=dict)
    scans: dict[str, Entry] = field(default_factory=dict)
    """The scan in force for each code that was shot."""
    given: list[str] = field(default_factory=list)
    """Packs that ever got an outcome here."""

    def signed(self, item: Counted) -> None:
        """Note who took part."""
        if item.device not in self.devices:
            self.devices.append(item.device)
        if item.operator not in self.operators:
            self.operators.append(item.operator)

    def number(self, line: int, kind: str) -> int:
        """Packs that the latest `kind` outcome in force gives for a line; 0 without one."""
        last = latest(self.numbers.get((line, kind), ()))
        return last.item.count if last is not None and isinstance(last.item, Outcome) else 0

    def lines_with_numbers(self) -> list[int]:
        """Lines that ever had a short, over or exempt."""
        return sorted({line for line, _ in self.numbers})

    def equation(self, expected: int) -> Equation:
        """The sums as they stand now."""
        sums = {"received": 0, "damaged": 0, "rejected": 0, "short": 0, "exempt": 0}
        for pack in self.packs.values():
            if pack.is_in:
                sums["received"] += pack.weight
            elif (outcome := pack.outcome) is not None:
                sums[outcome] += pack.weight
        for line in self.lines_with_numbers():
            sums["short"] += self.number(line, "short")
            sums["exempt"] += self.number(line, "exempt")
        return Equation(expected=expected, **sums)

    def add(self, entry: Entry, packs: Iterable[Pack]) -> list[Pack]:
        """Enter an accepted scan or pack outcome; returns the packs that other devices should hear of."""
        touched: list[Pack] = []
        scan = isinstance(entry.item, Scan)
        said = entry.item.outcome if isinstance(entry.item, Outcome) else None
        for pack in packs:
            before = (pack.is_in, pack.via, pack.outcome)
            (pack.holders if scan else pack.outcomes).append(entry)
            pack.settle(entry)
            # Whoever gave an outcome hears of the pack also where another word stands: it has to change there.
            overruled = said is not None and pack.outcome != said
            if overruled or (pack.is_in, pack.via, pack.outcome) != before:
                touched.append(pack)
        if isinstance(entry.item, Scan):
            self.scans[entry.item.code] = entry
        return touched

    def add_number(self, entry: Entry) -> None:
        """Enter a short, over or exempt."""
        item = entry.item
        assert isinstance(item, Outcome)
        before = self.number(item.line, item.outcome)
        self.numbers.setdefault((item.line, item.outcome), []).append(entry)
        self._note_quantity(item, before, entry)

    def take_back(self, entry: Entry, cause: Entry) -> list[Pack]:
        """Undo an entry; returns the packs that other devices should hear of."""
        item = entry.item
        entry.in_force = False
        if isinstance(item, Outcome) and item.code is None:
            before = self.number(item.line, item.outcome)
            self.numbers[(item.line, item.outcome)].remove(entry)
            self._note_quantity(item, before, cause)
            return []
        if isinstance(item, Scan) and self.scans.get(item.code) is entry:
            del self.scans[item.code]
        touched: list[Pack] = []
        for code in entry.packs:
            pack = self.packs[code]
            before_state = (pack.is_in, pack.via, pack.outcome)
            if isinstance(item, Scan):
                pack.drop_holder(entry)
            else:
                pack.outcomes.remove(entry)
            pack.settle(cause)
            if (pack.is_in, pack.via, pack.outcome) != before_state:
                touched.append(pack)
        return touched

    def _note_quantity(self, item: Outcome, before: int, cause: Entry) -> None:
        if item.outcome == "exempt" and self.number(item.line, "exempt") != before:
            self.quantity_effects.setdefault(item.line, []).append(cause)

    def forget_effects(self) -> None:
        """Empty what follows from the items, to enter them again under a better manifest."""
        self.packs, self.numbers, self.quantity_effects, self.scans = {}, {}, {}, {}


def most_at_once(histories: Iterable[list[Entry]]) -> int:
    """The largest number of forward effects of one pack in force at one moment, over all receipts."""
    steps: list[tuple[int, int]] = []
    for effects in histories:
        steps += [(entry.number, 1 if place % 2 == 0 else -1) for place, entry in enumerate(effects)]
    now = most = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most
