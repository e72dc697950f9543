"""POST /v1/resolve of the relay: what is known of these codes. Changes nothing. The questions' thread."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sync.endpoints.declared import RELAY_RESOLVE
from sync.endpoints.endpoint import decoded
from sync.relay_wire import CodeFacts, decode_resolved
from sync.transport import Transport, body_of, call_of

ENDPOINT = RELAY_RESOLVE
MAX_CODES = 100


def post(transport: Transport, codes: Sequence[str], timeout_s: float) -> tuple[CodeFacts, ...]:
    """Facts of at most MAX_CODES codes; an unknown code is missing. Raises SyncError."""
    body = msgspec.json.encode({"codes": list(codes)})
    raw = body_of(transport.exchange(call_of(ENDPOINT, body=body, read_s=timeout_s)))
    wanted = set(codes)
    return tuple(facts for facts in decoded(decode_resolved, raw) if facts.code in wanted)
