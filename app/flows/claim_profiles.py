"""The profile that a site uses: its province's file over the national one, and the site's own over both. Any thread."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import cast

from app.base.errors import Trouble
from app.base.paths import resources_dir
from app.domain.profile import Profile
from app.domain.profile_data import BadProfile, laid_over, profile_of

_DEPTH = 4  # a profile on a profile on a profile is enough


def profile_names() -> tuple[str, ...]:
    """The profiles that come with the program."""
    return tuple(sorted(path.stem for path in (resources_dir() / "profiles").glob("*.toml")))


def load_profile(name: str, site_file: Path | None = None) -> Profile:
    """The profile `name`, with what the site says otherwise in `site_file` if there is one.

    Raises Trouble: profile_unknown, profile_bad (with file, place and why).
    """
    data = _with_base(name, _DEPTH)
    own = {} if site_file is None else _read(site_file, missing_is_fine=True)
    try:
        shipped = profile_of(data)
        return profile_of(laid_over(data, own)) if own else shipped
    except BadProfile as error:
        file = site_file.name if own and site_file is not None else f"{name}.toml"
        raise Trouble("profile_bad", file=file, place=error.path, why=error.why) from error


def _with_base(name: str, depth: int) -> dict[str, object]:
    if name not in profile_names() or not depth:
        raise Trouble("profile_unknown", name=name)
    data = _read(resources_dir() / "profiles" / f"{name}.toml")
    base = data.get("base")
    return data if base is None else laid_over(_with_base(str(base), depth - 1), data)


def _read(path: Path, *, missing_is_fine: bool = False) -> dict[str, object]:
    try:
        return cast("dict[str, object]", tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        if missing_is_fine:
            return {}
        raise
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Trouble("profile_bad", file=path.name, place="-", why=type(error).__name__) from error
