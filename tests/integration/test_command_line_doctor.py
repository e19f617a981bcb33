"""doctor, in processes: with nothing there, with everything broken, with the app, with secrets."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.hubnity_server import FEB, FakeHubnity
from tests.integration.program import Ran, run_sql, running_app, trayapp
from trayapp import __version__
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy, Say

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.timeout(60)

NAMES = [
    *("tray", "notifications", "keyring", "server", "clock", "app", "delivery", "database"),
    *("disk", "settings", "autostart", "windows", "version"),
]
CANARY = "Canary9Password"
OUT_OF_TIME_SECONDS = 30.0


@pytest.fixture(autouse=True)
def _no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_CURRENT_DESKTOP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/nowhere/xdg")  # here Trayapp may be installed
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")


def checks(ran: Ran) -> Mapping[str, Mapping[str, str]]:
    found = cast("list[Mapping[str, str]]", ran.json["checks"])
    assert ran.json["changed"] is False
    assert [one["name"] for one in found] == NAMES
    for one in found:
        assert set(one) == {"name", "state", "message", "advice"}
        assert one["message"].endswith((".", "!")), one
        assert one["advice"] or one["state"] in {"ok", "unknown"}, one
    return {one["name"]: one for one in found}


def states(ran: Ran) -> dict[str, str]:
    return {name: one["state"] for name, one in checks(ran).items()}


def test_where_nothing_is_yet_all_is_well_and_nothing_is_made(home: Path) -> None:
    before = sorted(home.rglob("*"))
    ran = trayapp("doctor", "--json")
    assert (ran.status, ran.err) == (0, "")
    assert set(states(ran).values()) == {"ok", "unknown"}
    lines = trayapp("doctor").out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")].count("ok") >= 8
    assert sorted(home.rglob("*")) == before


def test_the_running_app_tells_what_only_it_knows() -> None:
    trayapp("start", "A")
    assert "Trayapp does not run." in checks(trayapp("doctor", "--json"))["app"]["message"]
    with running_app():
        found = checks(trayapp("doctor", "--json"))
        assert found["app"]["message"] == "Trayapp runs."
        assert found["tray"]["message"] == "Trayapp was started without its icon (--no-tray)."
        assert trayapp("doctor").status == 0


def test_everything_broken_at_once_is_told_in_time_each_with_what_to_do(
    home: Path, tmp_path: Path
) -> None:
    trayapp("start", "A")
    paths = Paths.of_user()
    paths.settings.write_text("max_attempts = 'many'\n")
    paths.database.write_bytes(b"\xff" * 8192)
    paths.data_dir.chmod(0o777)
    autostart = home / "xdg_config_home" / "autostart"
    autostart.mkdir(parents=True)
    (autostart / "trayapp.desktop").write_text("[Desktop Entry]\nExec=/gone/trayapp\n")
    with _mute_socket(tmp_path / "bus") as bus:
        env = {"DISPLAY": ":987", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"}
        began = time.monotonic()
        ran = trayapp("doctor", "--json", env=env)
        assert time.monotonic() - began < OUT_OF_TIME_SECONDS
    assert (ran.status, ran.err) == (1, "")
    found = states(ran)
    assert {name for name in NAMES if found[name] in {"warning", "problem"}} >= {
        *("tray", "notifications", "database", "disk", "settings", "autostart"),
    }
    assert (found["server"], found["delivery"]) == ("unknown", "unknown")
    assert paths.database.read_bytes() == b"\xff" * 8192


@contextmanager
def _mute_socket(path: Path) -> Iterator[Path]:
    """Somebody listens there, and never says a word."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(8)
        yield path


def test_an_app_that_hangs_or_a_channel_of_others_is_told() -> None:
    channel = Paths.of_user().channel_dir
    channel.mkdir(mode=0o700)
    with _mute_socket(channel / "control.sock"):
        found = checks(trayapp("doctor", "--json"))["app"]
    assert (found["state"], found["message"]) == (
        "problem",
        "Trayapp did not answer within 3 seconds.",
    )
    channel.chmod(0o755)
    found = checks(trayapp("doctor", "--json"))["app"]
    assert found["state"] == "problem"
    assert "is not safe: other users may enter it" in found["message"]


