"""POST /v1/resolve of the relay: what is known of these codes. Changes nothing. The questions' thread."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sync.endpoints.endpoint import Endpoint, Repeat, decoded
from sync.relay_wire import CodeFacts, decode_resolved
from sync.transport import Call, Transport, body_of

ENDPOINT = Endpoint("relay_resolve", "POST", "/v1/resolve", "relay.yaml", Repeat.SAFE)
MAX_CODES = 100


def post(transport: Transport, codes: Sequence[str], timeout_s: float) -> tuple[CodeFacts, ...]:
    """Facts of at most MAX_CODES codes; an unknown code is missing. Raises SyncError."""
    body = msgspec.json.encode({"codes": list(codes)})
    raw = body_of(transport.exchange(Call(ENDPOINT.method, ENDPOINT.path, body=body, read_s=timeout_s)))
    wanted = set(codes)
    return tuple(facts for facts in decoded(decode_resolved, raw) if facts.code in wanted)
