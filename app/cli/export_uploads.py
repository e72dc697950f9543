"""`matou export uploads`: the upload log as a table for a spreadsheet (csv) or for programs (json, jsonl). Main thread.

What a spreadsheet could take for a formula is made harmless; the file is there whole or not at all.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from app.base.clock import zone_of
from app.base.errors import EXIT_DONE, WrongUse
from app.base.options import Environment, add_data_options
from app.base.texts import Texts
from app.cli.program import text_of
from app.domain.packages import printed_of
from app.domain.upload_owners import Owner
from app.flows.receipt_document_tables import harmless
from app.flows.upload_search import UploadSearch
from app.flows.views import UploadFilter, UploadRow
from app.flows.whole_file import write_whole
from app.store.catalogue import DEFAULT_ZONE
from app.store.failures import sorted_failures
from app.wiring import Reader
from sync.outbox import STATES

T = TypeVar("T")
FORMATS = ("csv", "json", "jsonl")
COLUMNS = (
    "created", "receipt", "seq", "kind", "payload", "operator", "state", "reason", "reason_code", "text", "owner",
    "next", "attempts", "settled", "id",
)  # fmt: skip
_DAY_MS = 86_400_000


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `uploads` under `export`."""
    parser = subparsers.add_parser("uploads", help="上传日志：csv、json 或 jsonl (the upload log)")
    add_data_options(parser, nested=True)
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="存到哪里，不写就输出 (default: printed)")
    parser.add_argument("--from", "--since", dest="since", metavar="DAY", help="起始日期或时刻 (2026-11-22)")
    parser.add_argument("--to", "--until", dest="until", metavar="DAY", help="截止日期或时刻，含当日")
    parser.add_argument("--state", action="append", choices=STATES, default=[], help="只要这个状态，可多次")
    parser.add_argument("--owner", choices=[owner.value for owner in Owner if owner is not Owner.NOBODY])
    parser.add_argument("--reason", default="", metavar="CODE", help="原因代码")
    parser.add_argument("--delivery", default="", metavar="NO", help="随货单号")
    parser.add_argument("--operator", default="", metavar="ID", help="操作员工号")
    parser.add_argument("--code", default="", help="码 (as scanned or typed)")
    parser.add_argument("--format", choices=FORMATS, help="不写就看文件名 (default: by the file's name, else csv)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: the file is there, whole."""
    lang = Environment.read(os.environ).lang
    texts = Texts.load()
    named = args.file.suffix.removeprefix(".").lower() if args.file is not None else ""
    wanted = args.format or (named if named in FORMATS else "csv")
    with Reader(args.data_dir) as reader, sorted_failures():
        site = reader.catalogue.site()
        zone = zone_of(site.zone if site else DEFAULT_ZONE)
        search = UploadSearch(reader.database, reader.catalogue, reader.outbox, _at_once)
        rows = _Counted(search.every(_filter_of(args, zone)))
        content = _WRITERS[wanted](rows, texts, lang, zone)
        if args.file is None:
            for part in content:
                sys.stdout.buffer.write(part)
            return EXIT_DONE
        write_whole(args.file, content)
    said = texts.line("exported_uploads", lang, count=rows.count, file=args.file)
    sys.stdout.buffer.write(said.encode("utf-8", "replace") + b"\n")
    return EXIT_DONE


class _Counted:
    def __init__(self, rows: Iterator[UploadRow]) -> None:
        self._rows, self.count = rows, 0

    def __iter__(self) -> Iterator[UploadRow]:
        for row in self._rows:
            self.count += 1
            yield row


def _at_once(job: Callable[[], T]) -> T:
    return job()


def _filter_of(args: argparse.Namespace, zone: dt.tzinfo) -> UploadFilter:
    return UploadFilter(
        tuple(args.state), _moment(args.since, zone), _moment(args.until, zone, last=True), args.owner or "",
        text_of(args.reason), text_of(args.delivery), text_of(args.operator), text_of(args.code),
    )  # fmt: skip


def _moment(text: str | None, zone: dt.tzinfo, *, last: bool = False) -> int | None:
    """A day stands for its first moment, or for its last one. Raises WrongUse."""
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongUse("export_moment_bad", text=text) from None
    at_ms = int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    return at_ms + _DAY_MS - 1 if last and len(text.strip()) <= len("2026-11-22") else at_ms


def _values(row: UploadRow, texts: Texts, lang: str, zone: dt.tzinfo) -> tuple[object, ...]:
    reason = row.code if row.code and texts.has(row.code) else f"uploads_why_{row.state}"
    kind = f"uploads_kind_{row.kind}"
    return (
        _at(row.created_ms, zone), row.receipt, row.seq, texts.title(kind, lang) if texts.has(kind) else row.kind,
        printed_of(row.payload or ""), row.operator, texts.title(f"upload_{row.state}", lang),
        texts.title(reason, lang), row.code or "", row.text or "", texts.title(f"owner_{row.owner}", lang),
        texts.advice(reason, lang),
        row.attempts, _at(row.settled_ms, zone), row.id,
    )  # fmt: skip


def _csv(rows: Iterable[UploadRow], texts: Texts, lang: str, zone: dt.tzinfo) -> Iterator[bytes]:
    """UTF-8 with a mark, so that a spreadsheet reads Chinese."""
    yield "\ufeff".encode()
    yield _line([texts.title(f"upload_col_{name}", lang) for name in COLUMNS])
    for row in rows:
        values = _values(row, texts, lang, zone)
        yield _line([harmless(value) if isinstance(value, str) else value for value in values])


def _line(values: Iterable[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)
    return out.getvalue().encode("utf-8", "replace")


def _json(rows: Iterable[UploadRow], texts: Texts, lang: str, zone: dt.tzinfo) -> Iterator[bytes]:
    """One array, a record on each line; never all of it in memory."""
    before = b"[\n"
    for row in rows:
        yield before + _record(row, texts, lang, zone)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _jsonl(rows: Iterable[UploadRow], texts: Texts, lang: str, zone: dt.tzinfo) -> Iterator[bytes]:
    for row in rows:
        yield _record(row, texts, lang, zone) + b"\n"


def _record(row: UploadRow, texts: Texts, lang: str, zone: dt.tzinfo) -> bytes:
    values = dict(zip(COLUMNS, _values(row, texts, lang, zone), strict=True))
    values |= {"kind": row.kind, "state": row.state, "owner": row.owner, "created_ms": row.created_ms}
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")


_WRITERS: Mapping[str, Callable[[Iterable[UploadRow], Texts, str, dt.tzinfo], Iterator[bytes]]] = {
    "csv": _csv, "json": _json, "jsonl": _jsonl,
}  # fmt: skip


def _at(at_ms: int | None, zone: dt.tzinfo) -> str:
    return "" if at_ms is None else dt.datetime.fromtimestamp(at_ms / 1000, tz=zone).strftime("%Y-%m-%d %H:%M:%S")
