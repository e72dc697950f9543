"""Settings on the screen: shown with who may change them, changed in site.toml and device.toml. Any one thread.

A file is changed in place of one key and as a whole: comments, order and keys that this version does not know stay as
they are, and a crash in the middle leaves the old file.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import tomllib
from pathlib import Path

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.base.settings import ANYBODY, SETTINGS, Setting, Settings, setting_of, text_of, value_of
from app.domain.rights import Operator, may
from app.flows.views import SettingRow

_log = logging.getLogger(__name__)
_BOM = "\ufeff"


class SiteSettings:
    """The settings of one data folder."""

    def __init__(self, paths: DataPaths) -> None:
        self._paths = paths

    def view(self, settings: Settings, operator: Operator | None) -> tuple[SettingRow, ...]:
        """Every setting as the present operator sees it; `operator` None: nobody is signed in."""
        return tuple(
            SettingRow(
                setting.key,
                text_of(settings.values[setting.key]),
                text_of(setting.default),
                setting.file,
                _may_change(setting, operator),
            )
            for setting in SETTINGS
        )

    def change(self, operator: Operator | None, key: str, text: str) -> Settings:
        """Write one setting, as a person typed it, and read the files anew.

        Raises Trouble: setting_unknown, no_right, setting_value_bad, setting_bad, data_folder_read_only, disk_full,
        data_folder_bad.
        """
        try:
            setting = setting_of(key)
        except KeyError:
            raise Trouble("setting_unknown", key=key) from None
        if not _may_change(setting, operator):
            raise Trouble("no_right", operator=operator.id if operator else "-", right=setting.who)
        try:
            value = value_of(setting, text)
            literal = _literal(value)
        except ValueError:
            raise Trouble("setting_value_bad", key=key, value=text) from None
        path = self._paths.site_file if setting.file == "site" else self._paths.device_file
        _replace(path, _changed(path, key, value, literal))
        _log.info("setting %s changed by %s", key, operator.id if operator else "nobody signed in")
        return Settings.load(self._paths)


def _may_change(setting: Setting, operator: Operator | None) -> bool:
    return setting.who == ANYBODY or (operator is not None and may(operator, setting.who))


def _literal(value: object) -> str:
    """The value as TOML writes it. ValueError for a text that holds control characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_literal(word) for word in value)}]"
    text = str(value)
    if not text.isprintable():
        raise ValueError("control characters")
    return json.dumps(text, ensure_ascii=False)


def _changed(path: Path, key: str, value: object, literal: str) -> str:
    """The file's text with the key's new value; whatever else stands in it stays."""
    try:
        old = path.read_text(encoding="utf-8").removeprefix(_BOM)
    except FileNotFoundError:
        old = ""
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble("setting_bad", file=path.name, key=key, why=type(error).__name__) from error
    try:
        before = tomllib.loads(old)
        new = _with_key(old, key, literal)
        if tomllib.loads(new) != {**before, key: value}:
            raise Trouble("setting_bad", file=path.name, key=key, why="layout")
    except tomllib.TOMLDecodeError as error:
        raise Trouble("setting_bad", file=path.name, key=key, why="TOMLDecodeError") from error
    return new


def _with_key(text: str, key: str, literal: str) -> str:
    """Put `key = literal` where the key stands at the top level, else before the first table."""
    lines = text.splitlines(keepends=True)
    table = next((place for place, line in enumerate(lines) if _is_table(line)), len(lines))
    head = re.compile(rf"\s*(?:{key}|\"{key}\"|'{key}')\s*=")
    for first in range(table):
        if head.match(lines[first]):
            last = _end_of_value(lines, first)
            return "".join((*lines[:first], f"{key} = {literal}\n", *lines[last:]))
    kept = "".join(lines[:table])
    gap = "" if not kept or kept.endswith("\n") else "\n"
    return "".join((kept, gap, f"{key} = {literal}\n", *lines[table:]))


def _is_table(line: str) -> bool:
    return re.match(r"\s*\[+\s*[A-Za-z0-9_\"'-]+[^,=]*\]+\s*(#.*)?$", line) is not None


def _end_of_value(lines: list[str], first: int) -> int:
    """The line after the value that begins on `first`; a list may go over several lines."""
    for last in range(first + 1, len(lines) + 1):
        with contextlib.suppress(tomllib.TOMLDecodeError):
            tomllib.loads("".join(lines[first:last]))
            return last
    return first + 1


def _replace(path: Path, text: str) -> None:
    """Write beside it, sync, and put it in its place."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise _trouble_of(error, path) from error


def _sync_folder(folder: Path) -> None:
    """The new name is on disk, too; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _trouble_of(error: OSError, path: Path) -> Trouble:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble("disk_full")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return Trouble("data_folder_read_only", folder=path.parent.name)
    return Trouble("data_folder_bad", folder=path.parent.name, why=error.strerror)
