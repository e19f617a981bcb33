"""Signing in and out by keyboard: the real window, the real app, and a server over HTTP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.window_program import FakeApp, WindowProgram, account, serving, window
from tests.hubnity_server import FEB, FakeHubnity
from tests.integration.program import command, running_app, trayapp, until
from tests.patience import wait_for
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy, Say

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

ANNA = "anna@x.example"
PASSWORD = "correct horse"  # noqa: S105  # the fake server's
WRONG = "wrong stable"
KEEP = "Sign out, keep them for the next sign-in"
FULL = [Say(status=429, headers={"Retry-After": "600"})] * 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A desktop, and a server that anna knows."""

    screen: VirtualDesktop
    server: FakeHubnity
    proxy: MisbehavingProxy

    @property
    def url(self) -> str:
        return self.proxy.url + self.server.prefix

    def window(self, name: str) -> AbstractContextManager[WindowProgram]:
        return window(self.screen, name, Paths.of_user().channel_dir, env=_home())

    def sign_in(self) -> None:
        ran = trayapp(
            *("login", "--server", "hubnity", "--url", self.url, "--user", ANNA),
            "--password-stdin",
            stdin=PASSWORD + "\n",
        )
        assert ran.status == 0, ran.err

    def notes(self) -> list[str | None]:
        return [entry.note for entry in self.server.books.entries.values()]


def _home() -> dict[str, str]:
    """Where the test's app lives."""
    return {name: os.environ[name] for name in os.environ if name.startswith(("HOME", "XDG_"))}


@pytest.fixture(scope="module")
def screen() -> Iterator[VirtualDesktop]:
    with VirtualDesktop(panel=False, notifier=False, keyring=False) as up:
        yield up


