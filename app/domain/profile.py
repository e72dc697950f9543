"""A province's form of the national messages, as data. Pure.

Names, nesting, lengths, tables, required sets and forms of numbers and dates are all values of these classes;
`profile_data` reads them from a file, `profile_build` makes payloads by them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

import msgspec

Facts: TypeAlias = Mapping[str, "Fact"]
Fact: TypeAlias = str | int | Decimal | dt.date | dt.datetime | tuple[Facts, ...] | None
Json: TypeAlias = "str | int | Decimal | list[Json] | dict[str, Json]"


@dataclass(frozen=True, slots=True)
class Forms:
    """How values are written throughout a profile."""

    length_unit: str = "characters"  # characters, bytes
    charset: str = "utf-8"  # what is to be writable, and counts the bytes
    numbers: str = "number"  # number, string
    decimals: str = "needed"  # needed, all
    empty: str = "omit"  # omit, blank: members without a value
    date: str = "yyyy-MM-dd"
    datetime: str = "yyyy-MM-dd HH:mm:ss"


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a message. `key` names it inside the profile, `name` on the wire."""

    key: str
    kind: str  # text, number, date, datetime, code, nodes
    fact: str
    label: str = ""  # its Chinese name
    name: str = ""
    also: tuple[str, ...] = ()  # the same value under these names, too
    most: int | None = None  # of a text, in the profile's unit
    over: str = "refuse"  # refuse, cut: what happens to a text that is too long
    digits: int | None = None  # of a number, in all
    scale: int | None = None  # after its point
    positive: bool = False
    table: str | None = None
    const: str | None = None  # sent whatever the facts say
    otherwise: str | None = None  # sent where the facts say nothing
    form: str | None = None  # of a date or time, where it is not the profile's
    once: bool = False  # a value may stand only once in a message
    required_if: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (key, its values; none: any) of the same object
    shape: str = "array"  # of nodes: array, object
    place: str = "line"  # of nodes: line, beside
    object: Object | None = None  # what stands in a node


@dataclass(frozen=True, slots=True)
class Object:
    """The members of a line, of a node, or of a whole message."""

    fields: tuple[Field, ...]
    required: frozenset[str]
    one_of: tuple[tuple[str, ...], ...] = ()
    not_after: tuple[tuple[str, str], ...] = ()
    counted: tuple[str, str, str] | None = None  # nodes, quantity, flag that takes the rule away
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One interface. `node` "" puts the members straight into the payload."""

    infno: str
    node: str
    shape: str  # array, object
    line: Object


@dataclass(frozen=True, slots=True)
class Profile:
    """What one province, or one site, wants."""

    name: str
    title: str
    forms: Forms
    tables: Mapping[str, Mapping[str, str]]
    messages: Mapping[str, Message]
    trades: Mapping[str, str]  # what happened → the message that tells it
    routes: Mapping[str, tuple[str, ...]]  # collection model of a site → trades of a receipt
    options: Mapping[str, str]
    wrapper: str = "input"
    input: str = "object"  # object, string
    most_signs: int = 40_000
    most_lines: int = 50
    wire: Mapping[str, object] = field(default_factory=dict)  # how the envelope travels; `profile_wire` hands it on


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a payload cannot go out, or (as a note) what a person should know. `code` has a text in resources/texts."""

    path: str
    code: str
    name: str  # on the wire
    label: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Payload:
    """What stands under the wrapper. `notes` do not keep it back."""

    infno: str
    members: dict[str, Json]
    notes: tuple[Problem, ...] = ()

    def text(self) -> str:
        """As JSON, no sign more than needed."""
        return json_text(self.members)


def json_text(members: Json) -> str:
    """JSON with exact numbers: a decimal never passes through a float."""
    return msgspec.json.Encoder(decimal_format="number").encode(members).decode("utf-8")
