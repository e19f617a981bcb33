"""What a server says is shown as text: on one line, cut, and with no command in it."""

from __future__ import annotations

import io
import json
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, bench_inside
from trayapp.__main__ import _write
from trayapp.demo.proxy import Say
from trayapp.desktop.menu import tray_view
from trayapp.desktop.notices import NoticeRules
from trayapp.desktop.notifications import texts_for
from trayapp.desktop.system import LINUX
from trayapp.log import start_logging, stop_logging
from trayapp.shapes import failed_lines, failed_shape, status_lines
from trayapp.tracking.tracker import Start

EVIL = (
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x1b]8;;http://evil.example\x1b\\click"
    "\u202etxet\u2066<b>bold</b><a href='http://evil.example'>&amp;</a>"
    "\r\n2026-01-08T09:00:00.000Z INFO [main] trayapp: forged\u2028\0\ufffe"
) + "word " * 4000


@dataclass(frozen=True, slots=True)
class Shown:
    """Every text that somebody sees."""

    terminal: str
    as_json: str
    rows: tuple[str, ...]
    notices: tuple[tuple[str, str], ...]
    window: str
    log: str


@pytest.fixture(params=["words", "html"])
def shown(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shown]:
    start_logging(tmp_path / "log", level=logging.DEBUG)
    try:
        with bench_inside(tmp_path) as (bench, plug):
            if request.param == "words":
                said = Say(status=422, body=json.dumps({"message": EVIL}))
            else:
                said = Say(status=422, body=f"<html>{EVIL}</html>", content_type="text/html")
            plug.play([said] * 50)
            bench.click(Start("Website"))
            notices = NoticeRules(waiting_after=timedelta(hours=1))
            notices.on_status(bench.status)
            bench.live(timedelta(minutes=30))
            yield _shown(bench, notices, tmp_path / "log")
    finally:
        stop_logging()


def _shown(bench: Bench, notices: NoticeRules, log: Path) -> Shown:
    status, tasks = bench.status, bench.failed
    assert [task.reason.startswith("HTTP 422: ") for task in tasks] == [True]
    printed = io.StringIO()
    with redirect_stdout(printed):
        lines = failed_lines(tasks, (), now=bench.clock.now(), max_attempts=5)
        _write(printed, "\n".join([*lines, *status_lines(status, app_runs=True), EVIL[:300]]))
    view = tray_view(status)
    return Shown(
        terminal=printed.getvalue(),
        as_json=json.dumps(failed_shape(tasks, (), max_attempts=5), default=dict),
        rows=(view.title, *(getattr(row, "label", "") for row in view.rows)),
        notices=tuple(texts_for(one, LINUX) for one in notices.on_status(status)),
        window=tasks[0].reason,
        log=log.read_text(encoding="utf-8"),
    )


def commands_in(text: str) -> set[str]:
    """What a terminal or a toolkit would obey."""
    turning = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    return {c for c in text if (unicodedata.category(c) == "Cc" and c != "\n") or c in turning}


def test_no_text_holds_what_a_terminal_or_a_toolkit_obeys(shown: Shown) -> None:
    for text in (shown.terminal, shown.as_json, shown.window, shown.log, *shown.rows):
        assert commands_in(text) == set()
    for title, body in shown.notices:
        assert commands_in(title + body) == set()


def test_it_is_cut_and_on_one_line(shown: Shown) -> None:
    assert len(shown.window) < 250
    assert "\n" not in shown.window
    assert max(map(len, shown.rows)) < 250
    assert not any(line.startswith("2026-01-08T09:00") for line in shown.log.splitlines())
    assert len(shown.log) < 20_000


def test_markup_is_text(shown: Shown) -> None:
    assert shown.notices
    for _title, body in shown.notices:
        assert "<" not in body
