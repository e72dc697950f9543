"""A dock to which a relay tells manifests and events, without a network: rows as they come from the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sync.relay_wire import ManifestHead, ManifestRow, PackageEvent
from tests.fixtures.hospital import DELIVERY, Dock, code, delivery, drug, line, operator

BOX, BUNDLE, CARTON, PALLET = "8999011", "8999012", "8999013", "8999014"
OTHER_BOX = "8999021"
LEVELS = {BOX: 1, BUNDLE: 2, CARTON: 3, PALLET: 4}
BATCH = "B1"

Rows = list[ManifestRow]


def box(number: int) -> str:
    return code(BOX, number)


def bundle(number: int) -> str:
    return code(BUNDLE, number)


def carton(number: int = 0) -> str:
    return code(CARTON, number)


def row(
    text: str, parent: str | None = None, *, batch: str | None = BATCH, level: int | None = None,
    amount: int | None = None, drug_hint: str | None = None,
) -> ManifestRow:  # fmt: skip
    """One row; the level is that of the prefix unless it is told."""
    return ManifestRow(text, level or LEVELS.get(text[:7], 1), parent, drug_hint, batch, "2029-06-30", None, amount)


def carton_of(boxes: Iterable[int], *, number: int = 0, batch: str = BATCH, bundles_of: int = 2) -> Rows:
    """A carton of bundles of boxes."""
    found = [row(carton(number), batch=None)]
    for place, one in enumerate(boxes):
        inner = bundle(number * 1_000 + place // bundles_of)
        if place % bundles_of == 0:
            found.append(row(inner, carton(number), batch=None))
        found.append(row(box(one), inner, batch=batch))
    return found


class PackageDock(Dock):
    """With a drug, an operator and a delivery of ten boxes whose note names no codes."""

    def set_up(self, *, packs: int = 10, ratio: str | None = "1:2:4", lines: Mapping[str, int] | None = None) -> None:
        self.feed(
            operator(),
            drug("D1", LEVELS, ratio=ratio),
            drug("D2", {OTHER_BOX: 1}),
            delivery(
                *(
                    line(place, "D1", count, batch=batch)
                    for place, (batch, count) in enumerate((lines or {BATCH: packs}).items(), start=1)
                ),
                manifest="late",
            ),
        )

    def tell(self, rows: Rows, *, manifest: str = "M-1", version: int = 1, delivery_no: str | None = DELIVERY) -> None:
        """A manifest comes whole."""
        self.stage(rows, manifest=manifest, version=version, delivery_no=delivery_no)
        head = self.head(rows, manifest, version, delivery_no)
        self.program.writer.call(lambda: self.program._manifests.complete(head))

    def stage(self, rows: Rows, *, manifest: str = "M-1", version: int = 1, delivery_no: str | None = DELIVERY) -> None:
        """Its rows come, and no more."""
        head = self.head(rows, manifest, version, delivery_no)
        manifests = self.program._manifests
        self.program.writer.run_sliced(lambda: manifests.stage(head, rows, 0), finish=lambda: None)

    def happened(self, verb: str, **facts: object) -> None:
        """The relay tells of an event."""
        number = len(self.rows("SELECT 1 FROM package_events"))
        event = PackageEvent(f"event-{number}", verb, 1_000 + number, "演示医药", **facts)  # type: ignore[arg-type]
        self.program.writer.call(lambda: self.program._manifests.events([event]))

    def received(self, receipt: str = f"{DELIVERY}-R1") -> int:
        """What the receipt counts."""
        return int(str(self.rows("SELECT sum(received) FROM receipt_lines WHERE receipt = ?", receipt)[0][0]))

    def packs_in(self, receipt: str = f"{DELIVERY}-R1") -> set[str]:
        """The packs that are in."""
        return {str(pack) for (pack,) in self.rows("SELECT DISTINCT pack FROM holds WHERE receipt = ?", receipt)}

    @staticmethod
    def head(rows: Rows, manifest: str, version: int, delivery_no: str | None) -> ManifestHead:
        return ManifestHead(manifest, version, "演示医药", version, len(rows), "0" * 64, "complete", delivery_no)
