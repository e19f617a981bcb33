"""The running app: what it says of itself, and what is made of one that says little or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.control_support import FakeApp, serving
from trayapp import __version__
from trayapp.config import Paths
from trayapp.control.connection import Responder
from trayapp.control.instance import InstanceLock
from trayapp.control.messages import JSON, Reply, Request
from trayapp.doctor.check import Finding, State
from trayapp.doctor.running import Seen, ask_app


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths.under(tmp_path)
    found.make()
    return found


def saying(value: Mapping[str, JSON], *, ok: bool = True) -> FakeApp:
    def answer(request: Request, responder: Responder) -> None:
        assert request.name == "look"
        responder.reply(Reply(ok=ok, value=value))

    return FakeApp(answer)


def test_it_says_all_it_knows(paths: Paths) -> None:
    app = saying(
        {
            "version": __version__,
            "wants_tray": False,
            "tray_trouble": "No tray icon.",
            "has_host": False,
            "notify_trouble": "no service",
        }
    )
    with serving(paths.channel_dir, app):
        seen, finding = ask_app(paths)
    assert finding == Finding(State.OK, "Trayapp runs.")
    assert seen == Seen(
        version=__version__,
        wants_tray=False,
        tray_trouble="No tray icon.",
        has_host=False,
        notify_trouble="no service",
    )


@pytest.mark.parametrize(
    ("app", "version"),
    [
        pytest.param(saying({"version": "0.0.7", "has_host": "yes"}), "0.0.7", id="another"),
        pytest.param(saying({}, ok=False), "?", id="one that does not know the question"),
        pytest.param(saying({"version": 7}), "?", id="nonsense"),
    ],
)
def test_one_of_another_version_is_to_be_started_again(
    paths: Paths, app: FakeApp, version: str
) -> None:
    with serving(paths.channel_dir, app):
        seen, finding = ask_app(paths)
    assert seen is not None
    assert (seen.wants_tray, seen.has_host) == (True, None)
    assert finding.state is State.WARNING
    assert finding.message.startswith(f"A Trayapp of another version runs ({version});")
    assert finding.advice == "Type “trayapp quit”, then start it again."


def test_none_is_fine_and_its_lock_is_left_as_it_was(paths: Paths) -> None:
    message = "Trayapp does not run. What is recorded is sent when it does."
    assert ask_app(paths) == (None, Finding(State.OK, message))
    assert not paths.instance_lock.exists()
    lock = InstanceLock(paths.instance_lock)
    assert lock.try_acquire()
    try:
        seen, finding = ask_app(paths)
    finally:
        lock.release()
    assert (seen, finding.message) == (None, "Another Trayapp sends, starts or ends just now.")
    assert ask_app(paths)[1].message == message
    assert lock.try_acquire()
    lock.release()


def test_where_nobody_may_look_none_runs(tmp_path: Path) -> None:
    seen, finding = ask_app(Paths.under(tmp_path / ("x" * 300)))
    assert (seen, finding.state) == (None, State.OK)
    assert finding.message.startswith("Trayapp does not run.")
