"""Codes that the program itself prints or that a patient shows: recognised before anything else is looked at. Pure.

The printed forms begin with `MATOU` and one sign: `!` command, `#` badge, `=` delivery number, `~` set-up.
A patient's voucher (医保电子凭证) is a credential: whoever sees one here must neither store, log nor echo it.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

PREFIX = "MATOU"
KINDS = {"!": "command", "#": "badge", "=": "delivery", "~": "set_up"}

# e-voucher-6101.md §2: 424 + 25 digits, or `opc` + the same layout; alone, behind an AIM prefix, wrapped, or glued by
# a lost line end to another voucher, a piece of one, a product's number or the trace codes shot before and after: of
# digits that run on behind 28 the first are a patient's all the same. Caps Lock may turn the letters round.
VOUCHER = re.compile(
    r"(?:(?<![0-9])|(?<=\][A-Za-z][0-9]))(?:8[0-9]{19})*424[0-9]{25,}(?:opc[0-9A-Za-z]{20,})?"
    r"|(?:(?<![0-9A-Za-z])|(?<=\][A-Za-z][0-9A-Za-z]))(?:8[0-9]{19})*opc[0-9A-Za-z]{20,}",
    re.IGNORECASE,
)


LEAST_VOUCHER = 23
"""Signs of the shortest text that can be one."""


def own_form(text: str) -> tuple[str, str] | None:
    """`MATOU!undo` → ("command", "undo"); None if it is not one of ours."""
    if not text.startswith(PREFIX) or len(text) <= len(PREFIX):
        return None
    kind = KINDS.get(text[len(PREFIX)])
    return (kind, text[len(PREFIX) + 1 :]) if kind else None


def delivery_code(number: str) -> str:
    """What is printed on a note, and shown where a receipt is handed over."""
    return f"{PREFIX}={number}"


def holds_voucher(text: str) -> bool:
    """True if a patient's voucher stands anywhere in the text (a wrapped or glued one is still a credential)."""
    if "%" in text:  # a web address may write any sign of it as %34
        plain = unquote(text)
        if plain != text and _stands_in(plain):
            return True
    return _stands_in(text)


def _stands_in(text: str) -> bool:
    return ("424" in text or "opc" in text.lower()) and VOUCHER.search(text) is not None
