"""The start and the times window on a real desktop: typing, completing, and what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.window_looks import LOOKS, PICTURES, check, tag_of
from tests.gui.window_program import FakeApp, Seen, WindowProgram, serving, window
from tests.patience import wait_for
from trayapp.control.messages import JSON, Reply
from trayapp.desktop.windows.only_one import OnlyOne

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

_LONG = "write the offer for the new customer, all of it, and then some more words"
_CHOICES: dict[str, JSON] = {
    "history": [
        ["front page", "Website"],
        [_LONG, "Shop"],
        ["website texts", "Shop"],
        ["", "Internal"],
    ],
    "projects": ["App", "Internal", "Shop"],
    "next": 3,
    "binds": True,
    "needed": False,
}
_ENTRY: dict[str, JSON] = {
    "entry": "e1",
    "name": "Website – front page",
    "state": "running",
    "started": "09:12",
    "stopped": "",
}
_WRONG_TIME = Reply(
    ok=False,
    message="The time must lie after 14:02, the time of the last click. Nothing was recorded.",
    value={"field": "at"},
)
_DONE = Reply(ok=True, changed=True, message="Started at 14:03: Website.")


@pytest.fixture
def app() -> FakeApp:
    answers = {
        "choices": Reply(ok=True, value={**_CHOICES, "next": 0}),
        "start_typed": _DONE,
        "entry": Reply(ok=True, value=_ENTRY),
        "edit_typed": _DONE,
    }
    return FakeApp(answers)


@pytest.fixture
def start(screen: VirtualDesktop, channel: Path) -> Iterator[WindowProgram]:
    with window(screen, "start", channel) as one:
        yield one


@pytest.fixture
def times(screen: VirtualDesktop, channel: Path) -> Iterator[WindowProgram]:
    with window(screen, "times", channel) as one:
        yield one


def _fields(shown: WindowProgram) -> list[Seen]:
    return [one for one in shown.controls() if one.kind == "TEntry"]


def _typed(shown: WindowProgram) -> list[str]:
    return [one.text for one in _fields(shown)]


def _offered(shown: WindowProgram) -> list[str]:
    return [
        line for one in shown.widgets() if one.kind == "Treeview" for line in one.text.split("\n")
    ]


# -- how they look -------------------------------------------------------------------------


@pytest.mark.parametrize(("env", "long"), LOOKS)
def test_the_start_window_is_whole_in_every_state(
    screen: VirtualDesktop, channel: Path, app: FakeApp, *, env: dict[str, str], long: bool
) -> None:
    scale, tag = int(env["TRAYAPP_SCALE"]), tag_of(env, long=long)
    app.answers["start_typed"] = _WRONG_TIME
    with window(screen, "start", channel, env=env, pseudo=long) as shown:
        check(shown, f"start-{tag}", scale=scale)
        shown.type("o")
        assert wait_for(lambda: len(_offered(shown)) > 1)
        shown.press_key("Down")
        offered = next(one for one in shown.widgets() if one.kind == "Treeview")
        below = shown.widgets()[0].box[3]
        assert offered.box[3] < below
        assert any(line.endswith("…") for line in _offered(shown))
        shown.picture(PICTURES / f"window-start-list-{tag}.png")
        shown.press_key("Return", "Return")
        assert shown.says(_WRONG_TIME.message)
        check(shown, f"start-refused-{tag}", scale=scale, said=[_WRONG_TIME.message])


@pytest.mark.parametrize(("env", "long"), LOOKS)
def test_the_times_window_is_whole_in_every_state(
    screen: VirtualDesktop, channel: Path, app: FakeApp, *, env: dict[str, str], long: bool
) -> None:
    scale, tag = int(env["TRAYAPP_SCALE"]), tag_of(env, long=long)
    app.answers["edit_typed"] = Reply(ok=False, message="No time.", value={"field": "started"})
    with window(screen, "times", channel, env=env, pseudo=long) as shown:
        check(shown, f"times-{tag}", scale=scale)
        shown.type("9:99")
        shown.press_key("Return")
        assert shown.says("No time.")
        check(shown, f"times-refused-{tag}", scale=scale, said=["No time."])


# -- starting ------------------------------------------------------------------------------


def test_what_was_typed_is_asked_and_the_window_closes(start: WindowProgram, app: FakeApp) -> None:
    start.type("paint")
    start.press_key("Tab")
    start.type("shop")
    start.press_key("Tab")
    start.type("9:10")
    start.press_key("Return")
    asked = app.next("start_typed")
    assert asked.arguments == {"note": "paint", "project": "shop", "at": "9:10"}
    assert asked.stamp is not None
    assert start.wait_end() == 0


def test_a_few_letters_and_two_keys_bring_note_and_project(
    start: WindowProgram, app: FakeApp
) -> None:
    start.type("we")
    assert wait_for(lambda: _offered(start) == ["front page – Website", "website texts – Shop"])
    start.press_key("Down", "Down", "Return")
    assert wait_for(lambda: _typed(start) == ["website texts", "Shop", ""])
    assert _offered(start) == []
    start.press_key("Return")
    assert app.next("start_typed").arguments["note"] == "website texts"
    assert start.wait_end() == 0


def test_return_starts_what_was_typed_though_something_is_offered(
    start: WindowProgram, app: FakeApp
) -> None:
    start.type("we")
    assert wait_for(lambda: len(_offered(start)) > 1)
    start.press_key("Return")
    assert app.next("start_typed").arguments["note"] == "we"


def test_escape_closes_the_list_and_then_the_window(start: WindowProgram) -> None:
    start.press_key("Down")
    assert wait_for(lambda: len(_offered(start)) > 1)
    start.press_key("Escape")
    assert wait_for(lambda: _offered(start) == [])
    start.press_key("Escape")
    assert start.wait_end() == 0


def test_up_takes_the_last_one_and_leaving_the_field_closes_the_list(
    start: WindowProgram, app: FakeApp
) -> None:
    start.press_key("Tab", "Up")
    assert wait_for(lambda: _offered(start)[-1:] == ["App"])
    start.press_key("Return")
    assert wait_for(lambda: _typed(start)[1] == "App")
    start.press_key("Down", "Tab")
    assert wait_for(lambda: _offered(start) == [])
    start.press_key("Return")
    assert app.next("start_typed").arguments["project"] == "App"


def test_a_click_takes_what_is_offered(start: WindowProgram) -> None:
    start.type("front")
    assert wait_for(lambda: _offered(start) == ["front page – Website"])
    start.click(next(one for one in start.widgets() if one.kind == "Treeview"))
    assert wait_for(lambda: _typed(start) == ["front page", "Website", ""])
    assert start.focus() == _fields(start)[0].path


def test_opened_once_more_the_keyboard_stays_where_it_was(
    start: WindowProgram, channel: Path
) -> None:
    project = _fields(start)[1].path
    start.press_key("Tab")
    assert wait_for(lambda: start.focus() == project)
    assert not OnlyOne(channel, "start").claim()
    for _ in range(3):
        start.widgets()  # what it was asked later it answers later
    start.type("x")
    assert wait_for(lambda: _typed(start) == ["", "x", ""])


def test_a_project_the_server_does_not_list_is_refused_at_once(
    start: WindowProgram, app: FakeApp
) -> None:
    start.type("paint")
    start.press_key("Tab")
    start.type("Shopp")
    start.press_key("Return")
    assert start.says("Your server has no active project “Shopp”")
    assert start.focus() == _fields(start)[1].path
    start.type("Shop")  # instead of what was there
    start.press_key("Return")
    assert app.next("start_typed").arguments["project"] == "Shop"


def test_a_long_list_of_projects_is_read_on(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    app.answers["choices"] = Reply(ok=True, value=_CHOICES)
    with window(screen, "start", channel) as shown:
        assert app.next("choices").arguments == {}
        assert app.next("choices").arguments == {"after": 3}
        # The second part claims to end where it began: it is the last.
        shown.type("x")
        shown.press_key("Return")
        assert app.next("start_typed").arguments["note"] == "x"


def test_the_keyboard_goes_to_the_time_that_was_refused(start: WindowProgram, app: FakeApp) -> None:
    app.answers["start_typed"] = _WRONG_TIME
    start.type("paint")
    start.press_key("Tab", "Tab")
    start.type("9:10")
    start.press_key("Return")
    assert start.says("The time must lie after 14:02")
    assert start.focus() == _fields(start)[2].path
    app.answers["start_typed"] = _DONE
    start.type("14:10")
    start.press_key("Return")
    app.next("start_typed")
    assert app.next("start_typed").arguments["at"] == "14:10"
    assert start.wait_end() == 0


def test_what_runs_already_is_said_and_the_window_stays(start: WindowProgram, app: FakeApp) -> None:
    app.answers["start_typed"] = Reply(ok=True, message="Already running: paint.")
    start.type("paint")
    start.press_key("Return")
    assert start.says("Already running: paint.")
    assert start.focus() == _fields(start)[0].path


def test_an_app_that_ended_meanwhile_is_said_and_nothing_typed_is_lost(
    screen: VirtualDesktop, app: FakeApp, runtime: Path
) -> None:
    with serving(runtime / "channel", app.handle):
        program = window(screen, "start", runtime / "channel")
        shown = program.__enter__()
    try:
        shown.type("paint")
        shown.press_key("Return")
        assert shown.says("Trayapp is not running.")
        assert _typed(shown)[0] == "paint"
    finally:
        program.__exit__(None, None, None)


# -- times ---------------------------------------------------------------------------------


def test_only_the_time_that_was_changed_is_asked(times: WindowProgram, app: FakeApp) -> None:
    assert _typed(times) == ["09:12", ""]
    times.type("9:05")  # instead of what was there
    times.press_key("Return")
    asked = app.next("edit_typed")
    assert asked.arguments == {"entry": "e1", "started": "9:05"}
    assert asked.stamp is not None
    assert times.wait_end() == 0


def test_the_row_about_the_stop_begins_there(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    with window(screen, "stopped-at", channel) as shown:
        shown.type("17:30")
        shown.press_key("Return")
        assert app.next("edit_typed").arguments == {"entry": "e1", "stopped": "17:30"}
        assert shown.wait_end() == 0


def test_a_time_that_was_there_cannot_be_emptied(times: WindowProgram, app: FakeApp) -> None:
    times.press_key("BackSpace", "Return")
    assert times.says("A time that was there cannot be taken away")
    times.type("9:01")
    times.press_key("Return")
    assert app.next("edit_typed").arguments["started"] == "9:01"


def test_with_nothing_changed_it_just_closes(times: WindowProgram) -> None:
    times.press_key("Return")
    assert times.wait_end() == 0


def test_a_refused_time_is_said_and_asked_anew(times: WindowProgram, app: FakeApp) -> None:
    why = "The time must lie before 12:00. Nothing was changed."
    app.answers["edit_typed"] = Reply(ok=False, message=why, value={"field": "stopped"})
    times.press_key("Tab")
    times.type("8:00")
    times.press_key("Return")
    assert times.says(why)
    assert times.focus() == _fields(times)[1].path


def test_without_an_entry_there_is_nothing_to_correct(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    app.answers["entry"] = Reply(ok=False, message="Nothing has been tracked yet.")
    with window(screen, "times", channel) as shown:
        assert shown.says("Nothing has been tracked yet.")
        shown.press_key("Return")
        assert shown.wait_end() == 0
