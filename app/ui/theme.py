"""Every size and colour of the window, as named tokens, light and dark. Values only, but for `apply`; UI thread.

Nothing else in app.ui names a colour or a pixel size of text. Each ink has AA contrast (4.5) on the surface it is
made for; a test computes them all.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, cast, runtime_checkable

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from app.base.texts import LANGUAGES, Texts
from app.domain.reasons import Panel

GRID_PX = 8
RADIUS_PX = 12
TOUCH_PX = 48
COLUMN_PX = 720  # a line of text stays readable on a wide desk
FONT_FAMILY = "Matou Sans SC"
LINE_HEIGHT = 1.36  # of the text's size; the font's own 1.45 is loose for large words
SMALLEST_PX = 12  # text that has to shrink stops here
MIN_SCALE, MAX_SCALE = 1.0, 2.0
CHROME_SCALE = 1.4
FASTEST_MS, SLOWEST_MS = 90, 140  # motion tells something and is over at once


class Mode(enum.StrEnum):
    """Day and night."""

    LIGHT = "light"
    DARK = "dark"


class Size(enum.IntEnum):
    """The type scale, in pixels at 100 %."""

    SMALL = 14
    BODY = 16
    TITLE = 20
    LARGE = 28
    HUGE = 48
    GIANT = 72


class Tone(enum.StrEnum):
    """What a word or a mark means; the colour follows from the mode."""

    INK = "ink"
    QUIET = "quiet_ink"
    ACCENT = "accent"
    GOOD = "good"
    SOFT = "soft"
    ATTENTION = "attention"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Paint:
    """A meaning as colours: a loud fill with the ink on it; a faint tint with the ink on it.

    `tint_ink` is also legible on cards and on the ground, so it is the colour of words with that meaning.
    """

    fill: str
    on_fill: str
    tint: str
    tint_ink: str


@dataclass(frozen=True, slots=True)
class Colours:
    """Named roles of one mode, #rrggbb."""

    ground: str
    card: str
    raised: str  # what lies on a card or floats over it: fields, notices
    sunken: str  # tracks of bars, pressed parts
    line: str
    ink: str
    quiet_ink: str
    accent: Paint
    good: Paint
    soft: Paint
    attention: Paint
    stop: Paint


LIGHT = Colours(
    ground="#f2f4f7",
    card="#ffffff",
    raised="#f6f8fa",
    sunken="#e4e8ed",
    line="#dce1e7",
    ink="#161b21",
    quiet_ink="#56606b",
    accent=Paint("#1459b3", "#ffffff", "#e5eefa", "#114f9f"),
    good=Paint("#0f8549", "#ffffff", "#e0f3e8", "#0a6236"),
    soft=Paint("#d5e6db", "#1f4a34", "#e8f1eb", "#2f5c45"),
    attention=Paint("#ffb524", "#2e1e00", "#fff0d0", "#7d4b00"),
    stop=Paint("#a81a13", "#ffffff", "#fde6e4", "#a81c15"),
)
DARK = Colours(
    ground="#0f1317",
    card="#1a2027",
    raised="#232b33",
    sunken="#2d3640",
    line="#2f3943",
    ink="#eef2f6",
    quiet_ink="#a7b2bd",
    accent=Paint("#82b8ff", "#06244a", "#1c324e", "#a3caff"),
    good=Paint("#17864b", "#ffffff", "#153626", "#6fd79f"),
    soft=Paint("#1f3629", "#c4e3d1", "#20322a", "#a9cdb8"),
    attention=Paint("#f5ae2b", "#2b1b00", "#3d2e10", "#ffce70"),
    stop=Paint("#ab1d16", "#ffffff", "#46201f", "#ff9f98"),
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The sizes and colours in force."""

    colours: Colours
    text_scale: float

    def text_px(self, size: Size) -> int:
        return round(size * self.text_scale)

    def touch_px(self) -> int:
        """Height of a part that is pressed: never under 48, more where its words are large."""
        return max(TOUCH_PX, round(self.text_px(Size.BODY) * LINE_HEIGHT) + 2 * GRID_PX)

    def icon_px(self) -> int:
        """Side of an icon beside a line of body text: it grows with the text, but half as fast."""
        return round(24 * (1 + (self.text_scale - 1) / 2))

    def font(self, size: Size, *, bold: bool = False) -> QFont:
        return font_of(self.text_px(size), bold=bold)

    def ink(self, tone: Tone) -> QColor:
        """Colour of words with this meaning on the ground or on a card."""
        match tone:
            case Tone.INK:
                return QColor(self.colours.ink)
            case Tone.QUIET:
                return QColor(self.colours.quiet_ink)
            case _:
                return QColor(self.paint(tone).tint_ink)

    def paint(self, tone: Tone) -> Paint:
        """Fill and tint of a meaning; the two plain inks give a neutral one."""
        colours = self.colours
        neutral = Paint(colours.sunken, colours.ink, colours.sunken, colours.ink)
        return {
            Tone.ACCENT: colours.accent,
            Tone.GOOD: colours.good,
            Tone.SOFT: colours.soft,
            Tone.ATTENTION: colours.attention,
            Tone.STOP: colours.stop,
        }.get(tone, neutral)


@dataclass(frozen=True, slots=True)
class Look:
    """How the window looks just now: the one run-time state of appearance, handed to everything that draws."""

    mode: Mode = Mode.LIGHT
    text_scale: float = 1.0
    lang: str = LANGUAGES[0]

    def __post_init__(self) -> None:
        if not MIN_SCALE <= self.text_scale <= MAX_SCALE:
            raise ValueError(f"text scale {self.text_scale} is not within {MIN_SCALE} to {MAX_SCALE}")
        if self.lang not in LANGUAGES:
            raise ValueError(f"no texts in language {self.lang!r}")

    @property
    def tokens(self) -> Tokens:
        return Tokens(LIGHT if self.mode is Mode.LIGHT else DARK, self.text_scale)

    def with_mode(self, mode: Mode) -> Look:
        return replace(self, mode=mode)

    def with_scale(self, text_scale: float) -> Look:
        return replace(self, text_scale=text_scale)

    @property
    def for_chrome(self) -> Look:
        """For strip and bars, whose words are few and known: their text grows to 140 % and leaves room for the work."""
        return replace(self, text_scale=min(self.text_scale, CHROME_SCALE))

    def with_lang(self, lang: str) -> Look:
        return replace(self, lang=lang)


@runtime_checkable
class Themed(Protocol):
    """A widget that draws by tokens and speaks by texts. It sees to itself only; `theme_tree` reaches its children."""

    def retheme(self, look: Look, texts: Texts) -> None: ...


def theme_tree(root: QWidget, look: Look, texts: Texts) -> None:
    """Hand look and texts to every themed widget below `root`, parents first (not to `root` itself)."""
    for child in cast("Iterable[QWidget]", root.findChildren(QWidget)):  # the 6.8 stubs say Iterable[Never]
        if isinstance(child, Themed):
            child.retheme(look, texts)


def tone_of(panel: Panel) -> Tone:
    """The meaning of a verdict's loudness."""
    return Tone(panel.value)


def font_of(text_px: int, *, bold: bool = False) -> QFont:
    """The bundled font at a size in pixels; the second weight is for titles, words and numbers."""
    font = QFont(FONT_FAMILY)
    font.setPixelSize(max(1, text_px))
    font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
    font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
    return font


def palette_of(colours: Colours) -> QPalette:
    """What Fusion itself draws with."""
    role = QPalette.ColorRole
    palette = QPalette()
    for where, colour in (
        (role.Window, colours.ground),
        (role.Base, colours.card),
        (role.AlternateBase, colours.raised),
        (role.Button, colours.raised),
        (role.ToolTipBase, colours.raised),
        (role.WindowText, colours.ink),
        (role.Text, colours.ink),
        (role.ButtonText, colours.ink),
        (role.ToolTipText, colours.ink),
        (role.PlaceholderText, colours.quiet_ink),
        (role.Highlight, colours.accent.fill),
        (role.HighlightedText, colours.accent.on_fill),
        (role.Link, colours.accent.tint_ink),
        (role.Mid, colours.line),
        (role.Light, colours.raised),
        (role.Dark, colours.line),
        (role.Shadow, colours.line),
    ):
        palette.setColor(where, QColor(colour))
    for where in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, where, QColor(colours.quiet_ink))
    return palette


