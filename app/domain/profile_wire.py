"""How a profile's transactions travel, as one table of plain values for whoever sends them. Pure.

Forms and lengths that the profile says once, for its messages, stand in that table as well.
"""

from __future__ import annotations

from app.domain.profile import Profile
from app.domain.profile_build import ENVELOPE
from app.domain.profile_data import Data, laid_over


def wire_of(profile: Profile, site: Data) -> dict[str, object]:
    """The switches of the envelope: the profile's, and over them the site's own (`area`, `institution` …)."""
    found: dict[str, object] = {
        "input": profile.input,
        "numbers": profile.forms.numbers,
        "empty": profile.forms.empty,
        "datetime": profile.forms.datetime,
        "most_signs": profile.most_signs,
    }
    message = profile.messages.get(ENVELOPE)
    if message is not None:
        found["most"] = {each.key: each.most for each in message.line.fields if each.most}
        found["names"] = {each.key: each.name for each in message.line.fields if each.name not in ("", each.key)}
        found["constants"] = dict(message.line.constants)
    return laid_over(laid_over(found, profile.wire), site)
