"""A data folder that identifies patients at a sandbox's door, as a technician would have set it up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fixtures.sandbox import SandboxProcess


def set_up(folder: Path, hospital: SandboxProcess, backend: str = "his-service", **settings: object) -> None:
    """site.toml, profile.toml and the secrets. `door`, of `settings`: north or south, for http."""
    door = str(settings.pop("door", "middleware"))
    told = hospital.evoucher()["forms"][door]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.toml").write_text(toml({"wire": told["form"]}), encoding="utf-8")
    site = {"evoucher": backend, "evoucher_seal_key": told["secrets"]["key"], **settings}
    (folder / "site.toml").write_text(toml(site), encoding="utf-8")
    (folder / "secrets").mkdir(exist_ok=True)
    for name, member in (("seal_secret", "secret"), ("seal_signing", "signing")):
        if told["secrets"].get(member):
            path = folder / "secrets" / name
            path.touch(mode=0o600)
            path.write_text(told["secrets"][member], encoding="ascii")


def toml(data: Mapping[str, Any], name: str = "") -> str:
    """Plain values and tables as TOML writes them."""
    plain = [f"{json.dumps(key)} = {literal(value)}" for key, value in data.items() if not isinstance(value, Mapping)]
    tables = [
        toml(value, f"{name}.{json.dumps(key)}" if name else json.dumps(key))
        for key, value in data.items()
        if isinstance(value, Mapping)
    ]
    return "\n".join((*([f"[{name}]"] if name else []), *plain, *tables)) + "\n"


def literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
