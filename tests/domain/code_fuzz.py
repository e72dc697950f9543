"""Strings that no scanner would send, and what must hold of the reading of any string. For the test and the bench."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from app.domain.codes import (
    Gs1,
    MakerPatterns,
    Reading,
    TraceCode,
    Voucher,
    ambiguities_of,
    identifies_batch,
    issuer_of,
    key_of,
    label_of,
    product_key_of,
    read,
    split_candidates,
)
from app.domain.own_forms import holds_voucher
from app.domain.readings import AMBIGUITIES, NOTES

GS = "\x1d"
PATTERNS = MakerPatterns((("DMZY-########", "YP-0011"), ("DMX-@*####", "YP-0012")))
GTIN = "09529999001016"
VOUCHER = "4240000000000000000000990000"
PIECES = (
    "]C1", "]d2", "]C0", "]E3", "]z1", "]", GS, "01" + GTIN, "01", GTIN, "02", "17290531", "17290500", "11", "10B7",
    "21S1", "21", "10", "240", "30", "37", "250", "3103001234", "8004", "00", "395299990000000171",
    "89990114017572284642", "8999O114017572284642", "8", "80023337211607258546", "6901234567892", "86900000000003",
    "\t", "\r", "\n", " ", "-",
    "(01)", "(10)", "(21)", "(", ")", "MATOU!", "MATOU#", "http://", "HTTPS://", "https://e.cn/01/" + GTIN + "/21/",
    "https://e.cn/?", "code=", "&", "=", "/", "?", "#", "%0A", "%1D", "%", "MA.156.M0.999902.1SYN0002", ".S1",
    ".L2", ".V", "281231", ".C3", ".", "DMZY-", "12345678", "BN1", "SN2", "MD260101", VOUCHER, "424", "opc",
    "%34%32%34", "\ufeff", "８", "０１", "］", "Ｏ", "\u3000", "码", "\ud800", "\x00", "\x1e", "ſ", "K",
    "²", "٣", "x", "Z",
)  # fmt: skip
SIGNS = "".join(chr(sign) for sign in range(0x20, 0x7F)) + GS + "\r\n\t"


def strings(seed: int, count: int) -> Iterator[str]:
    """Heaps of pieces, heaps of signs, and good codes with one sign changed, dropped or doubled."""
    chance = random.Random(seed)
    for number in range(count):
        kind = number % 4
        if kind == 0:
            yield "".join(chance.choices(SIGNS, k=chance.randint(0, 40)))
        elif kind == 1:
            yield "8" + "".join(chance.choices("0123456789", k=chance.randint(17, 20)))
        else:
            text = "".join(chance.choices(PIECES, k=chance.randint(1, 7)))
            yield text if kind == 2 else _hurt(text, chance)


def _hurt(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice(("", text[at] * 2, chance.choice(SIGNS))) + text[at + 1 :]


def fault_of(text: str) -> str | None:
    """What is wrong with the reading of this text; None if nothing is."""
    found = read(text, PATTERNS)
    if isinstance(found, Voucher):
        return None if key_of(found) is None else "a voucher with a key"
    if holds_voucher(text):
        return "a voucher that was not seen"
    key = key_of(found)
    if key is not None and (holds_voucher(key) or key_of(read(key, PATTERNS)) != key):
        return f"the key {key!r} is no input"
    if not set(getattr(found, "notes", ())) <= NOTES or not set(ambiguities_of(found)) <= AMBIGUITIES:
        return f"a word without a text: {found}"
    if isinstance(found, Gs1) and found.ambiguous != bool(found.doubts):
        return f"doubtful without a reason, or the reverse: {found}"
    plain = _plain(text)
    bare = plain.replace("-", "").replace(" ", "")
    if isinstance(found, TraceCode) and found.key not in bare:
        return f"digits that were not scanned: {found}"
    return _invented(found, plain)


def _invented(found: Reading, plain: str) -> str | None:
    """A value that does not stand in the text; the small questions are asked too, because none may fail."""
    label = label_of(found)
    identifies_batch(found), issuer_of(found), product_key_of(found)
    values = [label.batch, label.serial]
    for fields in split_candidates(found):
        values += [fields.batch, fields.serial]
    strange = [value for value in values if value and value not in plain]
    return f"values that were not scanned: {strange}" if strange else None


def _plain(text: str) -> str:
    """The text with its full-width signs and its escapes resolved, beside itself."""
    narrow = "".join(unicodedata.normalize("NFKC", sign) if "\uff01" <= sign <= "\uff5e" else sign for sign in text)
    return f"{narrow}\n{unquote(narrow)}"
