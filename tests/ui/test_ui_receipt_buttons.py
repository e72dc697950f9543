"""A closed receipt as PDF, table and print, from the receiving screen and from the task list, always with an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtPdf import QPdfDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.base.options import Environment
from app.base.texts import Texts
from app.flows.receipt_document import ReceiptDocument
from app.ui import theme
from app.ui.conductor import Conductor
from app.ui.fonts import load_fonts
from app.ui.receipt_buttons import KINDS, ReceiptButtons, file_name
from app.ui.receipt_paper import ReceiptPrinter
from app.ui.screens import receiving, tasks
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.screen import Screen
from app.ui.screens.tasks import TasksScreen
from app.ui.theme import Look, theme_tree
from app.wiring import Call, Program
from tests.fixtures.hospital import DELIVERY, NOW_MS, PIN, Dock, code, delivery, drug, line, operator, packages
from tests.flows.receipt_samples import document_of

WAIT_MS = 20_000
RECEIPT = f"{DELIVERY}-R1"
BOX = code("8999011", 1)


class Tray:
    """A printer that takes everything, or the trouble of one that does not."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.trouble, self.printed = trouble, list[str]()

    def write_receipt(self, path: Path, document: ReceiptDocument, lang: str) -> int:
        return ReceiptPrinter().write_receipt(path, document, lang)

    def print_receipt(self, document: ReceiptDocument, printer: str | None, lang: str) -> int:
        if self.trouble is not None:
            raise self.trouble
        self.printed.append(document.receipt)
        return 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one delivery of one box, scanned and not closed yet."""
    with Dock(tmp_path / "data") as dock:
        dock.feed(
            operator("1001", rights=("receive", "close", "export")), operator("1002", rights=("receive", "close"))
        )
        dock.feed(drug("D1", {"8999011": 1}), packages({BOX: {}}), delivery(line(1, "D1", 1)))
        assert dock.desk().scan(BOX.encode()).counted
    return tmp_path / "data"


@pytest.fixture
def conductor(qtbot: QtBot, folder: Path) -> Iterator[Conductor]:
    made = Conductor(lambda: Program(Call("window", folder, None, Environment(now_ms=NOW_MS))))
    with qtbot.waitSignal(made.ready, timeout=WAIT_MS):
        made.start()
    yield made
    assert made.close()


def sign_in(qtbot: QtBot, conductor: Conductor, who: str = "1001") -> None:
    with qtbot.waitSignal(conductor.signed_in, timeout=WAIT_MS):
        conductor.sign_in(who, PIN)


def close(qtbot: QtBot, conductor: Conductor) -> None:
    with qtbot.waitSignal(conductor.receipt_opened, timeout=WAIT_MS):
        conductor.open_delivery(DELIVERY)
    with qtbot.waitSignal(conductor.command_answered, timeout=WAIT_MS):
        conductor.command("close")


def dress(qtbot: QtBot, screen: Screen, papers: ReceiptButtons, place: Path, tray: Tray) -> None:
    qtbot.addWidget(screen)
    theme_tree(screen, Look(), Texts.load())
    papers._folder, papers._paper = (lambda: place), (lambda: tray)


def answered(qtbot: QtBot, papers: ReceiptButtons, kind: str, has: str) -> str:
    papers.buttons[kind].click()
    qtbot.waitUntil(lambda: has in papers.answer.text(), timeout=WAIT_MS)
    return papers.answer.text()


def text_of(path: Path) -> str:
    pdf = QPdfDocument()
    assert pdf.load(str(path)) == QPdfDocument.Error.None_
    return pdf.getAllText(0).text()


def test_all_three_from_the_closed_receipt(qtbot: QtBot, conductor: Conductor, tmp_path: Path) -> None:
    screen, tray = ReceivingScreen(Look(), Texts.load()), Tray()
    papers = screen.differences.papers
    dress(qtbot, screen, papers, tmp_path, tray)
    receiving.join(screen, conductor)
    sign_in(qtbot, conductor)
    with qtbot.waitSignal(conductor.receipt_opened, timeout=WAIT_MS):
        conductor.open_delivery(DELIVERY)
    qtbot.waitUntil(lambda: screen.view is not None, timeout=WAIT_MS)
    assert papers.isHidden(), "an open receipt has no paper yet"
    conductor.command("close")
    qtbot.waitUntil(lambda: screen.view is not None and screen.view.closed, timeout=WAIT_MS)
    assert not papers.isHidden()
    assert RECEIPT in answered(qtbot, papers, "pdf", "已存到")
    assert RECEIPT in text_of(tmp_path / f"{RECEIPT}.pdf")
    answered(qtbot, papers, "xlsx", f"{RECEIPT}.xlsx")
    assert (tmp_path / f"{RECEIPT}.xlsx").read_bytes().startswith(b"PK")
    answered(qtbot, papers, "print", "1 页")
    assert tray.printed == [RECEIPT]


def test_from_the_task_list_a_closed_delivery_offers_its_papers(
    qtbot: QtBot, conductor: Conductor, tmp_path: Path
) -> None:
    screen, tray = TasksScreen(Look(), Texts.load()), Tray(Trouble("printer_missing"))
    dress(qtbot, screen, screen.papers, tmp_path, tray)
    tasks.join(screen, conductor)
    opened: list[str] = []
    screen.opens.connect(opened.append)
    sign_in(qtbot, conductor)
    close(qtbot, conductor)
    conductor.leave_receipt()
    qtbot.waitUntil(lambda: [row.faded for row in screen.list.rows] == [True], timeout=WAIT_MS)
    opened.clear()
    screen.list.chosen.emit(DELIVERY)
    assert opened == []
    assert not screen.paper_card.isHidden()
    told = answered(qtbot, screen.papers, "print", "没有打印机")
    assert "PDF" in told, "what to do instead"
    answered(qtbot, screen.papers, "pdf", "已存到")
    assert (tmp_path / f"{RECEIPT}.pdf").exists()
    screen.opened()
    assert screen.paper_card.isHidden()


def test_where_nothing_can_be_written_it_is_said_and_nothing_is_left(
    qtbot: QtBot, conductor: Conductor, tmp_path: Path
) -> None:
    screen = TasksScreen(Look(), Texts.load())
    dress(qtbot, screen, screen.papers, tmp_path / "gone", Tray())
    tasks.join(screen, conductor)
    sign_in(qtbot, conductor)
    close(qtbot, conductor)
    screen.papers.show_receipt(RECEIPT)
    answered(qtbot, screen.papers, "pdf", f"{RECEIPT}.pdf")
    assert not (tmp_path / "gone").exists()
    with qtbot.waitSignal(conductor.trouble, timeout=WAIT_MS) as told:
        screen.papers.buttons["xlsx"].click()
    assert told.args is not None
    assert told.args[0] == "file_folder_missing"


def test_a_table_leaves_the_program_only_by_somebody_who_may_export(
    qtbot: QtBot, conductor: Conductor, tmp_path: Path
) -> None:
    screen = TasksScreen(Look(), Texts.load())
    dress(qtbot, screen, screen.papers, tmp_path, Tray())
    tasks.join(screen, conductor)
    sign_in(qtbot, conductor, "1002")
    close(qtbot, conductor)
    screen.papers.show_receipt(RECEIPT)
    with qtbot.waitSignal(conductor.trouble, timeout=WAIT_MS) as told:
        screen.papers.buttons["xlsx"].click()
    assert told.args is not None
    assert told.args[0] == "no_right"
    answered(qtbot, screen.papers, "pdf", "已存到")
    assert not (tmp_path / f"{RECEIPT}.xlsx").exists()


def test_an_answer_for_another_receipt_or_another_wish_is_not_taken(qtbot: QtBot, tmp_path: Path) -> None:
    papers = ReceiptButtons(folder=lambda: tmp_path, paper=Tray)
    qtbot.addWidget(papers)
    papers.retheme(Look(), Texts.load())
    papers.show_receipt("A-R1")
    papers.take("A-R1", "pdf", tmp_path / "x.pdf")
    papers.buttons["xlsx"].click()
    papers.take("B-R1", "xlsx", tmp_path / "x.xlsx")
    papers.take("A-R1", "pdf", tmp_path / "x.pdf")
    assert papers.answer.text() == ""
    papers.show_receipt("B-R1")
    papers.take("A-R1", "xlsx", tmp_path / "x.xlsx")
    assert papers.answer.isHidden()


class Slow(Tray):
    """Draws until it is let go, and says on which thread."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self.let_go, self.thread = threading.Event(), ""

    def write_receipt(self, path: Path, document: ReceiptDocument, lang: str) -> int:
        self.thread = threading.current_thread().name
        assert self.let_go.wait(WAIT_MS / 1000)
        if self.trouble is not None:
            raise self.trouble
        return super().write_receipt(path, document, lang)


