"""From parsed arguments to how the program is called; shared by the commands."""

from __future__ import annotations

import argparse
import os

from app.base.options import Environment
from app.wiring import Call


def call_of(args: argparse.Namespace, purpose: str) -> Call:
    """Raises WrongUse for a bad environment variable."""
    return Call(purpose, args.data_dir, args.server, Environment.read(os.environ))


def text_of(word: str) -> str:
    """A word of the command line as text that can be stored and compared: bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(word).decode("utf-8", "replace")
