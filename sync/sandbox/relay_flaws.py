"""What suppliers get wrong: each flaw turns the rows of a good manifest into a bad one. Pure; lives on no thread.

The same rows and the same numbers give the same flaw. Where the rows offer no place for a flaw they stay as they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from sync.sandbox.relay import Row

Rows = tuple["Row", ...]
Flaw = Callable[[Rows, random.Random], Rows]


def self_parent(rows: Rows, drawn: random.Random) -> Rows:
    """A package is its own parent."""
    one = drawn.choice(_parents(rows) or rows)
    return _with(rows, one, replace(one, parent=one.code))


def cycle(rows: Rows, drawn: random.Random) -> Rows:
    """A carton stands in one of its own bundles."""
    inner = [row for row in _parents(rows) if row.parent is not None]
    if not inner:
        return self_parent(rows, drawn)
    bundle = drawn.choice(inner)
    carton = next(row for row in rows if row.code == bundle.parent)
    return _with(rows, carton, replace(carton, parent=bundle.code))


def levels_turned(rows: Rows, drawn: random.Random) -> Rows:
    """The display level, 1 = largest, where the pack level belongs."""
    del drawn
    most = max(row.level for row in rows)
    return tuple(replace(row, level=most + 1 - row.level) for row in rows)


def two_parents(rows: Rows, drawn: random.Random) -> Rows:
    """One child stands in two bundles."""
    child = drawn.choice(_leaves(rows))
    others = [row for row in _parents(rows) if row.code != child.parent and row.level > child.level]
    return (*rows, replace(child, parent=drawn.choice(others).code)) if others else rows


def virtual_parent(rows: Rows, drawn: random.Random) -> Rows:
    """The outer pack was never scanned: a serial of nines stands for it."""
    parents = [row for row in _parents(rows) if len(row.code) == 20]
    if not parents:
        return rows
    real = drawn.choice(parents)
    nines = real.code[:7] + "9" * 13
    told = (replace(row, parent=nines) if row.parent == real.code else row for row in rows)
    return tuple(replace(row, code=nines) if row.code == real.code else row for row in told)


def duplicate_child(rows: Rows, drawn: random.Random) -> Rows:
    """The same row twice."""
    return (*rows, drawn.choice(_leaves(rows)))


def other_drug(rows: Rows, drawn: random.Random) -> Rows:
    """One box is told with a code of another drug: that code is nowhere, and the real box is not told."""
    child = drawn.choice(_leaves(rows))
    prefix = "8999071" if child.code[:7] != "8999071" else "8999011"
    strange = prefix + "0" + "".join(drawn.choice("0123456789") for _ in range(12))
    return _with(rows, child, replace(child, code=strange, drug=prefix))


def batch_digit(rows: Rows, drawn: random.Random) -> Rows:
    """The batch is one digit off, on every row that tells it."""
    batch = next((row.batch for row in rows if row.batch), None)
    if batch is None:
        return rows
    place = drawn.choice([number for number, sign in enumerate(batch) if sign.isdigit()] or [0])
    digit = str((int(batch[place]) + 1) % 10) if batch[place].isdigit() else "9"
    off = batch[:place] + digit + batch[place + 1 :]
    return tuple(replace(row, batch=off) if row.batch == batch else row for row in rows)


FLAWS: Mapping[str, Flaw] = {
    flaw.__name__: flaw
    for flaw in (
        self_parent,
        cycle,
        levels_turned,
        two_parents,
        virtual_parent,
        duplicate_child,
        other_drug,
        batch_digit,
    )
}


def _parents(rows: Sequence[Row]) -> list[Row]:
    inner = {row.parent for row in rows}
    return [row for row in rows if row.code in inner]


def _leaves(rows: Sequence[Row]) -> list[Row]:
    inner = {row.parent for row in rows}
    return [row for row in rows if row.code not in inner]


def _with(rows: Rows, old: Row, new: Row) -> Rows:
    return tuple(new if row is old else row for row in rows)