def apply(app: QApplication, look: Look) -> None:
    """Put Fusion under these tokens. The bundled font must have been loaded (app.ui.fonts)."""
    tokens = look.tokens
    app.setStyle("Fusion")
    app.setPalette(palette_of(tokens.colours))
    app.setFont(tokens.font(Size.BODY))
    app.setStyleSheet(style_sheet(tokens))


def _faint(colour: str) -> str:
    """For a mark that is seen when looked for: still 3 to 1 on the ground."""
    faint = QColor(colour)
    return f"rgba({faint.red()}, {faint.green()}, {faint.blue()}, 75%)"


def style_sheet(tokens: Tokens) -> str:
    """The rules for Qt's own parts; what is painted by hand (app.ui.widgets) takes the tokens itself."""
    colours, touch = tokens.colours, tokens.touch_px()
    accent = colours.accent
    small, body = tokens.text_px(Size.SMALL), tokens.text_px(Size.BODY)
    return f"""
        QMainWindow, #ground {{ background: {colours.ground}; }}
        QScrollArea, QScrollArea > QWidget > #column, QListView {{ background: transparent; border: none; }}
        QLabel {{ background: transparent; color: {colours.ink}; }}
        QToolTip {{
            background: {colours.raised}; color: {colours.ink}; border: 1px solid {colours.line}; font-size: {small}px;
        }}
        QLineEdit, QPlainTextEdit, QComboBox {{
            background: {colours.raised}; color: {colours.ink}; border: 2px solid {colours.line};
            border-radius: {GRID_PX}px; padding: 0 {GRID_PX + 4}px; min-height: {touch - 4}px; font-size: {body}px;
            selection-background-color: {accent.fill}; selection-color: {accent.on_fill};
            placeholder-text-color: {colours.quiet_ink};
        }}
        QPlainTextEdit {{ padding: {GRID_PX}px; }}
        QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus {{ border-color: {accent.fill}; }}
        QComboBox::drop-down {{ width: {touch}px; border: none; }}
        QComboBox QAbstractItemView {{
            background: {colours.card}; color: {colours.ink}; border: 1px solid {colours.line};
            selection-background-color: {accent.tint}; selection-color: {accent.tint_ink};
        }}
        QComboBox QAbstractItemView::item {{ min-height: {touch}px; }}
        QScrollBar:vertical {{ background: transparent; width: {GRID_PX}px; margin: 2px; }}
        QScrollBar::handle:vertical {{
            background: {_faint(colours.quiet_ink)}; border-radius: 2px; min-height: {touch}px;
        }}
        QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
            background: transparent; height: 0;
        }}
    """
