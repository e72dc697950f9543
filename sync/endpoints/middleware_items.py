"""POST /v1/items: a batch, one answer per item. The caller's thread."""

from __future__ import annotations

from collections.abc import Sequence

from sync.batching import join
from sync.endpoints.declared import ITEMS
from sync.endpoints.endpoint import decoded
from sync.transport import Transport, body_of, call_of
from sync.verdicts import Answer, decode_answers

ENDPOINT = ITEMS


def post(transport: Transport, bodies: Sequence[bytes]) -> tuple[Answer, ...]:
    """Send items and bring their answers. Raises SyncError, which says whether the request may have left."""
    return decoded(decode_answers, body_of(transport.exchange(call_of(ENDPOINT, body=join(bodies)))))
