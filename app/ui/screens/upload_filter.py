"""What the upload log is searched for: a form in the place of the list. UI thread."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.base.clock import zone_of
from app.base.texts import Texts
from app.domain.upload_owners import Owner
from app.flows.views import UploadFilter
from app.ui.icons import Icon
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import IconButton, PlainButton, PrimaryButton
from app.ui.widgets.cards import Page
from app.ui.widgets.choices import Choice, Field
from app.ui.widgets.fitting import Label

FIELDS = ("code", "delivery", "operator", "reason", "from", "to", "batch")
OWNERS = tuple(owner.value for owner in Owner if owner is not Owner.NOBODY)
WIDE_SCALE = 1.25
_DAY_MS = 86_400_000


class UploadFilterForm(QWidget):
    """`searched` gives an UploadFilter without states: those are the totals' business."""

    searched = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone = "+08:00"
        self._owner = ""
        self.back = IconButton("conflict_back", Icon.BACK)
        self.fields = {name: Field(f"upload_filter_{name}") for name in FIELDS}
        self.owners = [Choice("uploads_owner", [(name, f"owner_{name}") for name in pair]) for pair in _pairs(OWNERS)]
        self.bad = Label("upload_filter_bad", tone=Tone.STOP)
        self.apply = PrimaryButton("upload_filter_apply", icon=Icon.LOOKUP)
        self.clear = PlainButton("upload_filter_clear", icon=Icon.CLOSE)
        self._build()

    def set_zone(self, zone: str) -> None:
        """Days are the hospital's."""
        self._zone = zone

    def empty(self) -> None:
        """Nothing is searched for any more."""
        self._owner = ""
        for field in self.fields.values():
            field.edit.clear()
        for choice in self.owners:
            choice.set_value("")
        self.bad.hide()

    def found(self) -> UploadFilter | None:
        """What is written there; None if something of it cannot be read."""
        text = {name: field.edit.text().strip() for name, field in self.fields.items()}
        try:
            since, until = self._moment(text["from"]), self._moment(text["to"])
            batch = int(text["batch"]) if text["batch"] else None
        except ValueError:
            return None
        return UploadFilter(
            (), since, None if until is None else until + _DAY_MS - 1, self._owner, text["reason"], text["delivery"],
            text["operator"], text["code"], batch,
        )  # fmt: skip

    def retheme(self, look: Look, _texts: Texts) -> None:
        for box, _ in self._pairs:
            box.setDirection(
                QHBoxLayout.Direction.TopToBottom if look.text_scale > WIDE_SCALE else QHBoxLayout.Direction.LeftToRight
            )

    def _build(self) -> None:
        page = Page()
        page.rows.setContentsMargins(0, 0, GRID_PX, 0)
        top = QHBoxLayout()
        top.addWidget(self.back)
        top.setSpacing(GRID_PX)
        top.addWidget(Label("upload_filter", size=Size.TITLE, bold=True, middle=True), 1)
        page.add(top)
        page.add(self.fields["code"])
        page.add(Label("uploads_owner", size=Size.SMALL, tone=Tone.QUIET, bold=True))
        for choice in self.owners:
            page.add(choice)
            choice.chosen.connect(self._pick)
        self._pairs: list[tuple[QHBoxLayout, int]] = []
        for pair in (("delivery", "operator"), ("from", "to"), ("reason", "batch")):
            box = QHBoxLayout()
            box.setSpacing(GRID_PX)
            for name in pair:
                box.addWidget(self.fields[name], 1)
            page.add(box)
            self._pairs.append((box, len(pair)))
        page.add(self.bad)
        page.add(self.apply)
        page.add(self.clear)
        page.add_stretch()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(page)
        self.bad.hide()
        self.back.clicked.connect(self.left)
        self.apply.clicked.connect(self._search)
        self.clear.clicked.connect(self._clear)
        for field in self.fields.values():
            field.edit.returnPressed.connect(self._search)

    def _pick(self, owner: str) -> None:
        """The owner pressed again is nobody in particular."""
        self._owner = "" if owner == self._owner else owner
        for choice in self.owners:
            choice.set_value(self._owner)

    def _search(self) -> None:
        wanted = self.found()
        self.bad.setVisible(wanted is None)
        if wanted is not None:
            self.searched.emit(wanted)

    def _clear(self) -> None:
        self.empty()
        self.searched.emit(UploadFilter())

    def _moment(self, text: str) -> int | None:
        """The first moment of a day. Raises ValueError."""
        if not text:
            return None
        day = dt.date.fromisoformat(text)
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=zone_of(self._zone)).timestamp() * 1000)


def _pairs(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [names[at : at + 2] for at in range(0, len(names), 2)]
