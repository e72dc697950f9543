"""The independent opinion of the campaign: goods as sets, scans as beeps, and every order in which they may arrive.

Imports nothing of the program. A *beep* is a scan that was answered as counted. What the hospital must hold at the end
follows from the beeps and undos of two devices; where both beeped for one code, several ends are right, because nobody
said whose message arrives first, and the model keeps them all. Pure; the campaign's thread.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

Holder = tuple[str, int]
"""The device and the number of its beep."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One thing that may be true at the hospital about one code."""

    seen: tuple[tuple[str, int], ...] = ()  # device → how many of its events of this code have arrived
    holder: Holder | None = None
    conflicts: frozenset[Holder] = frozenset()


@dataclass(slots=True)
class Story:
    """What the devices did with one code: per device its events (`scan` or `undo`), and what the hospital may know."""

    events: dict[str, list[str]] = field(default_factory=dict)
    worlds: set[Arrived] = field(default_factory=lambda: {Arrived()})

    def happened(self, device: str, what: str) -> None:
        """It was recorded on a device; it may arrive at once, or later."""
        self.events.setdefault(device, []).append(what)
        self._spread()

    def drained(self, device: str) -> None:
        """All that this device did has arrived."""
        count = len(self.events.get(device, ()))
        self.worlds = {world for world in self.worlds if dict(world.seen).get(device, 0) == count}

    def ends(self) -> set[tuple[bool, int]]:
        """(in, open conflicts) as they may stand."""
        return {(world.holder is not None, len(world.conflicts)) for world in self.worlds}

    def _spread(self) -> None:
        """Every further arrival is possible, each device's events in their order."""
        fresh = set(self.worlds)
        while fresh:
            found = {
                self._next(world, device) for world in fresh for device in self.events if self._left(world, device)
            }
            fresh = found - self.worlds
            self.worlds |= fresh

    def _left(self, world: Arrived, device: str) -> bool:
        return dict(world.seen).get(device, 0) < len(self.events[device])

    def _next(self, world: Arrived, device: str) -> Arrived:
        seen = dict(world.seen)
        place = seen.get(device, 0)
        seen[device] = place + 1
        after = replace(world, seen=tuple(sorted(seen.items())))
        if self.events[device][place] == "scan":
            mine = (device, place)
            if after.holder is None:
                return replace(after, holder=mine)
            return replace(after, conflicts=after.conflicts | {mine})
        undone = (device, self._scan_before(device, place))
        if after.holder == undone:
            return replace(after, holder=None)
        return replace(after, conflicts=after.conflicts - {undone})

    def _scan_before(self, device: str, place: int) -> int:
        """The scan that an undo takes back: the latest before it that no other undo took back."""
        open_scans: list[int] = []
        for number, what in enumerate(self.events[device][:place]):
            if what == "scan":
                open_scans.append(number)
            else:
                open_scans.pop()
        return open_scans[-1]


class Model:
    """Deliveries that two devices receive. `parents`: code → what it lies in; poisoned codes are never taken."""

    def __init__(self, parents: Mapping[str, str | None], poisoned: Iterable[str]) -> None:
        above = set(parents.values())
        self.packs = frozenset(code for code in parents if code not in above)
        self.under: dict[str, set[str]] = {code: set() for code in parents}
        for pack in self.packs:
            code: str | None = pack
            while code is not None:
                self.under[code].add(pack)
                code = parents[code]
        self.poisoned = frozenset(poisoned)
        self.entries: Counter[tuple[str, str]] = Counter()  # (device, receipt) → inputs that were recorded
        self.beeps = self.undos = self.poison_records = 0
        self.closed: dict[str, dict[str, int]] = {}  # receipt → its equation
        self._stories: dict[str, Story] = {}
        self._outcomes: dict[str, list[str]] = {}  # code → scan and outcomes in force, in order; private codes only
        self._shot: set[str] = set()

    def recorded(self, device: str, receipt: str) -> None:
        """Any input that got a number."""
        self.entries[device, receipt] += 1

    def beeped(self, device: str, code: str) -> None:
        """A scan was counted."""
        self.beeps += 1
        self._shot.add(code)
        self._outcomes.setdefault(code, []).append("scan")
        if code in self.poisoned:
            self.poison_records += 1
        else:
            self._stories.setdefault(code, Story()).happened(device, "scan")

    def gone_out(self, code: str) -> None:
        """Damaged or rejected: a pack with this word is not in, whatever was scanned."""
        self._shot.add(code)
        self._outcomes.setdefault(code, []).append("outcome")

    def undone(self, device: str, code: str, *, private: bool) -> None:
        """The latest thing of this code that was in force is taken back."""
        self.undos += 1
        before = self._outcomes[code].pop()
        assert not (before == "outcome" and not private)
        if before == "scan" and code not in self.poisoned:
            self._stories[code].happened(device, "undo")

    def drained(self, device: str) -> None:
        """Everything of a device is answered."""
        for story in self._stories.values():
            story.drained(device)

    def judge(self, rows: Iterable[Mapping[str, object]], conflicts: Iterable[str]) -> list[str]:
        """What is wrong with the hospital's books, in words. `conflicts`: the codes of its open conflicts."""
        books = {str(row["code"]): row for row in rows}
        contested = Counter(conflicts)
        wrong = [f"{code} has times {row['times']}" for code, row in books.items() if row["times"] not in (0, 1)]
        wrong += [f"{code} was never shot" for code in books.keys() - self._packs_of(self._shot)]
        there = {code for code, row in books.items() if row["state"] == "in"}
        wrong += [f"{code} is in the books and was never in, or is out" for code in there - self._may_be_in()]
        wrong += [f"{code} was promised and is not in" for code in self._must_be_in() - there]
        wrong += [f"{code} in conflict {n} times" for code, n in contested.items() if code not in self._stories]
        for code, story in self._stories.items():
            fits = {end for end in story.ends() if end[1] == contested[code]}
            if not fits:
                wrong.append(f"{code} has {contested[code]} conflicts, not one of {sorted(story.ends())}")
            elif self._alone(code) and (code in there) not in {is_in for is_in, _ in fits}:
                wrong.append(f"{code} is {'in' if code in there else 'out'}, and should not be")
        return wrong

    def double_beeps(self) -> int:
        """Codes that two devices beeped for."""
        return sum(sum("scan" in events for events in story.events.values()) > 1 for story in self._stories.values())

    def _packs_of(self, codes: Iterable[str]) -> set[str]:
        return set(itertools.chain.from_iterable(self.under.get(code, ()) for code in codes))

    def _is_out(self) -> set[str]:
        return {code for code, words in self._outcomes.items() if "outcome" in words}

    def _may_be_in(self) -> set[str]:
        held = (code for code, story in self._stories.items() if any(is_in for is_in, _ in story.ends()))
        return self._packs_of(held) - self._is_out()

    def _must_be_in(self) -> set[str]:
        held = (code for code, story in self._stories.items() if all(is_in for is_in, _ in story.ends()))
        return self._packs_of(held) - self._is_out()

    def _alone(self, code: str) -> bool:
        """A pack that no other code that was shot could bring, and that has no outcome."""
        others = self._packs_of(self._shot - {code})
        return code in self.packs and code not in others and code not in self._is_out()
