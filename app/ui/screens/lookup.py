"""查询: scan or type any code, and see all that is known of it here. UI thread.

A patient's voucher shows nothing but that it is one, and what was typed is forgotten at once.
"""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.lookups import CodeView
from app.flows.views import SiteView
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.code_cards import HospitalCard, IdentityCard, PackageCard
from app.ui.screens.code_relay import RelayAskCard
from app.ui.screens.code_story import HistoryCard
from app.ui.screens.code_tree import DESK_ROWS, POCKET_ROWS, DrugCard, TreeCard
from app.ui.screens.moments import DEFAULT_ZONE
from app.ui.screens.screen import Form, Screen
from app.ui.theme import GRID_PX, Look, theme_tree
from app.ui.wedge_focus import keep_input_method_off
from app.ui.widgets.buttons import PrimaryButton
from app.ui.widgets.cards import EmptyState, Page
from app.ui.widgets.choices import Field
from sync import SyncStatus

WIDEST_PX = 1120
WIDE_SCALE = 1.25  # from here on the button stands under the field in the pocket


class LookupScreen(Screen):
    """Asks for a code, draws a CodeView. `asked` gives the text that was typed, or a code that was tapped."""

    name: ClassVar[str] = "lookup"
    icon: ClassVar[Icon] = Icon.LOOKUP

    asked = Signal(str)

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._zone = DEFAULT_ZONE
        self._fetched_ms: int | None = None
        self._view: CodeView | None = None
        self.field = Field("lookup_field")
        keep_input_method_off(self.field.edit)  # before it has the focus: a scan may come at once
        self.button = PrimaryButton("lookup_ask", icon=Icon.LOOKUP)
        self.empty = EmptyState(Icon.SCAN, "lookup_empty")
        self.identity, self.hospital = IdentityCard(), HospitalCard()
        self.packages, self.history = PackageCard(), HistoryCard()
        self.tree, self.drug, self.relay = TreeCard(), DrugCard(), RelayAskCard()
        self._build()
        self.field.edit.returnPressed.connect(self._ask)
        self.button.clicked.connect(self._ask)
        self.packages.asked.connect(self.asked)
        self.tree.asked.connect(self.asked)
        self._show()
        self.retheme(look, texts)

    @property
    def view(self) -> CodeView | None:
        """What is shown now."""
        return self._view

    @Slot(object)
    def draw(self, view: CodeView) -> None:
        """Show an answer in the place of the one before."""
        self._view = view
        self.field.edit.clear()
        self._show()
        theme_tree(self._page, self.look, self.texts)
        self._page.verticalScrollBar().setValue(0)

    @Slot(object)
    def set_site(self, site: SiteView) -> None:
        """The hospital's time zone."""
        self._zone = site.zone
        self.relay.set_zone(site.zone)
        self._show()

    @Slot(object)
    def set_sync(self, status: SyncStatus) -> None:
        """When the hospital was last heard."""
        if status.last_exchange_ms != self._fetched_ms:
            self._fetched_ms = status.last_exchange_ms
            self._show_hospital()

    def reword(self) -> None:
        self._show()
        self.arrange(self.form)

    def arrange(self, form: Form) -> None:
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        desk = form is Form.DESK
        self._columns.setDirection(beside if desk else below)
        self.tree.set_rows(DESK_ROWS if desk else POCKET_ROWS)
        # In the pocket the tree follows the name of the code at once.
        (self._right if desk else self._left).insertWidget(0 if desk else 1, self.tree)
        self._question.setDirection(beside if desk or self.look.text_scale <= WIDE_SCALE else below)

    def opened(self) -> None:
        self.field.edit.setFocus()

    def _build(self) -> None:
        self._page = Page(width_px=WIDEST_PX)
        self._question = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._question.setSpacing(GRID_PX)
        self._question.addWidget(self.field, 1)
        self._question.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        self._page.add(self._question)
        self._page.add(self.empty, 1)
        left, right = self._left, self._right = QVBoxLayout(), QVBoxLayout()
        for column, parts in (
            (left, (self.identity, self.relay, self.drug, self.hospital, self.history)),
            (right, (self.tree, self.packages)),
        ):
            column.setSpacing(GRID_PX + GRID_PX // 2)
            for part in parts:
                column.addWidget(part)
            column.addStretch(1)
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._columns.setSpacing(GRID_PX + GRID_PX // 2)
        self._columns.addLayout(left, 1)
        self._columns.addLayout(right, 1)
        self._page.add(self._columns)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._page)

    def _ask(self) -> None:
        text = self.field.edit.text().strip()
        if text:
            # Forgotten at once: what was typed may be a patient's voucher.
            self.field.edit.clear()
            self.asked.emit(text)

    def _show(self) -> None:
        view = self._view
        self.empty.setVisible(view is None)
        self.identity.setVisible(view is not None)
        closed = view is None or view.kind == "voucher"
        grown = view is not None and not closed and view.tree is not None and view.tree.root is not None
        self.tree.setVisible(grown)
        self.drug.setVisible(view is not None and not closed and view.facts is not None)
        self.packages.setVisible(view is not None and not closed and not grown and bool(view.manifests))
        self.history.setVisible(view is not None and not closed and view.known)
        self._show_hospital()
        self.relay.draw(view)
        if view is not None:
            self.identity.draw(view)
            if view.facts is not None:
                self.drug.draw(view.facts, expiry_shown=view.expiry)
            if view.tree is not None and grown:
                self.tree.draw(view.tree, self._zone)
            self.packages.draw(view)
            self.history.draw(view, self._zone)

    def _show_hospital(self) -> None:
        view = self._view
        seen = view is not None and view.kind not in ("voucher", "own_form", "product_code")
        self.hospital.setVisible(seen)
        if view is not None and seen:
            self.hospital.draw(view, self._zone, self._fetched_ms)


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up."""
    assert isinstance(screen, LookupScreen)
    screen.asked.connect(conductor.look_up)
    screen.relay.asked.connect(conductor.ask_relay)
    screen.relay.stopped.connect(conductor.stop_relay)
    conductor.relay_told.connect(screen.relay.draw_question)
    conductor.looked_up.connect(screen.draw)
    conductor.site_changed.connect(screen.set_site)
    conductor.sync_changed.connect(screen.set_sync)
