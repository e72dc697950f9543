"""What a site says of its line to the hospital and to the relay, as the exchange wants it. Any thread.

Files are named relative to the data folder. Secrets come from the vault and only where a setting asks for one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import Trouble
from app.base.settings import Settings
from app.base.vault import KEY_PASSWORD, RELAY_TOKEN, SERVER_SECRET, Vault
from sync.credentials import SCHEMES, Credential, Scheme, scheme_of
from sync.errors import SyncError
from sync.relay_line import RelayRoute
from sync.trust import Trust

_FILE = ".toml"


@dataclass(frozen=True, slots=True)
class Line:
    """How calls are made: whom we believe, who we are, and where the relay is."""

    trust: Trust
    credential: Credential | None
    relay: RelayRoute


def line_of(settings: Settings, folder: Path, vault: Vault) -> Line:
    """Raises Trouble: setting_scheme_bad, credentials_missing, secret_file_open, secret_unreadable."""
    key, relay_url = _file(settings, "client_key", folder), settings.text("relay_url")
    trust = Trust(
        ca=_file(settings, "ca_file", folder),
        certificate=_file(settings, "client_certificate", folder),
        key=key,
        key_password=vault.read(KEY_PASSWORD) if key is not None and _is_locked(key) else None,
        pins=settings.words("pinned_keys"),
        hosts=settings.words("pinned_hosts"),
    )
    relay = RelayRoute(
        url=relay_url or None,
        token=_secret(vault, RELAY_TOKEN) if settings.text("relay_auth") == "keyring" else None,
        pins=settings.words("relay_pinned_keys"),
        hosts=settings.words("pinned_hosts"),
    )
    return Line(trust, _credential(settings, folder, vault), relay)


def _credential(settings: Settings, folder: Path, vault: Vault) -> Credential | None:
    name = settings.text("auth_scheme")
    if name == "none":
        return None
    scheme = _scheme_file(folder / name) if name.endswith(_FILE) else SCHEMES.get(name)
    if scheme is None:
        raise Trouble("setting_scheme_bad", why=name)
    try:
        return Credential(scheme, _secret(vault, SERVER_SECRET), settings.text("auth_key"))
    except SyncError as error:
        raise Trouble(error.code) from None


def _scheme_file(path: Path) -> Scheme:
    try:
        return scheme_of(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Trouble("setting_scheme_bad", why=f"{path.name}: {type(error).__name__}") from error
    except ValueError as error:
        raise Trouble("setting_scheme_bad", why=f"{path.name}: {error}") from error


def _secret(vault: Vault, name: str) -> str:
    found = vault.read(name)
    if found is None:
        raise Trouble("credentials_missing")
    return found


def _file(settings: Settings, key: str, folder: Path) -> Path | None:
    name = settings.text(key)
    return folder / name if name else None


def _is_locked(key: Path) -> bool:
    """Whether a PEM file says that it is encrypted; what cannot be read is told when it is used."""
    try:
        return b"ENCRYPTED" in key.read_bytes()
    except OSError:
        return False
