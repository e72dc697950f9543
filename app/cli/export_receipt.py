"""`matou export receipt RECEIPT FILE`: the document of a receipt as csv, xlsx or pdf. Main thread; looks only."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from app.base.errors import EXIT_DONE, Trouble, WrongUse
from app.base.options import Environment, add_data_options
from app.base.texts import Texts
from app.cli.program import text_of
from app.flows.receipt_document import ReceiptDocument, ReceiptDocuments, ReceiptPaper
from app.flows.receipt_document_tables import Words, csv_of
from app.flows.whole_file import write_whole
from app.store.failures import sorted_failures
from app.wiring import Reader

FORMATS = ("csv", "xlsx", "pdf")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `receipt` under `export`."""
    parser = subparsers.add_parser("receipt", help="收货单：csv、xlsx 或 pdf (the document of a receipt)")
    add_data_options(parser, nested=True)
    parser.add_argument("receipt", metavar="RECEIPT", help="收货单号，例如 PS20261122-R1 (its number)")
    parser.add_argument("file", metavar="FILE", type=Path, help="存到哪里 (where to)")
    parser.add_argument("--format", choices=FORMATS, help="不写就看文件名 (default: by the file's name)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: the file is there, whole."""
    lang = Environment.read(os.environ).lang
    texts = Texts.load()
    wanted = args.format or args.file.suffix.removeprefix(".").lower()
    if wanted not in FORMATS:
        raise WrongUse("export_format_unknown", file=args.file.name)
    with Reader(args.data_dir) as reader, sorted_failures():
        document = ReceiptDocuments(reader.database, reader.catalogue).of(text_of(args.receipt))
    _write(args, wanted, document, texts, lang)
    sys.stdout.buffer.write(texts.line("exported_receipt", lang, file=args.file).encode("utf-8", "replace") + b"\n")
    return EXIT_DONE


def _write(args: argparse.Namespace, wanted: str, document: ReceiptDocument, texts: Texts, lang: str) -> None:
    if wanted == "pdf":
        _paper(args).write_receipt(args.file, document, lang)
        return
    words = Words(texts, lang)
    if wanted == "csv":
        write_whole(args.file, csv_of(document, words))
        return
    from app.flows.receipt_document_xlsx import xlsx_of  # noqa: PLC0415 - a library that only a workbook needs

    write_whole(args.file, xlsx_of(document, words))


def _paper(args: argparse.Namespace) -> ReceiptPaper:
    make: Callable[[], ReceiptPaper] | None = getattr(args, "receipt_paper", None)
    try:
        if make is None:
            raise ImportError
        return make()
    except ImportError as error:
        raise Trouble("receipt_needs_window") from error
