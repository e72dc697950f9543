"""A profile read from what a TOML file says: a base, and what a province or a site has otherwise. Pure.

A file names its `base`; tables are laid over it member by member, lists and values take the place of the base's.
Everything is checked at once: a name that nothing explains is an error with its place, not a payload without a field.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeAlias, cast

from app.domain.profile import Field, Forms, Message, Object, Profile

Data: TypeAlias = Mapping[str, object]

KINDS = ("text", "number", "date", "datetime", "code", "nodes")
_FIELD_KEYS = {each.name for each in fields(Field)} - {"key", "object", "label"} | {
    "zh", "fields", "required", "optional", "one_of", "required_if",
}  # fmt: skip
_OBJECT_KEYS = {"required", "optional", "one_of", "not_after", "counted", "constants", "fields"}
_CHOICES = {
    "length_unit": ("characters", "bytes"),
    "numbers": ("number", "string"),
    "decimals": ("needed", "all"),
    "empty": ("omit", "blank"),
}
_FIELD_CHOICES = {"kind": KINDS, "over": ("refuse", "cut"), "shape": ("array", "object"), "place": ("line", "beside")}


class BadProfile(ValueError):
    """The data say something that cannot be: where, and why (a stable word)."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


def laid_over(base: Data, more: Data) -> dict[str, object]:
    """`more` over `base`, table by table."""
    found = dict(base)
    for key, value in more.items():
        under = found.get(key)
        both = isinstance(value, dict) and isinstance(under, dict)
        found[key] = laid_over(cast("Data", under), cast("Data", value)) if both else value
    return found


