"""login and logout as a user types them, with and without the running app."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hubnity_server import FEB, FakeHubnity
from tests.integration.program import Ran, rows, running_app, trayapp, until
from trayapp.clock import SystemClock
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy, Say

PASSWORD = "correct horse"  # noqa: S105  # the fake server


@dataclass(slots=True, kw_only=True)
class Town:
    """A Hubnity server, and a keyring in a file."""

    app: FakeHubnity
    proxy: MisbehavingProxy
    keyring: Path

    @property
    def url(self) -> str:
        return self.proxy.url + self.app.prefix

    def login(self, user: str, *more: str, password: str = PASSWORD, url: str = "") -> Ran:
        return trayapp(
            *("login", "--server", "hubnity", "--url", url or self.url, "--user", user),
            *("--password-stdin", *more),
            stdin=password + "\n",
        )

    def notes(self) -> list[str | None]:
        return [entry.note for entry in self.app.books.entries.values()]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    keyring = tmp_path / "keyring.json"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.file_keyring.FileKeyring")
    monkeypatch.setenv("FILE_KEYRING", str(keyring))
    app = FakeHubnity(SystemClock(), FEB)
    for user in ("anna@x.example", "boris@x.example"):
        app.add_user(user)
    with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
        yield Town(app=app, proxy=proxy, keyring=keyring)


def status() -> Ran:
    return trayapp("status", "--json")


def wait_until_all_sent() -> None:
    until(lambda: status().json["pending"] == 0, "all is sent")


class TestWithTheApp:
    def test_from_a_first_click_without_an_account_to_a_switch_and_back(self, town: Town) -> None:
        trayapp("start", "Website", "--note", "before")
        trayapp("stop")
        with running_app():
            ran = town.login("anna@x.example", "--send-earlier", "--json")
            assert (ran.status, ran.err) == (0, "")
            assert ran.json["changed"] is True
            trayapp("start", "Website", "--note", "hers")
            trayapp("stop")
            wait_until_all_sent()
            assert town.notes() == ["before", "hers"]
            assert town.login("boris@x.example", "--keep-earlier").status == 0
            trayapp("start", "Website", "--note", "his")
            wait_until_all_sent()
            assert town.notes() == ["before", "hers", "his"]
            assert status().json["account"] == {
                "kind": "hubnity",
                "url": town.url,
                "user": "boris@x.example",
            }
            out = trayapp("logout")
            assert (out.status, out.out) == (
                0,
                "Signed out. What is tracked now stays on this computer.\n",
            )
            assert trayapp("logout").out == "Nobody is signed in.\n"
        assert PASSWORD not in town.keyring.read_text()

    def test_what_is_unsent_is_counted_and_kept_or_sent_as_told(self, town: Town) -> None:
        with running_app():
            town.login("anna@x.example")
            town.proxy.play([Say(status=429, headers={"Retry-After": "600"})] * 500)
            trayapp("start", "Website", "--note", "held")
            until(lambda: status().json["link"] == "throttled", "it is throttled")
            ran = trayapp("logout")
            assert (ran.status, ran.out) == (1, "")
            assert ran.err == (
                "trayapp: 1 event waits. Say --send or --keep; you are still signed in.\n"
            )
            tried = trayapp("logout", "--send")
            assert tried.status == 4
            assert "still signed in" in tried.err
            assert trayapp("logout", "--keep").status == 0
            found = status().json
            assert found["pending"] == 1
            assert found["elsewhere"] == {f"anna@x.example @ {town.url}": 1}
            town.proxy.play([])

    def test_an_expired_session_is_told_and_a_login_without_names_renews_it(
        self, town: Town
    ) -> None:
        with running_app():
            town.login("anna@x.example")
            trayapp("start", "Website", "--note", "one")
            wait_until_all_sent()
            town.app.tokens.revoke()
            trayapp("stop")
            until(lambda: status().json["failed"] == 1, "one task fails")
            assert trayapp("status", "--check").status == 5
            assert status().json["link"] == "signed_out"
            again = trayapp("login", "--password-stdin", stdin=PASSWORD + "\n")
            assert again.status == 0, again.err
            wait_until_all_sent()
            assert [entry.status for entry in town.app.books.entries.values()] == ["STOPPED"]


class TestWithoutTheApp:
    def test_a_sign_in_outlives_the_command_and_the_app_uses_it(self, town: Town) -> None:
        assert town.login("anna@x.example").status == 0
        assert "access" in town.keyring.read_text()
        trayapp("start", "Website", "--note", "offline")
        trayapp("stop")
        ran = trayapp("logout", "--send")
        assert (ran.status, ran.err) == (0, "")
        assert town.notes() == ["offline"]
        assert "access" not in town.keyring.read_text()

    def test_a_locked_keyring_holds_what_is_sent_and_loses_nothing(self, town: Town) -> None:
        town.login("anna@x.example")
        town.keyring.with_suffix(".locked").touch()
        trayapp("start", "Website", "--note", "locked")
        ran = trayapp("retry", "--wait")
        assert ran.status == 4
        found = status().json
        assert (found["pending"], found["failed"], found["link"]) == (1, 0, "offline")
        assert "eyring" in str(found["reason"])
        town.keyring.with_suffix(".locked").unlink()
        assert trayapp("retry", "--wait").status == 0
        assert town.notes() == ["locked"]

    def test_without_a_keyring_it_says_how_to_sign_in(
        self, town: Town, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        ran = town.login("anna@x.example")
        assert ran.status == 1
        assert "Start Trayapp, then sign in" in ran.err
        assert status().json["account"] == {"kind": "embedded", "url": "", "user": ""}


class TestMistakes:
    def test_each_is_one_line_with_its_status_and_changes_nothing(self, town: Town) -> None:
        anna = "anna@x.example"
        found = [
            town.login(anna, password="wrong"),
            town.login(anna, url=town.proxy.url + "/api/v7"),
            town.login(anna, url="http://time.example"),
            town.login(anna, url="https://anna:pw@time.example"),
            town.login(anna, password=""),
            trayapp("login", "--server", "strange", "--url", "x", "--password-stdin", stdin="p"),
            trayapp("login", "--server", "hubnity"),
            trayapp("login"),
        ]
        assert [(ran.status, ran.out, ran.err.count("\n")) for ran in found] == [
            (wanted, "", 1) for wanted in (3, 4, 2, 2, 2, 2, 2, 2)
        ]
        assert f"but at {town.url}" in found[1].err
        assert "--allow-http" in found[2].err
        assert "pw" not in found[3].err
        assert "hubnity, timetagger" in found[5].err
        assert "--server" in found[7].err
        assert rows("SELECT kind FROM account") == [("embedded",)]
        assert not town.keyring.exists()

    def test_a_bare_host_is_enough(self, town: Town) -> None:
        assert town.login("anna@x.example", url=town.proxy.url).status == 0
        assert rows("SELECT url FROM account WHERE kind = 'hubnity'") == [(town.url,)]

    def test_no_password_at_the_prompt_changes_nothing(self, town: Town) -> None:
        command = ("login", "--server", "hubnity", "--url", town.url, "--user", "anna@x.example")
        process, terminal = pty.fork()
        if not process:
            os.execv(sys.executable, [sys.executable, "-m", "trayapp", *command])  # noqa: S606
        try:
            shown = b""
            while b"Password:" not in shown:
                shown += os.read(terminal, 1000)
            os.write(terminal, b"\x04")
            _process, ended = os.waitpid(process, 0)
            shown += os.read(terminal, 1000)
        finally:
            os.close(terminal)
        assert os.waitstatus_to_exitcode(ended) == 2
        assert b"No password was given, so nothing was changed." in shown
        assert not town.keyring.exists()
