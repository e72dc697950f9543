"""Every switch of the program in one closed list: options that many commands share, and the environment.

Variables: MATOU_PIN, MATOU_WITNESS_PIN (secrets are never command-line words), MATOU_NOW (where the clock starts; only
in a sandbox's realm), MATOU_LANG (zh or en). Any other MATOU_ variable is an error, so that a typing mistake is seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.base.clock import parse_moment
from app.base.errors import WrongUse
from app.base.texts import LANGUAGES

_VARIABLES = ("MATOU_PIN", "MATOU_WITNESS_PIN", "MATOU_NOW", "MATOU_LANG", "MATOU_VENV")


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says; `now_ms` is epoch milliseconds, UTC."""

    pin: str | None = None
    witness_pin: str | None = None
    now_ms: int | None = None
    lang: str = "zh"

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises WrongUse for an unknown MATOU_ variable or a value that cannot be read."""
        unknown = sorted(name for name in variables if name.startswith("MATOU_") and name not in _VARIABLES)
        if unknown:
            raise WrongUse("variable_unknown", name=unknown[0])
        lang = variables.get("MATOU_LANG", "zh")
        if lang not in LANGUAGES:
            raise WrongUse("variable_bad", name="MATOU_LANG", value=lang)
        now = variables.get("MATOU_NOW")
        try:
            now_ms = parse_moment(now) if now else None
        except ValueError:
            raise WrongUse("variable_bad", name="MATOU_NOW", value=now) from None
        return cls(variables.get("MATOU_PIN"), variables.get("MATOU_WITNESS_PIN"), now_ms, lang)


def add_data_options(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """`--data-dir` and `--server`; `nested` keeps a sub-command from overwriting what stood before it."""
    default = argparse.SUPPRESS if nested else None
    parser.add_argument("--data-dir", type=Path, metavar="D", default=default, help="数据目录 (data folder)")
    parser.add_argument("--server", metavar="URL", default=default, help="医院前置机地址 (hospital middleware)")


def add_demo_option(parser: argparse.ArgumentParser) -> None:
    """`--demo`: the window with a hospital, deliveries and a scanner of its own."""
    parser.add_argument("--demo", action="store_true", help="演示：自带模拟医院、货物和扫码枪 (demonstration)")


def add_scanner_option(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """`--scanner S`, any number of times."""
    default: object = argparse.SUPPRESS if nested else []
    parser.add_argument(
        "--scanner",
        action="append",
        metavar="S",
        default=default,
        help="扫码枪：serial:PORT 或 replay:FILE (may be given several times)",
    )
