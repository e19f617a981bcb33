"""Notices are shown one at a time, and a service that hangs or is not there holds nobody up."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.patience import stopwatch
from trayapp.desktop.notices import Notice
from trayapp.desktop.notifications import (
    OsascriptVoice,
    PlyerVoice,
    Speaker,
    VoiceUnavailable,
    app_icon,
    texts_for,
    voice_of,
)
from trayapp.desktop.system import LINUX, MACOS, WINDOWS

_DEADLINE_SECONDS = 5.0


class FakeVoice:
    """A notification service that hangs, refuses or breaks on request."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.threads: set[str] = set()
        self.entered = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.trouble: Exception | None = None

    def say(self, notice: Notice) -> None:
        self.threads.add(threading.current_thread().name)
        self.entered.release()
        assert self.may_answer.wait(_DEADLINE_SECONDS)
        if self.trouble is not None:
            raise self.trouble
        self.said.append(notice.title)

    def wait_for_calls(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.entered.acquire(timeout=_DEADLINE_SECONDS)


@pytest.fixture
def voice() -> Iterator[FakeVoice]:
    voice = FakeVoice()
    yield voice
    voice.may_answer.set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def speaker(voice: FakeVoice, clock: FakeClock) -> Iterator[Speaker]:
    speaker = Speaker(voice, clock=clock)
    speaker.start()
    yield speaker
    voice.may_answer.set()
    speaker.stop()


def notice(title: str, key: str = "") -> Notice:
    return Notice(title, "body", key=key or title)


def wait_until(is_so: Callable[[], bool]) -> None:
    pause, deadline = threading.Event(), time.monotonic() + _DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        pause.wait(0.005)


def test_notices_are_shown_in_order_on_the_thread_notify(
    speaker: Speaker, voice: FakeVoice
) -> None:
    for title in ("one", "two", "three"):
        speaker.say(notice(title))
    wait_until(lambda: voice.said == ["one", "two", "three"])
    assert voice.threads == {"notify"}


def test_while_the_service_hangs_the_newest_of_a_key_wins_and_few_are_kept(
    speaker: Speaker, voice: FakeVoice
) -> None:
    voice.may_answer.clear()
    speaker.say(notice("hangs"))
    voice.wait_for_calls()
    speaker.say(notice("failed 1", key="failed"))
    for number in range(20):
        speaker.say(notice(f"n{number}"))
    speaker.say(notice("failed 2", key="failed"))
    speaker.say(notice("failed 3", key="failed"))
    voice.may_answer.set()
    kept = [f"n{number}" for number in range(13, 20)]
    wait_until(lambda: voice.said == ["hangs", *kept, "failed 3"])


def test_a_notice_past_its_deadline_is_not_shown(
    speaker: Speaker, voice: FakeVoice, clock: FakeClock
) -> None:
    voice.may_answer.clear()
    speaker.say(notice("hangs"))
    voice.wait_for_calls()
    speaker.say(notice("stale"))
    clock.advance(31)
    speaker.say(notice("fresh"))
    voice.may_answer.set()
    wait_until(lambda: voice.said == ["hangs", "fresh"])


def test_a_service_that_does_not_answer_is_logged_once(
    speaker: Speaker, voice: FakeVoice, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    voice.may_answer.clear()
    speaker.say(notice("hangs"))
    voice.wait_for_calls()
    clock.advance(31)
    speaker.say(notice("a"))
    speaker.say(notice("b"))
    assert [(r.levelname, "does not answer" in r.message) for r in caplog.records] == [
        ("INFO", True)
    ]


def test_stopping_takes_a_second_at_most_while_the_service_hangs(
    speaker: Speaker, voice: FakeVoice
) -> None:
    voice.may_answer.clear()
    speaker.say(notice("hangs"))
    voice.wait_for_calls()
    speaker.say(notice("never"))
    with stopwatch() as taken:
        speaker.stop()
    assert taken.seconds < 1.5
    voice.may_answer.set()
    wait_until(lambda: voice.said == ["hangs"])


def test_a_speaker_that_was_never_started_or_is_stopped_twice_is_no_trouble(
    voice: FakeVoice, clock: FakeClock
) -> None:
    Speaker(voice, clock=clock).stop()
    started = Speaker(voice, clock=clock)
    started.start()
    started.stop()
    started.stop()
    started.say(notice("late"))
    assert voice.said == []


def test_no_service_is_logged_once_at_info_and_tried_again(
    speaker: Speaker, voice: FakeVoice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    voice.trouble = VoiceUnavailable("nobody there")
    speaker.say(notice("a"))
    voice.wait_for_calls()
    speaker.say(notice("b"))
    voice.wait_for_calls()
    wait_until(lambda: len(caplog.records) == 1)
    voice.trouble = None
    speaker.say(notice("c"))
    wait_until(lambda: voice.said == ["c"])
    voice.trouble = VoiceUnavailable("gone again")
    speaker.say(notice("d"))
    wait_until(lambda: len(caplog.records) == 2)
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]
    assert "nobody there" in caplog.records[0].message


def test_a_defect_in_the_voice_ends_the_notices_and_is_logged_with_its_traceback(
    speaker: Speaker, voice: FakeVoice, caplog: pytest.LogCaptureFixture
) -> None:
    voice.trouble = RuntimeError("defect")
    speaker.say(notice("a"))
    wait_until(lambda: len(caplog.records) == 1)
    assert caplog.records[0].levelname == "ERROR"
    assert caplog.records[0].exc_info is not None


def test_markup_in_a_body_is_escaped_where_services_read_it() -> None:
    given = Notice("<b> & co", 'a <b>note</b> & "quotes"\x00\nnext\tline', key="k")
    assert texts_for(given, LINUX) == (
        "<b> & co",
        'a &lt;b&gt;note&lt;/b&gt; &amp; "quotes"\nnext line',
    )
    plain = 'a <b>note</b> & "quotes"\nnext line'
    assert texts_for(given, WINDOWS) == ("<b> & co", plain)
    assert texts_for(given, MACOS) == ("<b> & co", plain)


def test_texts_fit_into_what_windows_takes() -> None:
    title, body = texts_for(Notice("🐈" * 100, "🐈" * 1000, key="k"), WINDOWS)
    assert len(title.encode("utf-16-le")) // 2 <= 63
    assert len(body.encode("utf-16-le")) // 2 <= 255
    assert title.endswith("…")
    assert body.endswith("…")


def test_the_icon_of_the_app_exists() -> None:
    icon = app_icon()
    assert icon is not None
    assert icon.read_text(encoding="utf-8").lstrip().startswith("<")
    for_windows = app_icon(WINDOWS.notice_icon)
    assert for_windows is not None
    assert for_windows.read_bytes().startswith(b"\0\0\1\0")
    assert app_icon(MACOS.notice_icon) is None


def test_a_bus_that_is_not_there_is_a_voice_that_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    for urgent in (False, True):
        with pytest.raises(VoiceUnavailable, match=r"/nonexistent/bus"):
            PlyerVoice(icon=app_icon()).say(Notice("t", "b", key="k", urgent=urgent))


def test_plyer_is_not_imported_before_the_first_notice() -> None:
    code = "import sys, trayapp.desktop.notifications; print('plyer' in sys.modules)"
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.fixture
def script_program(tmp_path: Path) -> Path:
    """Stands for macOS's script program: writes down what it is given, and fails on request."""
    program = tmp_path / "osascript"
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > "$0.told"\ntest ! -e "$0.broken"\n')
    program.chmod(0o700)
    return program


def test_on_macos_a_notice_is_told_to_the_script_program_as_arguments(
    script_program: Path,
) -> None:
    assert isinstance(voice_of(MACOS), OsascriptVoice)
    voice = OsascriptVoice(program=str(script_program))
    voice.say(Notice("-e quit", 'a "note" & \\ more\nlines', key="k"))
    told = script_program.with_suffix(".told").read_text().split("\0")[:-1]
    options, name, title, body = told[:-3], *told[-3:]
    assert (name, title, body) == ("Trayapp", "-e quit", 'a "note" & \\ more\nlines')
    assert options[::2] == ["-e"] * 3
    assert "item 2 of told" in options[3]
    assert "note" not in "".join(options)


def test_a_script_program_that_fails_or_is_missing_is_a_voice_that_is_unavailable(
    script_program: Path, tmp_path: Path
) -> None:
    script_program.with_suffix(".broken").touch()
    for program in (script_program, tmp_path / "nothing"):
        with pytest.raises(VoiceUnavailable) as caught:
            OsascriptVoice(program=str(program)).say(Notice("secret", "secret", key="k"))
        assert "secret" not in str(caught.value)


def test_elsewhere_plyer_speaks() -> None:
    assert isinstance(voice_of(LINUX), PlyerVoice)
    assert isinstance(voice_of(WINDOWS), PlyerVoice)