@pytest.mark.parametrize("trouble", [None, Trouble("disk_full")])
def test_the_window_goes_on_while_paper_is_drawn(
    qtbot: QtBot, folder: Path, tmp_path: Path, trouble: Trouble | None
) -> None:
    with Dock(folder) as dock:
        assert dock.desk().command("close").ok
        document = document_of(dock)
    tray = Slow(trouble)
    papers = ReceiptButtons(folder=lambda: tmp_path, paper=lambda: tray)
    qtbot.addWidget(papers)
    papers.retheme(Look(), Texts.load())
    papers.show_receipt(RECEIPT)
    papers.buttons["pdf"].click()
    papers.take(RECEIPT, "pdf", document)
    assert papers.answer.text() == "正在生成…"
    qtbot.waitUntil(lambda: tray.thread == "paper", timeout=WAIT_MS)
    tray.let_go.set()
    wanted = "已存到" if trouble is None else Texts.load().title("disk_full")
    qtbot.waitUntil(lambda: wanted in papers.answer.text(), timeout=WAIT_MS)
    assert (tmp_path / f"{RECEIPT}.pdf").exists() is (trouble is None)


def test_what_is_drawn_while_another_receipt_is_shown_is_not_told_there(
    qtbot: QtBot, folder: Path, tmp_path: Path
) -> None:
    with Dock(folder) as dock:
        assert dock.desk().command("close").ok
        document = document_of(dock)
    tray = Slow()
    papers = ReceiptButtons(folder=lambda: tmp_path, paper=lambda: tray)
    qtbot.addWidget(papers)
    papers.retheme(Look(), Texts.load())
    papers.show_receipt(RECEIPT)
    papers.buttons["pdf"].click()
    papers.take(RECEIPT, "pdf", document)
    papers.show_receipt("B-R1")
    tray.let_go.set()
    qtbot.waitUntil(lambda: not papers._drawing.busy, timeout=WAIT_MS)
    QApplication.processEvents()
    assert papers.answer.isHidden()


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_words_fit_a_pocket(qtbot: QtBot, qapp: QApplication, scale: float, lang: str) -> None:
    load_fonts()
    look, texts = Look(text_scale=scale, lang=lang), Texts.load()
    style, palette, font = qapp.styleSheet(), qapp.palette(), qapp.font()
    theme.apply(qapp, look)
    try:
        papers = ReceiptButtons(folder=Path, paper=Tray)
        qtbot.addWidget(papers)
        theme_tree(papers, look, texts)
        papers.retheme(look, texts)
        papers.resize(336, papers.sizeHint().height())
        assert papers.minimumSizeHint().width() <= 336
        assert all(button.sizeHint().height() >= 48 for button in papers.buttons.values())
    finally:
        qapp.setStyleSheet(style)
        qapp.setPalette(palette)
        qapp.setFont(font)


@pytest.mark.parametrize("kind", KINDS)
def test_no_receipt_number_leads_out_of_the_folder(kind: str) -> None:
    assert "/" not in file_name("../../etc/passwd", kind)
    assert "\\" not in file_name("..\\x", kind)
