"""Facts made into a payload by a profile. Pure.

What does not fit is a problem with its place and a stable code, never half a payload; a text is cut only where the
profile says so, and then a note says what was lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from app.domain.profile import Fact, Facts, Field, Json, Object, Payload, Problem, Profile
from app.domain.profile_values import Refusal, write

ENVELOPE = "envelope"


def build(profile: Profile, infno: str, rows: Sequence[Facts]) -> Payload | tuple[Problem, ...]:
    """The payload of one message, or everything that is wrong with it."""
    message = profile.messages.get(infno)
    if message is None:
        return (Problem(infno, "claim_message_unknown", infno, infno, (("profile", profile.name),)),)
    most = profile.most_lines if message.shape == "array" else 1
    if not 0 < len(rows) <= most:
        code = "claim_no_lines" if not rows else "claim_too_many_lines"
        return (Problem(message.node or infno, code, infno, infno, (("most", str(most)), ("count", str(len(rows))))),)
    builder = _Builder(profile)
    lines: list[Json] = []
    beside: dict[str, Json] = {}
    for number, facts in enumerate(rows):
        place = f"{profile.wrapper}.{message.node}" if message.node else infno
        members = builder.object(message.line, facts, f"{place}[{number}]" if message.shape == "array" else place)
        beside |= {name: members.pop(name) for name in _beside(message.line) if name in members}
        lines.append(members)
    inside: Json = lines if message.shape == "array" else lines[0]
    found = ({message.node: inside} if message.node else {**lines[0]}) | beside  # type: ignore[dict-item]
    if builder.problems:
        return tuple(builder.problems)
    payload = Payload(infno, found, tuple(builder.notes))
    signs = len(payload.text())
    if signs > profile.most_signs:
        values = (("most", str(profile.most_signs)), ("count", str(signs)))
        return (Problem(profile.wrapper, "claim_too_large", infno, infno, values),)
    return payload


def wrap(profile: Profile, payload: Payload, envelope: Facts) -> Payload | tuple[Problem, ...]:
    """The payload in the envelope of the profile's message `envelope`, its wrapper as an object or as a text."""
    made = build(profile, ENVELOPE, [{"infno": payload.infno, **envelope}])
    if not isinstance(made, Payload):
        return made
    inside: Json = payload.text() if profile.input == "string" else payload.members
    members = {**made.members, profile.wrapper: inside}
    return Payload(payload.infno, members, (*payload.notes, *made.notes))


def _beside(line: Object) -> Iterator[str]:
    return (each.name for each in line.fields if each.place == "beside")


class _Builder:
    """Fills objects and gathers what is wrong."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._seen: set[tuple[str, str]] = set()
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def object(self, kind: Object, facts: Facts, path: str) -> dict[str, Json]:
        """The members of one object, in the profile's order."""
        written = {each.key: self._written(each, facts, f"{path}.{each.name}") for each in kind.fields}
        members: dict[str, Json] = {}
        for each in kind.fields:
            value = written[each.key]
            if value is None and self._profile.forms.empty == "blank" and each.kind != "nodes":
                value = ""
            if value is not None:
                members |= dict.fromkeys((each.name, *each.also), value)
        self._check(kind, facts, written, path)
        return members | dict(kind.constants)

    def _written(self, field: Field, facts: Facts, path: str) -> Json | None:
        if field.kind == "nodes":
            return self._nodes(field, facts.get(field.fact), path)
        fact = facts.get(field.fact)
        if fact is None or (isinstance(fact, str) and not fact.strip()):
            fact = field.otherwise
        fact = field.const if field.const is not None else fact
        if fact is None:
            return None
        said = write(field, fact, self._profile)
        if isinstance(said, Refusal):
            self._tell(field, path, said.code, said.values)
            return None
        if said.lost:
            note = Problem(path, "claim_cut", field.name, field.label, (("most", str(field.most)), ("lost", said.lost)))
            self.notes.append(note)
        if field.once and isinstance(said.value, str):
            if (field.key, said.value) in self._seen:
                self._tell(field, path, "claim_twice", (("value", said.value),))
            self._seen.add((field.key, said.value))
        return said.value

    def _nodes(self, field: Field, fact: Fact, path: str) -> Json | None:
        if fact is None or fact == ():
            return None
        if not isinstance(fact, tuple) or field.object is None:
            self._tell(field, path, "claim_wrong_kind", (("kind", field.kind),))
            return None
        if field.shape == "object":
            if len(fact) > 1:
                self._tell(field, path, "claim_only_one", (("count", str(len(fact))),))
            return self.object(field.object, fact[0], path)
        return [self.object(field.object, each, f"{path}[{number}]") for number, each in enumerate(fact)]

    def _check(self, kind: Object, facts: Facts, written: Mapping[str, Json | None], path: str) -> None:
        told = {problem.path for problem in self.problems}
        by_key = {each.key: each for each in kind.fields}
        for each in kind.fields:
            place = f"{path}.{each.name}"
            if written[each.key] is None and place not in told and _is_required(each, kind, written):
                self._tell(each, place, "claim_missing")
        for group in kind.one_of:
            if all(written[key] is None for key in group):
                labels = ", ".join(by_key[key].label or by_key[key].name for key in group)
                self._tell(by_key[group[0]], f"{path}.{by_key[group[0]].name}", "claim_one_of", (("labels", labels),))
        for first, second in kind.not_after:
            before, after = facts.get(by_key[first].fact), facts.get(by_key[second].fact)
            if isinstance(before, dt.date) and isinstance(after, dt.date) and _day(before) > _day(after):
                other = by_key[second].label or by_key[second].name
                self._tell(by_key[first], f"{path}.{by_key[first].name}", "claim_after", (("other", other),))
        if kind.counted is not None:
            self._count(kind.counted, by_key, facts, written, path)

    def _count(
        self,
        rule: tuple[str, str, str],
        by_key: Mapping[str, Field],
        facts: Facts,
        written: Mapping[str, Json | None],
        path: str,
    ) -> None:
        """Codes and packs should be as many, unless a pack was split: no more than a note."""
        nodes, quantity, flag = rule
        codes, amount = facts.get(by_key[nodes].fact), facts.get(by_key[quantity].fact)
        if not isinstance(codes, tuple) or not codes or not isinstance(amount, int | Decimal):
            return
        if written[flag] != "1" and amount != len(codes):
            field = by_key[nodes]
            values = (("count", str(len(codes))), ("amount", str(amount)))
            self.notes.append(Problem(f"{path}.{field.name}", "claim_count_differs", field.name, field.label, values))

    def _tell(self, field: Field, path: str, code: str, values: tuple[tuple[str, str], ...] = ()) -> None:
        self.problems.append(Problem(path, code, field.name, field.label, values))


def _is_required(field: Field, kind: Object, written: Mapping[str, Json | None]) -> bool:
    if field.key in kind.required:
        return True
    return any(
        written.get(key) is not None and (not values or written[key] in values) for key, values in field.required_if
    )


def _day(value: dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value
