"""The words for a status: what they say, and that they never say more than is so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sync.sentences_support import (
    EMPTY,
    MINUTE,
    NOON,
    SENT,
    WAITING,
    ZONE,
    entry,
    running,
)
from trayapp import i18n
from trayapp.sync import sentences
from trayapp.sync.cause import Cause
from trayapp.sync.status import FailedCause, Link, SyncStatus
from trayapp.tracking.entry import TrackerState


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("status", "line"),
    [
        pytest.param(EMPTY, "Not tracking", id="stopped"),
        pytest.param(running(entry()), "Running 1:24 · Website", id="running"),
        pytest.param(running(entry(note="note")), "Running 1:24 · Website – note", id="note"),
        pytest.param(running(entry("", "a\nb")), "Running 1:24 · a b", id="only a note"),
        pytest.param(running(entry("")), "Running 1:24", id="neither"),
        pytest.param(
            replace(EMPTY, tracker=TrackerState.PAUSED, entry=entry(worked=40 * MINUTE)),
            "Paused 0:40 · Website",
            id="paused",
        ),
    ],
)
def test_the_tracker_line_says_what_is_tracked(status: SyncStatus, line: str) -> None:
    assert sentences.tracker_line(status) == line


@pytest.mark.parametrize(
    ("project", "note", "said"),
    [
        ("P" * 99, "n" * 99, f"{'P' * 37}… – {'n' * 38}…"),
        ("P" * 99, "short", f"{'P' * 71}… – short"),
        ("Shop", "n" * 99, f"Shop – {'n' * 72}…"),
        ("P" * 99, "", f"{'P' * 79}…"),
        ("", "n" * 99, f"{'n' * 79}…"),
    ],
)
def test_where_project_and_note_are_long_neither_hides_the_other(
    project: str, note: str, said: str
) -> None:
    line = sentences.tracker_line(running(entry(project, note)))
    assert line.partition(" · ")[2] == said


def test_a_long_note_leaves_the_tracker_line_short() -> None:
    line = sentences.tracker_line(running(entry(note="long " * 100)))
    assert line.startswith("Running 1:24 · Website – long")
    assert line.endswith("…")
    assert len(line) <= 100


@pytest.mark.parametrize(
    ("status", "words"),
    [
        pytest.param(EMPTY, "Not tracking · nothing to send yet", id="grey"),
        pytest.param(SENT, "Not tracking · all sent", id="green"),
        pytest.param(
            running(entry(), replace(SENT, pending=3, failed=1)),
            "Running 1:24 · Website · 3 waiting, 1 failed",
            id="the specification's example",
        ),
        pytest.param(WAITING, "Not tracking · 3 waiting, offline", id="offline"),
        pytest.param(
            replace(WAITING, link=Link.UNTRUSTED),
            "Not tracking · 3 waiting, offline",
            id="untrusted",
        ),
        pytest.param(
            replace(SENT, possible_doubles=1), "Not tracking · 1 possible double", id="double"
        ),
        pytest.param(
            replace(SENT, doubtful=2),
            "Not tracking · 2 sent, not confirmed yet",
            id="only doubt",
        ),
    ],
)
def test_the_title_has_the_state_of_sync_in_words(status: SyncStatus, words: str) -> None:
    assert sentences.title(status) == words


@given(st.text(), st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_title_fits_and_never_loses_a_count(
    project: str, note: str, pending: int, failed: int
) -> None:
    status = replace(WAITING, pending=pending, failed=failed, possible_doubles=pending)
    title = sentences.title(running(entry(project, note), status))
    assert utf16_units(title) <= 127
    assert title.startswith("Running 1:24 · ")
    assert not pending or f" {pending} waiting" in title
    assert not failed or f" {failed} failed" in title


def test_what_is_cut_from_a_title_is_marked_and_characters_stay_whole() -> None:
    title = sentences.title(running(entry("🐈" * 100), replace(SENT, failed=1)))
    assert title.endswith("🐈… · 1 failed")
    assert utf16_units(title) in {126, 127}


@pytest.mark.parametrize(
    ("link", "line"),
    [
        pytest.param(Link.UNKNOWN, "3 waiting since 14:02, next try at 14:05", id="unknown"),
        pytest.param(Link.ONLINE, "3 waiting since 14:02, next try at 14:05", id="online"),
        pytest.param(
            Link.OFFLINE, "Offline: 3 waiting since 14:02, next try at 14:05", id="offline"
        ),
        pytest.param(
            Link.UNTRUSTED,
            "Certificate not trusted: 3 waiting since 14:02, next try at 14:05",
            id="untrusted",
        ),
        pytest.param(
            Link.SIGNED_OUT,
            "Sign in again to send 3 events · 3 waiting since 14:02",
            id="signed out",
        ),
        pytest.param(
            Link.LOCKED,
            "Keyring locked: 3 waiting since 14:02, unlock it to send",
            id="locked",
        ),
        pytest.param(
            Link.WRONG_ADDRESS,
            "Wrong address: 3 waiting since 14:02, next try at 14:05",
            id="wrong address",
        ),
        pytest.param(
            Link.SERVER_TROUBLE,
            "Server trouble: 3 waiting since 14:02, next try at 14:05",
            id="server trouble",
        ),
        pytest.param(
            Link.THROTTLED,
            "The server asks us to wait: 3 waiting since 14:02, next try at 14:05",
            id="throttled",
        ),
        pytest.param(
            Link.REFUSED,
            "The server refuses: 3 waiting since 14:02, next try at 14:05",
            id="refused",
        ),
    ],
)
def test_the_sync_line_says_how_many_since_when_why_and_when_next(link: Link, line: str) -> None:
    assert sentences.sync_line(replace(WAITING, link=link), ZONE) == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param(
            {"link": Link.ONLINE, "next_attempt_at": NOON},
            "3 waiting since 14:02, sending now",
            id="due now",
        ),
        pytest.param(
            {"link": Link.ONLINE, "next_attempt_at": None},
            "3 waiting since 14:02, sending now",
            id="under way",
        ),
        pytest.param(
            {"next_attempt_at": None}, "Offline: 3 waiting since 14:02", id="no promise is made"
        ),
        pytest.param(
            {"link": Link.WRONG_ADDRESS, "next_attempt_at": None},
            "Wrong address: 3 waiting since 14:02, check the server address",
            id="held by the address",
        ),
        pytest.param(
            {"link": Link.ONLINE, "next_attempt_at": None, "own_failed": 1},
            "3 waiting since 14:02, held by what failed · 1 failed",
            id="held by a failed one",
        ),
        pytest.param(
            {"link": Link.ONLINE, "doubtful": 1},
            "3 waiting since 14:02, next try at 14:05 · 1 sent, not confirmed yet",
            id="checking",
        ),
        pytest.param(
            {"waiting_since": None}, "Offline: 3 waiting, next try at 14:05", id="since is unknown"
        ),
        pytest.param(
            {"pending": 5, "elsewhere": (("anna", 2), ("\n", 1), ("bob", 0)), "link": Link.ONLINE},
            "3 waiting since 14:02, next try at 14:05 · 2 wait until anna signs in"
            " · 1 waits until another account signs in",
            id="other accounts are named",
        ),
    ],
)
def test_the_sync_line_promises_nothing_it_does_not_know(
    changes: dict[str, object], line: str
) -> None:
    status = replace(WAITING, **changes)  # type: ignore[arg-type]  # the table names real fields
    assert sentences.sync_line(status, ZONE) == line


@pytest.mark.parametrize(
    ("status", "line"),
    [
        pytest.param(SENT, "All sent", id="sent"),
        pytest.param(EMPTY, "Nothing to send yet", id="nothing yet"),
        pytest.param(
            replace(
                SENT,
                failed=2,
                own_failed=2,
                failed_causes=(
                    FailedCause(cause=Cause.REFUSED, count=2, reason="HTTP 422: project\nclosed"),
                ),
            ),
            "2 failed: HTTP 422: project closed",
            id="failed for one cause",
        ),
        pytest.param(replace(SENT, failed=1, own_failed=1), "1 failed", id="failed"),
        pytest.param(replace(SENT, possible_doubles=2), "2 possible doubles", id="doubles"),
        pytest.param(
            replace(SENT, failed=2, elsewhere=(("anna", 2),)),
            "2 wait until anna signs in",
            id="of another account",
        ),
        pytest.param(replace(SENT, pending=2), "2 waiting", id="of nobody we can name"),
        pytest.param(replace(SENT, failed=2), "2 failed", id="failed, of nobody we can name"),
        pytest.param(replace(SENT, doubtful=1), "1 sent, not confirmed yet", id="doubtful"),
    ],
)
def test_all_sent_is_said_only_when_it_is_so(status: SyncStatus, line: str) -> None:
    assert sentences.sync_line(status, ZONE) == line


def test_a_gap_is_told_with_its_begin_and_nothing_is_told_without_one() -> None:
    gap = replace(EMPTY, gap_since=NOON - 2 * MINUTE)
    assert sentences.gap_line(gap, ZONE) == "Still running; not watched since 14:02"
    assert sentences.gap_line(EMPTY, ZONE) == ""


@pytest.mark.parametrize(
    ("failed", "pending", "label"),
    [
        pytest.param(1, 99, "Retry all (1, 99 waiting)", id="both"),
        pytest.param(3, 0, "Retry all (3)", id="failed"),
        pytest.param(0, 3, "Try now", id="waiting"),
        pytest.param(0, 0, "Retry all", id="nothing"),
    ],
)
def test_the_retry_label_counts_what_a_click_would_send(
    failed: int, pending: int, label: str
) -> None:
    status = replace(EMPTY, own_failed=failed, own_pending=pending, failed=500, pending=500)
    assert sentences.retry_label(status) == label


def test_the_failed_label_counts_every_account() -> None:
    assert sentences.failed_label(replace(EMPTY, failed=3)) == "Failed tasks (3)"
    assert sentences.failed_label(EMPTY) == "No failed tasks"


def test_a_sign_in_is_asked_for_with_all_that_waits_for_it() -> None:
    found = FailedCause(cause=Cause.SIGNED_OUT, count=1, reason="HTTP 401: Unauthorized")
    status = replace(WAITING, link=Link.SIGNED_OUT, failed=1, own_failed=1, failed_causes=(found,))
    words = "Sign in again to send 4 events"
    assert sentences.explain_failed(found, status).title == words
    line = sentences.sync_line(status, ZONE)
    assert line == f"{words} · 3 waiting since 14:02 · 1 failed"
    one = replace(status, pending=0, own_pending=0)
    assert sentences.sync_line(one, ZONE) == "Sign in again to send 1 event · 1 failed"


def test_what_failed_elsewhere_is_not_counted_with_what_waits_here() -> None:
    found = FailedCause(cause=Cause.SIGNED_OUT, count=2, reason="HTTP 401: Unauthorized")
    status = replace(WAITING, failed=2, own_failed=0, failed_causes=(found,))
    assert sentences.explain_failed(found, status).title == "Sign in again to send 2 events"


def test_a_locked_keyring_is_told_in_the_title_with_what_it_means_and_what_to_do() -> None:
    assert sentences.title(replace(WAITING, link=Link.LOCKED)).endswith("3 waiting, keyring locked")
    words = sentences.link_sentence(Link.LOCKED)
    assert "Your hours are recorded here" in words
    assert "unlocked" in words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        pytest.param(1, "1 ждёт", id="one"),
        pytest.param(3, "3 ждут", id="few"),
        pytest.param(11, "11 ждут", id="eleven"),
        pytest.param(21, "21 ждёт", id="twenty-one"),
    ],
)
def test_russian_counts_have_their_forms(count: int, words: str) -> None:
    i18n.use_language("ru")
    status = replace(WAITING, own_pending=count, failed=5, own_failed=5)
    line = sentences.sync_line(status, ZONE)
    assert line == f"Нет связи: {words} с 14:02, следующая попытка в 14:05 · 5 ошибок"
