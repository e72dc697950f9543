"""`matou self-test`: every part of this installation, pass, attention or fail, and the cure. Main thread."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from app.base.errors import EXIT_DONE, Trouble
from app.base.options import add_data_options
from app.base.texts import Texts
from app.cli.program import call_of
from app.store.database import PRAGMAS, schema_version
from app.store.writer import SCAN
from app.wiring import Program
from devices import list_ports
from sync import Site, SyncError
from sync.endpoints import middleware_site

_ENOUGH_MB = 500
_CLOCK_LIMIT_S = 120
_ANSWER_LIMIT_S = 30.0
_NAMES_MOST = 10


@dataclass(frozen=True, slots=True)
class Check:
    """One part: `state` is pass, attention or fail."""

    name: str
    state: str
    values: dict[str, object] = field(default_factory=dict)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `self-test`."""
    parser = subparsers.add_parser("self-test", help="自检 (check this installation)")
    add_data_options(parser, nested=True)
    parser.add_argument("--json", action="store_true", help="JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: nothing failed (attention is no failure); 3: something did."""
    call = call_of(args, "matou self-test")
    texts, lang = Texts.load(), call.environment.lang
    checks = [*_machine(texts)]
    try:
        with Program(call) as program:
            checks += _folder(program)
    except Trouble as trouble:
        checks.append(Check("folder", "fail", {"found": texts.title(trouble.code, lang, **trouble.values)}))
    _print(checks, texts, lang, as_json=args.json)
    failed = sum(check.state == "fail" for check in checks)
    if failed:
        raise Trouble("self_test_failed", count=failed)
    return EXIT_DONE


def _machine(texts: Texts) -> Iterator[Check]:
    yield Check("python", _pass_if(sys.version_info >= (3, 11)), {"found": platform.python_version()})
    yield Check("sqlite", _pass_if(sqlite3.sqlite_version_info >= (3, 35)), {"found": sqlite3.sqlite_version})
    yield Check("texts", _pass_if(texts.has("ok") and texts.has("disk_full")), {"found": len(texts.table)})
    ports = list_ports()
    yield Check("serial", "pass" if ports else "attention", {"found": len(ports)})
    try:
        found = importlib.metadata.version("PySide6")
    except importlib.metadata.PackageNotFoundError:
        yield Check("qt", "attention", {"found": "qt_missing"})
    else:
        yield Check("qt", "pass", {"found": found})


def _folder(program: Program) -> Iterator[Check]:
    yield Check("folder", "pass", {"found": program.paths.root.name})
    free_mb = shutil.disk_usage(program.paths.root).free // 1_000_000
    yield Check("space", "pass" if free_mb >= _ENOUGH_MB else "attention", {"found": free_mb})
    yield _asked("database", lambda: _database(program))
    yield _asked("commit", lambda: _commit(program.paths.root))
    counts = program.writer.call(program.outbox.counts, priority=SCAN, write=False)
    values: dict[str, object] = {"waiting": counts.waiting, "refused": counts.refused, "held": counts.held}
    yield Check("queue", "attention" if counts.refused or counts.held else "pass", values)
    strange = program.writer.call(program.unknown_members.all, priority=SCAN, write=False)
    names = ", ".join(f"{one.member} ×{one.times}" for one in strange[:_NAMES_MOST]) or "-"
    yield Check("unknown_members", "attention" if strange else "pass", {"count": len(strange), "found": names})
    yield from _server(program)


def _database(program: Program) -> str:
    answer = program.writer.call(
        lambda: program.writer.database.execute_sql("PRAGMA quick_check").fetchone()[0], priority=SCAN, write=False
    )
    if answer != "ok":
        raise Trouble("database_damaged")
    version = program.writer.call(lambda: schema_version(program.writer.database), priority=SCAN, write=False)
    return f"v{version}"


def _commit(folder: Path) -> str:
    """A real commit with full sync beside the real file."""
    with tempfile.TemporaryDirectory(dir=folder) as place, closing(sqlite3.connect(Path(place) / "t.db")) as trial:
        for name, value in PRAGMAS:
            trial.execute(f"PRAGMA {name} = {value}")
        trial.execute("CREATE TABLE t (a)")
        trial.execute("INSERT INTO t VALUES (1)")
        trial.commit()
    return "ok"


def _server(program: Program) -> Iterator[Check]:
    if program.server is None:
        yield Check("server", "attention", {"found": "-"})
        return
    try:
        site = _introduce(program)
    except (SyncError, Trouble) as error:
        yield Check("server", "fail", {"found": error.code})
        return
    yield Check("server", "pass", {"found": site.name})
    off_s = abs(site.now_ms - program.clock.now_ms()) / 1000
    yield Check("clock", "pass" if off_s <= _CLOCK_LIMIT_S else "attention", {"found": f"{off_s:+.0f} s"})


def _introduce(program: Program) -> Site:
    """Who answers at the server's address; nothing is stored. Raises SyncError, Trouble."""
    engine = program.engine()
    try:
        site = engine.questions.submit(middleware_site.get).result(_ANSWER_LIMIT_S)
    except TimeoutError as error:
        raise SyncError("server_timeout") from error
    finally:
        engine.stop()
    known = program.writer.call(program.catalogue.site, priority=SCAN, write=False)
    if known is not None and known.realm != site.site_id:
        raise SyncError("foreign_realm", f"expected {known.realm}, found {site.site_id}")
    return site


def _asked(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, "pass", {"found": ask()})
    except Trouble as trouble:
        return Check(name, "fail", {"found": trouble.code})
    except (sqlite3.Error, OSError) as error:
        return Check(name, "fail", {"found": type(error).__name__})


def _pass_if(fine: bool) -> str:
    return "pass" if fine else "fail"


def _print(checks: list[Check], texts: Texts, lang: str, *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "check": check.name,
                "state": check.state,
                "found": texts.title(f"check_{check.name}", lang, **check.values),
                "cure": "" if check.state == "pass" else texts.advice(f"check_{check.name}", lang),
            }
            for check in checks
        ]
        text = json.dumps(
            {"checks": rows, "passed": not any(row["state"] == "fail" for row in rows)}, ensure_ascii=False
        )
    else:
        text = "\n".join(_sentence(check, texts, lang) for check in checks)
    sys.stdout.buffer.write(text.encode("utf-8") + b"\n")
    sys.stdout.buffer.flush()


def _sentence(check: Check, texts: Texts, lang: str) -> str:
    state = texts.title(f"self_test_{check.state}", lang)
    found = texts.title(f"check_{check.name}", lang, **check.values)
    cure = texts.advice(f"check_{check.name}", lang)
    return f"[{state}] {found}" + (f"  → {cure}" if cure and check.state != "pass" else "")
