"""site.toml and the secrets of the machine, as the exchange gets them; and a program over a line that asks for all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from app.base.errors import Trouble
from app.base.options import Environment
from app.base.paths import DataPaths
from app.base.settings import Settings
from app.base.vault import Vault
from app.flows.wire_settings import line_of
from app.wiring import Call, Program
from tests.fixtures.sandbox import SandboxProcess


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory; without secrets, as the library makes it when it looks around, it has none."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, secrets: dict[str, str] | None = None) -> None:
        super().__init__()
        self._secrets = {} if secrets is None else secrets

    def get_password(self, service: str, username: str) -> str | None:
        return self._secrets.get(username) if service == "matou" else None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._secrets[username] = password


@pytest.fixture
def ring() -> Iterator[dict[str, str]]:
    before, secrets = keyring.get_keyring(), dict[str, str]()
    keyring.set_keyring(Ring(secrets))
    yield secrets
    keyring.set_keyring(before)


@pytest.fixture
def no_ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)


def site(folder: Path, text: str) -> Settings:
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return Settings.load(DataPaths(folder))


def line(folder: Path, text: str):
    return line_of(site(folder, text), folder, Vault(folder / "secrets"))


def test_nothing_said_is_the_systems_trust_and_nobodys_secret(tmp_path: Path, no_ring: None) -> None:
    made = line(tmp_path, "")
    assert (made.trust.ca, made.trust.certificate, made.trust.pins, made.trust.hosts) == (None, None, (), ())
    assert (made.credential, made.relay.url, made.relay.token) == (None, None, None)


def test_secrets_come_from_the_keyring(tmp_path: Path, ring: dict[str, str]) -> None:
    ring.update(server_secret="s-e-c", relay_token="r-t-k")
    made = line(
        tmp_path, 'auth_scheme = "hmac"\nauth_key = "k"\nrelay_auth = "keyring"\nrelay_url = "https://r.example"'
    )
    assert made.credential is not None
    assert (made.credential.secret, made.credential.key, made.credential.scheme.name) == ("s-e-c", "k", "hmac")
    assert (made.relay.url, made.relay.token) == ("https://r.example", "r-t-k")
    assert "s-e-c" not in repr(made)
    assert "r-t-k" not in repr(made)


@pytest.mark.skipif(os.name == "nt", reason="rights of files are another matter there")
def test_a_device_without_a_keyring_has_a_key_file_that_others_cannot_read(tmp_path: Path, no_ring: None) -> None:
    text = 'auth_scheme = "bearer"'
    with pytest.raises(Trouble) as caught:
        line(tmp_path, text)
    assert caught.value.code == "credentials_missing"
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    path = secrets / "server_secret"
    path.write_text("from-the-file\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(Trouble) as caught:
        line(tmp_path, text)
    assert caught.value.code == "secret_file_open"
    path.chmod(0o640)
    made = line(tmp_path, text)
    assert made.credential is not None
    assert made.credential.secret == "from-the-file"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Trouble) as caught:
        line(tmp_path, text)
    assert caught.value.code == "secret_unreadable"


@pytest.mark.parametrize(
    "scheme", ["nonsense", "absent.toml", "bad.toml", "wrong.toml"], ids=["name", "no file", "no toml", "no scheme"]
)
def test_a_scheme_that_is_none(tmp_path: Path, ring: dict[str, str], scheme: str) -> None:
    ring["server_secret"] = "s"
    (tmp_path / "bad.toml").write_text("[[[", encoding="utf-8")
    (tmp_path / "wrong.toml").write_text('mac = "rot13"\n[headers]\nX = "{key}"\n', encoding="utf-8")
    with pytest.raises(Trouble) as caught:
        line(tmp_path, f'auth_scheme = "{scheme}"')
    assert caught.value.code == "setting_scheme_bad"
    assert scheme in str(caught.value)


def test_a_scheme_of_the_sites_own_file(tmp_path: Path, ring: dict[str, str]) -> None:
    ring["server_secret"] = "s"
    (tmp_path / "ours.toml").write_text('[headers]\nX-Token = "{secret}"\n', encoding="utf-8")
    made = line(tmp_path, 'auth_scheme = "ours.toml"')
    assert made.credential is not None
    assert made.credential.scheme.headers == (("X-Token", "{secret}"),)


def test_a_whole_program_over_a_line_that_asks_for_everything(tmp_path: Path, ring: dict[str, str]) -> None:
    """Own authority, client certificate, signature, pinned host; and no secret in any file of the folder."""
    with SandboxProcess(seed=61, tls=True, auth="hmac", client_certificates=True) as sandbox:
        assert sandbox.ca is not None
        ca = Path(sandbox.ca)
        (tmp_path / "site.toml").write_text(
            f'server = "{sandbox.url}"\nca_file = "{ca.as_posix()}"\nclient_certificate = "client.pem"\n'
            'auth_scheme = "hmac"\nauth_key = "demo-key"\npinned_hosts = ["127.0.0.1"]\n',
            encoding="utf-8",
        )
        (tmp_path / "client.pem").write_bytes((ca.parent / "client.pem").read_bytes())
        call = Call("test", tmp_path, None, Environment.read({}))
        for secret, trouble in (("wrong", "credentials_refused"), ("demo-secret-61", None)):
            ring["server_secret"] = secret
            with Program(call) as program:
                summary = program.engine().run_until_empty(limit_s=20 if trouble is None else 1, until_empty=True)
            assert summary.trouble == trouble
            assert (summary.fetched > 0) is (trouble is None)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"demo-secret-61" not in path.read_bytes(), path
