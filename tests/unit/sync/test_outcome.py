"""The classes of outcome, as the specification's table has them."""

from __future__ import annotations

import dataclasses

import pytest

from trayapp.sync import outcome as module
from trayapp.sync.cause import Cause
from trayapp.sync.outcome import Delivered, Doubtful, Outcome, ServerTrouble, Several, Throttled

CLASSES = [
    kind
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Outcome) and kind is not Outcome
]


def test_there_is_one_class_for_each_row_of_the_specification() -> None:
    assert {kind.__name__ for kind in CLASSES} == {
        "Absent",
        "AlreadySo",
        "Blocked",
        "Conflict",
        "Delivered",
        "Doubtful",
        "Locked",
        "Offline",
        "Ours",
        "Refused",
        "Removed",
        "ServerTrouble",
        "Several",
        "SignedOut",
        "Throttled",
        "Unasked",
        "Untrusted",
        "WrongAddress",
    }


def test_the_tree_in_the_docstring_names_every_class() -> None:
    tree = module.__doc__ or ""
    for kind in CLASSES:
        assert f"── {kind.__name__} " in tree


def test_no_class_has_classes_below_it() -> None:
    # What is decided is looked up by the very class.
    assert [kind for kind in CLASSES if kind.__bases__ != (Outcome,)] == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_outcome_is_a_value(kind: type[Outcome]) -> None:
    assert kind("why") == kind("why")
    assert kind().reason == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().reason = "other"  # type: ignore[misc]


def test_what_an_outcome_may_carry_is_nothing_unless_told() -> None:
    assert (Delivered().remote_id, Delivered().base) == (None, None)
    assert Delivered().closed_other == ""
    assert (Doubtful().timed_out, Doubtful().answered) == (False, False)
    assert Doubtful().retry_after is None
    assert Several().parts == ()
    assert (ServerTrouble().retry_after, Throttled().retry_after) == (None, None)


def test_causes_are_called_as_on_the_command_line() -> None:
    assert {cause.value for cause in Cause} == {
        "signed_out",
        "wrong_address",
        "server_trouble",
        "network",
        "refused",
        "conflict",
        "internal",
        "unknown",
    }
