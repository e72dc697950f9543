"""POST /v1/manifests/{id}/versions/{v}/ack of the relay: what became of a version here. The caller's thread."""

from __future__ import annotations

import msgspec

from sync.endpoints.declared import RELAY_ACK
from sync.relay_wire import ManifestHead
from sync.transport import Transport, body_of, call_of

ENDPOINT = RELAY_ACK


def post(transport: Transport, head: ManifestHead, *, refusal: str | None, at_ms: int) -> None:
    """Tell the relay: taken in whole, or refused and why. Raises SyncError; nothing depends on it."""
    body = {
        "result": "complete" if refusal is None else "refused",
        "rows": head.rows if refusal is None else 0,
        "code": refusal,
        "at_ms": at_ms,
    }
    path = ENDPOINT.path.format(manifest=head.manifest, version=head.version)
    body_of(transport.exchange(call_of(ENDPOINT, path=path, body=msgspec.json.encode(body))))
