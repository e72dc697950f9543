"""Relation files that are stopped, fail, are damaged at random or are very large: nothing half kept, nothing raised."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.base.errors import Trouble
from app.domain.relation_xml import RelationReader
from app.flows.relation_report import Step
from tests.flows.relation_bench import (
    Row,
    Taker,
    batch,
    box,
    bundle,
    carton,
    document,
    every_finding_has_words,
    tree,
    write,
)

ROOT = Path(__file__).resolve().parents[2]
SOUND = document(batch(tree()))
VIRTUAL = "8999013" + "9" * 13


@pytest.fixture
def taker(tmp_path: Path) -> Iterator[Taker]:
    with Taker(tmp_path / "data") as made:
        yield made


# ----------------------------------------------------------------------------------------------- stopping and failing


@pytest.mark.parametrize("phase", ["look", "read", "check", "store"])
def test_whoever_stops_it_is_left_with_nothing(taker: Taker, phase: str) -> None:
    rows = list(itertools.chain.from_iterable(tree(number, bundles=10, boxes=20) for number in range(30)))
    path = write(taker.folder, document(batch(rows)))
    seen: list[Step] = []

    def until(step: Step) -> bool:
        seen.append(step)
        return step.phase != phase

    report = taker.files.take_in(path, until)

    assert report.state == "cancelled"
    assert taker.shelf.left() == 0
    assert taker.shelf.calls in ([], ["begin", "drop"])


def test_progress_only_goes_on(taker: Taker) -> None:
    rows = list(itertools.chain.from_iterable(tree(number, bundles=10, boxes=20) for number in range(30)))
    seen: list[Step] = []
    taker.files.take_in(write(taker.folder, document(batch(rows))), lambda step: bool(seen.append(step)) or True)

    for phase, found in itertools.groupby(seen, lambda step: step.phase):
        steps = list(found)
        assert [step.done for step in steps] == sorted(step.done for step in steps), phase
        assert all(step.done <= step.total for step in steps)


def test_a_store_that_fails_is_told_to_drop_what_was_begun(taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Iterator[None]:
        raise Trouble("disk_full")
        yield

    monkeypatch.setattr(taker.shelf, "stage", full)
    with pytest.raises(Trouble, match="disk_full"):
        taker.files.take_in(write(taker.folder, SOUND))

    assert taker.shelf.calls == ["begin", "drop"]


# ------------------------------------------------------------------------------------------------------- any content


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[Row], int]:
    """Sound rows in any order, and how many outermost packages hold something."""
    rows, tops = [], 0
    for number in range(draw(st.integers(1, 4))):
        held = draw(st.integers(0, 3))
        rows.append(Row(carton(number), 3, draw(st.sampled_from(["", None, VIRTUAL]))))
        tops += held > 0
        for place in range(held):
            name = number * 10 + place
            rows.append(Row(bundle(name), 2, carton(number)))
            rows += [Row(box(name * 10 + each), 1, bundle(name)) for each in range(draw(st.integers(0, 3)))]
    return draw(st.permutations(rows)), tops


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(forests(), st.sampled_from(["utf-8", "utf-16", "gb18030"]), st.integers(1, 97))
def test_every_sound_forest_is_read_as_it_was_written(
    taker: Taker, forest: tuple[list[Row], int], encoding: str, piece: int
) -> None:
    rows, tops = forest
    path = write(taker.folder, document(batch(rows)).replace("UTF-8", encoding).encode(encoding))
    reader, read = RelationReader(), []
    data = path.read_bytes()
    for at in range(0, len(data), piece):
        read += reader.feed(data[at : at + piece])
    read += reader.close()

    assert [(each.code, each.parent or None) for each in read] == [(row.code, row.parent or None) for row in rows]
    assert [each.line for each in read] == list(range(7, 7 + len(rows)))
    report = taker.files.inspect(path)
    assert (report.codes, report.cartons, report.problems) == (len(rows), tops, ())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["", "1", "2", "3", "x"]), st.integers(0, 6)),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_the_rows_claim_what_is_kept_is_a_forest(tmp_path: Path, claims: list[tuple[int, str, int]]) -> None:
    rows = [Row(box(code), level, box(parent) if parent < 6 else "") for code, level, parent in claims]
    with new_taker(tmp_path) as taker:
        report = taker.files.take_in(write(tmp_path, document(batch(rows))))
        kept = taker.shelf.claims()

    assert len(kept) == report.codes
    for code in kept:
        chain = list(up_from(code, kept))
        levels = [level for level, *_ in (kept[each] for each in chain) if isinstance(level, int)]
        assert len(set(chain)) == len(chain)
        assert len(levels) < len(chain) or all(lower < upper for lower, upper in itertools.pairwise(levels))


def up_from(code: str, kept: dict[str, tuple[object, ...]]) -> Iterator[str]:
    """The code and the packages around it; endless in a circle but for the limit."""
    for _ in range(20):
        yield code
        above = str(kept[code][1])
        if above not in kept:
            return
        code = above


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_answered_and_never_raised(taker: Taker, data: st.DataObject) -> None:
    sound = bytearray(SOUND.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(sound) - 1))
        if data.draw(st.booleans()):
            sound[at] = data.draw(st.integers(0, 255))
        else:
            del sound[at : at + data.draw(st.integers(1, 200))]
    report = taker.files.inspect(write(taker.folder, bytes(sound)))

    assert report.state in ("sound", "refused")
    every_finding_has_words(report)


def new_taker(folder: Path) -> Taker:
    """A new one for each example, in a folder of its own."""
    return Taker(folder / f"data-{next(_NUMBERS)}")


_NUMBERS = itertools.count()


# ----------------------------------------------------------------------------------------------------------- memory


def test_a_file_ten_times_as_large_does_not_take_ten_times_the_memory(tmp_path: Path) -> None:
    small, large = (json.loads(run_alone(tmp_path, codes)) for codes in (20_000, 200_000))

    assert (small["codes"], large["codes"]) == (20_020, 200_200)
    assert large["peak_mb"] - small["peak_mb"] < 45  # the index keeps 32 MB of itself at the most


def run_alone(folder: Path, codes: int) -> str:
    words = (sys.executable, ROOT / "build" / "bench" / "ours_relation_file.py", folder / str(codes), str(codes))
    done = subprocess.run(words, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=True, timeout=120)
    return done.stdout.decode()
