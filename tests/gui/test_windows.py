"""The sign-in and sign-out windows on a real desktop: how they look, what the keyboard reaches,
what is asked of the app, and what is said about its answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.window_looks import LOOKS, check, tag_of
from tests.gui.window_program import (
    HUBNITY,
    TIMETAGGER,
    FakeApp,
    WindowProgram,
    account,
    serving,
    window,
)
from tests.patience import wait_for
from trayapp.control.messages import JSON, Reply

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

_PASSWORD = "correct horse"  # noqa: S105  # typed into a window of the test
_WRONG_PREFIX = Reply(
    ok=False,
    message="This address answers, but the time-tracking API is at another path.",
    value={"problem": "wrong_prefix", "url": "https://time.example.org/api/v1"},
)


@pytest.fixture
def app() -> FakeApp:
    return FakeApp({"account": account(), "try_connection": _WRONG_PREFIX})


@pytest.fixture
def sign_in(screen: VirtualDesktop, channel: Path) -> Iterator[WindowProgram]:
    with window(screen, "sign-in", channel) as one:
        yield one


def _fill(shown: WindowProgram, *, url: str = "https://time.example.org") -> None:
    """Type as a user would, from the field that has the keyboard."""
    shown.type(url)
    shown.press_key("Tab")
    shown.type("anna")
    shown.press_key("Tab")
    shown.type(_PASSWORD)


# -- how it looks --------------------------------------------------------------------------


@pytest.mark.parametrize(("env", "long"), LOOKS)
def test_the_sign_in_window_is_whole_in_every_state(
    screen: VirtualDesktop, channel: Path, app: FakeApp, *, env: dict[str, str], long: bool
) -> None:
    scale = int(env["TRAYAPP_SCALE"])
    tag = tag_of(env, long=long)
    app.answers["sign_in"] = Reply(ok=True, value={"earlier": 12})
    with window(screen, "sign-in", channel, env=env, pseudo=long) as shown:
        check(shown, f"sign-in-{tag}", scale=scale)
        _, tagger = [one for one in shown.controls() if one.kind == "TRadiobutton"]
        shown.click(tagger)
        address = next(one for one in shown.controls() if one.kind == "TEntry")
        shown.click(address)
        shown.type("http://time.example.org")
        assert wait_for(lambda: any(one.kind == "TCheckbutton" for one in shown.controls()))
        test = shown.controls()[-3]
        shown.click(test)
        assert shown.says(_WRONG_PREFIX.message)
        check(shown, f"sign-in-result-{tag}", scale=scale, said=[_WRONG_PREFIX.message])
        shown.click(shown.controls()[-1])
        assert shown.says("12")
        check(shown, f"sign-in-earlier-{tag}", scale=scale)


@pytest.mark.parametrize(("env", "long"), LOOKS)
def test_the_sign_out_window_is_whole_in_every_state(
    screen: VirtualDesktop, channel: Path, app: FakeApp, *, env: dict[str, str], long: bool
) -> None:
    scale = int(env["TRAYAPP_SCALE"])
    tag = tag_of(env, long=long)
    why = "Not everything could be sent (Network error: Connection refused), so you are still in."
    app.answers["account"] = account(signed_in=True, pending=3, failed=1)
    app.answers["sign_out"] = Reply(ok=False, message=why, value={"pending": 2, "failed": 1})
    with window(screen, "sign-out", channel, env=env, pseudo=long) as shown:
        check(shown, f"sign-out-{tag}", scale=scale)
        shown.click(shown.controls()[0])
        assert shown.says(why)
        check(shown, f"sign-out-refused-{tag}", scale=scale, said=[why])


# -- signing in ----------------------------------------------------------------------------


def test_what_was_typed_is_asked_and_then_forgotten(sign_in: WindowProgram, app: FakeApp) -> None:
    app.answers["sign_in"] = Reply(ok=True, message="Signed in.", value={"earlier": 0})
    _fill(sign_in)
    sign_in.press_key("Return")
    assert app.next("sign_in").arguments == {
        "kind": "hubnity",
        "url": "https://time.example.org",
        "user": "anna",
        "password": _PASSWORD,
        "token": "",
        "plain_http": False,
    }
    assert sign_in.says("Signed in.")
    assert [one.text for one in sign_in.controls()] == ["Close"]
    sign_in.press_key("Return")
    assert sign_in.wait_end() == 0


def test_a_token_is_asked_for_where_the_kind_takes_one(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    app.answers["account"] = account(kinds=({**TIMETAGGER, "takes_password": False}, HUBNITY))
    with window(screen, "sign-in", channel) as shown:
        shown.type("https://tagger.example.org")
        shown.press_key("Tab")
        shown.type("eyJ0")
        shown.press_key("Return")
        asked = app.next("sign_in").arguments
    assert (asked["kind"], asked["token"], asked["password"]) == ("timetagger", "eyJ0", "")


def test_an_open_line_needs_a_tick(sign_in: WindowProgram, app: FakeApp) -> None:
    def ticks() -> list[str]:
        return [one.text for one in sign_in.controls() if one.kind == "TCheckbutton"]

    sign_in.type("http://localhost:8080")
    assert ticks() == []
    sign_in.press_key("ctrl+a")
    sign_in.type("http://time.example.org")
    assert wait_for(lambda: ticks() == ["Send the password unencrypted (http)"])
    sign_in.press_key("Tab", "space")
    sign_in.click(sign_in.find("Test connection"))
    assert app.next("try_connection").arguments["plain_http"] is True


def test_the_address_that_works_is_taken_with_one_click(
    sign_in: WindowProgram, app: FakeApp
) -> None:
    _fill(sign_in)
    sign_in.click(sign_in.find("Test connection"))
    assert sign_in.says("Use https://time.example.org/api/v1")
    sign_in.click(sign_in.find("Use https://time.example.org/api/v1"))
    assert app.next("try_connection").arguments["url"] == "https://time.example.org"
    sign_in.click(sign_in.find("Sign in"))
    asked = app.next("sign_in").arguments
    assert asked["url"] == "https://time.example.org/api/v1"
    assert asked["password"] == _PASSWORD


def test_only_cancel_can_be_pressed_while_the_app_is_asked(
    sign_in: WindowProgram, app: FakeApp
) -> None:
    del app.answers["try_connection"]
    _fill(sign_in)
    sign_in.click(sign_in.find("Test connection"))
    app.next("try_connection")
    assert sign_in.says("Looking at time.example.org")
    assert [one.text for one in sign_in.controls()] == ["Cancel"]
    assert sign_in.focus() == sign_in.find("Cancel").path
    sign_in.press_key("Return")
    assert sign_in.says("Stopped waiting.")
    sign_in.find("Sign in")
    sign_in.press_key("Escape")
    assert sign_in.wait_end() == 0


def test_the_keyboard_goes_to_what_has_to_be_changed(sign_in: WindowProgram, app: FakeApp) -> None:
    answers: dict[str, JSON] = {"problem": "wrong_credentials", "url": ""}
    app.answers["sign_in"] = Reply(ok=False, message="The password is wrong.", value=answers)
    _fill(sign_in)
    sign_in.press_key("Return")
    assert sign_in.says("The password is wrong.")
    secret = [one for one in sign_in.controls() if one.kind == "TEntry"][-1]
    assert sign_in.focus() == secret.path
    sign_in.type(_PASSWORD.title())  # instead of what was there
    sign_in.press_key("Return")
    app.next("sign_in")
    assert app.next("sign_in").arguments["password"] == _PASSWORD.title()


def test_an_open_line_is_offered_encrypted(sign_in: WindowProgram, app: FakeApp) -> None:
    answers: dict[str, JSON] = {"problem": "needs_consent", "url": "http://time.example.org"}
    app.answers["try_connection"] = Reply(ok=False, message="Not encrypted.", value=answers)
    sign_in.type("http://time.example.org")
    sign_in.click(sign_in.find("Test connection"))
    assert sign_in.says("Use https://time.example.org")


def test_a_masked_password_cannot_be_copied(sign_in: WindowProgram, app: FakeApp) -> None:
    _fill(sign_in)
    sign_in.press_key("ctrl+a", "ctrl+c", "shift+Tab", "ctrl+a", "ctrl+v", "Return")
    asked = app.next("sign_in").arguments
    assert (asked["user"], asked["password"]) == ("anna", _PASSWORD)


def test_what_was_tracked_before_is_sent_when_asked_for(
    sign_in: WindowProgram, app: FakeApp
) -> None:
    app.answers["sign_in"] = Reply(ok=True, value={"earlier": 12})
    app.answers["send_earlier"] = Reply(ok=True, message="12 entries are sent.")
    _fill(sign_in)
    sign_in.press_key("Return")
    assert sign_in.says("12 entries were tracked before you signed in.")
    sign_in.press_key("Return")
    app.next("send_earlier")
    assert sign_in.says("12 entries are sent.")
    sign_in.press_key("Return")
    assert sign_in.wait_end() == 0


def test_an_app_that_keeps_one_waiting_is_named(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    del app.answers["account"]
    with window(screen, "sign-in", channel) as shown:
        assert shown.says("Waiting for Trayapp…")
        shown.press_key("Escape")
        assert shown.wait_end() == 0


def test_an_app_that_went_away_is_said(screen: VirtualDesktop, app: FakeApp, runtime: Path) -> None:
    channel = runtime / "channel"
    with serving(channel, app.handle):
        program = window(screen, "sign-in", channel)
        shown = program.__enter__()
    try:
        shown.click(shown.find("Sign in"))
        assert shown.says("Trayapp is not running.")
    finally:
        program.__exit__(None, None, None)


# -- signing out ---------------------------------------------------------------------------


def test_without_the_app_there_is_one_clear_sentence(
    screen: VirtualDesktop, tmp_path: Path
) -> None:
    with window(screen, "sign-out", tmp_path / "nowhere") as shown:
        assert shown.says("Trayapp is not running.")
        assert [one.text for one in shown.controls()] == ["Close"]
        shown.press_key("Return")
        assert shown.wait_end() == 0


def test_what_is_unsent_is_counted_and_can_be_sent_first(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    app.answers["account"] = account(signed_in=True, pending=3, failed=1)
    app.answers["sign_out"] = Reply(ok=True, message="Signed out.")
    with window(screen, "sign-out", channel) as shown:
        assert shown.says("3 events wait and 1 failed.")
        shown.press_key("Return")
        assert app.next("sign_out").arguments == {"send": True}
        assert shown.says("Signed out.")
        shown.press_key("Return")
        assert shown.wait_end() == 0


def test_what_cannot_be_sent_can_be_kept(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    app.answers["account"] = account(signed_in=True, pending=3)
    why = Reply(ok=False, message="The server is down.", value={"pending": 2, "failed": 0})
    app.answers["sign_out"] = why
    with window(screen, "sign-out", channel) as shown:
        shown.press_key("Return")
        assert shown.says("The server is down. 2 events wait to be sent.")
        assert app.next("sign_out").arguments == {"send": True}
        keep = shown.find("Sign out, keep them for the next sign-in")
        assert shown.focus() == keep.path
        shown.press_key("Return")
        assert app.next("sign_out").arguments == {"send": False}


def test_with_nothing_unsent_there_is_one_way_out(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    app.answers["account"] = account(signed_in=True)
    with window(screen, "sign-out", channel) as shown:
        assert [one.text for one in shown.controls()] == ["Sign out", "Cancel"]
        assert shown.says("Everything has been sent.")
        shown.press_key("Escape")
        assert shown.wait_end() == 0
