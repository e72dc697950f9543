"""GET /v1/site: who this hospital is. The caller's thread."""

from __future__ import annotations

import msgspec

from sync.changes import Site
from sync.endpoints.endpoint import Endpoint, Repeat, decoded
from sync.transport import Call, Transport, body_of

ENDPOINT = Endpoint("site", "GET", "/v1/site", "middleware.yaml", Repeat.SAFE)


def get(transport: Transport) -> Site:
    """The site. Raises SyncError."""
    body = body_of(transport.exchange(Call(ENDPOINT.method, ENDPOINT.path)))
    return decoded(lambda raw: msgspec.json.decode(raw, type=Site), body)
