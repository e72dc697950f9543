"""Secrets of this installation, brought by name: from the machine's keyring, else from a key file. Any thread.

Nothing here is ever written, shown or logged. A key file is `secrets/NAME` in the data folder, for devices without a
keyring; it must not be readable by everybody.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

from app.base.errors import Trouble

log = logging.getLogger(__name__)

SERVICE = "matou"
SERVER_SECRET, RELAY_TOKEN, KEY_PASSWORD = "server_secret", "relay_token", "client_key_password"
SEAL_SECRET, SEAL_SIGNING = "seal_secret", "seal_signing"
_MOST_BYTES = 4096


class Vault:
    """Reads the secrets of one data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> str | None:
        """The secret, None where none was stored. Raises Trouble: secret_file_open, secret_unreadable."""
        return _of_keyring(name) or self._of_file(name)

    def _of_file(self, name: str) -> str | None:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                if os.name != "nt" and os.fstat(file.fileno()).st_mode & stat.S_IRWXO:
                    raise Trouble("secret_file_open", name=name)
                raw = file.read(_MOST_BYTES)
            return raw.decode("utf-8").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise Trouble("secret_unreadable", name=name) from None


def _of_keyring(name: str) -> str | None:
    # Here and not above: a device that needs no secret does not wait for it.
    import keyring  # noqa: PLC0415
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password(SERVICE, name)
    except (keyring.errors.KeyringError, RuntimeError, OSError) as error:
        log.info("no keyring for %s: %s", name, type(error).__name__)
        return None
