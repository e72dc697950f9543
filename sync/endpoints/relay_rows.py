"""GET /v1/manifests/{id}/versions/{v}/rows of the relay: one row per line, from any row on. The caller's thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from sync.endpoints.declared import RELAY_ROWS
from sync.errors import SyncError
from sync.relay_wire import ManifestHead
from sync.transport import LineTransport, call_of

ENDPOINT = RELAY_ROWS
CONTENT_TYPE = "application/x-ndjson"
_UNKNOWN = "manifest_unknown"


def is_gone(error: SyncError) -> bool:
    """Whether this version cannot be had any more. A 404 must be the relay's own: a gateway that lost its way says
    404, too, and what it says passes."""
    return error.status == 410 or (error.status == 404 and error.problem == _UNKNOWN)


def lines(transport: LineTransport, head: ManifestHead, first: int) -> AbstractContextManager[Iterator[bytes]]:
    """The lines from row `first` on, and the last one that says how many rows there are in all. Raises SyncError."""
    path = ENDPOINT.path.format(manifest=head.manifest, version=head.version)
    return transport.lines(call_of(ENDPOINT, (("from", str(first)),), path=path), CONTENT_TYPE)
