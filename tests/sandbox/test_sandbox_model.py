"""The books against a tiny independent model: sets of codes, nothing else, in whatever order things come."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.sandbox.hospital import Hospital, Site
from sync.sandbox.judging import Judge, open_letter
from sync.sandbox.orders import carry_out, check_order, read_order
from sync.sandbox.views import ledger_pieces
from tests.sandbox.conftest import BOXES, BUNDLES, CARTON, Pen, tree

UNDER = {CARTON: BOXES, BUNDLES[0]: BOXES[:2], BUNDLES[1]: BOXES[2:], **{box: [box] for box in BOXES}}
STEP = st.tuples(
    st.sampled_from(["scan", "damaged", "rejected", "undo"]), st.sampled_from(sorted(UNDER)), st.integers(0, 9)
)
DRUGS = [{"drug": "YP-0001", "name": "a", "levels": {}}, {"drug": "YP-0014", "name": "b", "levels": {}}]


def _hospital() -> Hospital:
    hospital = Hospital(Site("model", "model", "+08:00", 180), "tag")
    order = read_order(msgspec.json.encode({"deliveries": [tree()], "setting": {"catalogue": DRUGS}}))
    carry_out(order, check_order(order, hospital), hospital)
    return hospital


def _ledger(hospital: Hospital) -> dict[str, str]:
    ledger = msgspec.json.decode(b"".join(ledger_pieces(hospital, None)))
    assert all(row["times"] == 1 for row in ledger["codes"])
    return {row["code"]: row["state"] for row in ledger["codes"]}


class _Model:
    """Scans and outcomes in force, by item id; a pack is in or not, by sets alone."""

    def __init__(self) -> None:
        self._pen = Pen("T-1-R1")
        self._made: list[dict[str, Any]] = []
        self._scans: dict[str, str] = {}
        self._outcomes: dict[str, str] = {}
        self.ever: set[str] = set()

    def inside(self) -> set[str]:
        held = {box for code in self._scans.values() for box in UNDER[code]}
        return held - {box for code in self._outcomes.values() for box in UNDER[code]}

    def step(self, what: str, code: str, place: int) -> tuple[dict[str, Any], str] | None:
        """The item of a step and the answer it must get; None if there is nothing to undo."""
        packs = None if code in BOXES else UNDER[code]
        expected = "accepted"
        if what == "undo":
            if not self._made:
                return None
            target = self._made[place % len(self._made)]
            item = self._pen.undo(target)
            self._scans.pop(target["id"], None)
            self._outcomes.pop(target["id"], None)
        elif what == "scan":
            item = self._pen.scan(code, packs=packs)
            if code in self._scans.values():
                expected = "conflict"
            else:
                self._scans[item["id"]] = code
            self._made.append(item)
        else:
            item = self._pen.outcome(what, 1, count=len(UNDER[code]), code=code, packs=packs)
            self._outcomes[item["id"]] = code
            self._made.append(item)
        self.ever |= self.inside()
        return item, expected


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEP, max_size=25), st.integers(1, 6))
def test_books_are_sets(steps: list[tuple[str, str, int]], size: int):
    model = _Model()
    items = [made for step in steps if (made := model.step(*step)) is not None]
    hospital = _hospital()
    judge = Judge(hospital)
    for start in range(0, len(items), size):
        part = items[start : start + size]
        letters = [open_letter(msgspec.Raw(msgspec.json.encode(item))) for item, _ in part]
        assert [answer.result for answer in judge.receive(letters, {})] == [expected for _, expected in part]
        assert {answer.result for answer in judge.receive(letters, {})} <= {"duplicate", "conflict"}

    inside = model.inside()
    assert _ledger(hospital) == {box: "in" if box in inside else "reversed" for box in model.ever}
    feed = hospital.feed.page(None, 5000).changes
    last = {row["code"]: row["state"] for change in feed if isinstance(change, dict) for row in change.get("rows", ())}
    assert {code for code, state in last.items() if state == "in"} == inside
