"""What the campaign's hospital has: one delivery that both devices receive, and one of each device's own. Pure data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import MappingProxyType

SHARED = "C-SHARED"
OWN = {"a": "C-A", "b": "C-B"}
DEVICES = tuple(OWN)
PREFIX = {1: "8999021", 2: "8999022", 3: "8999023"}
FOREIGN = "89990990000000000001"
DRUG = "CAMPAIGN"


def _code(level: int, number: int) -> str:
    return f"{PREFIX[level]}{number:013d}"


def _shared() -> Iterator[tuple[str, str | None, int]]:
    """A carton of two bundles of three boxes and two loose ones; beside it ten boxes."""
    carton = _code(3, 1)
    yield carton, None, 1
    for bundle in (1, 2):
        yield _code(2, bundle), carton, 1
        for box in range(3):
            yield _code(1, 10 * bundle + box), _code(2, bundle), 1
    for number in (31, 32):
        yield _code(1, number), carton, 1
    for number in range(41, 51):
        yield _code(1, number), None, 1


def _own(first: int) -> Iterator[tuple[str, str | None, int]]:
    """A bundle of three boxes, and three boxes."""
    bundle = _code(2, first)
    yield bundle, None, 1
    for number in range(3):
        yield _code(1, first + number), bundle, 1
        yield _code(1, first + 10 + number), None, 1


ROWS = {SHARED: tuple(_shared()), OWN["a"]: tuple(_own(100)), OWN["b"]: tuple(_own(200))}
PARENTS = MappingProxyType({code: parent for rows in ROWS.values() for code, parent, _ in rows})
CODES = MappingProxyType({number: tuple(sorted(code for code, _, _ in rows)) for number, rows in ROWS.items()})
POISONED = (_code(1, 49), _code(1, 50))
LEVEL = {prefix: level for level, prefix in PREFIX.items()}


def boxes(number: str) -> tuple[str, ...]:
    return tuple(code for code in CODES[number] if code.startswith(PREFIX[1]))


def order() -> bytes:
    """What the control door is told."""
    drug = {"drug": DRUG, "name": "演示药", "levels": LEVEL}
    return json.dumps({"setting": {"catalogue": [drug]}, "deliveries": [_delivery(number) for number in ROWS]}).encode()


def _delivery(number: str) -> dict[str, object]:
    rows = ROWS[number]
    packs: dict[int, int] = {}
    for code, _, line in rows:
        packs[line] = packs.get(line, 0) + (LEVEL[code[:7]] == 1)
    lines = [
        {"line": line, "drug": DRUG, "batch": "B1", "expiry": "2199-12-31", "packs": n} for line, n in packs.items()
    ]
    packages = [{"code": code, "level": LEVEL[code[:7]], "parent": parent, "line": line} for code, parent, line in rows]
    return {"delivery": number, "supplier": "演示医药", "manifest": "complete", "lines": lines, "packages": packages}
