"""POST /v1/items/ask: what became of these ids. Changes nothing. The questions' thread."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sync.endpoints.endpoint import Endpoint, Repeat, decoded
from sync.errors import SyncError
from sync.transport import Call, Transport, body_of
from sync.verdicts import Answer, decode_answers

ENDPOINT = Endpoint("ask", "POST", "/v1/items/ask", "middleware.yaml", Repeat.SAFE)
MAX_IDS = 500
_NOT_THERE = (404, 405, 501)


def post(transport: Transport, ids: Sequence[str], timeout_s: float) -> tuple[Answer, ...]:
    """Ask for at most MAX_IDS ids. Raises SyncError; `ask_unavailable` where this hospital cannot be asked."""
    body = msgspec.json.encode({"ids": list(ids)})
    try:
        raw = body_of(transport.exchange(Call(ENDPOINT.method, ENDPOINT.path, body=body, read_s=timeout_s)))
    except SyncError as error:
        if error.status in _NOT_THERE:
            raise SyncError("ask_unavailable", error.detail, status=error.status) from error
        raise
    return decoded(decode_answers, raw)
