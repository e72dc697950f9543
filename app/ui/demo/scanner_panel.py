"""The demonstration's scanner beside the window: the goods of the open delivery to tap on, and things that are wrong.

A tap is a scan: `shot` gives the code, and whoever made the panel sends it down the line. UI thread.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.demo import STRANGE_PRODUCT, STRANGE_TEXT, Dock, Pack, Shelf
from app.flows.views import OperatorChoice
from app.ui.demo.pack_tile import PackTile
from app.ui.icons import Icon
from app.ui.screens.code_cards import level_code
from app.ui.screens.moments import tail_of
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, IconButton, PlainButton
from app.ui.widgets.cards import Card, Page, SectionTitle
from app.ui.widgets.fitting import Fit, Label

WIDTH_PX, HEIGHT_PX = 360, 720
TILES_AT_ONCE = 30
WIDE_SCALE = 1.25  # from here on boxes stand under each other
COMMANDS = {"undo": Icon.UNDO, "confirm": Icon.CHECK, "close": Icon.FLAG}
WRONG = {
    "duplicate": Icon.COPY,
    "other": Icon.DELIVERY,
    "foreign": Icon.STOP,
    "extra": Icon.OVER,
    "already": Icon.HISTORY,
    "product": Icon.DRUG,
    "unknown": Icon.HELP,
    "voucher": Icon.BADGE,
}


class ScannerPanel(QWidget):
    """A tool window. It shows badges until somebody signs in, then notes, then the shelf of the open delivery."""

    shot = Signal(str)
    cut_wanted = Signal()
    truck_wanted = Signal()
    tour_wanted = Signal()

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setObjectName("ground")
        self._look, self._texts = look, texts
        self._dock: Dock | None = None
        self._people: tuple[OperatorChoice, ...] = ()
        self._signed_in = False
        self._delivery: str | None = None
        self._inside: list[str] = []  # the packages that were opened, outermost first
        self._done: set[str] = set()
        self._last: str | None = None
        self._chance = random.Random()
        self.title = Label("demo_panel", size=Size.TITLE, bold=True)
        self.hint = Label("demo_panel", size=Size.SMALL, tone=Tone.QUIET, part="advice")
        self.where = Label(bold=True, fit=Fit.SHRINK)
        self.up = IconButton("demo_up", Icon.BACK)
        self.tiles: list[Button] = []
        self.wrong = {name: PlainButton(f"demo_{name}", icon=icon) for name, icon in WRONG.items()}
        self.commands = {name: PlainButton(f"demo_{name}", icon=icon) for name, icon in COMMANDS.items()}
        self.cut = PlainButton("demo_cut", icon=Icon.OFFLINE)
        self.truck = PlainButton("demo_truck", icon=Icon.DELIVERY)
        self.tour = PlainButton("demo_tour", icon=Icon.TOUR)
        self._build()
        self._connect()
        self.resize(WIDTH_PX, HEIGHT_PX)
        self.retheme(look, texts)

    @Slot(object)
    def draw_dock(self, dock: Dock) -> None:
        """What stands at the dock."""
        self._dock = dock
        self._show()

    @Slot(object)
    def draw_people(self, people: Sequence[OperatorChoice]) -> None:
        """Whose badges lie here."""
        self._people = tuple(people)
        self._show()

    def set_signed_in(self, signed_in: bool) -> None:
        self._signed_in = signed_in
        self._show()

    def open_delivery(self, delivery: str | None) -> None:
        """The goods of this delivery stand on the shelf; None: the delivery notes lie there."""
        if delivery != self._delivery:
            self._delivery, self._inside, self._last = delivery, [], None
            self._show()

    def close_delivery(self) -> None:
        """The open delivery is received: its note is marked, and the notes lie there again."""
        if self._delivery is not None:
            self._done.add(self._delivery)
        self.open_delivery(None)

    def mark(self, counted: Mapping[str, bool]) -> None:
        """Codes that count now, and codes that do no longer; the others stay as they were."""
        done = self._done.union(code for code, counts in counted.items() if counts)
        done -= {code for code, counts in counted.items() if not counts}
        if done != self._done:
            self._done = done
            self._show()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self.setWindowTitle(texts.title("demo_panel", look.lang))
        theme_tree(self, look, texts)
        self._show()

    def closeEvent(self, event: QCloseEvent) -> None:
        """It is put away, not ended: the scanner stays plugged in."""
        event.ignore()
        self.hide()

    def _build(self) -> None:
        page = Page()
        page.add(self.title)
        page.add(self.hint)
        head = QHBoxLayout()
        head.addWidget(self.up)
        head.addWidget(self.where, 1)
        self._shelf = QGridLayout()
        self._shelf.setSpacing(GRID_PX)
        self._shelf_card = Card()
        self._shelf_card.add(head)
        self._shelf_card.add(self._shelf)
        page.add(self._shelf_card)
        self._wrong_title = SectionTitle("demo_wrong")
        page.add(self._wrong_title)
        page.add(_grid(list(self.wrong.values())))
        self._commands_title = SectionTitle("demo_commands")
        page.add(self._commands_title)
        page.add(_grid(list(self.commands.values()), columns=3))
        page.add(SectionTitle("demo_world"))
        page.add(_grid([self.cut, self.truck, self.tour]))
        page.add_stretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(page)

    def _connect(self) -> None:
        self.up.clicked.connect(self._go_up)
        self.cut.clicked.connect(self.cut_wanted)
        self.truck.clicked.connect(self.truck_wanted)
        self.tour.clicked.connect(self.tour_wanted)
        for name, button in self.commands.items():
            button.clicked.connect(lambda _on=False, name=name: self.shot.emit(f"MATOU!{name}"))
        for name, button in self.wrong.items():
            button.clicked.connect(lambda _on=False, name=name: self._shoot_wrong(name))

    def _show(self) -> None:
        if any(tile.hasFocus() for tile in self.tiles):
            self.setFocus()  # else Qt hands the keys on, and the page scrolls to whoever gets them
        for tile in self.tiles:
            self._shelf.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        shelf = self._dock.shelf(self._delivery) if self._dock and self._delivery else None
        self.up.setVisible(bool(self._inside))
        if not self._signed_in:
            self.tiles = self._badges()
        elif shelf is None:
            self.tiles = self._notes()
        else:
            self.tiles = self._packs(shelf)
        loose = bool(self.tiles) and all(isinstance(tile, PackTile) and tile.loose for tile in self.tiles)
        columns = 2 if loose and self._look.text_scale <= WIDE_SCALE else 1
        for place, tile in enumerate(self.tiles):
            self._shelf.addWidget(tile, place // columns, place % columns)
            tile.retheme(self._look, self._texts)
        receiving = self._signed_in and shelf is not None
        for part in (self._wrong_title, self._commands_title, *self.wrong.values(), *self.commands.values()):
            part.setVisible(receiving)
        self.wrong["duplicate"].setEnabled(self._last is not None)

    def _badges(self) -> list[Button]:
        self.where.say("demo_badges")
        hint = self._texts.title("demo_badge_hint", self._look.lang)
        return [
            self._tile(f"{person.name} {person.id}", f"MATOU#{person.id}", Icon.BADGE, hint) for person in self._people
        ]

    def _notes(self) -> list[Button]:
        self.where.say("demo_deliveries")
        shelves = self._dock.shelves if self._dock else ()
        return [self._tile(one.delivery, f"MATOU={one.delivery}", Icon.DOCUMENT, one.supplier) for one in shelves]

    def _packs(self, shelf: Shelf) -> list[Button]:
        top = self._inside[-1] if self._inside else None
        self.where.show_text(self._name(shelf.find(top)) if top else shelf.delivery)
        packs = sorted(shelf.inside(top), key=lambda pack: pack.code in self._done)
        return [self._pack_tile(shelf, pack) for pack in packs[:TILES_AT_ONCE]]

    def _pack_tile(self, shelf: Shelf, pack: Pack) -> PackTile:
        holds, done = bool(shelf.inside(pack.code)), self._is_done(shelf, pack)
        if holds:
            below = self._texts.title("demo_boxes", self._look.lang, count=shelf.boxes_in(pack.code))
            tile = PackTile(self._name(pack), below, pack.level, holds=True, done=done)
        else:  # two in a line: there the end of the code says more than what it is
            tile = PackTile(tail_of(pack.code), self._level(pack), pack.level, done=done)
        tile.clicked.connect(lambda: self._shoot(pack.code))
        tile.opened.connect(lambda: self._look_inside(pack.code))
        return tile

    def _tile(self, words: str, code: str, icon: Icon, detail: str) -> Button:
        tile = PackTile(words, detail, 0, icon=icon, done=words in self._done)
        tile.clicked.connect(lambda: self.shot.emit(code))
        return tile

    def _name(self, pack: Pack | None) -> str:
        if pack is None:
            return ""
        return f"{self._level(pack)} {tail_of(pack.code)}"

    def _level(self, pack: Pack) -> str:
        return self._texts.title(level_code(pack.level), self._look.lang, level=pack.level)

    def _is_done(self, shelf: Shelf, pack: Pack) -> bool:
        """Counted itself, or with something around it."""
        at: Pack | None = pack
        while at is not None:
            if at.code in self._done:
                return True
            at = shelf.find(at.parent) if at.parent else None
        return False

    def _shoot(self, code: str) -> None:
        self._last = code
        self.wrong["duplicate"].setEnabled(True)
        self.shot.emit(code)

    def _shoot_wrong(self, name: str) -> None:
        code = self._wrong_code(name)
        if code:
            self.shot.emit(code)

    def _wrong_code(self, name: str) -> str | None:
        if self._dock is None or self._delivery is None:
            return None
        match name:
            case "duplicate":
                return self._last
            case "other":
                return self._dock.other_than(self._delivery)
            case "foreign":
                return self._dock.foreign_to(self._delivery, self._chance)
            case "extra":
                return self._dock.extra_to(self._delivery, self._chance)
            case "already":
                return self._dock.received_before
            case "product":
                return STRANGE_PRODUCT
            case "unknown":
                return STRANGE_TEXT
            case _:
                return self._dock.voucher

    def _look_inside(self, code: str) -> None:
        self._inside.append(code)
        self._show()

    def _go_up(self) -> None:
        self._inside.pop()
        self._show()


def _grid(buttons: Sequence[Button], *, columns: int = 2) -> QGridLayout:
    grid = QGridLayout()
    grid.setSpacing(GRID_PX)
    for place, button in enumerate(buttons):
        grid.addWidget(button, place // columns, place % columns)
    for column in range(columns):
        grid.setColumnStretch(column, 1)
    return grid
