"""GET /v1/changes: a page of what everybody must know. The caller's thread."""

from __future__ import annotations

from sync.changes import Page, decode_page
from sync.endpoints.declared import CHANGES
from sync.endpoints.endpoint import decoded
from sync.errors import SyncError
from sync.transport import Transport, body_of, call_of

ENDPOINT = CHANGES


def get(transport: Transport, cursor: str | None, rows: int) -> Page | None:
    """The page after `cursor`; None when the hospital does not know this cursor any more. Raises SyncError."""
    query = (("limit", str(rows)),) if cursor is None else (("cursor", cursor), ("limit", str(rows)))
    try:
        body = body_of(transport.exchange(call_of(ENDPOINT, query)))
    except SyncError as error:
        if error.status == 410 and cursor is not None:
            return None
        raise
    page = decoded(decode_page, body)
    if page.more and page.cursor == cursor:
        raise SyncError("bad_reply", "more to come, but the cursor stands still")
    return page
