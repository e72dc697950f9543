"""What `matou devices` answers to files and scanners that are not in order: one sentence, never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.base.texts import Texts
from devices.errors import WEDGE_CODES

ROOT = Path(__file__).resolve().parents[2]
LINES = ['{"kind":"keys"}', "{", '{"kind":"raw","device":"x"}',
         '{"kind":"keys","profile":{},"steps":[]}']  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_text_can_be_said(lang: str) -> None:
    texts = Texts.load()
    assert {"bad_recording", *WEDGE_CODES} <= set(texts.table)
    for code in texts.table:
        assert texts.line(code, lang, subject="file:3")


@pytest.mark.parametrize("line", LINES)
def test_a_recording_with_a_wrong_line_is_answered_with_a_sentence(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "app", "devices", "replay", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout, said.count("\n")) == (3, b"", 1), said
    assert said.startswith("bad_recording: 扫码录制文件的内容不对")
