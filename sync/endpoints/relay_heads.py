"""GET /v1/manifests of the relay: heads of manifests and events, by cursor. The caller's thread."""

from __future__ import annotations

from sync.endpoints.declared import RELAY_HEADS
from sync.endpoints.endpoint import decoded
from sync.errors import SyncError
from sync.relay_wire import HeadsPage, decode_heads
from sync.transport import Transport, body_of, call_of

ENDPOINT = RELAY_HEADS


def get(transport: Transport, cursor: str | None, limit: int) -> HeadsPage | None:
    """The page after `cursor`; None when the relay does not know this cursor any more. Raises SyncError."""
    query = (("limit", str(limit)),) if cursor is None else (("cursor", cursor), ("limit", str(limit)))
    try:
        body = body_of(transport.exchange(call_of(ENDPOINT, query)))
    except SyncError as error:
        if error.status == 410 and cursor is not None:
            return None
        raise
    page = decoded(decode_heads, body)
    if page.more and page.cursor == cursor:
        raise SyncError("bad_reply", "more to come, but the cursor stands still")
    return page
