"""Where the relay's manifests go: wire rows become claims of a source. Writer's thread; fills `sync`'s ManifestSink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.codes import key_of, read
from app.domain.packages import PackageClaim
from app.store.catalogue import Catalogue
from app.store.package_events import PackageEventRow, PackageEvents, spread
from app.store.sources import Found, PackageSources
from sync.relay_wire import ManifestHead, ManifestRow, PackageEvent

RELAY = "relay"


class RelayManifests:
    """Takes manifests in, version by version."""

    def __init__(self, catalogue: Catalogue, sources: PackageSources, events: PackageEvents) -> None:
        self._catalogue = catalogue
        self._sources = sources
        self._events = events

    def known(self, manifest: str, version: int) -> bool:
        """True if this version, or a later one, is complete here already."""
        newest = self._sources.newest(RELAY, manifest)
        return newest is not None and newest >= version

    def staged(self, head: ManifestHead) -> int:
        """Rows of this version that are here."""
        found = self._staged(head)
        return found.rows if found else 0

    def stage(self, head: ManifestHead, rows: Sequence[ManifestRow], first: int) -> Iterator[None]:
        """Rows from number `first` on; 0 begins anew. What is here already of them is passed over."""
        found = self._staged(head)
        if found is not None and first == 0 and found.rows:
            self._sources.drop(found.id, why="begun_anew")
            found = None
        source = self._sources.begin(RELAY, head.manifest, head.version, at_ms=head.made_ms, delivery=head.delivery)
        done = found.rows if found else 0
        claims = [self._claim(row) for row in rows[max(done - first, 0) :]]
        yield from self._sources.stage(source, claims, counting=True)

    def complete(self, head: ManifestHead) -> None:
        """All rows are here: the version takes the place of all earlier ones."""
        source = self._sources.begin(RELAY, head.manifest, head.version, at_ms=head.made_ms, delivery=head.delivery)
        self._sources.complete(source)

    def refuse(self, head: ManifestHead, code: str, detail: str) -> None:
        """What was staged is not asked; why is kept."""
        source = self._sources.begin(RELAY, head.manifest, head.version, at_ms=head.made_ms, delivery=head.delivery)
        self._sources.drop(source, why=f"{code}: {detail}")

    def withdraw(self, manifest: str) -> None:
        """The supplier takes it back."""
        self._sources.withdraw(RELAY, manifest)

    def events(self, events: Sequence[PackageEvent]) -> None:
        """What happened to packages after shipping; an event on several children is one row for each."""
        for event in events:
            row = PackageEventRow(
                event.id, event.at_ms, RELAY, event.verb, parent=_key(event.parent), replaces=_key(event.replaces),
                declares=event.declares, note=event.note,
            )  # fmt: skip
            for each in spread(row, [_key(child) or child for child in event.children]):
                self._events.apply(each)

    def _staged(self, head: ManifestHead) -> Found | None:
        found = self._sources.find(RELAY, head.manifest, head.version)
        return found if found is not None and found.state == "staged" else None

    def _claim(self, row: ManifestRow) -> PackageClaim:
        code = _key(row.code)
        assert code is not None
        return PackageClaim(
            code, row.level, _key(row.parent), self._drug(row.drug), row.batch, row.expiry, row.made, row.amount
        )

    def _drug(self, hint: str | None) -> str | None:
        """A prefix, a GTIN or a drug of ours; None if the hint means nothing here."""
        if hint is None:
            return None
        found = self._catalogue.prefix(hint)
        if found is not None:
            return found[0]
        return hint if self._catalogue.drug(hint) else None


def _key(text: str | None) -> str | None:
    """The normalised key; a code that nobody can read keeps its own text."""
    if text is None or (len(text) == 20 and text.isdigit() and text.startswith("8")):
        return text
    return key_of(read(text)) or text
