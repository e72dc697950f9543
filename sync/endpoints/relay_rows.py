"""GET /v1/manifests/{id}/versions/{v}/rows of the relay: one row per line, from any row on. The caller's thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from sync.endpoints.endpoint import Endpoint, Repeat
from sync.relay_wire import ManifestHead
from sync.transport import Call, LineTransport

ENDPOINT = Endpoint("relay_rows", "GET", "/v1/manifests/{manifest}/versions/{version}/rows", "relay.yaml", Repeat.SAFE)
CONTENT_TYPE = "application/x-ndjson"
GONE = (404, 410)
"""Statuses that say: this version cannot be had any more."""


def lines(transport: LineTransport, head: ManifestHead, first: int) -> AbstractContextManager[Iterator[bytes]]:
    """The lines from row `first` on, and the last one that says how many rows there are in all. Raises SyncError."""
    path = ENDPOINT.path.format(manifest=head.manifest, version=head.version)
    return transport.lines(Call(ENDPOINT.method, path, (("from", str(first)),)), CONTENT_TYPE)
