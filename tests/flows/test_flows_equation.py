"""The equation over random histories: expected = in + every outcome + still open, of each line and of all, whatever
was scanned, undone, given an outcome, told by other devices, refused by the hospital, or interrupted by a restart.

The second opinion below is sets and counts; it knows nothing of the program but the commands it gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.domain.documents import Equation
from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from sync import Settled
from sync.changes import CodeRow, CodesChange, NumbersRow, ReceiptChange
from tests.fixtures.hospital import DELIVERY, Dock, code, delivery, drug, line, operator, packages

RECEIPT = f"{DELIVERY}-R1"
CARTON = code("8999013", 1)
BOXES = [code("8999011", n) for n in range(6)]  # line 1: four in a carton, two loose
LINE_OF = dict.fromkeys(BOXES, 1)
INSIDE = {CARTON: frozenset(BOXES[:4]), **{box: frozenset({box}) for box in BOXES}}
LOOSE = 2  # line 2: a drug without codes
EXPECTED = {1: 6, 2: 5}
OTHER = "pda-9"


@dataclass
class Opinion:
    """Sets and counts. An event is (kind, packs or (line, kind, number)), by seq."""

    shot: set[str] = field(default_factory=set)  # counted here at some time by its own code
    events: dict[int, tuple[str, frozenset[str] | tuple[int, str, int]]] = field(default_factory=dict)
    others_in: set[str] = field(default_factory=set)
    others_out: dict[str, str] = field(default_factory=dict)
    others_numbers: dict[tuple[int, str], int] = field(default_factory=dict)

    def outcomes(self) -> dict[str, str]:
        mine = {}
        for _, (kind, packs) in sorted(self.events.items()):
            if kind in ("damaged", "rejected") and isinstance(packs, frozenset):
                mine |= dict.fromkeys(packs, kind)
        return {**self.others_out, **mine}

    def held(self) -> set[str]:
        mine = [packs for kind, packs in self.events.values() if kind == "scan" and isinstance(packs, frozenset)]
        return set(self.others_in).union(*mine)

    def number(self, line_no: int, kind: str) -> int:
        found = self.others_numbers.get((line_no, kind), 0)
        for _, (what, told) in sorted(self.events.items()):
            if what == kind and isinstance(told, tuple) and told[0] == line_no:
                found = told[2]
        return found

    def line(self, number: int) -> dict[str, int]:
        mine = {box for box in BOXES if number == 1}
        gone = [kind for pack, kind in self.outcomes().items() if pack in mine]
        return {
            "expected": EXPECTED[number], "received": len((self.held() & mine) - self.outcomes().keys()),
            "short": self.number(number, "short"), "damaged": gone.count("damaged"),
            "rejected": gone.count("rejected"), "exempt": self.number(number, "exempt"),
            "over": self.number(number, "over"),
        }  # fmt: skip


class Pair:
    """The program beside the opinion."""

    def __init__(self, dock: Dock) -> None:
        self.dock, self.opinion, self.told = dock, Opinion(), 0
        dock.feed(
            operator(), drug("D1", {"8999011": 1, "8999013": 3}), drug("D2", {}, exempt="中药饮片"),
            packages({CARTON: {box: {} for box in BOXES[:4]}, BOXES[4]: {}, BOXES[5]: {}}),
            delivery(line(1, "D1", 6), line(2, "D2", 5)),
        )  # fmt: skip
        self.desk = dock.desk()

    def scan(self, place: int) -> None:
        key = (CARTON, *BOXES)[place]
        outcome = self.desk.scan(key.encode())
        if outcome.counted and outcome.seq is not None:
            self.opinion.events[outcome.seq] = ("scan", INSIDE[key])
            self.opinion.shot.add(key)

    def give(self, kind: str, place: int) -> None:
        key = (CARTON, *BOXES)[place]
        word = "reject" if kind == "rejected" else kind
        outcome = self.desk.command(f"{word} {key} why")
        assert outcome.ok
        assert outcome.seq is not None
        self.opinion.events[outcome.seq] = (kind, INSIDE[key])

    def number(self, kind: str, line_no: int, count: int) -> None:
        outcome = self.desk.command(f"{kind} {line_no} {count} why")
        if outcome.ok and outcome.seq is not None:
            self.opinion.events[outcome.seq] = (kind, (line_no, kind, count))

    def undo(self) -> None:
        outcome = self.desk.command("undo")
        if outcome.ok:
            del self.opinion.events[int(str(outcome.values["seq"]))]

    def others_scan(self, place: int) -> None:
        """Another device shoots or takes back a box; the hospital tells the row.

        What both devices shot by its own code is told apart by what the hospital has heard: a hospital with books tests
        that (tests/campaign).
        """
        box = BOXES[place]
        if box in self.opinion.shot or box in self.opinion.outcomes():
            return
        self.opinion.others_in ^= {box}
        self._tell(box)

    def others_outcome(self, place: int, kind: str) -> None:
        box = BOXES[place]
        if box in self.opinion.shot:
            return
        if self.opinion.others_out.pop(box, None) is None:
            self.opinion.others_out[box] = kind
        self._tell(box)

    def others_number(self, kind: str, line_no: int, count: int) -> None:
        """The hospital tells the numbers of the other devices; ours are not sent yet, so they stand before."""
        self.opinion.others_numbers[line_no, kind] = count
        kinds, numbers = ("short", "over", "exempt"), self.opinion.others_numbers
        rows = tuple(NumbersRow(each, *(numbers.get((each, what), 0) for what in kinds)) for each in EXPECTED)
        pending = {(told[0], told[1]) for _, told in self.opinion.events.values() if isinstance(told, tuple)}
        before = {place: self.opinion.number(*place) for place in pending}
        self.dock.feed(ReceiptChange(RECEIPT, DELIVERY, "open", None, rows))
        assert all(self.opinion.number(*place) == found for place, found in before.items())

    def refuse(self, place: int) -> None:
        """The hospital does not take one of our items."""
        rows = self.dock.rows("SELECT seq FROM entries WHERE in_force = 1 AND command IS NULL OR outcome IS NOT NULL "
                              "AND in_force = 1 ORDER BY seq")  # fmt: skip
        if not rows:
            return
        seq = int(str(rows[place % len(rows)][0]))
        self._answer(seq, "refused", "poisoned")
        del self.opinion.events[seq]

    def restart(self) -> None:
        self.dock.restart()
        self.desk = self.dock.desk()

    def close(self) -> None:
        """Closed exactly if nothing is open; then the hospital refuses it, and it is open again."""
        open_now = {number: self._open(number) for number in EXPECTED}
        outcome = self.desk.command("close")
        assert outcome.ok is not any(open_now.values()), (open_now, outcome)
        if outcome.ok and outcome.seq is not None:
            self._answer(outcome.seq, "refused", "equation_open")
            self.desk = self.dock.desk()

    def check(self) -> None:
        lines = self.dock.program.writer.call(
            lambda: self.dock.program._parts.facts.lines(self.desk.key), write=False
        )  # fmt: skip
        for found in lines:
            wanted = self.opinion.line(found.line)
            assert {name: getattr(found, name) for name in wanted} == wanted, found.line
            accounted = sum(getattr(found, name) for name in ("received", "short", "damaged", "rejected", "exempt"))
            assert found.expected == accounted + found.missing
        whole = self.desk.summary().equation
        assert whole == Equation.of(lines)
        parts = (whole.received, whole.short, whole.damaged, whole.rejected, whole.exempt)
        assert whole.expected == sum(parts) + sum(found.missing for found in lines)

    def _open(self, number: int) -> int:
        found = self.opinion.line(number)
        return found["expected"] - sum(found[name] for name in ("received", "short", "damaged", "rejected", "exempt"))

    def _tell(self, box: str) -> None:
        outcome = self.opinion.others_out.get(box)
        self.told += 1
        inside = box in self.opinion.others_in and outcome is None
        row = CodeRow(
            box, RECEIPT, DELIVERY, LINE_OF[box], "in" if inside else "reversed", OTHER, None,
            f"other-{self.told}", None, 1, False, outcome,
        )  # fmt: skip
        self.dock.feed(CodesChange((row,)))

    def _answer(self, seq: int, state: str, reason: str) -> None:
        program = self.dock.program
        rows = program.writer.call(lambda: program.outbox.rows(receipt=RECEIPT), write=False)
        item = next(row for row in rows if row.seq == seq)
        settled = Settled(item.id, RECEIPT, item.kind, state, reason, None, ())
        apply = Answers(program.receipts, None, CloseAnswers(program._parts).heard).apply
        program.writer.call(lambda: apply([settled]))


PLACES = st.integers(0, 6)
BOX = st.integers(0, 5)
KINDS = st.sampled_from(["damaged", "rejected"])
NUMBERS = st.sampled_from(["short", "over", "exempt"])
STEPS = st.one_of(
    st.tuples(st.just("scan"), PLACES), st.tuples(st.just("scan"), PLACES), st.tuples(st.just("give"), KINDS, PLACES),
    st.tuples(st.just("number"), NUMBERS, st.integers(1, 2), st.integers(0, 5)), st.tuples(st.just("undo")),
    st.tuples(st.just("others_scan"), BOX), st.tuples(st.just("others_outcome"), BOX, KINDS),
    st.tuples(st.just("others_number"), NUMBERS, st.integers(1, 2), st.integers(0, 5)),
    st.tuples(st.just("refuse"), st.integers(0, 9)), st.tuples(st.just("restart")), st.tuples(st.just("close")),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck),
          phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])  # fmt: skip
@given(steps=st.lists(STEPS, min_size=1, max_size=25))
def test_nothing_is_ever_unaccounted_for(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[object, ...]]
) -> None:
    with Dock(tmp_path_factory.mktemp("equation") / "data") as dock:
        pair = Pair(dock)
        for name, *values in steps:
            getattr(pair, str(name))(*values)
            pair.check()
        pair.restart()
        pair.check()
