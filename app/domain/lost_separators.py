"""GS1 text whose separator may have been lost on its way: what a field may hide, and how it could be split. Pure.

A lost FNC1 is never mended here: the delivery's manifest may confirm one of the splits, and a person decides
(trace-codes.md §4.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from app.domain.gs1 import DATES, GS, Elements, Gs1Fields, date_of, elements_of, fields_of, open_ended, rule_at

MOST_SPLITS = 32
_LONGEST = 160  # all open-ended fields of §4.1 together hold 116 characters and their identifiers
_DATE = r"[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])"
# What a lost separator could have hidden at the end of a field: the identifiers of trace-codes.md §4.1.
_TAILS = {
    "10": re.compile(r"10."),
    "11": re.compile(f"11{_DATE}"),
    "17": re.compile(f"17{_DATE}"),
    "21": re.compile(r"21."),
    "240": re.compile(r"240."),
    "250": re.compile(r"250."),
    "30": re.compile(r"30[0-9]{1,8}$"),
    "37": re.compile(r"37[0-9]{1,8}$"),
}
_ANY_TAIL = re.compile(f"1[17]{_DATE}|(?:10|21|240|250).|3[07][0-9]{{1,8}}$")


def hidden_in(elements: Elements) -> tuple[tuple[str, str], ...]:
    """(field, identifier that its tail may hide), for a text without any separator."""
    present = {ai for ai, _ in elements}
    return tuple(
        (ai, tail)
        for ai, value in elements
        if _ANY_TAIL.search(value, 1) and open_ended(ai)
        for tail, pattern in _TAILS.items()
        if tail not in present and pattern.search(value, 1)
    )


def splits_of(text: str) -> tuple[Gs1Fields, ...]:
    """Every reading that lost separators could have turned into this text, the plain one left out; at most 32.

    Only whole readings: each part must stand by the rules of its identifier, and none may occur twice.
    """
    if not text or GS in text or len(text) > _LONGEST or not text.isascii():
        return ()
    plain = elements_of(text)
    dead: set[tuple[int, frozenset[str]]] = set()
    ways = (way for way in _ways(text, 0, frozenset(), dead) if way != plain)
    found = (fields_of(way) for way in islice(ways, MOST_SPLITS))
    return tuple(fields for fields in found if fields is not None)


def _ways(text: str, at: int, used: frozenset[str], dead: set[tuple[int, frozenset[str]]]) -> Iterator[Elements]:
    """Every way to read the text from here on. `dead` remembers what led nowhere, so that nothing is tried twice."""
    if at == len(text):
        yield ()
        return
    known = rule_at(text, at)
    if known is None or known[0] in used or (at, used) in dead:
        return
    ai, rule = known
    match = rule.pattern.match(text, at)
    if match is None or (ai in DATES and date_of(match[1]) is None):
        return
    fruitful = False
    for end in _ends(text, match.start(1), match.end(), used | {ai}) if rule.open_ended else (match.end(),):
        for rest in _ways(text, end, used | {ai}, dead):
            fruitful = True
            yield ((ai, text[match.start(1) : end]), *rest)
    if not fruitful:
        dead.add((at, used))


def _ends(text: str, start: int, end: int, used: frozenset[str]) -> Iterator[int]:
    """Where a value may end: as far as it can reach, and wherever an element not seen yet could begin."""
    yield end
    for at in range(start + 1, end):
        if any(pattern.match(text, at) for tail, pattern in _TAILS.items() if tail not in used):
            yield at
