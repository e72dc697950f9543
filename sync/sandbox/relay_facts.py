"""What the relay answers to "what is this code": the last manifests, with all that happened later. Event loop.

The index is made when somebody asks and made anew when something was told since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.sandbox.relay import Event, Manifest, Relay, Row

CHILDREN_MOST = 1000


@dataclass(slots=True)
class _Known:
    row: Row | None
    manifest: Manifest | None
    parent: str | None
    children: list[str] = field(default_factory=list)
    event: Event | None = None
    replaced_by: str | None = None


class Facts:
    """Looks codes up in one relay."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._as_of = -1
        self._known: dict[str, _Known] = {}

    def of(self, codes: Iterable[str]) -> list[dict[str, object]]:
        """The facts of every known code, in order, each once."""
        if self._as_of != self._relay.changes:
            self._index()
        return [_told(code, self._known[code]) for code in dict.fromkeys(codes) if code in self._known]

    def _index(self) -> None:
        self._known = {}
        self._as_of = self._relay.changes
        for manifest in self._relay.current():
            for number in range(len(manifest.rows)):
                row = manifest.rows[number]
                before = self._known.get(row.code)
                if before is None or (before.manifest is not None and before.manifest.withdrawn):
                    self._known[row.code] = _Known(row, manifest, row.parent)
        for code, known in tuple(self._known.items()):
            if known.parent in self._known:
                self._known[known.parent].children.append(code)
        untrue = {event.declares for event in self._relay.events if event.verb == "declare_error"}
        for event in self._relay.events:
            if event.id not in untrue:
                self._happen(event)

    def _happen(self, event: Event) -> None:
        if event.verb == "add" and event.replaces is not None and event.children:
            self._replace(event, event.replaces, event.children[0])
        elif event.verb == "add":
            for child in event.children:
                self._move(event, child, event.parent)
        elif event.verb == "delete" and event.parent is not None:
            held = self._known.get(event.parent)
            for child in event.children or tuple(held.children if held is not None else ()):
                self._move(event, child, None)

    def _replace(self, event: Event, old_code: str, new_code: str) -> None:
        old = self._known.get(old_code)
        if old is None:
            return
        new = self._known.setdefault(new_code, _Known(old.row, old.manifest, None))
        new.children, old.children = old.children, []
        for child in new.children:
            self._known[child].parent = new_code
        parent = event.parent or old.parent
        self._move(event, old_code, None)
        self._move(event, new_code, parent)
        old.replaced_by = new_code

    def _move(self, event: Event, code: str, parent: str | None) -> None:
        known = self._known.setdefault(code, _Known(None, None, None))
        before = self._known.get(known.parent or "")
        if before is not None and code in before.children:
            before.children.remove(code)
        known.parent, known.event = parent, event
        after = self._known.get(parent or "")
        if after is not None:
            after.children.append(code)


def _told(code: str, known: _Known) -> dict[str, object]:
    row, manifest, event = known.row, known.manifest, known.event
    withdrawn = manifest is not None and manifest.withdrawn
    facts: dict[str, object] = {
        "code": code,
        "source": "manifest" if event is None else "event",
        "at_ms": event.at_ms if event is not None else manifest.made_ms if manifest is not None else 0,
        "state": "replaced" if known.replaced_by else "withdrawn" if withdrawn else "normal",
        "replaced_by": known.replaced_by,
        "parent": known.parent,
        "children": known.children if len(known.children) <= CHILDREN_MOST else None,
    }
    for name in ("level", "drug", "batch", "expiry", "made", "amount"):
        facts[name] = getattr(row, name) if row is not None else None
    for name in ("supplier", "manifest", "version"):
        facts[name] = getattr(manifest, name) if manifest is not None else None
    return facts
