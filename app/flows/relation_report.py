"""What was found in a relation file: frozen results that a screen or a command tells. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from app.domain.relation_xml import BadFile

LISTED = 20  # places that are listed of each kind of finding; all are counted
_SHORT = 64


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is. `phase`: look (was it taken in before?), read, check, store; bytes, and codes in `store`."""

    phase: str
    done: int = 0
    total: int = 0


Progress = Callable[[Step], bool]  # False: stop


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in the file. `code` is stable and has a text, whose places `values` fill."""

    code: str
    line: int | None
    values: tuple[tuple[str, str], ...] = ()


class Told(TypedDict):
    """The fields of a report that the findings fill."""

    problems: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    counted: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FileReport:
    """The answer about one file.

    `state`: sound (inspected), taken_in, already_here, refused (nothing was kept) or cancelled (nothing was kept).
    Problems set whole trees aside, and a refused file has the reason as its first one; notes change nothing.
    """

    file: str
    size_bytes: int
    state: str = "sound"
    digest: str = ""
    codes: int = 0
    cartons: int = 0  # outermost packages with something in them
    levels: tuple[tuple[int | None, int], ...] = ()
    batches: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    flags: tuple[tuple[str, int], ...] = ()  # as written, with how often: their meaning is not known
    set_aside: int = 0  # codes of trees with a problem
    problems: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    counted: tuple[tuple[str, int], ...] = ()  # how often each code of a finding came up
    source: int | None = None
    source_name: str | None = None
    imported_as: str | None = None  # of `already_here`: the file's name then, and when
    imported_ms: int | None = None


class Findings:
    """Collects findings without growing with the file."""

    def __init__(self) -> None:
        self._problems: list[Finding] = []
        self._notes: list[Finding] = []
        self._counted: Counter[str] = Counter()

    def problem(self, code: str, line: int | None, **values: object) -> None:
        self._add(self._problems, code, line, values)

    def note(self, code: str, line: int | None, **values: object) -> None:
        self._add(self._notes, code, line, values)

    def refuse(self, error: BadFile) -> None:
        """The whole file is wrong: that stands first."""
        self._counted[error.code] += 1
        self._problems.insert(0, _finding(error.code, error.line, error.values))

    def told(self) -> Told:
        return Told(
            problems=tuple(self._problems), notes=tuple(self._notes), counted=tuple(sorted(self._counted.items()))
        )

    def _add(self, kept: list[Finding], code: str, line: int | None, values: dict[str, object]) -> None:
        self._counted[code] += 1
        if self._counted[code] <= LISTED:
            kept.append(_finding(code, line, values))


def _finding(code: str, line: int | None, values: dict[str, object]) -> Finding:
    return Finding(code, line, tuple((name, str(value)[:_SHORT]) for name, value in values.items()))


def file_of(source_name: str) -> str:
    """The file's own name in that of its source."""
    return source_name.rpartition(" ")[0]
