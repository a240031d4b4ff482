"""Limits of the house style: functions of at most 80 lines, files of at most 500."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FUNCTION, LONGEST_FILE = 80, 500
SOURCES = [path for path in ROOT.rglob("*.py") if ".venv" not in path.parts]


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function that is too long."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield node.name, lines


def test_functions_and_files_are_short():
    for path in SOURCES:
        source = path.read_text("utf-8")
        assert (path.name, list(long_functions(source))) == (path.name, [])
        assert (path.name, source.count("\n") <= LONGEST_FILE) == (path.name, True)


def test_a_long_function_is_seen():
    body = "\n".join("    x = 1" for _ in range(LONGEST_FUNCTION))
    assert list(long_functions(f"def f():\n{body}\n")) == [("f", LONGEST_FUNCTION + 1)]
