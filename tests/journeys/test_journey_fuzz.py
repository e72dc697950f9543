"""Ten thousand lines that no scanner should send: one answer each, nothing changed, nothing lost, nothing leaked."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.journey_lines import Fuzzed, fuzzed_lines
from tests.journeys.journey_program import matou

NO = "DEMO-20261122-12"
# More of both for a long run: (lines, seed).
RUNS = ((10_000, 20_261_122),)
VOUCHER = re.compile(rb"424[0-9]{25}")
LIMIT_S = 120.0


def kept_bytes(folder: Path) -> dict[int, tuple[str, bytes]]:
    """What the journal has: seq → (kind, bytes)."""
    with contextlib.closing(sqlite3.connect(folder / "matou.db")) as file:
        rows = file.execute("SELECT seq, kind, payload, raw FROM entries ORDER BY seq").fetchall()
    assert all((payload is None) != (raw is None) for _, _, payload, raw in rows)
    return {seq: (kind, payload.encode() if raw is None else raw) for seq, kind, payload, raw in rows}


def files_that_hold(folder: Path, secrets: list[bytes]) -> list[str]:
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [path.name for path, content in contents.items() for secret in secrets if secret in content]


@pytest.mark.parametrize(("count", "seed"), RUNS)
def test_every_line_is_answered_and_kept_byte_for_byte(
    shared_hospital: SandboxProcess, data: Path, tmp_path: Path, count: int, seed: int
) -> None:
    codes = [row["code"] for row in shared_hospital.deliveries()[NO]["packages"]]
    lines: list[Fuzzed] = fuzzed_lines(count, seed, codes)
    feed = tmp_path / "feed"
    feed.write_bytes(b"".join(one.line + b"\n" for one in lines))

    words = ("receive", "--offline", "--delivery", NO, "--operator", "1001", "--data-dir", data)
    done = matou(*words, stdin=feed, limit_s=LIMIT_S)

    assert (done.status, done.err) == (0, "")
    answers = done.lines
    assert len(answers) == count + 1
    assert answers[-1]["kind"] == "end"
    assert "not_recorded" not in {answer.get("reason") for answer in answers}

    kept = kept_bytes(data)
    numbered = 0
    for one, answer in zip(lines, answers, strict=False):
        if one.kept is None:
            assert (answer["seq"], answer["reason"], answer.get("payload")) == (None, "voucher_at_dock", None), one.line
            continue
        numbered += 1
        assert answer["seq"] == numbered, one.line
        assert kept[numbered] == ("command" if one.command else "scan", one.kept), one.line
        if not one.command:
            shown = answer["payload"].encode() if answer["payload"] is not None else bytes.fromhex(answer["raw_hex"])
            assert shown == one.kept
    assert len(kept) == numbered

    secrets = [found[0] for one in lines if one.kept is None and (found := VOUCHER.search(one.line))]
    assert len(secrets) > count / 50
    assert files_that_hold(data, secrets) == []
    assert [secret for secret in secrets if secret in done.out] == []
