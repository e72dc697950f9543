"""POST /v1/items/ask: what became of these ids. Changes nothing. The questions' thread."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sync.endpoints.declared import ASK
from sync.endpoints.endpoint import decoded
from sync.errors import SyncError
from sync.transport import Transport, body_of, call_of
from sync.verdicts import Answer, decode_answers

ENDPOINT = ASK
MAX_IDS = 500
_NOT_THERE = (404, 405, 501)


def post(transport: Transport, ids: Sequence[str], timeout_s: float) -> tuple[Answer, ...]:
    """Ask for at most MAX_IDS ids. Raises SyncError; `ask_unavailable` where this hospital cannot be asked."""
    body = msgspec.json.encode({"ids": list(ids)})
    try:
        raw = body_of(transport.exchange(call_of(ENDPOINT, body=body, read_s=timeout_s)))
    except SyncError as error:
        if error.status in _NOT_THERE:
            raise SyncError("ask_unavailable", error.detail, status=error.status) from error
        raise
    return decoded(decode_answers, raw)
