"""The cards of a looked-up code: what it is, the hospital's word, where it lies. UI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.lookups import CodeView, ManifestView
from app.ui.icons import Icon, draw_icon
from app.ui.screens.moments import in_groups, moment, tail_of
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.cards import Badge, Card, IconMark, SectionTitle
from app.ui.widgets.fitting import Label, text_width

CHILDREN_AT_ONCE = 12
WIDE_SCALE = 1.25  # from here on badges stand under each other
LEVEL_ICONS = {1: Icon.DRUG, 2: Icon.BOX, 3: Icon.BOXES}
KIND_ICONS = {
    "voucher": Icon.LOCK,
    "own_form": Icon.KEYBOARD,
    "product_code": Icon.ATTENTION,
    "unknown": Icon.HELP,
}
STATE_TONES = {"in": Tone.GOOD, "reversed": Tone.ATTENTION, "dispensed": Tone.ACCENT, "returned": Tone.ACCENT}


def level_code(level: int) -> str:
    """The text that names a level of packages."""
    return f"lookup_level_{level}" if level in LEVEL_ICONS else "lookup_level_other"


class Facts(QWidget):
    """Names and values under each other, the names quiet and equally wide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * GRID_PX)
        self._grid.setVerticalSpacing(GRID_PX // 2)
        self._grid.setColumnStretch(1, 1)
        self._parts: list[Label] = []

    def draw(self, facts: Sequence[tuple[str, str]]) -> None:
        """Pairs of text code and value; pairs without a value are left out."""
        for part in self._parts:
            self._grid.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._parts = []
        for row, (code, value) in enumerate(pair for pair in facts if pair[1]):
            name, shown = Label(code, size=Size.SMALL, tone=Tone.QUIET), Label()
            shown.show_text(value)
            self._parts += [name, shown]
            self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(shown, row, 1)
        self.setVisible(bool(self._parts))


class IdentityCard(Card):
    """The drug in large words, its level, the code, batch, serial and expiry; or what else the code is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self.mark = IconMark(Icon.DRUG, grids=7)
        self.title = Label(size=Size.TITLE, bold=True)
        self.detail = Label(tone=Tone.QUIET)
        self.level, self.kind = Badge(tone=Tone.ACCENT), Badge()
        self.facts = Facts()
        self.warning = Label(tone=Tone.ATTENTION)
        head = QHBoxLayout()
        head.setSpacing(2 * GRID_PX)
        head.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        head.addLayout(words, 1)
        self.add(head)
        self._badges = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._badges.setSpacing(GRID_PX)
        self._badges.addWidget(self.level)
        self._badges.addWidget(self.kind)
        self._badges.addStretch(1)
        self.add(self._badges)
        self.add(self.warning)
        self.add(self.facts)

    def draw(self, view: CodeView) -> None:
        """Show what the code says of itself, and what it is of."""
        strange = view.kind in KIND_ICONS and not view.name
        self._draw_head(view, strange)
        self.kind.setVisible(not strange)
        self.kind.say(f"lookup_kind_{view.kind}", Tone.INK)
        self.level.setVisible(view.level is not None)
        if view.level is not None:
            self.level.say(level_code(view.level), Tone.ACCENT, level=view.level)
        self._draw_warning(view)
        self.facts.draw(
            (
                ("lookup_code", in_groups(view.key or "")),
                ("lookup_batch", view.batch or ""),
                ("lookup_serial", view.serial or ""),
                ("lookup_expiry", view.expiry or ""),
                ("lookup_drug", view.drug or ""),
                (
                    "lookup_origin",
                    self._texts.title(f"lookup_origin_{view.origin}", self._look.lang) if view.origin else "",
                ),
            )
        )
        theme_tree(self.facts, self._look, self._texts)

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._badges.setDirection(beside if look.text_scale <= WIDE_SCALE else below)

    def _draw_head(self, view: CodeView, strange: bool) -> None:
        if view.name:
            self.mark.set_icon(LEVEL_ICONS.get(view.level or 1, Icon.LAYERS), Tone.ACCENT)
            self.title.show_text(view.name)
            self.detail.show_text(view.spec or "")
        elif strange or view.known:
            self.mark.set_icon(KIND_ICONS.get(view.kind, Icon.HELP), Tone.ATTENTION if strange else Tone.ACCENT)
            self._say_both(f"lookup_kind_{view.kind}")
        else:
            self.mark.set_icon(Icon.HELP, Tone.ATTENTION)
            self._say_both("lookup_nothing")
        self.detail.setVisible(bool(self.detail.text()))

    def _say_both(self, code: str) -> None:
        self.title.say(code)
        self.detail.show_text(self._texts.advice(code, self._look.lang))

    def _draw_warning(self, view: CodeView) -> None:
        codes = [*(f"lookup_note_{note}" for note in view.notes), *(["ambiguous"] if view.ambiguous else [])]
        words = [self._texts.line(code, self._look.lang) for code in codes if self._texts.has(code)]
        self.warning.setVisible(bool(words))
        self.warning.show_text("\n".join(words))


class HospitalCard(Card):
    """What the hospital last said of the code, and how old that is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self.title = SectionTitle("lookup_hospital")
        self.title.setContentsMargins(0, 0, 0, 0)
        self.state = Badge()
        self.words = Label()
        self.age = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.facts = Facts()
        self.add_row(self.title, self.state, spread=True)
        self.add(self.words)
        self.add(self.facts)
        self.add(self.age)

    def draw(self, view: CodeView, zone: str, fetched_ms: int | None) -> None:
        """`fetched_ms`: when the hospital was last heard, epoch milliseconds."""
        said = view.hospital
        self.state.setVisible(said is not None)
        self.words.setVisible(said is None)
        self.words.say("lookup_hospital_silent")
        if said is not None:
            self.state.say(f"code_state_{said.state}", STATE_TONES.get(said.state, Tone.INK))
            self.facts.draw(
                (
                    ("lookup_receipt", said.receipt),
                    ("lookup_via", tail_of(said.via) if said.via else ""),
                    ("lookup_since", moment(said.at_ms, zone) if said.at_ms else ""),
                    ("lookup_by_device", said.device),
                )
            )
            theme_tree(self.facts, self._look, self._texts)
        else:
            self.facts.draw(())
        if fetched_ms is None:
            self.age.say("lookup_never_fetched")
        else:
            self.age.say("lookup_as_of", moment=moment(fetched_ms, zone))

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts


class Branch(Button):
    """One package in the tree, set in by its depth; pressed, it is looked up."""

    def __init__(self, text: str, level: int | None, depth: int, *, here: bool, parent: QWidget | None = None) -> None:
        super().__init__("", kind=Kind.QUIET, icon=LEVEL_ICONS.get(level or 0, Icon.LAYERS), parent=parent)
        self._depth, self._here = depth, here
        self.setText(text)
        self.setAccessibleName(text)
        self.setEnabled(not here)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def colours(self) -> tuple[QColor, QColor]:
        colours = self.tokens.colours
        if self._here:
            return QColor(colours.accent.tint), QColor(colours.accent.tint_ink)
        return QColor(0, 0, 0, 0), QColor(colours.ink)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface, ink = self.colours()
        inset = self._inset()
        place = QRectF(self.rect()).adjusted(inset, 2, 0, -2)
        if self.hasFocus() or self._here or self.underMouse():
            painter.setPen(QPen(QColor(self.tokens.colours.accent.fill), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(surface if self._here else QColor(self.tokens.colours.raised))
            painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)
        if self._depth:
            painter.setPen(QPen(QColor(self.tokens.colours.line), 2))
            x, middle = inset - GRID_PX, self.height() / 2
            painter.drawLine(int(x), 0, int(x), int(middle))
            painter.drawLine(int(x), int(middle), int(inset) - 2, int(middle))
        side = self.tokens.icon_px()
        if self._icon:
            draw_icon(painter, self._icon, ink, QRectF(inset + GRID_PX, (self.height() - side) / 2, side, side))
        block, room = self.words()
        block.draw(painter, room.left(), room.top() + (room.height() - block.height) / 2, ink)

    def sizeHint(self) -> QSize:
        width = text_width(self.text(), self.font()) + int(self._inset()) + self.tokens.icon_px() + 4 * GRID_PX
        return QSize(width, self.tokens.touch_px())

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * GRID_PX, self.tokens.touch_px())

    def _inset(self) -> float:
        return self._depth * 2.5 * GRID_PX

    def _room(self) -> QRectF:
        left = self._inset() + self.tokens.icon_px() + 2 * GRID_PX
        return QRectF(left, 2, max(1.0, self.width() - left - GRID_PX), self.height() - 4)

    def _reword(self) -> None:
        """The words are data."""


class PackageCard(Card):
    """The manifest's word: what is around the code and what is in it, as a small tree. `asked` gives a code."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self._view: CodeView | None = None
        self._shown = CHILDREN_AT_ONCE
        self._tree = QVBoxLayout()
        self._tree.setSpacing(0)
        self.title = SectionTitle("lookup_packages")
        self.title.setContentsMargins(0, 0, 0, 0)
        self.add(self.title)
        self.add(self._tree)

    def draw(self, view: CodeView) -> None:
        """Show the manifests that name the code."""
        if self._view is None or self._view.key != view.key:
            self._shown = CHILDREN_AT_ONCE
        self._view = view
        while self._tree.count():
            part = self._tree.takeAt(0).widget()
            part.hide()
            part.deleteLater()
        for manifest in view.manifests:
            self._draw_manifest(view, manifest)
        theme_tree(self, self._look, self._texts)

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts

    def _draw_manifest(self, view: CodeView, manifest: ManifestView) -> None:
        where = Label("lookup_delivery", tone=Tone.QUIET)
        where.say("lookup_delivery", delivery=manifest.delivery, line=manifest.line)
        self._tree.addWidget(where)
        around = tuple(reversed(manifest.parents))
        for depth, code in enumerate(around):
            self._branch(code, manifest.level + len(around) - depth, depth)
        words = self._say("lookup_this", code=tail_of(view.key or ""), count=manifest.smallest)
        if manifest.level == 1:
            words = self._say("lookup_this_smallest", code=tail_of(view.key or ""))
        self._tree.addWidget(Branch(words, manifest.level, len(around), here=True))
        for code in manifest.children[: self._shown]:
            self._branch(code, manifest.level - 1, len(around) + 1)
        hidden = len(manifest.children) - self._shown
        if hidden > 0:
            more = Button("lookup_more", kind=Kind.QUIET, icon=Icon.DOWN)
            more.say("lookup_more", count=hidden)
            more.clicked.connect(self._show_more)
            self._tree.addWidget(more)

    def _branch(self, code: str, level: int, depth: int) -> None:
        name = self._say(level_code(level), level=level)
        branch = Branch(f"{name} {tail_of(code)}", level, depth, here=False)
        branch.setAccessibleName(f"{name} {code}")
        branch.clicked.connect(lambda: self.asked.emit(code))
        self._tree.addWidget(branch)

    def _show_more(self) -> None:
        self._shown += 10 * CHILDREN_AT_ONCE
        if self._view is not None:
            self.draw(self._view)

    def _say(self, code: str, /, **values: object) -> str:
        return self._texts.title(code, self._look.lang, **values)
