"""Every setting of the program, declared once, and the two files that hold them: site.toml and device.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.base.texts import LANGUAGES


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: where it lives, who may change it, since which version."""

    key: str
    kind: type
    default: object
    file: str  # "site" (read-only to clerks) or "device"
    who: str  # the right that may change it, or ANYBODY
    since: str
    meaning: str
    choices: tuple[str, ...] = ()  # the only texts allowed; empty: any
    least: float | None = None
    most: float | None = None
    pattern: str = r"[\s\S]*"  # what every word of a list looks like

    def accepts(self, value: object) -> bool:
        """True if the value has the right type and stands within the limits."""
        if type(value) is not self.kind:
            return False
        if isinstance(value, list):
            return all(isinstance(word, str) and re.fullmatch(self.pattern, word) is not None for word in value)
        if isinstance(value, float):
            return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        return not self.choices or value in self.choices


ANYBODY = "anybody"
SETTINGS: tuple[Setting, ...] = (
    Setting("server", str, "", "site", "install", "0.1.0", "address of the hospital middleware"),
    Setting("ca_file", str, "", "site", "install", "0.1.0", "PEM file of the site's own certificate authority"),
    Setting(
        "client_certificate", str, "", "site", "install", "0.3.0", "PEM file that this device shows to the middleware"
    ),
    Setting("client_key", str, "", "site", "install", "0.3.0", "its key, if that is in a file of its own"),
    Setting(
        "pinned_keys", list, [], "site", "install", "0.3.0",
        "public keys of the middleware (sha256/BASE64); empty: any that the authority vouches for",
    ),
    Setting(
        "pinned_hosts", list, [], "site", "install", "0.3.0",
        "hosts that calls may go to; empty: that of the server, for the relay, too",
    ),
    Setting(
        "auth_scheme", str, "none", "site", "install", "0.3.0",
        "how calls prove who they are: none, bearer, api_key, hmac, tif, or a .toml file with a scheme",
    ),
    Setting("auth_key", str, "", "site", "install", "0.3.0", "id of this site's secret, where the scheme has one"),
    Setting(
        "relay_url", str, "", "site", "install", "0.3.0", "address of the relay; empty: as the middleware says"
    ),
    Setting(
        "relay_auth", str, "hospital", "site", "install", "0.3.0", "whose token the relay gets",
        choices=("hospital", "keyring"),
    ),
    Setting("relay_pinned_keys", list, [], "site", "install", "0.3.0", "public keys of the relay, as pinned_keys"),
    Setting("claims_profile", str, "national", "site", "install", "0.3.0", "form of the national messages: a province"),
    Setting(
        "collection_model", str, "one", "site", "install", "0.3.0",
        "how the site collects codes, a route of the profile: one (at the window), three (at receipt), …",
    ),
    Setting(
        "stop_holds", bool, True, "site", "install", "0.1.0", "a stop holds scanning in the window until confirmed"
    ),
    Setting(
        "acceptance", str, "separate", "site", "install", "0.3.0",
        "receiving, acceptance and stock as three states, or folded into one", choices=("separate", "folded"),
    ),
    Setting(
        "acceptance_requires", list, ["temperature", "invoice", "licence", "witness"], "site", "install", "0.3.0",
        "what an acceptance must have: temperature, invoice, licence, report, damage_photo, witness",
    ),
    Setting(
        "storage_ranges", list, [], "site", "install", "0.3.0",
        "temperatures of storage words in degrees Celsius, as 室温 15 25; before those of the program",
        pattern=r"\s*[^\W\d_]{1,20}\s+-?[0-9]{1,3}(\.[0-9]+)?\s+-?[0-9]{1,3}(\.[0-9]+)?\s*",
    ),
    Setting(
        "upload_log_days", float, 180.0, "site", "install", "0.3.0",
        "days for which the traces of uploads that arrived are kept", least=1.0, most=3650.0,
    ),
    Setting(
        "evoucher", str, "off", "site", "install", "0.4.0", "who reads a patient's voucher; off: nobody here",
        choices=("off", "his-service", "http", "library"),
    ),
    Setting(
        "evoucher_scenes", list, ["01302", "01101", "01201", "01301", "01303"], "site", "install", "0.4.0",
        "for what patients show it, businessType; the first one is taken at first",
    ),
    Setting(
        "evoucher_hand_over", list, ["01101=2201", "01103=2401", "01301=2206A 2207A"], "site", "install", "0.4.0",
        "transactions that are handed on for one of these",
    ),
    Setting(
        "evoucher_credential", str, "token", "site", "install", "0.4.0", "what names a patient after decoding",
        choices=("token", "id_card"),
    ),
    Setting(
        "evoucher_settlement", str, "same", "site", "install", "0.4.0",
        "whether the voucher is scanned once more at settlement", choices=("same", "scan_again"),
    ),
    Setting(
        "evoucher_margin_s", float, 300.0, "site", "install", "0.4.0",
        "seconds before its two hours are over after which a token is not used any more", least=0.0, most=7140.0,
    ),
    Setting(
        "evoucher_idle_s", float, 600.0, "site", "install", "0.4.0",
        "seconds without a touch after which a patient is let go of; 0: never", least=0.0, most=7200.0,
    ),
    Setting(
        "evoucher_silent", list, ["-2"], "site", "install", "0.4.0", "codes of the library at which nothing is said"
    ),
    Setting(
        "evoucher_url", str, "", "site", "install", "0.4.0",
        "address that takes vouchers in envelopes; empty: as the middleware says",
    ),
    Setting(
        "evoucher_seal_key", str, "", "site", "install", "0.4.0",
        "id of the key that signs envelopes there, where the profile wants one",
    ),
    Setting("evoucher_library_file", str, "", "site", "install", "0.4.0", "file of the national library here"),
    Setting(
        "evoucher_library_style", str, "nation", "site", "install", "0.4.0", "how that library is called",
        choices=("nation", "nation_int", "ecquery"),
    ),
    Setting(
        "evoucher_library_charset", str, "gbk", "site", "install", "0.4.0", "how it writes its texts",
        choices=("gbk", "utf-8"),
    ),
    Setting("evoucher_library_url", str, "", "site", "install", "0.4.0", "the voucher centre as that library calls it"),
    Setting("evoucher_library_init", str, "{}", "site", "install", "0.4.0", "what its `Init` is given, as JSON"),
    Setting(
        "evoucher_library_buffer", float, 8192.0, "site", "install", "0.4.0", "bytes that it may write",
        least=1024.0, most=1048576.0,
    ),
    Setting("scanners", list, [], "device", "install", "0.1.0", "scanners opened at start, as on the command line"),
    Setting("lang", str, "zh", "device", ANYBODY, "0.1.0", "language of the window", choices=LANGUAGES),
    Setting(
        "theme", str, "auto", "device", ANYBODY, "0.1.0", "colours of the window; auto: as the system's",
        choices=("auto", "light", "dark"),
    ),
    Setting(
        "text_scale", float, 1.0, "device", ANYBODY, "0.1.0", "size of the window's text; 2.0 is twice the usual",
        least=1.0, most=2.0,
    ),
    Setting("camera", str, "", "device", ANYBODY, "0.2.0", "camera chosen last: its id and its description"),
    Setting("sound", bool, True, "device", ANYBODY, "0.1.0", "tones after a scan"),
)  # fmt: skip
_BY_KEY = {setting.key: setting for setting in SETTINGS}


