"""A second opinion on payloads: what the printed tables (tests/data/35xx.toml) say of one, nothing of the program."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

TABLES: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "35xx.toml").read_text(encoding="utf-8")
)  # fmt: skip
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def fields_of(infno: str) -> dict[str, Any]:
    """The fields of an interface, with those that it shares with another."""
    entry = TABLES["interface"][infno]
    shared = fields_of(entry["fields_of"]) if "fields_of" in entry else {}
    return {**shared, **entry.get("fields", {})}


def extras_of(infno: str, region: str) -> set[str]:
    """Members beyond the printed ones that this region is known to send."""
    entry = TABLES["interface"][infno]
    here = set(entry.get("extras", {}).get(region, {}).get("names", ()))
    return here | (extras_of(entry["fields_of"], region) if "fields_of" in entry else set())


def complaints(infno: str, members: Any, region: str) -> list[str]:
    """Everything in what stands under `input` that the tables do not allow."""
    entry = TABLES["interface"][infno]
    if not isinstance(members, dict) or set(members) != {entry["node"]}:
        return [f"nodes {members}"]
    inside = members[entry["node"]]
    if entry["shape"] == "object":
        return list(_object(inside, fields_of(infno), region, entry["node"], extras_of(infno, region)))
    if not isinstance(inside, list) or not inside:
        return ["not an array"]
    most = TABLES["rules"]["batch_lines"]["default"]
    too_many = [f"{len(inside)} lines"] if len(inside) > most else []
    return too_many + [
        text
        for number, line in enumerate(inside)
        for text in _object(line, fields_of(infno), region, f"{entry['node']}[{number}]", extras_of(infno, region))
    ]


def _object(line: Any, fields: Mapping[str, Any], region: str, path: str, extras: set[str]) -> Iterator[str]:
    if not isinstance(line, dict):
        yield f"{path} is no object"
        return
    spelt = {alias: name for name, field in fields.items() for alias in (name, *field.get("aliases", ()))}
    yield from (f"{path}.{name} is unknown" for name in line if name not in spelt and name not in extras)
    for name, field in fields.items():
        sent = {spelling: line[spelling] for spelling, of in spelt.items() if of == name and spelling in line}
        if not sent:
            if _required(field, region) is True:
                yield f"{path}.{name} is missing"
            continue
        if _required(field, region) == "absent":
            yield f"{path}.{name} is not known in {region}"
        if len(set(map(str, sent.values()))) > 1:
            yield f"{path}.{name} differs between its spellings"
        for spelling, value in sent.items():
            yield from _value(value, field, region, f"{path}.{spelling}")
    made, expiry = line.get("manu_date"), line.get("expy_end")
    if made and expiry and made > expiry:
        yield f"{path}: made after its expiry"


def _required(field: Mapping[str, Any], region: str) -> Any:
    marks = field.get("required", False)
    if isinstance(marks, dict):
        return marks.get(region, "ambiguous")
    return marks


def _value(value: Any, field: Mapping[str, Any], region: str, path: str) -> Iterator[str]:
    kind = field["type"]
    if kind == "array":
        if not isinstance(value, list) or not value:
            yield f"{path} is no array"
            return
        for number, each in enumerate(value):
            yield from _object(each, field["fields"], region, f"{path}[{number}]", set())
    elif kind == "number":
        yield from _number(value, field, path)
    elif not isinstance(value, str):
        yield f"{path} is no text"
    elif kind == "date" or kind == "datetime":
        form, length = ("%Y-%m-%d", 10) if kind == "date" else ("%Y-%m-%d %H:%M:%S", 19)
        if len(value) != length or not _is_moment(value, form):
            yield f"{path} is no {kind}"
    else:
        yield from _text(value, field, path)


def _text(value: str, field: Mapping[str, Any], path: str) -> Iterator[str]:
    if not value.strip():
        yield f"{path} is empty"
    if len(value) > field.get("len", len(value)):
        yield f"{path} is longer than {field['len']}"
    if "codes" in field and value not in TABLES["codes"][field["codes"]]["values"]:
        yield f"{path} is not in the table"
    if re.search(TABLES["rules"]["voucher"]["pattern"], value):
        yield f"{path} is a voucher"


def _number(value: Any, field: Mapping[str, Any], path: str) -> Iterator[str]:
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal) or not _NUMBER.fullmatch(text):
        yield f"{path} is no number"
        return
    whole, _, part = text.lstrip("-").partition(".")
    if len(part) > field["scale"] or len(whole.lstrip("0")) + field["scale"] > field["precision"]:
        yield f"{path} has too many digits"


def _is_moment(value: str, form: str) -> bool:
    try:
        dt.datetime.strptime(value, form)  # noqa: DTZ007 - a wall time, as printed
    except ValueError:
        return False
    return True


def envelope_complaints(envelope: Mapping[str, Any]) -> list[str]:
    """What is wrong with the members around `input`."""
    fields = TABLES["envelope"]["request"]
    found = [f"{name} is unknown" for name in envelope if name not in fields]
    for name, field in fields.items():
        value = envelope.get(name)
        if value is None:
            found += [f"{name} is missing"] if field["required"] is True else []
            continue
        text = value if isinstance(value, str) else ""
        if name != "input" and (not text or len(text) > field.get("len_later", field["len"])):
            found.append(f"{name} has a wrong length")
        if "codes" in field and text not in TABLES["codes"][field["codes"]]["values"]:
            found.append(f"{name} is not in the table")
    return found
