"""What every test gets: a home of its own, no stray environment, nothing left behind."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.soak import Soak
from tests.strays import PATIENCE_SECONDS, Belongings
from trayapp import i18n, log

_HAS_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("soak", "Proofs by chance, at their full figures")
    group.addoption("--soak", type=float, metavar="MINUTES", help="go on for so long")
    group.addoption("--soak-from", type=int, default=0, metavar="N", help="the first round")
    strays = parser.getgroup("strays", "What a test leaves behind fails it")
    strays.addoption(
        "--stray-patience",
        type=float,
        default=PATIENCE_SECONDS,
        metavar="SECONDS",
        help="so long it may take to end",
    )


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl+C, and so would all that is started here.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def soak(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Soak:
    """How often a test marked `soak` repeats its proof."""
    minutes = request.config.getoption("--soak")
    at_once = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = _weight(request.node) / sum(_weight(item) for item in request.session.items)
    seconds = None if minutes is None else minutes * 60 * at_once * share
    first = request.config.getoption("--soak-from")
    return Soak(seconds, first, tell=lambda line: record_property("soak", line))


def _weight(item: pytest.Item) -> float:
    """How much of a soak's time a test gets, beside the others."""
    marker = item.get_closest_marker("soak")
    return float(marker.args[0]) if marker and marker.args else 1.0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # What takes long begins first: else one worker is left with it when all others are done.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
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
    monkeypatch.setattr(
        log, "_secrets", log._secrets
    )  # what a test conceals is no secret to others
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return tmp_path


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a thread, an open file or a child behind fails."""
    before = Belongings.now()
    yield
    strays = before.strays(
        with_files=not request.node.stash.get(_HAS_FAILED, False),
        patience=request.config.getoption("--stray-patience"),
    )
    if strays:
        pytest.fail("left behind: " + "; ".join(strays), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was captured goes to another process, which takes no half characters."""
    report = yield
    if report.failed:
        item.stash[_HAS_FAILED] = True
    report.sections = [
        (name, text.encode(errors="replace").decode()) for name, text in report.sections
    ]
    return report
