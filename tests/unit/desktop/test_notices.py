"""What is said unasked, and when: once a cause, at growing intervals, never a storm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from trayapp.desktop.notices import Notice, NoticeRules, closed_foreign_notice
from trayapp.sync.cause import Cause
from trayapp.sync.status import EntryView, FailedCause, Link, RetryResult, SyncStatus
from trayapp.tracking.entry import TrackerState

ZONE = ZoneInfo("Asia/Yekaterinburg")
START = datetime(2026, 1, 8, 9, 4, tzinfo=UTC)  # 14:04 there
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = 24 * HOUR

CALM = SyncStatus(as_of=START, last_delivery_at=START, link=Link.ONLINE)


def rules() -> NoticeRules:
    return NoticeRules(waiting_after=HOUR, zone=ZONE)


def failing(count: int, cause: Cause = Cause.SIGNED_OUT, at: datetime = START) -> SyncStatus:
    found = FailedCause(cause=cause, count=count, reason="HTTP 401: Unauthorized")
    return replace(CALM, as_of=at, failed=count, own_failed=count, failed_causes=(found,))


def sent(at: datetime) -> SyncStatus:
    return replace(CALM, as_of=at, last_delivery_at=at)


def keys(notices: Iterable[Notice]) -> list[str]:
    return [notice.key for notice in notices]


def told(statuses: Iterable[SyncStatus]) -> list[tuple[str, datetime]]:
    said = rules()
    return [(n.key, status.as_of) for status in statuses for n in said.on_status(status)]


def test_a_hundred_tasks_failing_for_one_cause_make_one_notice_and_their_recovery_one() -> None:
    failures = [failing(n, at=START + n * SECOND) for n in range(1, 101)]
    recovery = [sent(START + (200 + n) * SECOND) for n in range(100)]
    assert told([CALM, *failures, *recovery]) == [
        ("failed-signed_out", failures[0].as_of),
        ("all-sent", recovery[0].as_of),
    ]


def test_a_failure_says_what_happened_the_reason_the_hours_and_what_to_do() -> None:
    (notice,) = rules().on_status(failing(3))
    assert notice.title == "Sign in again to send 3 events"
    assert notice.body == (
        "HTTP 401: Unauthorized\n"
        "Your hours are safe on this computer; the server does not show them yet. "
        "Sign in again; everything then goes by itself."
    )
    assert notice.urgent


def test_what_heals_by_itself_is_not_urgent() -> None:
    (notice,) = rules().on_status(failing(1, Cause.SERVER_TROUBLE))
    assert not notice.urgent


def test_a_new_cause_is_told_at_once_beside_the_old_one() -> None:
    said = rules()
    said.on_status(failing(1))
    both = failing(1)
    other = FailedCause(cause=Cause.REFUSED, count=1, reason="HTTP 422: project closed")
    both = replace(both, failed=2, failed_causes=(*both.failed_causes, other))
    assert keys(said.on_status(both)) == ["failed-refused"]


def test_more_failures_of_a_cause_are_told_after_one_four_and_twenty_four_hours() -> None:
    minutes = (START + n * MINUTE for n in range(60 * 24 * 3))
    growing = (failing(n + 1, at=at) for n, at in enumerate(minutes))
    times = [at - START for _, at in told(growing)]
    assert times == [timedelta(), HOUR, 5 * HOUR, 29 * HOUR, 53 * HOUR]


def test_a_count_that_does_not_grow_is_not_repeated() -> None:
    hours = (failing(5, at=START + n * HOUR) for n in range(24 * 7))
    assert len(told(hours)) == 1


def test_a_day_of_failing_once_a_second_makes_six_notices_at_most() -> None:
    seconds = (START + second * SECOND for second in range(24 * 3600))
    found = failing(1)
    day = (
        replace(found, as_of=at, failed_causes=(replace(found.failed_causes[0], count=n + 1),))
        for n, at in enumerate(seconds)
    )
    held = (replace(status, pending=1, waiting_since=START) for status in day)
    assert 1 < len(told(held)) <= 6


def test_a_day_of_failing_and_recovering_makes_six_notices_at_most() -> None:
    times = (START + 5 * second * SECOND for second in range(24 * 720))
    day = (status for at in times for status in (failing(1, at=at), sent(at + SECOND)))
    assert 1 < len(told(day)) <= 6


def test_after_a_calm_day_a_failure_is_told_at_once_and_its_growth_soon() -> None:
    said = rules()
    for at in (START, START + HOUR, START + 5 * HOUR):
        said.on_status(failing(1, at=at))
        said.on_status(sent(at + SECOND))
    later = START + 5 * HOUR + DAY
    assert keys(said.on_status(failing(1, at=later))) == ["failed-signed_out"]
    assert keys(said.on_status(failing(2, at=later + HOUR))) == ["failed-signed_out"]


def test_a_failure_right_after_a_recovery_is_told_when_the_pause_is_over() -> None:
    statuses = [failing(1), sent(START + SECOND)]
    statuses += [failing(1, at=START + n * MINUTE) for n in range(1, 90)]
    assert told(statuses)[2:] == [("failed-signed_out", START + HOUR)]


def test_a_clock_set_back_delays_nothing_by_more_than_the_pause() -> None:
    said = rules()
    said.on_status(failing(1, at=START))
    said.on_status(failing(2, at=START - 7 * DAY))
    due = START - 7 * DAY + HOUR
    assert keys(said.on_status(failing(3, at=due))) == ["failed-signed_out"]


def test_all_sent_is_said_once_and_only_when_everything_is() -> None:
    said = rules()
    said.on_status(failing(2))
    still_waiting = replace(sent(START + MINUTE), pending=1)
    assert said.on_status(still_waiting) == ()
    assert keys(said.on_status(sent(START + 2 * MINUTE))) == ["all-sent"]
    assert said.on_status(sent(START + 3 * MINUTE)) == ()


def test_an_emptied_queue_is_not_all_sent_when_nothing_was_sent() -> None:
    said = rules()
    said.on_status(failing(1, at=START + MINUTE))
    assert said.on_status(replace(CALM, as_of=START + HOUR)) == ()


def test_without_a_failure_nobody_is_told_that_all_is_sent() -> None:
    assert told(sent(START + n * MINUTE) for n in range(100)) == []


def test_the_result_of_a_retry_is_told_once_with_its_numbers() -> None:
    said = rules()
    result = RetryResult(number=1, sent=97, failed=3, waiting=0, reason="HTTP 422: project closed")
    status = replace(CALM, retry=result, failed=3)
    (notice,) = said.on_status(status)
    assert notice == Notice("Retry all", "97 sent, 3 failed: HTTP 422: project closed", key="retry")
    assert said.on_status(status) == ()
    assert keys(said.on_status(replace(status, retry=replace(result, number=2)))) == ["retry"]


def test_a_retry_that_sent_everything_is_not_told_twice() -> None:
    said = rules()
    said.on_status(failing(2))
    result = RetryResult(number=1, sent=2, failed=0, waiting=0, reason="")
    after = replace(sent(START + MINUTE), retry=result)
    assert [n.body for n in said.on_status(after)] == ["2 sent"]
    assert said.on_status(sent(START + HOUR)) == ()


def waiting(minutes: int, link: Link = Link.OFFLINE) -> SyncStatus:
    return replace(
        CALM,
        as_of=START + minutes * MINUTE,
        pending=3,
        own_pending=3,
        link=link,
        waiting_since=START,
        next_attempt_at=START + (minutes + 5) * MINUTE,
    )


def test_waiting_is_told_once_it_lasts_longer_than_the_set_time() -> None:
    said = rules()
    assert said.on_status(waiting(59)) == ()
    (notice,) = said.on_status(waiting(60))
    assert notice.title == "Clicks are waiting to be sent"
    assert notice.body == (
        "Offline: 3 waiting since 14:04, next try at 15:09\n"
        "The server cannot be reached; everything is kept and goes by itself when it can."
    )
    assert said.on_status(waiting(61)) == ()


def test_a_week_offline_is_told_once() -> None:
    assert len(told(waiting(n) for n in range(60, 60 * 24 * 7, 5))) == 1


def test_waiting_on_a_link_that_is_fine_is_not_blamed_on_it() -> None:
    (notice,) = rules().on_status(waiting(60, Link.ONLINE))
    assert notice.body == "3 waiting since 14:04, next try at 15:09"


def test_a_time_of_waiting_that_is_over_is_not_told() -> None:
    assert rules().on_status(replace(waiting(600), pending=0, own_pending=0)) == ()


def test_a_certificate_that_is_not_trusted_is_told_once_with_its_advice() -> None:
    said = rules()
    notices = [n for minute in range(30) for n in said.on_status(waiting(minute, Link.UNTRUSTED))]
    assert keys(notices) == ["untrusted"]
    assert "everything is kept" in notices[0].body
    assert "date of this computer" in notices[0].body
    assert "ca_file" in notices[0].body


def test_a_keyring_that_stays_locked_is_told_once_with_what_to_do() -> None:
    said = rules()
    seconds = [replace(waiting(0, Link.LOCKED), as_of=START + n * SECOND) for n in range(60)]
    notices = [(n, s.as_of) for s in seconds for n in said.on_status(s)]
    assert [(n.key, at) for n, at in notices] == [("locked", START + 10 * SECOND)]
    assert notices[0][0].title == "Unlock your keyring to send"
    assert "Your hours are recorded here" in notices[0][0].body


def test_a_keyring_unlocked_at_once_is_not_told() -> None:
    said = rules()
    for minute in range(10):
        locked = replace(waiting(0, Link.LOCKED), as_of=START + minute * MINUTE)
        opened = replace(waiting(0, Link.ONLINE), as_of=START + minute * MINUTE + SECOND)
        assert said.on_status(locked) == said.on_status(opened) == ()


def test_a_keyring_locked_while_nothing_waits_is_nobodys_trouble() -> None:
    said = rules()
    for minute in range(10):
        calm = replace(CALM, link=Link.LOCKED, as_of=START + minute * MINUTE)
        assert said.on_status(calm) == ()


def test_a_keyring_locked_again_and_again_is_told_at_growing_intervals() -> None:
    links = [Link.LOCKED, Link.LOCKED, Link.ONLINE]
    states = (
        replace(waiting(0, links[n % 3]), as_of=START + n * 20 * SECOND, waiting_since=None)
        for n in range(3 * 60 * 24)
    )
    assert [at - START for _, at in told(states)] == [
        20 * SECOND,
        HOUR + 20 * SECOND,
        5 * HOUR + 20 * SECOND,
    ]


def test_an_entry_removed_on_the_server_is_told_when_the_number_grows() -> None:
    said = rules()
    (notice,) = said.on_status(replace(CALM, removed=1))
    assert notice.title == "1 entry was removed on the server"
    assert said.on_status(replace(CALM, removed=1)) == ()
    (notice,) = said.on_status(replace(CALM, removed=3, as_of=START + HOUR))
    assert notice.title == "3 entries were removed on the server"


def test_a_possible_double_is_told() -> None:
    said = rules()
    (notice,) = said.on_status(replace(CALM, possible_doubles=1))
    assert notice.title == "1 possible double"
    assert said.on_status(replace(CALM, possible_doubles=1)) == ()


def test_a_gap_is_told_once_with_what_runs_and_what_to_choose() -> None:
    said = rules()
    entry = EntryView(
        id="e", project="Website", note="", started_at=START - HOUR, worked=84 * MINUTE
    )
    gap = replace(CALM, tracker=TrackerState.RUNNING, entry=entry, gap_since=START - 30 * MINUTE)
    (notice,) = said.on_status(gap)
    assert notice.title == "Still running since 13:34"
    assert notice.body.startswith("Running 1:24 · Website\n")
    assert "choose “Stop at 13:34” in the menu" in notice.body
    assert said.on_status(gap) == ()
    assert said.on_status(replace(gap, gap_since=None)) == ()
    assert keys(said.on_status(gap)) == ["gap"]


def test_a_desktop_without_a_tray_is_told_once_with_what_to_install() -> None:
    said = rules()
    (notice,) = said.on_no_host()
    assert "gnome-shell-extension-appindicator" in notice.body
    assert said.on_no_host() == ()


def test_an_entry_ended_for_ours_is_told_in_the_words_it_comes_with() -> None:
    assert closed_foreign_notice("It ran there.") == Notice(
        "An entry was ended on the server", "It ran there.", key="closed-there", urgent=True
    )


def test_while_a_retry_is_under_way_only_its_result_is_told() -> None:
    said = rules()
    said.on_status(failing(3))
    sending = replace(sent(START + MINUTE), retrying=True)
    assert said.on_status(sending) == ()
    result = RetryResult(number=1, sent=3, failed=0, waiting=0, reason="")
    done = replace(sending, retrying=False, retry=result)
    assert [notice.key for notice in said.on_status(done)] == ["retry"]
    assert said.on_status(done) == ()
