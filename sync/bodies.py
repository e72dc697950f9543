"""The body of an item as it stands in the outbox: some 50 bytes instead of 260. Pure; any thread.

A body says again what stands in the columns beside it (id, receipt, seq, kind, moment), and words that every item has.
Both are the preset dictionary of a raw deflate stream (RFC 1951), so that the stream holds what is new in it: the code,
the operator, the device. The columns named in `Beside` are part of how a body is read: they are never changed.

The first byte tells how the rest is written. 1: deflate with `_WORDS_1` and the columns; 0: as it is, where that is
no longer. A row from before has neither and begins with the brace of its JSON object. `_WORDS_1` is never changed
any more: other words are another number.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

_PLAIN, _DEFLATED_1 = b"\x00", b"\x01"
_WINDOW = -11  # raw, 2 KB: the dictionary and an item; more would only take longer to set up
_MEMORY = 2
# What is likely stands last: the nearer, the shorter.
_WORDS_1 = (
    b'"declares":"drug":"level":1,"prefix":"replaces":"parent":"verb":"observe"add"delete"declare_error"'
    b'"equation":{"expected":,"received":,"short":0,"damaged":0,"rejected":0,"exempt":0}}'
    b'"outcome":"short","outcome":"over","outcome":"exempt","outcome":"rejected","outcome":"damaged",'
    b'"code":null,"reason":"0123456789abcdef\\u001d01021017210"}"negates":"01"estimated":true}'
    b'"payload":"899","code":"899"digest":"","line":2,"count":1,"line":1,"count":1,"digest":null}'
)


class Beside(NamedTuple):
    """Columns of the row that a body is written and read with."""

    id: str
    receipt: str
    seq: int
    kind: str
    created_ms: int


def packed(body: bytes, beside: Beside) -> bytes:
    """What is stored; `unpacked` gives the very same bytes again, whatever they are."""
    deflate = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=_dictionary(beside))
    short = deflate.compress(body) + deflate.flush()
    return _DEFLATED_1 + short if len(short) < len(body) else _PLAIN + body


def unpacked(stored: bytes, beside: Beside) -> bytes:
    """The body, exactly as it will travel. Raises ValueError where the row is damaged."""
    how = stored[:1]
    if how == _DEFLATED_1:
        inflate = zlib.decompressobj(_WINDOW, zdict=_dictionary(beside))
        try:
            body = inflate.decompress(stored[1:])
        except zlib.error as error:
            raise ValueError(f"the body of item {beside.id} cannot be read: {error}") from error
        if not inflate.eof or inflate.unused_data:
            raise ValueError(f"the body of item {beside.id} is not whole")
        return body
    return stored[1:] if how == _PLAIN else stored


def _dictionary(beside: Beside) -> bytes:
    head = (
        f'{{"id":"{beside.id}","device":"device-","receipt":"{beside.receipt}","seq":{beside.seq},'
        f'"kind":"{beside.kind}","at_ms":{beside.created_ms},"operator":"1001","payload":"'
    )
    return _WORDS_1 + head.encode("utf-8", "surrogatepass")
