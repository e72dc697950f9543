"""What makes an envelope believed: signatures and headers, one plug-in per variant, chosen by the form. Any thread.

A plug-in gets its secret when it is made and shows it nowhere. Only `cainfo_sm2` needs the SM2 library, and only the
site that has chosen it loads it.
"""

from __future__ import annotations

from collections.abc import Callable

from sync.envelope_form import SealForm
from sync.sealing.cainfo import CainfoSeal
from sync.sealing.headers import ApiKeySeal, CsbSeal, NoSeal, TifSeal
from sync.sealing.seal import Seal, SealRow, SealSecrets

__all__ = ["Seal", "SealSecrets", "seal_of"]

_MAKERS: dict[str, Callable[[SealForm, SealSecrets], Seal]] = {
    "none": NoSeal,
    "api_key": ApiKeySeal,
    "tif": TifSeal,
    "csb": CsbSeal,
    "cainfo_sm2": CainfoSeal,
}


def seal_of(form: SealForm, secrets: SealSecrets) -> Seal:
    """The plug-in of a form, or all of them. Raises SyncError seal_missing: a secret is missing or none."""
    made = [_MAKERS[kind](form, secrets) for kind in form.kind.split("+")]
    return made[0] if len(made) == 1 else SealRow(tuple(made))
