"""The words for a status: what they say, and that they never say more than is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp import i18n
from trayapp.sync import sentences
from trayapp.sync.outcome import Cause
from trayapp.sync.status import EntryView, FailedCause, Link, RetryResult, SyncStatus
from trayapp.tracking.entry import EventKind, TrackerState
from trayapp.tracking.moments import Unclear
from trayapp.tracking.tracker import Impossible

ZONE = ZoneInfo("Asia/Yekaterinburg")
NOON = datetime(2026, 1, 8, 9, 4, tzinfo=UTC)  # 14:04 on a Thursday there
MINUTE = timedelta(minutes=1)

EMPTY = SyncStatus(as_of=NOON)
SENT = replace(EMPTY, last_delivery_at=NOON - MINUTE, link=Link.ONLINE)
WAITING = replace(
    EMPTY,
    pending=3,
    own_pending=3,
    link=Link.OFFLINE,
    waiting_since=NOON - 2 * MINUTE,
    next_attempt_at=NOON + MINUTE,
)


def entry(project: str = "Website", note: str = "", worked: timedelta = 84 * MINUTE) -> EntryView:
    return EntryView(id="e", project=project, note=note, started_at=NOON - worked, worked=worked)


def running(view: EntryView, status: SyncStatus = EMPTY) -> SyncStatus:
    return replace(status, tracker=TrackerState.RUNNING, entry=view)


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("length", "words"),
    [
        pytest.param(timedelta(), "0:00", id="nothing"),
        pytest.param(timedelta(seconds=59), "0:00", id="rounded down"),
        pytest.param(84 * MINUTE, "1:24", id="hours and minutes"),
        pytest.param(timedelta(hours=100, minutes=5), "100:05", id="more than days"),
        pytest.param(-MINUTE, "0:00", id="never negative"),
    ],
)
def test_a_duration_is_hours_and_minutes(length: timedelta, words: str) -> None:
    assert sentences.duration(length) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        pytest.param(NOON, "14:04", id="today"),
        pytest.param(NOON.replace(hour=19, minute=0), "Fri 00:00", id="tomorrow over there"),
        pytest.param(NOON.replace(hour=18, minute=59), "23:59", id="the last minute of today"),
        pytest.param(NOON - timedelta(days=6), "Fri 14:04", id="six days ago"),
        pytest.param(NOON - timedelta(days=7), "1 Jan 14:04", id="a week ago"),
        pytest.param(NOON - timedelta(days=8), "31 Dec 2025 14:04", id="another year"),
    ],
)
def test_a_time_says_its_day_when_that_is_not_today(at: datetime, words: str) -> None:
    assert sentences.clock_time(at, ZONE, as_of=NOON) == words


def test_without_a_zone_times_are_those_of_the_system() -> None:
    local = NOON.astimezone()
    assert sentences.clock_time(NOON, None, as_of=NOON) == f"{local:%H:%M}"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        pytest.param(timedelta(hours=1), "the clock changed by +1:00:00", id="forward"),
        pytest.param(timedelta(seconds=-61.4), "the clock changed by -0:01:01", id="back"),
    ],
)
def test_a_step_of_the_clock_is_told_with_its_sign(step: timedelta, words: str) -> None:
    assert sentences.clock_step(step) == words


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(" a\n\tb\x00c\u2028d ", "a b c d", id="breaks and controls"),
        pytest.param("кот 🐈 <b>&", "кот 🐈 <b>&", id="any other Unicode stays"),
        pytest.param("a\udcffb", "a?b", id="half a character"),
    ],
)
def test_users_text_becomes_one_line(text: str, line: str) -> None:
    assert sentences.one_line(text) == line


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
            "Not tracking · 2 being checked: their answers were lost",
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
            "3 waiting since 14:02, next try at 14:05 · 1 being checked: its answer was lost",
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
        pytest.param(
            replace(SENT, doubtful=1), "1 being checked: its answer was lost", id="doubtful"
        ),
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


def test_kinds_have_the_names_users_know() -> None:
    english = [sentences.kind_label(kind) for kind in EventKind]
    i18n.use_language("ru")
    russian = [sentences.kind_label(kind) for kind in EventKind]
    assert english == ["Start timer", "Pause", "Resume", "Stop", "Correction", "Deletion"]
    assert russian == [
        *("Старт трекера", "Пауза", "Возобновление", "Остановка"),
        *("Исправление", "Удаление"),
    ]


@pytest.mark.parametrize("cause", [pytest.param(cause, id=cause) for cause in Cause])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_cause_is_explained_in_three_parts(cause: Cause, language: str) -> None:
    i18n.use_language(language)
    one, many = sentences.explain(cause, 1), sentences.explain(cause, 100)
    assert one.title
    assert one.meaning
    assert one.advice
    assert one.text == f"{one.meaning} {one.advice}"
    assert "100" in many.title
    assert "100" not in one.title
    assert one.title.replace("1", "") != many.title.replace("100", "")
    assert max(len(one.title), len(many.title)) < 64


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


def test_a_wrong_address_is_shown() -> None:
    wrong = sentences.explain(Cause.WRONG_ADDRESS, 1, url="https://example.org/api")
    other = sentences.explain(Cause.REFUSED, 1, url="https://example.org/api")
    assert wrong.advice.endswith("The address tried was https://example.org/api.")
    assert "example.org" not in other.text


def test_an_entry_that_was_ended_there_is_named_with_its_times() -> None:
    words = sentences.closed_there("Website – typed there", NOON - 60 * MINUTE, NOON, zone=ZONE)
    assert words.startswith("“Website – typed there” ran on the server since 13:04.")
    assert "ended there at 14:04" in words
    assert "“An entry without a name”" in sentences.closed_there("", NOON, NOON, zone=ZONE)


def test_every_link_has_a_sentence_of_its_own() -> None:
    told = {sentences.link_sentence(link) for link in Link}
    assert len(told) == len(Link)
    assert all(sentence.endswith(".") for sentence in told)


@pytest.mark.parametrize(
    ("counts", "reason", "words"),
    [
        pytest.param(
            (97, 3, 0),
            "HTTP 422: project closed",
            "97 sent, 3 failed: HTTP 422: project closed",
            id="some failed",
        ),
        pytest.param((97, 0, 0), "", "97 sent", id="all sent"),
        pytest.param(
            (0, 0, 2), "Network error: refused", "2 waiting: Network error: refused", id="w"
        ),
        pytest.param((0, 0, 0), "", "There was nothing to send.", id="nothing"),
    ],
)
def test_the_result_of_a_retry_is_honest(
    counts: tuple[int, int, int], reason: str, words: str
) -> None:
    sent, failed, waiting = counts
    result = RetryResult(number=1, sent=sent, failed=failed, waiting=waiting, reason=reason)
    assert sentences.retry_result(result) == words


@pytest.mark.parametrize(
    ("why", "last", "part"),
    [
        pytest.param(Impossible.NOT_TRACKING, None, "Nothing is being tracked", id="stopped"),
        pytest.param(Impossible.IN_FUTURE, NOON, "in the future", id="future"),
        pytest.param(Impossible.TOO_EARLY, NOON, "Give a time after 14:04:00.", id="early"),
        pytest.param(Impossible.TOO_EARLY, None, "too early", id="early, last unknown"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_became_of_it(
    why: Impossible, last: datetime | None, part: str
) -> None:
    words = sentences.cannot_do(why, last, zone=ZONE, as_of=NOON)
    assert part in words
    assert "nothing was" in words


def test_a_time_that_occurs_twice_is_refused_with_both_readings() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    readings = tuple(datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    words = sentences.bad_moment(Unclear.TWICE, readings, zone=berlin)
    assert "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00" in words


@pytest.mark.parametrize("why", [Unclear.UNREADABLE, Unclear.SKIPPED])
def test_a_time_that_is_none_is_refused_with_what_to_write(why: Unclear) -> None:
    assert "nothing was recorded. Write" in sentences.bad_moment(why, (), zone=ZONE)


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
