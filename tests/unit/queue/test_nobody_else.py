"""Nothing else in the program opens a database."""

from __future__ import annotations

import ast
from pathlib import Path

import trayapp

PACKAGE = Path(trayapp.__file__).parent
OPENERS = {
    "queue/checkup.py",  # read-only
    "queue/legacy.py",  # the copy made before an upgrade
    "queue/opening.py",  # the writer, and a read-only look before it
    "queue/reading.py",  # read-only
    "queue/rescue.py",  # the copy of one that was deleted while it was open
    "queue/salvage.py",  # the new one that is built from a damaged one
    "servers/embedded_store.py",  # another database: the server's
}


def calls(tree: ast.Module) -> list[ast.Call]:
    """Calls of something named `connect` or `Connection` that comes from sqlite3."""
    names = {"sqlite3"}
    direct = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.asname for a in node.names if a.name == "sqlite3" and a.asname}
        if isinstance(node, ast.ImportFrom) and node.module in {"sqlite3", "sqlite3.dbapi2"}:
            direct |= {alias.asname or alias.name for alias in node.names}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _opens(node.func, names, direct)
    ]


def _opens(func: ast.expr, modules: set[str], direct: set[str]) -> bool:
    if isinstance(func, ast.Name):
        return func.id in direct
    return (
        isinstance(func, ast.Attribute)
        and func.attr in {"connect", "Connection"}
        and isinstance(func.value, ast.Name)
        and func.value.id in modules
    )


def opened() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        texts = [ast.unparse(call) for call in calls(ast.parse(path.read_text(encoding="utf-8")))]
        if texts:
            found[path.relative_to(PACKAGE).as_posix()] = texts
    return found


def test_a_database_is_opened_in_these_places_only() -> None:
    assert set(opened()) == OPENERS


def test_the_reader_opens_read_only() -> None:
    (call,) = opened()["queue/reading.py"]
    assert "mode=ro" in call
    assert "uri=True" in call


def test_one_connection_writes_the_queue() -> None:
    looks, writes = sorted(opened()["queue/opening.py"], key=lambda call: "uri" not in call)
    assert "uri=True" in looks
    assert "isolation_level=None" in writes


def test_the_search_finds_what_it_looks_for() -> None:
    hidden = (
        "import sqlite3 as s\nfrom sqlite3 import connect as c\ns.connect(1)\nc(2)\nx.connect(3)"
    )
    assert [ast.unparse(call) for call in calls(ast.parse(hidden))] == ["s.connect(1)", "c(2)"]
