"""No sentence in the source goes to a user untranslated: each one stands in `_()`, or is exempt.

What runs rarely, such as a notification of a broken disk, is found here too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import trayapp

SOURCE = Path(trayapp.__file__).parent
SENTENCE = re.compile(r"^\W*[A-Z][a-z]+ [a-z“]")
REASON = re.compile(r"^\W*(Conflict|Internal error|Network error|Token refresh failed)\b")
"""Stored with a task in these words, whatever the language; people and programs look for them."""
TRANSLATES = {"_", "N_", "ngettext", "pgettext"}
LOGS = {"debug", "info", "warning", "error", "exception"}
IN_ENGLISH = (
    "servers/",  # stored with a task, so the same for whoever reads it later
    "report.py",  # read by the support desk
    "demo/",  # what somebody tracks
)
TO_THE_LOG = {
    "Cannot start: %s",
    "Cannot remember when the entry was last seen: %s",
    "No notifications for now: ",
    "The account",
    "The notification service does not answer",
}


def bare(source: str) -> list[str]:
    """The sentences of a module that no translator ever sees."""
    tree = ast.parse(source)
    seen = {id(part) for node in ast.walk(tree) for part in _unseen_by_users(node)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in seen
        and SENTENCE.match(node.value)
        and not REASON.match(node.value)
        and node.value not in TO_THE_LOG
    ]


def _unseen_by_users(node: ast.AST) -> Iterator[ast.AST]:
    """What is translated, logged, raised for the log, or a docstring."""
    is_raised = isinstance(node, ast.Raise)
    is_its_text = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "msg"
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_call = isinstance(node, ast.Call) and (_is_translation(node) or _is_log(node))
    if is_raised or is_its_text or is_docstring or is_call:
        yield from ast.walk(node)


def _is_translation(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in TRANSLATES


def _is_log(call: ast.Call) -> bool:
    name = call.func
    return isinstance(name, ast.Attribute) and name.attr in LOGS and "ogger" in ast.unparse(name)


def modules() -> list[str]:
    found = (path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
    return sorted(name for name in found if not name.startswith(IN_ENGLISH))


def test_no_sentence_goes_to_a_user_untranslated() -> None:
    found = {name: bare((SOURCE / name).read_text(encoding="utf-8")) for name in modules()}
    assert len(found) > 150
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    ("source", "is_bare"),
    [
        ('faces.tell("The log could not be opened", body)', True),
        ('text = f"Stopped at {time}"; Answer(lines=["Nobody is signed in."])', True),
        ('parser.error("Give one of them")', True),
        ('faces.tell(_("The log could not be opened"), body)', False),
        ('_logger.warning("Cannot open %s", path)', False),
        ('msg = "It is closed already"\nraise QueueError(msg)', False),
        ('def f():\n    """Do what is asked."""', False),
    ],
)
def test_what_was_never_translated_is_found(source: str, is_bare: bool) -> None:  # noqa: FBT001
    assert bool(bare(source)) is is_bare