@pytest.fixture
def town(screen: VirtualDesktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.file_keyring.FileKeyring")
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keyring.json"))
    server = FakeHubnity(SystemClock(), FEB)
    server.add_user(ANNA)
    with Loopback(server) as loopback, MisbehavingProxy(loopback.url) as proxy:
        yield Town(screen=screen, server=server, proxy=proxy)


def _track(note: str) -> None:
    assert trayapp("start", "Website", "--note", note).status == 0
    assert trayapp("stop").status == 0


def _user() -> object:
    account = trayapp("status", "--json").json["account"]
    assert isinstance(account, dict)
    return account["user"]


def _unsent() -> object:
    return trayapp("status", "--json").json["pending"]


# -- in ------------------------------------------------------------------------------------


def test_from_a_wrong_password_to_being_signed_in_with_what_was_tracked_before(town: Town) -> None:
    _track("before")
    with running_app(), town.window("sign-in") as shown:
        shown.type(town.url)
        shown.press_key("Tab")
        shown.type(ANNA)
        shown.press_key("Tab")
        shown.type(WRONG)
        shown.press_key("Return")
        assert shown.says("Hubnity does not take this name and password")
        assert _user() == ""
        # The keyboard is in the password, all of it selected.
        shown.type(PASSWORD)
        shown.press_key("Return")
        assert shown.says("1 entry was tracked before you signed in.")
        assert _user() == ANNA
        shown.press_key("Return")
        assert shown.says("1 entry tracked before is sent to this account.")
        shown.press_key("Return")
        assert shown.wait_end() == 0
        until(lambda: town.notes() == ["before"], "what was tracked before is there")
    log = Paths.of_user().log.read_text(encoding="utf-8")
    assert PASSWORD not in log
    assert WRONG not in log


def test_signing_in_again_asks_for_the_password_alone(town: Town) -> None:
    with running_app():
        town.sign_in()
        _track("one")
        until(lambda: _unsent() == 0, "the first is sent")
        town.server.tokens.revoke()
        _track("two")
        until(lambda: trayapp("status", "--json").json["link"] == "signed_out", "signed out")
        with town.window("sign-in") as shown:
            shown.type(PASSWORD)
            shown.press_key("Return")
            assert shown.says("You are signed in")
            shown.press_key("Escape")
            assert shown.wait_end() == 0
        until(lambda: town.notes() == ["one", "two"], "what was held is there")


def test_the_address_with_the_prefix_that_works_is_offered_and_taken(town: Town) -> None:
    offered = f"Use {town.url}"
    with running_app(), town.window("sign-in") as shown:
        shown.type(town.proxy.url + "/api/v7")
        shown.click(shown.find("Test connection"))
        assert shown.says(offered)
        shown.click(shown.find(offered))
        shown.type(ANNA)
        shown.press_key("Tab")
        shown.type(PASSWORD)
        shown.click(shown.find("Test connection"))
        assert shown.says(f"All is well: Hubnity knows you as {ANNA}.")
        assert _user() == ""


# -- out -----------------------------------------------------------------------------------


def test_what_is_unsent_is_sent_first_and_then_nobody_is_signed_in(town: Town) -> None:
    with running_app():
        town.sign_in()
        town.proxy.stop()
        _track("held")
        with town.window("sign-out") as shown:
            assert shown.says("2 events wait to be sent.")
            town.proxy.start()
            shown.press_key("Return")
            assert shown.says("Signed out. What is tracked now stays on this computer.")
            assert town.notes() == ["held"]
            assert _user() == ""


def test_what_cannot_be_sent_is_said_and_kept_when_asked_for(town: Town) -> None:
    with running_app():
        town.sign_in()
        town.proxy.play(FULL)
        _track("held")
        with town.window("sign-out") as shown:
            shown.press_key("Return")
            assert shown.says("so you are still signed in. 2 events wait to be sent.")
            assert _user() == ANNA
            assert shown.focus() == shown.find(KEEP).path
            shown.press_key("Return")
            assert shown.says("You are signed out")
        assert trayapp("status", "--json").json["elsewhere"] == {f"{ANNA} @ {town.url}": 2}


# -- as the app opens it -------------------------------------------------------------------


@contextmanager
def _opened(screen: VirtualDesktop) -> Iterator[subprocess.Popen[str]]:
    with command("window", "sign-in", env={"DISPLAY": screen.env["DISPLAY"]}) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def _visible(screen: VirtualDesktop) -> list[str]:
    search = ["xdotool", "search", "--onlyvisible", "--class", "^Trayapp$"]
    return screen.run(search).stdout.split()


def test_opened_twice_there_is_one_window_and_it_is_raised(screen: VirtualDesktop) -> None:
    with (
        serving(Paths.of_user().channel_dir, FakeApp({"account": account()}).handle),
        _opened(screen),
    ):
        assert wait_for(lambda: len(_visible(screen)) == 1)
        [first] = _visible(screen)
        assert screen.run(["xdotool", "windowminimize", first]).returncode == 0
        assert wait_for(lambda: _visible(screen) == [])
        with _opened(screen) as second:
            out, err = second.communicate(timeout=20)
        assert (second.returncode, out, err) == (0, "", "")
        assert wait_for(lambda: _visible(screen) == [first])
    # Ended by a signal, it is in nobody's way.
    with (
        serving(Paths.of_user().channel_dir, FakeApp({"account": account()}).handle),
        _opened(screen),
    ):
        assert wait_for(lambda: len(_visible(screen)) == 1)


def test_an_unknown_window_is_a_usage_error() -> None:
    ran = trayapp("window", "nonsense")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "trayapp: There is no window “nonsense”. There are: {}.\n".format(
        "failed, sign-in, sign-out, start, times, started-at, stopped-at, settings, about"
    )


@pytest.mark.usefixtures("screen")
def test_without_a_display_it_says_so() -> None:
    ran = trayapp("window", "sign-in", env={"DISPLAY": ""})
    assert (ran.status, ran.err) == (1, "No window can be shown: there is no display.\n")
