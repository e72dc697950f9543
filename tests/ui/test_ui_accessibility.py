"""Every screen in both shells through the eyes of Qt's own accessibility tree, and by keys alone.

What can be pressed or typed into has a name and a role; Tab goes through all of it, in reading order, and comes back
to where it began; nothing is smaller than a thumb.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import cast

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.registry import SCREENS
from app.ui.shell.frame import Frame
from app.ui.shell.notices import Notice
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import TOUCH_PX, Look, Tone
from app.ui.widgets.rows import RowList
from tests.ui.screens_a_views import STATES
from tests.ui.test_ui_screens_b_pictures import scenes

SHAPES = {"pocket": (480, 800), "desk": (1280, 800)}
PRESSED = QAbstractButton | QLineEdit | QComboBox | QAbstractItemView | QPlainTextEdit
ROLES = {
    QAbstractButton: {QAccessible.Role.Button, QAccessible.Role.CheckBox, QAccessible.Role.RadioButton},
    QLineEdit: {QAccessible.Role.EditableText},
    QComboBox: {QAccessible.Role.ComboBox},
    QAbstractItemView: {QAccessible.Role.List, QAccessible.Role.Table, QAccessible.Role.Tree},
    QPlainTextEdit: {QAccessible.Role.EditableText},
}
SETTLED = 8
MOST_TABS = 200


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.fixture
def frame(qtbot: QtBot, qapp: QApplication, texts: Texts) -> Frame:
    load_fonts()
    theme.apply(qapp, Look())
    made = Frame([entry.load(Look(), texts)[0] for entry in SCREENS], Look(), texts)
    made.strip.draw(Status((ScannerStatus("ttyACM0", ready=True),), Network.ONLINE, 3, 0, "演示员甲", demo=True))
    made.notices.tell(Notice("no_sound_device"))
    made.set_count("uploads", 2, Tone.ATTENTION)
    qtbot.addWidget(made)
    return made


def states(qapp: QApplication, frame: Frame) -> Iterator[str]:
    """Every state of every screen, one after the other in the same window."""
    for state in STATES:
        state.show(frame)
        settle(qapp)
        yield state.name
    for name, screen, put in scenes(frame):
        frame.go(screen)
        put()
        settle(qapp)
        yield name


def settle(qapp: QApplication) -> None:
    for _ in range(SETTLED):
        qapp.processEvents()


def pressed(frame: Frame) -> list[QWidget]:
    """What a person can press or type into just now. Inner parts of Qt's own widgets are theirs."""
    found: list[QWidget] = []
    for part in cast("Iterable[QWidget]", frame.findChildren(QWidget)):
        inner = isinstance(part.parentWidget(), QComboBox) or part.objectName().startswith("qt_")
        if isinstance(part, PRESSED) and part.isVisibleTo(frame) and part.isEnabled() and not inner:
            found.append(part)
    return found


def told(part: QWidget) -> str:
    return f"{type(part).__name__} {part.accessibleName()!r}"


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_that_is_pressed_has_name_role_and_size(
    qtbot: QtBot, qapp: QApplication, frame: Frame, shape: str
) -> None:
    frame.resize(*SHAPES[shape])
    with qtbot.waitExposed(frame):
        frame.show()
    problems: list[str] = []
    seen = 0
    for name in states(qapp, frame):
        for part in pressed(frame):
            seen += 1
            problems += [f"{name}: {told(part)} {problem}" for problem in faults_of(part)]
    assert not problems, "\n".join(dict.fromkeys(problems))
    assert seen > 300


def faults_of(part: QWidget) -> Iterator[str]:
    face = QAccessible.queryAccessibleInterface(part)
    if not face.text(QAccessible.Text.Name).strip():
        yield "has no name"
    roles = next(roles for kind, roles in ROLES.items() if isinstance(part, kind))
    if face.role() not in roles:
        yield f"has the role {face.role().name}"
    if isinstance(part, QAbstractItemView):
        yield from _faults_of_rows(part)
    elif min(part.width(), part.height()) < TOUCH_PX:
        yield f"is {part.width()}×{part.height()}"


def _faults_of_rows(part: QAbstractItemView) -> Iterator[str]:
    if isinstance(part, RowList) and part.drawer.height_px() < TOUCH_PX:
        yield f"has rows of {part.drawer.height_px()}"
    # Qt keeps its tree up to date only while a reader listens, and none does here: so the tree is asked for anew.
    QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(QAccessible.queryAccessibleInterface(part)))
    face, model = QAccessible.queryAccessibleInterface(part), part.model()
    for place in range(min(model.rowCount(QModelIndex()), 3)):
        child = face.child(place)
        if not child.text(QAccessible.Text.Name).strip():
            yield f"has a row {place} without a name"


@pytest.mark.parametrize("shape", SHAPES)
def test_tab_goes_through_everything_in_reading_order(
    qtbot: QtBot, qapp: QApplication, frame: Frame, shape: str
) -> None:
    frame.resize(*SHAPES[shape])
    with qtbot.waitExposed(frame):
        frame.show()
    frame.activateWindow()
    problems: list[str] = []
    for name in states(qapp, frame):
        ways = walk(qtbot, frame)
        met = set(ways)
        problems += [f"{name}: Tab does not come to {told(part)}" for part in pressed(frame) if part not in met]
        problems += [
            f"{name}: {told(part)} comes after {told(before)}, but stands before it" for before, part in disorder(ways)
        ]
    assert not problems, "\n".join(dict.fromkeys(problems))


def walk(qtbot: QtBot, frame: Frame) -> list[QWidget]:
    """Where the keys are after each Tab, until they are where they began."""
    ways: list[QWidget] = []
    for _ in range(MOST_TABS):
        at = cast("QWidget | None", frame.focusWidget())  # the 6.8 stubs leave the None out
        qtbot.keyClick(at or frame, Qt.Key.Key_Tab)
        now = frame.focusWidget()
        if now in ways:
            return ways[ways.index(now) :] if ways.index(now) == 0 else ways
        ways.append(now)
    raise AssertionError("Tab does not come round")


def disorder(ways: list[QWidget]) -> Iterator[tuple[QWidget, QWidget]]:
    """Neighbours in the way of the keys, children of one parent, of which the later one stands higher or further left.

    Compared only within one parent: between columns the order is theirs.
    """
    for before, part in pairwise(ways):
        if before.parentWidget() is not part.parentWidget() or isinstance(part, QScrollArea):
            continue
        one, other = (QPoint(each.mapTo(each.window(), QPoint(0, 0))) for each in (before, part))
        beside = other.x() >= one.x() + before.width()  # in the next column
        above = other.y() + part.height() <= one.y() and not beside
        left = other.x() + part.width() <= one.x() and abs(other.y() - one.y()) < TOUCH_PX // 2
        if above or left:
            yield before, part
