"""Two panes: side by side on the desk, under each other in the pocket, the same parts in both. UI thread."""

from __future__ import annotations

import enum

from PySide6.QtWidgets import QBoxLayout, QWidget

from app.ui.theme import GRID_PX


class Form(enum.Enum):
    """The shape of the window: portrait in the hand, landscape on the desk."""

    POCKET = "pocket"
    DESK = "desk"


class Panes(QWidget):
    """`first` and `second` share the room: by `desk` shares side by side, by `pocket` shares one above the other."""

    def __init__(
        self,
        first: QWidget,
        second: QWidget,
        *,
        desk: tuple[int, int] = (1, 1),
        pocket: tuple[int, int] = (0, 1),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._shares = {Form.DESK: desk, Form.POCKET: pocket}
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(first)
        self._box.addWidget(second)
        self.set_form(Form.POCKET)

    def set_form(self, form: Form) -> None:
        desk = form is Form.DESK
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom)
        self._box.setSpacing(2 * GRID_PX if desk else GRID_PX)
        for place, share in enumerate(self._shares[form]):
            self._box.setStretch(place, share)
