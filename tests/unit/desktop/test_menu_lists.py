"""The lists of the menu, and the rows about accounts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.desktop.menus import (
    ELSEWHERE,
    FRESH,
    RECENT,
    RUNNING,
    SIGNED_IN,
    SIGNED_OUT,
    items_of,
    list_of,
)
from trayapp.desktop.menu import Action, Choice, Item, Submenu, build_menu
from trayapp.sync.status import AccountView, SyncStatus

# -- lists ---------------------------------------------------------------------------------


def test_what_was_tracked_before_is_continued_with_one_click() -> None:
    assert list_of(RECENT, "continue") == Submenu(
        "continue",
        "Continue",
        (
            Item("Shop", Choice(Action.START_CHOSEN, "Shop", "")),
            Item("Website – a_b & c", Choice(Action.START_CHOSEN, "Website", "a_b & c")),
            Item("Without project and note", Choice(Action.START_CHOSEN, "", "")),
        ),
    )


def test_with_nothing_to_continue_the_list_is_disabled_and_says_why() -> None:
    nothing = Item("Nothing else was tracked yet", None, enabled=False)
    assert list_of(FRESH, "continue") == Submenu("continue", "Continue", (nothing,), enabled=False)


def test_projects_are_listed_by_name_and_start_without_a_note() -> None:
    assert list_of(SIGNED_IN, "projects") == Submenu(
        "projects",
        "Projects",
        (
            Item("App", Choice(Action.START_CHOSEN, "App")),
            Item("shop", Choice(Action.START_CHOSEN, "shop")),
            Item("Ёлка", Choice(Action.START_CHOSEN, "Ёлка")),
        ),
    )


def test_a_server_whose_projects_have_no_readable_name_gives_no_list() -> None:
    names = [
        row.name
        for row in build_menu(replace(SIGNED_IN, projects=(" \n",)))
        if isinstance(row, Submenu)
    ]
    assert names == ["continue"]


@pytest.mark.parametrize(
    ("count", "last"),
    [
        pytest.param(20, Item("P019", Choice(Action.START_CHOSEN, "P019")), id="twenty"),
        pytest.param(21, Item("1 more…", Action.START_OTHER), id="21"),
        pytest.param(500, Item("480 more…", Action.START_OTHER), id="500"),
    ],
)
def test_after_twenty_projects_the_rest_is_counted_and_found_in_the_window(
    count: int, last: Item
) -> None:
    names = tuple(f"P{number:03}" for number in reversed(range(count)))
    rows = list_of(replace(SIGNED_IN, projects=names), "projects").rows
    assert [row.label for row in rows[:20]] == [f"P{number:03}" for number in range(20)]
    assert (rows[-1], len(rows)) == (last, min(count, 21))


def test_a_long_name_is_shown_short_and_chosen_whole() -> None:
    project = f"{'word ' * 40}the\nend"
    (row,) = list_of(replace(SIGNED_IN, projects=(project,)), "projects").rows
    assert row.action == Choice(Action.START_CHOSEN, project)
    assert len(row.label) <= 60
    assert row.label.endswith("the end")


# -- the account ---------------------------------------------------------------------------


def _after_the_tasks(status: SyncStatus) -> list[Item]:
    items = items_of(status)
    (place,) = (number for number, item in enumerate(items) if item.action is Action.FAILED_TASKS)
    return items[place + 1 : -4]


def test_without_an_account_the_menu_offers_to_sign_in() -> None:
    assert _after_the_tasks(RUNNING) == [Item("Sign in…", Action.SIGN_IN)]


def test_with_an_account_the_menu_names_it_and_offers_to_sign_out() -> None:
    assert _after_the_tasks(SIGNED_IN) == [
        Item("anna@x.org · hubnity.example", None, enabled=False),
        Item("Sign out…", Action.SIGN_OUT),
    ]


def test_an_account_whose_session_ended_is_asked_to_sign_in_again() -> None:
    assert _after_the_tasks(SIGNED_OUT)[1:] == [
        Item("Sign in again…", Action.SIGN_IN),
        Item("Sign out…", Action.SIGN_OUT),
    ]


def test_what_waits_elsewhere_is_named_once_with_its_account() -> None:
    assert _after_the_tasks(ELSEWHERE) == [
        Item("3 wait for bob @ https://kimai.example", None, enabled=False),
        Item("1 waits for another account", None, enabled=False),
        Item("Sign in…", Action.SIGN_IN),
    ]
    labels = [item.label for item in items_of(ELSEWHERE)]
    assert len([label for label in labels if "bob" in label]) == 1


def test_a_long_account_elsewhere_loses_its_middle() -> None:
    status = replace(RUNNING, elsewhere=((f"bob @ https://{'x' * 90}.example", 3),))
    label = _after_the_tasks(status)[0].label
    assert len(label) <= 60
    assert label.startswith("3 wait for bob @ https://x")
    assert label.endswith("x.example")


@pytest.mark.parametrize(
    ("account", "name"),
    [
        pytest.param(AccountView(kind="timetagger", url="", user="eve"), "eve · timetagger"),
        pytest.param(AccountView(kind="hubnity", url="http://[::1]:81/api", user=""), "[::1]:81"),
        pytest.param(
            AccountView(kind="hubnity", url="http://[half", user="eve"), "eve · http://[half"
        ),
        pytest.param(
            AccountView(kind="hubnity", url="https://a:b@h.example", user=""), "h.example"
        ),
    ],
    ids=["no address", "no user", "no real address", "a password in the address"],
)
def test_an_account_is_named_by_user_and_host(account: AccountView, name: str) -> None:
    assert _after_the_tasks(replace(SIGNED_IN, account=account))[0].label == name
