"""The line to the relay (云码平台) in words: its state, what is wrong, and who mends it. Pure; any thread."""

from __future__ import annotations

from dataclasses import dataclass

from app.base.texts import Texts
from app.flows.manifest_news import RefusedManifest
from app.ui.icons import Icon
from app.ui.theme import Tone
from sync.status import RelayStatus

OF_IT = frozenset({"relay_denied", "relay_untrusted", "relay_bad_address"})
"""Troubles that the technician has to mend; the others pass by themselves."""


@dataclass(frozen=True, slots=True)
class RelayView:
    """What is known of the relay."""

    status: RelayStatus
    refused: tuple[RefusedManifest, ...] = ()


@dataclass(frozen=True, slots=True)
class RelayState:
    """The state in one look: `code` names its words, `why` the trouble behind it if there is one."""

    code: str
    icon: Icon
    tone: Tone
    why: str | None = None


def state_of(status: RelayStatus) -> RelayState:
    """Not there is as calm as connected; only what a person must mend is loud."""
    if status.network == "absent":
        return RelayState("relay_state_absent", Icon.CLOUD_OFF, Tone.QUIET)
    if status.trouble is not None:
        tone = Tone.ATTENTION if status.trouble in OF_IT else Tone.QUIET
        return RelayState("relay_state_away", Icon.CLOUD_OFF, tone, status.trouble)
    if status.network == "online":
        return RelayState("relay_state_online", Icon.CLOUD_DONE, Tone.GOOD)
    return RelayState("relay_state_unknown", Icon.WAITING, Tone.QUIET)


def refused_words(texts: Texts, lang: str, manifest: RefusedManifest) -> tuple[str, str]:
    """Which one and why, and who does what about it."""
    name = manifest.delivery or manifest.manifest
    title = texts.title("relay_refused", lang, name=name, why=texts.title(manifest.code, lang))
    owner = texts.title("relay_owner_supplier", lang)
    return title, texts.title("relay_refused_next", lang, owner=owner, advice=texts.advice(manifest.code, lang))
