"""The main window. It is built and lives on the UI thread, which is the main thread of the program.

For now it holds one calm page that says what works already; the receiving screen takes its place.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from app.base.errors import Trouble
from app.base.texts import Texts

MIN_WIDTH_PX, MIN_HEIGHT_PX = 360, 640
DESK_WIDTH_PX, DESK_HEIGHT_PX = 1280, 800
COLUMN_WIDTH_PX = 640  # a line of text stays readable on a wide desk
GRID_PX = 8
TYPE_SCALE_PX = {"small": 14, "body": 16, "title": 20, "display": 48}
LARGEST_PX = 72  # what fits a pocket screen; larger text would cut the name of the product


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one light or dark surface; each pair of ink and ground has AA contrast."""

    ground: str
    card: str
    line: str
    ink: str
    quiet_ink: str
    accent: str


LIGHT = Look(ground="#f4f5f7", card="#ffffff", line="#dfe2e7", ink="#1c2128", quiet_ink="#59626e", accent="#0b5cad")
DARK = Look(ground="#14181d", card="#1e242b", line="#323a44", ink="#eef1f4", quiet_ink="#a3adb8", accent="#7db8f5")


class MainWindow(QMainWindow):
    """The one window of the program, usable from 360×640 upwards and with text of 100 to 200 %."""

    def __init__(self, texts: Texts, *, look: Look = LIGHT, text_scale: float = 1.0) -> None:
        super().__init__()
        self._texts = texts
        self._look = look
        self._text_scale = text_scale
        self.setWindowTitle(texts.title("window_name"))
        self.setMinimumSize(MIN_WIDTH_PX, MIN_HEIGHT_PX)
        self.resize(DESK_WIDTH_PX, DESK_HEIGHT_PX)
        self.setStyleSheet(_style_sheet(look))
        self.setCentralWidget(self._build_page())

    def _build_page(self) -> QWidget:
        column = QWidget()
        column.setObjectName("column")
        column.setMaximumWidth(COLUMN_WIDTH_PX)
        rows = QVBoxLayout(column)
        rows.setContentsMargins(3 * GRID_PX, 4 * GRID_PX, 3 * GRID_PX, 4 * GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addStretch(2)
        rows.addWidget(self._label(self._texts.title("window_name"), "display", "accent"))
        rows.addWidget(self._label(self._texts.advice("window_name"), "title", "ink"))
        rows.addWidget(self._label(self._texts.advice("window_name", "en"), "small", "quiet"))
        rows.addSpacing(3 * GRID_PX)
        rows.addWidget(self._build_card())
        rows.addStretch(3)
        page = QScrollArea()
        page.setFrameShape(QFrame.Shape.NoFrame)
        page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        page.setWidgetResizable(True)
        page.setWidget(column)
        return page

    def _build_card(self) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        rows = QVBoxLayout(card)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addWidget(self._label(self._texts.title("window_waiting"), "title", "ink"))
        rows.addWidget(self._label(self._texts.advice("window_waiting"), "body", "ink"))
        rows.addWidget(self._label(self._texts.line("window_waiting", "en"), "small", "quiet"))
        return card

    def _label(self, text: str, size: str, tone: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setProperty("tone", tone)
        font = QFont(label.font())
        font.setPixelSize(min(round(TYPE_SCALE_PX[size] * self._text_scale), LARGEST_PX))
        font.setWeight(QFont.Weight.DemiBold if size in {"title", "display"} else QFont.Weight.Normal)
        label.setFont(font)
        return label


def open_window(args: argparse.Namespace) -> int:
    """Open the window that the command line asked for and stay until it is closed; gives the exit status.

    Raises Trouble("no_screen") where no window can be shown.
    """
    if not has_screen(sys.platform, os.environ):
        raise Trouble("no_screen")
    return run_window(sys.argv[:1], texts=Texts.load(), fullscreen=bool(args.fullscreen))


def run_window(
    argv: Sequence[str],
    *,
    texts: Texts,
    fullscreen: bool = False,
    on_shown: Callable[[MainWindow], None] | None = None,
) -> int:
    """Show the main window and run Qt's event loop to its end.

    `on_shown` is called once, on the UI thread, after the window was asked to show itself.
    """
    running = QApplication.instance()
    application = running if isinstance(running, QApplication) else QApplication(list(argv))
    application.setApplicationName("matou")
    application.setApplicationDisplayName(texts.title("window_name"))
    application.setStyle("Fusion")
    dark = application.styleHints().colorScheme() is Qt.ColorScheme.Dark
    window = MainWindow(texts, look=DARK if dark else LIGHT)
    if fullscreen:
        window.showFullScreen()
    else:
        window.show()
    if on_shown is not None:
        on_shown(window)
    return application.exec()


def has_screen(platform: str, environment: Mapping[str, str]) -> bool:
    """False where Qt would abort for want of a display: Linux with neither X11, Wayland nor a chosen platform."""
    if platform != "linux":
        return True
    return any(environment.get(name) for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"))


def _style_sheet(look: Look) -> str:
    return f"""
        QMainWindow, QScrollArea, #column {{ background: {look.ground}; }}
        #card {{ background: {look.card}; border: 1px solid {look.line}; border-radius: {GRID_PX}px; }}
        QLabel {{ background: transparent; color: {look.ink}; }}
        QLabel[tone="quiet"] {{ color: {look.quiet_ink}; }}
        QLabel[tone="accent"] {{ color: {look.accent}; }}
    """
