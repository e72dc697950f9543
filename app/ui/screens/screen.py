"""What every screen is: a page that draws views, emits wishes, and takes the window's shape and look. UI thread.

A screen has its own `draw(view)` with the view it shows (app.flows.views). It never reads the store.
"""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.theme import Look, theme_tree
from app.ui.widgets.panes import Form

__all__ = ["Form", "Look", "Screen"]


class Screen(QWidget):
    """Base of the screens. A subclass sets `name` and `icon`, builds its parts, and may refine the three hooks.

    `name` is stable: the frame goes there by it, and its words are the text `ui_screen_<name>`.
    """

    name: ClassVar[str] = ""
    icon: ClassVar[Icon] = Icon.MORE
    alone: ClassVar[bool] = False  # without the ways to other screens (sign-in)
    by_wish: ClassVar[bool] = False  # reached from another screen only: no way of its own

    goes = Signal(str)  # the wish to see another screen, by name

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.texts, self.form = look, texts, Form.POCKET

    @property
    def title_code(self) -> str:
        return f"ui_screen_{self.name}"

    def say(self, code: str, /, **values: object) -> str:
        """The title of a text in the present language, for words that are made from data."""
        return self.texts.title(code, self.look.lang, **values)

    def retheme(self, look: Look, texts: Texts) -> None:
        """Colours, text size or language changed: every part follows, then `reword`."""
        self.look, self.texts = look, texts
        self.setAccessibleName(texts.title(self.title_code, look.lang))
        theme_tree(self, look, texts)
        self.reword()

    def set_form(self, form: Form) -> None:
        """The window has another shape now; the parts stay, `arrange` puts them elsewhere."""
        self.form = form
        self.arrange(form)

    def reword(self) -> None:
        """Hook: draw again what was made from data and words (rows, sentences)."""

    def arrange(self, form: Form) -> None:
        """Hook: lay the parts out for the shape of the window."""

    def opened(self) -> None:
        """Hook: the screen is now the one that is seen."""