def setting_of(key: str) -> Setting:
    """The declaration behind a key. Raises KeyError."""
    return _BY_KEY[key]


def text_of(value: object) -> str:
    """A value as a person edits it: `true`, `1.5`, a text; a list has one word per line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def value_of(setting: Setting, text: str) -> object:
    """What a person wrote, as a value. Raises ValueError where the setting does not accept it."""
    value: object = text.strip()
    if setting.kind is bool:
        value = {"true": True, "false": False}.get(text.strip())
    elif setting.kind is float:
        value = float(text)
    elif setting.kind is list:
        value = [word.strip() for word in text.splitlines() if word.strip()]
    if not setting.accepts(value):
        raise ValueError(f"not a value of {setting.key}")
    return value


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force: the files over the defaults."""

    values: Mapping[str, object]

    @classmethod
    def load(cls, paths: DataPaths) -> Settings:
        """Raises Trouble `setting_bad` for a file that cannot be read, an unknown key or a wrong type."""
        values: dict[str, object] = {setting.key: setting.default for setting in SETTINGS}
        for file, path in (("site", paths.site_file), ("device", paths.device_file)):
            values.update(_read(file, path))
        return cls(values)

    def text(self, key: str) -> str:
        return str(self.values[key])

    def number(self, key: str) -> float:
        value = self.values[key]
        return float(value) if isinstance(value, float) else 0.0

    def flag(self, key: str) -> bool:
        return bool(self.values[key])

    def words(self, key: str) -> tuple[str, ...]:
        value = self.values[key]
        return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _read(file: str, path: Path) -> dict[str, object]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Notepad's mark
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Trouble("setting_bad", file=path.name, key="-", why=type(error).__name__) from error
    for key, value in found.items():
        setting = _BY_KEY.get(key)
        if setting is None or setting.file != file:
            raise Trouble("setting_bad", file=path.name, key=key, why="unknown")
        found[key] = float(value) if setting.kind is float and type(value) is int else value
        if not setting.accepts(found[key]):
            raise Trouble("setting_bad", file=path.name, key=key, why=f"not {setting.kind.__name__}")
    return found
