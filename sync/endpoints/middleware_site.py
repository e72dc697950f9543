"""GET /v1/site: who this hospital is. The caller's thread."""

from __future__ import annotations

import msgspec

from sync.changes import Site
from sync.endpoints.declared import SITE
from sync.endpoints.endpoint import decoded
from sync.transport import Transport, body_of, call_of

ENDPOINT = SITE


def get(transport: Transport) -> Site:
    """The site. Raises SyncError."""
    body = body_of(transport.exchange(call_of(ENDPOINT)))
    return decoded(lambda raw: msgspec.json.decode(raw, type=Site), body)
