"""Reading what an insurance answers: lenient in form, and with no word of it in an error. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sync.envelope import Json, read_json
from sync.errors import SyncError


def object_in(output: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """The node of this name, an object or a text that holds one; the output itself where there is no such node."""
    found = read_json(output.get(name))
    return found if isinstance(found, dict) else output


def rows_in(output: Mapping[str, Json], name: str) -> tuple[Mapping[str, Json], ...]:
    """The rows of a node: an array, or one object; none where it is missing."""
    found = read_json(output.get(name))
    several = found if isinstance(found, list) else [found]
    return tuple(each for each in several if isinstance(each, dict))


def text(node: Mapping[str, Json], name: str) -> str:
    """A member as a text; "" where it is missing or no value."""
    found = node.get(name)
    if isinstance(found, str):
        return found.strip()
    return str(found) if isinstance(found, int | Decimal) and not isinstance(found, bool) else ""


def must_text(node: Mapping[str, Json], name: str) -> str:
    """Raises SyncError reply_lacks: it is missing."""
    found = text(node, name)
    if not found:
        raise SyncError("reply_lacks", name, may_have_left=True, subject=name)
    return found


def amount(node: Mapping[str, Json], name: str) -> Decimal | None:
    """A number, told as one or as a text; None where it is none."""
    try:
        found = Decimal(text(node, name))
    except ArithmeticError:
        return None
    return found if found.is_finite() else None
