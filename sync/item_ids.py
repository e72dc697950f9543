"""An item's id as it stands in the file: a UUID takes 16 bytes there instead of 36 signs. Pure; any thread.

An id that is no UUID in its usual writing stays the text that it is; SQLite keeps both in one column.
"""

from __future__ import annotations

import re

_USUAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BYTES = 16


def packed(item_id: str) -> bytes | str:
    """What is stored and asked for."""
    return bytes.fromhex(item_id.replace("-", "")) if _USUAL.fullmatch(item_id) else item_id


def unpacked(stored: object) -> str:
    """The id again."""
    if isinstance(stored, bytes):
        if len(stored) != _BYTES:
            raise ValueError(f"an id of {len(stored)} bytes")
        text = stored.hex()  # by hand: twenty thousand of them are a tenth of a second with uuid.UUID
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    if isinstance(stored, str):
        return stored
    raise TypeError(f"not an id: {type(stored).__name__}")


def maybe_packed(item_id: str | None) -> bytes | str | None:
    """`packed`, where there may be none."""
    return None if item_id is None else packed(item_id)


def maybe_unpacked(stored: object) -> str | None:
    """`unpacked`, where there may be none."""
    return None if stored is None else unpacked(stored)