def profile_of(data: Data) -> Profile:
    """Raises BadProfile."""
    known = {"name", "zh", "base", "forms", "tables", "fields", "messages", "trades", "routes", "options", "limits"}
    _only(data, known | {"wrapper", "input", "wire"}, "profile")
    tables = {name: _texts(table, f"tables.{name}") for name, table in _tables(data, "tables").items()}
    reader = _Reader(_tables(data, "fields"), tables)
    said = _tables(data, "messages")
    messages = {name: reader.message(name, _like(name, said)) for name in said}
    limits = _table(data, "limits")
    _only(limits, {"signs", "lines"}, "limits")
    trades = _texts(_table(data, "trades"), "trades")
    routes = {model: _words(each, f"routes.{model}") for model, each in _table(data, "routes").items()}
    for trade, infno in trades.items():
        _must(infno in messages, f"trades.{trade}", "no_such_message")
    for model, route in routes.items():
        _must(set(route) <= set(trades), f"routes.{model}", "no_such_trade")
    _must(data.get("input", "object") in ("object", "string"), "input", "not_a_choice")
    return Profile(
        _text(data, "name", "profile"),
        _text(data, "zh", "profile"),
        _forms(_table(data, "forms")),
        tables,
        messages,
        trades,
        routes,
        _texts(_table(data, "options"), "options"),
        str(data.get("wrapper", "input")),
        str(data.get("input", "object")),
        _count(limits, "signs", "limits") or 40_000,
        _count(limits, "lines", "limits") or 50,
        _table(data, "wire"),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads messages, with the fields that all of them share."""

    shared: Mapping[str, Data]
    tables: Mapping[str, Mapping[str, str]]

    def message(self, infno: str, data: Data) -> Message:
        path = f"messages.{infno}"
        _only(data, _OBJECT_KEYS | {"node", "shape"}, path)
        shape = data.get("shape", "object")
        _must(shape in ("array", "object"), f"{path}.shape", "not_a_choice")
        line = self._object(data, self.shared, path)
        _must(bool(data.get("node")) or shape == "object", path, "array_without_node")
        _must(shape == "object" or all(each.place == "line" for each in line.fields), path, "beside_an_array")
        return Message(infno, str(data.get("node", "")), str(shape), line)

    def _object(self, data: Data, shared: Mapping[str, Data], path: str) -> Object:
        required, optional = (_words(data.get(name, []), f"{path}.{name}") for name in ("required", "optional"))
        here = _tables(data, "fields")
        found: dict[str, Field] = {}
        for key in (*required, *(each for each in optional if each not in required)):
            _must(key in shared or key in here, f"{path}.{key}", "no_such_field")
            found[key] = self._field(key, laid_over(shared.get(key, {}), here.get(key, {})), f"{path}.{key}")
        names = [name for each in found.values() for name in (each.name, *each.also)]
        constants = _texts(_table(data, "constants"), f"{path}.constants")
        _must(len({*names, *constants}) == len(names) + len(constants), path, "name_twice")
        counted = _words(data.get("counted", []), f"{path}.counted")
        groups = _groups(data.get("one_of", []), f"{path}.one_of")
        pairs = _groups(data.get("not_after", []), f"{path}.not_after")
        conditions = [key for each in found.values() for key, _ in each.required_if]
        used = {key for group in (*groups, *pairs, counted, conditions) for key in group}
        _must(used <= found.keys(), path, "rule_without_field")
        _must(len(counted) in (0, 3) and all(len(pair) == 2 for pair in pairs), path, "rule_bad")
        _must(all(groups), path, "rule_bad")
        return Object(
            tuple(found.values()),
            frozenset(required),
            groups,
            tuple((pair[0], pair[1]) for pair in pairs),
            (counted[0], counted[1], counted[2]) if counted else None,
            constants,
        )

    def _field(self, key: str, data: Data, path: str) -> Field:
        _only(data, _FIELD_KEYS, path)
        kind = str(data.get("kind", "text"))
        for name, choices in _FIELD_CHOICES.items():
            _must(name not in data or data[name] in choices, f"{path}.{name}", "not_a_choice")
        table = _optional(data, "table", path)
        _must(table is None or table in self.tables, f"{path}.table", "no_such_table")
        _must((kind == "code") == (table is not None), f"{path}.table", "table_and_kind")
        inside = self._object(data, {}, path) if kind == "nodes" else None
        return Field(
            key,
            kind,
            _optional(data, "fact", path) or key,
            _optional(data, "zh", path) or "",
            _optional(data, "name", path) or key,
            _words(data.get("also", []), f"{path}.also"),
            _count(data, "most", path),
            str(data.get("over", "refuse")),
            _count(data, "digits", path),
            _count(data, "scale", path),
            data.get("positive") is True,
            table,
            _optional(data, "const", path),
            _optional(data, "otherwise", path),
            _optional(data, "form", path),
            data.get("once") is True,
            tuple((name, _words(each, path)) for name, each in _table(data, "required_if").items()),
            str(data.get("shape", "array")),
            str(data.get("place", "line")),
            inside,
        )


def _like(infno: str, messages: Mapping[str, Data]) -> Data:
    """A message, laid over the one that it is `like`."""
    data = dict(messages[infno])
    other = data.pop("like", None)
    if other is None:
        return data
    _must(other in messages and "like" not in messages[str(other)], f"messages.{infno}.like", "no_such_message")
    return laid_over(messages[str(other)], data)


def _forms(data: Data) -> Forms:
    known = {each.name for each in fields(Forms)}
    _only(data, known, "forms")
    said = {name: _text(data, name, "forms") for name in data}
    for name, value in said.items():
        _must(value in _CHOICES.get(name, (value,)), f"forms.{name}", "not_a_choice")
    try:
        codecs.lookup(said.get("charset", "utf-8"))
    except LookupError:
        raise BadProfile("forms.charset", "no_such_charset") from None
    return Forms(**said)


def _must(fine: bool, path: str, why: str) -> None:
    if not fine:
        raise BadProfile(path, why)


def _only(data: Data, known: set[str], path: str) -> None:
    for key in data:
        _must(key in known, f"{path}.{key}", "unknown_key")


def _table(data: Data, key: str) -> Data:
    found = data.get(key, {})
    _must(isinstance(found, dict), key, "not_a_table")
    return cast("Data", found)


def _tables(data: Data, key: str) -> Mapping[str, Data]:
    found = _table(data, key)
    return {name: _table(found, name) for name in found}


def _texts(data: Data, path: str) -> dict[str, str]:
    return {key: _text(data, key, path) for key in data}


def _text(data: Data, key: str, path: str) -> str:
    found = data.get(key)
    if not isinstance(found, str) or not found:
        raise BadProfile(f"{path}.{key}", "not_a_text")
    return found


def _optional(data: Data, key: str, path: str) -> str | None:
    return _text(data, key, path) if key in data else None


def _words(found: object, path: str) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise BadProfile(path, "not_a_list")
    return tuple(found)


def _groups(found: object, path: str) -> tuple[tuple[str, ...], ...]:
    if not isinstance(found, list):
        raise BadProfile(path, "not_a_list")
    return tuple(_words(group, path) for group in found)


def _count(data: Data, key: str, path: str) -> int | None:
    found = data.get(key)
    if found is not None and (type(found) is not int or found < 0):
        raise BadProfile(f"{path}.{key}", "not_a_count")
    return found
