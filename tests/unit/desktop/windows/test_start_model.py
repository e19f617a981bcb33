"""What the start window offers to type."""

from __future__ import annotations

import pytest

from trayapp.control.messages import JSON
from trayapp.desktop.windows.start_model import Choices, Past

PAGE = Past("front page", "Website")
OFFER = Past("write the offer", "Shop")
TEXTS = Past("website texts", "Shop")
BARE = Past("", "Internal")
NOTHING = Past("", "")
CHOICES = Choices(
    history=(OFFER, PAGE, TEXTS, BARE, NOTHING), projects=("App", "Shop", "Website", "Web App")
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param("", (OFFER, PAGE, TEXTS, BARE), id="nothing: all, newest first"),
        pytest.param("we", (PAGE, TEXTS), id="the beginning of a note or a project"),
        pytest.param("page", (PAGE,), id="a word inside"),
        pytest.param("OFFER shop", (OFFER,), id="words in any order and case"),
        pytest.param("o", (OFFER, PAGE, TEXTS), id="a word's beginning before its middle"),
        pytest.param("intern", (BARE,), id="one without a note"),
        pytest.param("nobody", (), id="nothing like it"),
    ],
)
def test_what_was_tracked_is_found_by_note_and_project(typed: str, found: tuple[Past, ...]) -> None:
    assert CHOICES.pasts_for(typed) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param("", ("Shop", "Website", "Internal", "App", "Web App"), id="used ones first"),
        pytest.param("app", ("App", "Web App"), id="beginning before inside"),
        pytest.param("web", ("Website", "Web App"), id="as used"),
    ],
)
def test_projects_are_found_used_ones_first(typed: str, found: tuple[str, ...]) -> None:
    assert CHOICES.projects_for(typed) == found


def test_a_label_leaves_out_what_there_is_not() -> None:
    assert [one.label for one in (PAGE, BARE, Past("alone", ""))] == [
        "front page – Website",
        "Internal",
        "alone",
    ]


@pytest.mark.parametrize(
    ("choices", "project", "taken"),
    [
        pytest.param(Choices(), "Any", True, id="no list takes any"),
        pytest.param(Choices(), "", True, id="and none"),
        pytest.param(Choices(projects=("App",), binds=True), "app", True, id="listed"),
        pytest.param(Choices(projects=("App",), binds=True), "Other", False, id="not listed"),
        pytest.param(Choices(projects=("App",), binds=True, next=1), "Other", True, id="not known"),
        pytest.param(Choices(projects=("App",), needed=True), "", False, id="needed"),
    ],
)
def test_a_project_that_is_not_listed_is_refused_at_once(
    choices: Choices, project: str, *, taken: bool
) -> None:
    assert choices.takes(project) is taken


def test_an_answer_is_read_and_what_is_no_choice_is_left_out() -> None:
    value: dict[str, JSON] = {
        "history": (("front page", "Website"), ("one",), 3, ("a", 2)),
        "projects": ("App", 7),
        "next": 2,
        "binds": True,
        "needed": False,
    }
    found = Choices.read(value)
    assert found == Choices(history=(PAGE,), projects=("App",), binds=True, next=2)
    more = Choices.read({"projects": ["Shop"]})
    assert found.joined(more) == Choices(history=(PAGE,), projects=("App", "Shop"), binds=True)
