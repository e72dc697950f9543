"""The house rules that a program can check in the source: imports, sizes, sleeps, docstrings, words of people."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
BANNED_MODULE_NAMES = frozenset({"utils", "util", "helpers", "helper", "misc", "common"})
WITHOUT_CHINESE = ("app/domain", "app/flows", "app/store", "devices", "sync")
CHINESE = re.compile(r"[\u3400-\u9fff]")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators and docstring."""
    body = node.body
    if ast.get_docstring(node) is not None and len(body) > 1:
        return 1 + (node.end_lineno or 0) - body[1].lineno + 1
    return (node.end_lineno or 0) - node.lineno + 1


def docstring_nodes(tree: ast.Module) -> Iterator[ast.expr]:
    """The constants that are docstrings: words for developers, in whatever language they quote."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def chinese_literals(tree: ast.Module) -> list[tuple[int, str]]:
    """Chinese words in strings that are not docstrings, with their lines."""
    docstrings = {id(node) for node in docstring_nodes(tree)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and CHINESE.search(node.value)
    ]


def sleeps(tree: ast.Module) -> list[int]:
    """Lines that put a thread to sleep for a time, whatever name `time` or `sleep` was imported under."""
    from_time = {
        (alias.asname or alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in {"time", "asyncio", "anyio"}
        for alias in node.names
        if alias.name == "sleep"
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if (isinstance(called, ast.Attribute) and called.attr in {"sleep", "qWait", "qSleep", "msleep"}) or (
                isinstance(called, ast.Name) and called.id in from_time
            ):
                found.append(node.lineno)
    return found


def test_import_rules_hold(checkout: Path) -> None:
    words = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run(
        [sys.executable, "-c", words], cwd=checkout, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_outgrows_a_reader(modules: tuple[Path, ...], checkout: Path) -> None:
    long = {
        str(path.relative_to(checkout)): count
        for path in modules
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES
    }
    assert long == {}


def test_no_function_outgrows_a_screen(modules: tuple[Path, ...], checkout: Path) -> None:
    long = [
        f"{path.relative_to(checkout)}:{node.lineno} {node.name} has {lines_of(node)} lines"
        for path in modules
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_tests_wait_for_things_and_never_for_time(modules: tuple[Path, ...], checkout: Path) -> None:
    found = [
        f"{path.relative_to(checkout)}:{line}"
        for path in modules
        if path.is_relative_to(checkout / "tests")
        for line in sleeps(tree_of(path))
    ]
    assert found == []


def test_every_module_says_what_it_is(modules: tuple[Path, ...], checkout: Path) -> None:
    silent = [str(path.relative_to(checkout)) for path in modules if not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_no_module_is_a_drawer_for_everything(modules: tuple[Path, ...], checkout: Path) -> None:
    assert [str(path) for path in modules if path.stem in BANNED_MODULE_NAMES] == []


def test_packages_carry_codes_and_no_chinese_words(modules: tuple[Path, ...], checkout: Path) -> None:
    found = [
        f"{path.relative_to(checkout)}:{line} {text[:30]}"
        for path in modules
        if path.is_relative_to(checkout)
        and inside(path.relative_to(checkout), WITHOUT_CHINESE)
        and not inside(path.relative_to(checkout), ("sync/sandbox",))
        for line, text in chinese_literals(tree_of(path))
    ]
    assert found == []


def inside(path: Path, folders: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def test_test_files_have_names_of_their_own(modules: tuple[Path, ...], checkout: Path) -> None:
    tests = [path for path in modules if path.is_relative_to(checkout / "tests") and path.name != "conftest.py"]
    names = [path.name for path in tests]
    assert [str(path) for path in tests if names.count(path.name) > 1] == []
    assert [path for path in tests if path.name == "__init__.py"] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import time\ntime.sleep(1)", [2]),
        ("from time import sleep as nap\nnap(1)", [2]),
        ("import asyncio\nawait asyncio.sleep(0)", [2]),
        ("event.wait(1)", []),
    ],
)
def test_the_sleep_check_sees(source: str, expected: list[int]) -> None:
    assert sleeps(ast.parse(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""码头"""\nx = "收货"', [(2, "收货")]),
        ('def f():\n    """验收"""\n    return f"已{1}"', [(3, "已")]),
        ('# 注释\nx = "ok"', []),
    ],
)
def test_the_chinese_check_sees(source: str, expected: list[tuple[int, str]]) -> None:
    assert chinese_literals(ast.parse(source)) == expected
