"""Makers of relation files, and a store of claims on a real file for them to go to. Any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import peewee

from app.base.clock import SystemClock
from app.base.texts import Texts
from app.domain.documents import Drug, DrugId
from app.domain.packages import PackageClaim
from app.flows.relation_file import RelationFiles
from app.flows.relation_report import FileReport
from app.store.sources import Same
from app.store.writer import StoreWriter

PRODUCT = "8999011"
AT_MS = 1_795_327_200_000  # when the shelf took everything in
LEVELS = {"8999011": 1, "8999012": 2, "8999013": 3}


def box(number: int) -> str:
    return f"8999011{number:013d}"


def bundle(number: int) -> str:
    return f"8999012{number:013d}"


def carton(number: int) -> str:
    return f"8999013{number:013d}"


@dataclass(frozen=True, slots=True)
class Row:
    """A `Code` as it is to be written; None: the attribute is left out."""

    code: str | None
    level: object = None
    parent: str | None = None
    flag: str | None = "0"

    def text(self) -> str:
        values = {"curCode": self.code, "packLayer": self.level, "parentCode": self.parent, "flag": self.flag}
        said = " ".join(f'{name}="{value}"' for name, value in values.items() if value is not None)
        return f"<Code {said}/>"


def tree(number: int = 0, *, bundles: int = 2, boxes: int = 2) -> list[Row]:
    """A carton of bundles of boxes."""
    rows = [Row(carton(number), 3, "")]
    for place in range(number * bundles, (number + 1) * bundles):
        rows.append(Row(bundle(place), 2, carton(number)))
        rows += [Row(box(each), 1, bundle(place)) for each in range(place * boxes, (place + 1) * boxes)]
    return rows


def batch(rows: Iterable[Row], name: str = "B1", made: str = "2026-07-01", expiry: str = "2029-06-30") -> str:
    words = "\n".join(row.text() for row in rows)
    return f'<Batch batchNo="{name}" madeDate="{made}" validateDate="{expiry}" lineName="一号线">\n{words}\n</Batch>'


def document(*batches: str, product: str = PRODUCT, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    inside = "\n".join(batches)
    return (
        f'{head}\n<Document xmlns:xsi="x" xsi:noNamespaceSchemaLocation="关联关系XMLSchema-3.0.xsd" License="L">\n'
        f'<Events version="3.0">\n<Event name="RelationCreate">\n'
        f'<Relation productCode="{product}" subTypeNo="01" cascade="1:2:4" packageSpec="24粒/盒" comment="">\n'
        f"{inside}\n</Relation>\n</Event>\n</Events>\n</Document>\n"
    )


def write(folder: Path, text: str | bytes, name: str = "relation.xml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def every_finding_has_words(report: FileReport) -> None:
    texts = Texts.load()
    for finding in (*report.problems, *report.notes):
        sentence = texts.line(finding.code, **dict(finding.values))
        assert texts.has(finding.code), finding
        assert "{" not in sentence, sentence


class Drugs:
    """A hospital that knows one drug."""

    def prefix(self, prefix: str) -> tuple[DrugId, int] | None:
        return (DrugId("YP-1"), LEVELS[prefix]) if prefix in LEVELS else None

    def drug(self, drug: str) -> Drug | None:
        return Drug(DrugId(drug), "药", None, "drug", None, None, special=False) if drug == "YP-2" else None


@dataclass
class Shelf:
    """Claims in a table of their own, seen when their source is complete."""

    writer: StoreWriter
    calls: list[str] = field(default_factory=list)
    staged: threading.Event = field(default_factory=threading.Event)

    def make(self) -> None:
        for statement in (
            "CREATE TABLE shelf (source, code, level, parent, drug, batch, expiry, made)",
            "CREATE UNIQUE INDEX once ON shelf (source, code)",
            "CREATE TABLE shelves (id INTEGER PRIMARY KEY, kind TEXT, name TEXT, complete INTEGER, delivery TEXT)",
        ):
            self.writer.database.execute_sql(statement)

    def same(self, kind: str, digest: str) -> Same | None:
        found = self._rows(
            "SELECT id, name FROM shelves WHERE kind = ? AND complete = 1 AND name LIKE '% ' || ?", kind, digest
        )
        return Same(int(str(found[0][0])), str(found[0][1]), AT_MS) if found else None

    def begin(self, kind: str, name: str, version: int, *, at_ms: int, delivery: str | None) -> int:
        assert (version, at_ms > 0) == (1, True)
        self.calls.append("begin")
        self._rows("INSERT INTO shelves (kind, name, complete, delivery) VALUES (?, ?, 0, ?)", kind, name, delivery)
        return int(str(self._rows("SELECT max(id) FROM shelves")[0][0]))

    def stage(self, source: int, claims: Sequence[PackageClaim]) -> Iterator[None]:
        for claim in claims:
            self._rows(
                "INSERT INTO shelf VALUES (?, ?, ?, ?, ?, ?, ?, ?)", source, claim.code, claim.level, claim.parent,
                claim.drug, claim.batch, claim.expiry, claim.made,
            )  # fmt: skip
            yield
        self.staged.set()

    def complete(self, source: int) -> None:
        self.calls.append("complete")
        self._rows("UPDATE shelves SET complete = 1 WHERE id = ?", source)

    def drop(self, source: int) -> None:
        self.calls.append("drop")
        self._rows("DELETE FROM shelf WHERE source = ?", source)
        self._rows("DELETE FROM shelves WHERE id = ?", source)

    def claims(self) -> dict[str, tuple[object, ...]]:
        """code → (level, parent, drug, batch, expiry, made) of complete sources."""
        rows = self.writer.call(
            lambda: self._rows(
                "SELECT s.* FROM shelf s JOIN shelves k ON k.id = s.source WHERE k.complete ORDER BY s.rowid"
            ),
            write=False,
        )
        return {str(row[1]): row[2:] for row in rows}

    def left(self) -> int:
        """Rows of any source, complete or not."""
        return len(self.writer.call(lambda: self._rows("SELECT code FROM shelf"), write=False))

    def _rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return list(self.writer.database.execute_sql(statement, values).fetchall())


class Taker:
    """A writer on a real file, a shelf, and the flow that fills it. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.writer = StoreWriter(lambda: _opened(folder / "shelf.db"))
        self.shelf = Shelf(self.writer)
        self.writer.call(self.shelf.make)
        self.files = RelationFiles(self.writer, self.shelf, Drugs(), SystemClock())

    def __enter__(self) -> Taker:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()


def _opened(path: Path) -> peewee.SqliteDatabase:
    database = peewee.SqliteDatabase(str(path), check_same_thread=False, pragmas=(("journal_mode", "wal"),))
    database.connect()
    return database
