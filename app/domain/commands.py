"""The words of a command line or a printed command code → a command, or why not. Pure (contracts §3).

`!undo [SEQ|CODE]` `!short LINE N REASON` `!over LINE N REASON` `!exempt LINE N REASON` `!damaged CODE REASON`
`!reject CODE REASON` `!open CODE` `!level CODE DRUG N` `!witness ID` `!confirm` `!pause` `!close`; `!next` of the
contract is known by name and comes later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEQ = re.compile(r"[0-9]{1,7}")
_NUMBER = re.compile(r"[0-9]{1,9}")
# A blank of any script, but not GS and its like, which `str.split` takes for blanks although they stand in codes.
_BLANKS = re.compile(r"[^\S\x1c-\x1f]+")
OUTCOME_OF = {"short": "short", "over": "over", "exempt": "exempt", "damaged": "damaged", "reject": "rejected"}
_BY_LINE = ("short", "over", "exempt")
_BY_CODE = ("damaged", "reject")
_PLAIN = ("confirm", "pause", "close")
_LATER = ("next",)
NAMES = ("undo", *_BY_LINE, *_BY_CODE, *_PLAIN, "open", "level", "witness", *_LATER)
_LEVELS = {"1", "2", "3", "4"}  # box, bundle, carton, pallet


@dataclass(frozen=True, slots=True)
class Command:
    """A command that can be read. `outcome` as the wire calls it; `reason_text` is the person's reason."""

    name: str
    seq: int | None = None
    code: str | None = None
    line: int | None = None
    count: int | None = None
    outcome: str | None = None
    drug: str | None = None
    level: int | None = None
    person: str | None = None
    reason_text: str = ""


@dataclass(frozen=True, slots=True)
class BadCommand:
    """A command that cannot: `name` as typed (None if nothing was), `reason` of the closed list."""

    name: str | None
    reason: str


def parse(text: str) -> Command | BadCommand:
    """`text` is what follows the `!`."""
    words = _words(text)
    if not words:
        return BadCommand(None, "unknown_command")
    name, rest = words[0], words[1:]
    if name in _LATER:
        return BadCommand(name, "command_unavailable")
    if name == "undo":
        return _undo(rest)
    if name in _BY_LINE:
        return _by_line(name, text)
    if name in _BY_CODE:
        return _by_code(name, text)
    if name == "open":
        return Command(name, code=rest[0]) if len(rest) == 1 else BadCommand(name, "bad_command")
    if name == "level":
        return _level(rest)
    if name == "witness":
        return Command(name, person=rest[0]) if len(rest) == 1 else BadCommand(name, "bad_command")
    if name in _PLAIN:
        return BadCommand(name, "bad_command") if rest else Command(name)
    return BadCommand(name[:20], "unknown_command")


def _words(text: str, cuts: int = 0) -> list[str]:
    """The words; with `cuts`, the last one is all the rest."""
    lead = _BLANKS.match(text)
    return [word for word in _BLANKS.split(text[lead.end() :] if lead else text, maxsplit=cuts) if word]


def _undo(rest: list[str]) -> Command | BadCommand:
    if not rest:
        return Command("undo")
    if len(rest) > 1:
        return BadCommand("undo", "bad_command")
    if _SEQ.fullmatch(rest[0]):
        return Command("undo", seq=int(rest[0]))
    return Command("undo", code=rest[0])


def _level(rest: list[str]) -> Command | BadCommand:
    if len(rest) != 3 or rest[2] not in _LEVELS:
        return BadCommand("level", "bad_command")
    return Command("level", code=rest[0], drug=rest[1], level=int(rest[2]))


def _by_line(name: str, text: str) -> Command | BadCommand:
    parts = _words(text, 3)
    if len(parts) < 4 or not _NUMBER.fullmatch(parts[1]) or not _NUMBER.fullmatch(parts[2]):
        return BadCommand(name, "bad_command")
    line, count = int(parts[1]), int(parts[2])
    return Command(name, line=line, count=count, outcome=OUTCOME_OF[name], reason_text=parts[3].strip())


def _by_code(name: str, text: str) -> Command | BadCommand:
    parts = _words(text, 2)
    if len(parts) < 3:
        return BadCommand(name, "bad_command")
    return Command(name, code=parts[1], outcome=OUTCOME_OF[name], reason_text=parts[2].strip())