# -- with an account -----------------------------------------------------------------------


@dataclass
class Watched:
    """A server to which somebody has signed in, and who asked it for what."""

    app: FakeHubnity
    proxy: MisbehavingProxy | None = None
    asked: list[tuple[str, bool]] = field(default_factory=list)
    """The method, and whether a token came along."""

    def __call__(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        self.asked.append((environ["REQUEST_METHOD"], "HTTP_AUTHORIZATION" in environ))
        return self.app(environ, respond)

    def play(self, *faults: Say) -> None:
        assert self.proxy is not None
        self.proxy.play(faults)

    def stop(self) -> None:
        assert self.proxy is not None
        self.proxy.stop()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.file_keyring.FileKeyring")
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keyring.json"))
    app = FakeHubnity(SystemClock(), FEB)
    anna = app.add_user("anna@x.example")
    app.books.users[anna.id] = replace(anna, password=CANARY)
    watched = Watched(app)
    with Loopback(watched) as loopback, MisbehavingProxy(loopback.url) as watched.proxy:
        url = watched.proxy.url + app.prefix
        typed = ("--server", "hubnity", "--url", url, "--user", "anna@x.example")
        assert trayapp("login", *typed, "--password-stdin", stdin=CANARY).status == 0
        yield watched


def test_the_configured_server_is_looked_at_without_credentials(server: Watched) -> None:
    server.asked.clear()
    ran = trayapp("doctor", "--json")
    found = checks(ran)
    assert found["server"]["message"].startswith("Hubnity at 127.0.0.1:")
    assert (found["server"]["state"], found["clock"]["state"]) == ("ok", "ok")
    assert ran.status == 0
    assert set(server.asked) == {("GET", False)}


def test_a_server_that_is_away_or_broken_needs_a_look_and_delays_nothing(
    server: Watched,
) -> None:
    server.play(*[Say(status=503)] * 5)
    found = checks(trayapp("doctor", "--json"))["server"]
    assert (found["state"], "HTTP 503: Service Unavailable" in found["message"]) == (
        "warning",
        True,
    )
    server.stop()
    ran = trayapp("doctor")
    assert ran.status == 1
    assert "cannot be reached (Network error: " in ran.out
    assert "Your hours are safe on this computer." in ran.out


@pytest.mark.usefixtures("server")
def test_no_secret_is_in_what_it_says(tmp_path: Path) -> None:
    tokens = json.loads(next(iter(json.loads((tmp_path / "keyring.json").read_text()).values())))
    secrets = [CANARY, *filter(None, tokens.values())]
    paths = Paths.of_user()
    paths.log.write_text(f"password={CANARY}\n")
    trayapp("start", CANARY, "--note", CANARY)
    run_sql("UPDATE account SET url = 'http://anna:' || ? || '@127.0.0.1:9/api'", CANARY)
    run_sql(
        "UPDATE sync_queue SET status = 'failed', cause = 'network', wire_body = ?1,"
        " error_message = 'Network error: token=' || ?1",
        CANARY,
    )
    broken = (
        f"password = '{CANARY}'\n",
        f"token: {CANARY}\n",
        f"max_attempts = 'token={CANARY}'\n",
    )
    for settings in ("", *broken):
        paths.settings.write_text(settings)
        env = {"HTTP_PROXY": f"http://anna:{CANARY}@127.0.0.1:9", "SECRET": CANARY}
        for typed in (("doctor",), ("doctor", "--json")):
            ran = trayapp(*typed, env=env)
            assert ran.status == 1
            for secret in secrets:
                assert secret not in ran.out + ran.err, settings


def test_the_versions_are_those_of_this_program() -> None:
    assert f"Trayapp {__version__}, Python 3." in trayapp("doctor").out
