"""`matou show CODE`: all that is known here of a code, in words or JSON. Main thread; looks only, holds nothing."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import os
import sys
from collections.abc import Iterator

from app.base.clock import zone_of
from app.base.errors import EXIT_DONE
from app.base.options import Environment, add_data_options
from app.base.texts import Texts
from app.cli.program import text_of
from app.cli.tree_words import Said, facts_lines, tree_lines
from app.domain.reasons import OK
from app.flows.lookups import CodeView, EventView, Lookups
from app.store.catalogue import DEFAULT_ZONE
from app.store.failures import sorted_failures
from app.wiring import Reader


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `show`."""
    parser = subparsers.add_parser("show", help="查一个码 (all that is known of a code)")
    add_data_options(parser, nested=True)
    parser.add_argument("code", metavar="CODE", help="扫到或键入的码 (as scanned or typed)")
    parser.add_argument("--json", action="store_true", help="JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, also for a code that nobody knows: that is an answer too."""
    lang = Environment.read(os.environ).lang
    with Reader(args.data_dir) as reader, sorted_failures():
        lookups = Lookups(reader.database, reader.catalogue, reader.packages, reader.outbox)
        view = lookups.show(text_of(args.code))
        site = reader.catalogue.site()
    if args.json:
        text = json.dumps(dataclasses.asdict(view) | {"known": view.known}, ensure_ascii=False)
    else:
        text = "\n".join(_words(view, Texts.load(), lang, zone_of(site.zone if site else DEFAULT_ZONE)))
    sys.stdout.buffer.write(text.encode("utf-8") + b"\n")
    return EXIT_DONE


def _words(view: CodeView, texts: Texts, lang: str, zone: dt.tzinfo) -> list[str]:
    lines = [*_identity(view, texts, lang)]
    if view.facts is not None:
        lines += facts_lines(view.facts, texts, lang)
    if view.tree is not None:
        said = Said(view.name, view.batch, view.expiry, view.facts.arithmetic if view.facts else "")
        lines += tree_lines(view.tree, texts, lang, zone, said=said)
    for manifest in view.manifests:
        lines.append(texts.line("show_manifest", lang, delivery=manifest.delivery, line=manifest.line))
        lines += [texts.line("show_parent", lang, code=code) for code in manifest.parents]
        if manifest.children:
            lines.append(texts.line("show_children", lang, count=len(manifest.children), smallest=manifest.smallest))
    lines += [_event(event, texts, lang, zone) for event in view.history]
    if view.hospital:
        state = texts.title(f"code_state_{view.hospital.state}", lang)
        lines.append(texts.line("show_hospital", lang, receipt=view.hospital.receipt, state=state))
    if not view.known:
        lines.append(texts.line("show_nothing", lang))
    return lines


def _identity(view: CodeView, texts: Texts, lang: str) -> Iterator[str]:
    """What the code says of itself, and what it is of."""
    yield texts.line(f"show_kind_{view.kind}", lang, key=view.key or "")
    if view.ambiguous:
        yield texts.line("ambiguous", lang)
    if view.name:
        yield texts.line("show_drug", lang, name=view.name, spec=view.spec or "", drug=view.drug)
    if view.level is not None:
        yield texts.line("show_level", lang, level=view.level)
    if view.origin is not None:
        yield texts.line(f"show_origin_{view.origin}", lang)
    for label, value in (("batch", view.batch), ("serial", view.serial), ("expiry", view.expiry)):
        if value:
            yield texts.line(f"show_{label}", lang, value=value)


def _event(event: EventView, texts: Texts, lang: str, zone: dt.tzinfo) -> str:
    moment = dt.datetime.fromtimestamp(event.at_ms / 1000, tz=zone).strftime("%Y-%m-%d %H:%M:%S")
    is_done = event.what != "scan" and event.reason == OK  # a command counts nothing
    return texts.line(
        "show_event" if event.in_force else "show_event_past",
        lang,
        moment=moment,
        operator=event.operator,
        what=texts.title("show_scan" if event.what == "scan" else f"command_name_{event.what}", lang),
        receipt=event.receipt,
        seq=event.seq,
        reason=texts.title("show_recorded" if is_done else f"reason_{event.reason}", lang),
        upload=texts.title(f"upload_{event.upload or 'none'}", lang),
    )
