"""What every test gets: a home of its own, no stray environment, no stray threads."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.soak import Soak
from trayapp import i18n

_JOIN_SECONDS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("soak", "Proofs by chance, at their full figures")
    group.addoption("--soak", type=float, metavar="MINUTES", help="go on for so long")
    group.addoption("--soak-from", type=int, default=0, metavar="N", help="the first round")


@pytest.fixture
def soak(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Soak:
    """How often a test marked `soak` repeats its proof."""
    minutes = request.config.getoption("--soak")
    at_once = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = None if minutes is None else minutes * 60 * at_once / len(request.session.items)
    first = request.config.getoption("--soak-from")
    return Soak(share, first, tell=lambda line: record_property("soak", line))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--soak") is not None:
        for item in items:
            item.add_marker(pytest.mark.timeout(0), append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    for report in reports:
        for name, line in report.user_properties:
            if name == "soak":
                terminalreporter.write_line(f"soak: {report.nodeid}: {line}")


@pytest.fixture
def runtime() -> Iterator[Path]:
    """The user's runtime directory: in a short place, for a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="run-") as made:
        yield Path(made)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything the program could write goes below a fresh directory."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("LC_", "LANG", "TRAYAPP_")):
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("LANG", "C.UTF-8")
    i18n.use_language("en")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return tmp_path


@pytest.fixture(autouse=True)
def _no_stray_threads() -> Iterator[None]:
    """A test that leaves a thread behind fails."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(_JOIN_SECONDS)
        assert not thread.is_alive(), f"{thread.name} still runs"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was captured goes to another process, which takes no half characters."""
    report = yield
    report.sections = [
        (name, text.encode(errors="replace").decode()) for name, text in report.sections
    ]
    return report
