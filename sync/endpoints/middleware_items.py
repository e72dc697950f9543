"""POST /v1/items: a batch, one answer per item. The caller's thread."""

from __future__ import annotations

from collections.abc import Sequence

from sync.batching import join
from sync.endpoints.endpoint import Endpoint, Repeat, decoded
from sync.transport import Call, Transport, body_of
from sync.verdicts import Answer, decode_answers

ENDPOINT = Endpoint("items", "POST", "/v1/items", "middleware.yaml", Repeat.ASK_FIRST)


def post(transport: Transport, bodies: Sequence[bytes]) -> tuple[Answer, ...]:
    """Send items and bring their answers. Raises SyncError, which says whether the request may have left."""
    return decoded(decode_answers, body_of(transport.exchange(Call(ENDPOINT.method, ENDPOINT.path, body=join(bodies)))))
