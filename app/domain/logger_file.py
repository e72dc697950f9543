"""A temperature logger's csv file → its readings, in bounded memory and without guessing. Pure.

Common forms: any of comma, semicolon and tab between the fields, lines of other text before the table, one column or
two for the moment, decimal comma, Celsius or Fahrenheit in the heading or beside the number, a text of UTF-8, UTF-16 or
GB 18030. The column is found by its heading; a file where that is not clear is refused, not guessed.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.temperature import Range, read_temperature

MOST_BYTES = 16_000_000
MOST_READINGS = 200_000
MOST_LEAD_LINES = 200  # serial number, settings, statistics before the table
EXCURSIONS_KEPT = 20
ROWS_TRIED = 5
_SEPARATORS = (",", ";", "\t")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Reading:
    """One row: the moment as the file writes it."""

    at: str
    degrees_c: float


@dataclass(frozen=True, slots=True)
class Excursion:
    """Readings outside the range, one after the other."""

    begins: str
    ends: str
    readings: int
    worst_c: float


@dataclass(frozen=True, slots=True)
class LoggerReport:
    """What a file says. `bad_rows`: rows of the table that hold no temperature."""

    readings: int
    least_c: float
    most_c: float
    first: Reading
    last: Reading
    bad_rows: int
    excursions: tuple[Excursion, ...] = ()  # the first EXCURSIONS_KEPT
    outside: int = 0  # readings outside the range


def read_logger(content: bytes, columns: Mapping[str, Sequence[str]], allowed: Range | None) -> LoggerReport | str:
    """The report, or why not: logger_too_large, logger_not_text, logger_no_column, logger_empty."""
    if len(content) > MOST_BYTES:
        return "logger_too_large"
    text = _decoded(content)
    if text is None:
        return "logger_not_text"
    table = _table(text, columns)
    if table is None:
        return "logger_no_column"
    report = _Report(allowed)
    for row in table:
        if report.count >= MOST_READINGS:
            return "logger_too_large"
        report.take(row)
    return report.made() or "logger_empty"


def _decoded(content: bytes) -> str | None:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _table(text: str, columns: Mapping[str, Sequence[str]]) -> Iterator[Reading | None] | None:
    """The rows below the first line that is a heading."""
    lines = text.splitlines()
    for place, line in enumerate(lines[:MOST_LEAD_LINES]):
        for separator in _SEPARATORS:
            heads = [head.strip().lower() for head in next(csv.reader([line], delimiter=separator), [])]
            found = _columns(heads, columns)
            if found is None:
                continue
            moments, degrees = found
            unit = "F" if any(mark in heads[degrees] for mark in ("°f", "℉", "fahrenheit", "(f)")) else ""
            below = lines[place + 1 :]
            # A line of statistics may have such words, too; below a heading stand readings.
            if any(_rows(below[:ROWS_TRIED], separator, moments, degrees, unit)):
                return _rows(below, separator, moments, degrees, unit)
    return None


def _columns(heads: Sequence[str], columns: Mapping[str, Sequence[str]]) -> tuple[tuple[int, ...], int] | None:
    """Places of the moment's columns and of the one temperature; None where this is no heading, or not a clear one.

    A field that begins with a digit is a value: such a line tells of something else, however its words sound.
    """
    if any(head[:1].isdigit() for head in heads):
        return None

    def named(kind: str) -> list[int]:
        return [place for place, head in enumerate(heads) if any(word in head for word in columns[kind])]

    moments = tuple(dict.fromkeys((*named("date"), *named("time"))))[:2]
    excluded = {*named("not_temperature"), *moments}
    degrees = [place for place in named("temperature") if place not in excluded]
    return (moments, degrees[0]) if moments and len(degrees) == 1 else None


def _rows(
    lines: Sequence[str], separator: str, moments: tuple[int, ...], degrees: int, unit: str
) -> Iterator[Reading | None]:
    """A reading per row; None for one without a temperature."""
    for line in lines:
        if not line.strip(f"{separator} "):
            continue
        try:
            row = next(csv.reader([line], delimiter=separator), [])
        except csv.Error:
            yield None
            continue
        if len(row) <= max(degrees, *moments):
            yield None
            continue
        cell = row[degrees].strip()
        found = read_temperature(cell if not cell or cell[-1] in "CFcf℃℉" else cell + unit)
        at = " ".join(row[place].strip() for place in sorted(moments))
        yield Reading(at[:40], found) if isinstance(found, float) and at else None


class _Report:
    """Sums up while the rows go by."""

    def __init__(self, allowed: Range | None) -> None:
        self._allowed = allowed
        self._first: Reading | None = None
        self._last: Reading | None = None
        self._least = self._most = 0.0
        self._bad = self._outside = self.count = 0
        self._excursions: list[Excursion] = []
        self._open: Excursion | None = None

    def take(self, row: Reading | None) -> None:
        if row is None:
            self._bad += 1
            return
        if self._first is None:
            self._first, self._least, self._most = row, row.degrees_c, row.degrees_c
        self.count, self._last = self.count + 1, row
        self._least, self._most = min(self._least, row.degrees_c), max(self._most, row.degrees_c)
        if self._allowed is None or self._allowed.holds(row.degrees_c):
            self._end()
            return
        self._outside += 1
        begun = self._open or Excursion(row.at, row.at, 0, row.degrees_c)
        middle = (self._allowed.least_c + self._allowed.most_c) / 2
        worst = max(begun.worst_c, row.degrees_c, key=lambda degrees: abs(degrees - middle))
        self._open = Excursion(begun.begins, row.at, begun.readings + 1, worst)

    def made(self) -> LoggerReport | None:
        """None if there was no reading."""
        self._end()
        if self._first is None or self._last is None:
            return None
        return LoggerReport(
            self.count, self._least, self._most, self._first, self._last, self._bad, tuple(self._excursions),
            self._outside,
        )  # fmt: skip

    def _end(self) -> None:
        if self._open is not None and len(self._excursions) < EXCURSIONS_KEPT:
            self._excursions.append(self._open)
        self._open = None
