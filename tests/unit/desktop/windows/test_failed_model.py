"""What the failed-tasks window shows: its cards, their order, the one filled button, its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trayapp.desktop.windows.failed_model import (
    CHUNK_IDS,
    RETRY_ALL,
    Findings,
    Section,
    accent_key,
    all_tasks_words,
    chunked,
    empty_words,
    glanced,
    place_of,
    progress_words,
    result_sign,
    safe_words,
    section_title,
    studied,
)
from trayapp.desktop.windows.signs import Sign
from trayapp.queue.task import SyncTask, TaskStatus
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import Action, diagnose
from trayapp.sync.diagnosis_words import DUPLICATES, Moments
from trayapp.sync.status import FailedCause, RetryResult, SyncStatus
from trayapp.tracking.entry import Event, EventKind, Stamp

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
REASONS = {
    Cause.SIGNED_OUT: "HTTP 401: Unauthorized",
    Cause.REFUSED: "HTTP 422: project closed",
    Cause.CONFLICT: "Conflict: the server shows 09:12",
    Cause.SERVER_TROUBLE: "HTTP 500: Internal Server Error",
    Cause.NETWORK: "Network error: refused",
    Cause.UNKNOWN: "",
}


def task(number: int, cause: Cause, kind: EventKind = EventKind.PAUSE) -> SyncTask:
    return SyncTask(
        id=number,
        account_id=1,
        kind=kind,
        entry_id="e",
        event_id=f"event {number}",
        payload="{}",
        status=TaskStatus.FAILED,
        retry_count=1,
        created_at=NOON + timedelta(seconds=number),
        reason=REASONS[cause],
        cause=cause.value,
    )


def found(*tasks: SyncTask, history: tuple[Event, ...] = ()) -> Findings:
    return studied(diagnose(tasks, history=history), Moments(NOON, UTC), url="")


def keys(findings: Findings) -> list[str]:
    return [one.key for one in findings.groups]


def test_what_needs_the_user_stands_before_what_heals() -> None:
    shown = found(task(1, Cause.SERVER_TROUBLE), task(2, Cause.REFUSED), task(3, Cause.NETWORK))
    assert [one.section for one in shown.groups] == [
        Section.NEEDS_YOU,
        Section.HEALS,
        Section.HEALS,
    ]
    assert shown.groups[0].key == Cause.REFUSED


def test_what_unlocks_the_others_comes_first_then_the_larger_group() -> None:
    refused = [task(number, Cause.REFUSED) for number in range(1, 4)]
    shown = found(*refused, task(4, Cause.SIGNED_OUT), task(5, Cause.CONFLICT))
    assert keys(shown) == [Cause.SIGNED_OUT, Cause.REFUSED, Cause.CONFLICT]


def test_one_button_is_filled_that_of_the_first_group_that_needs_the_user() -> None:
    assert accent_key(found(task(1, Cause.REFUSED)).groups) == Cause.REFUSED
    assert accent_key(found(task(1, Cause.NETWORK)).groups) == RETRY_ALL
    assert accent_key(()) == RETRY_ALL


def test_each_card_names_its_action_and_its_tasks() -> None:
    (card,) = found(task(7, Cause.CONFLICT), task(9, Cause.CONFLICT)).groups
    assert (card.button, card.show_label) == ("Choose…", "Show 2 tasks")
    assert card.ids == (7, 9)
    assert card.sign is Sign.NEEDS_YOU


def test_tasks_of_another_account_wait_for_its_user_to_sign_in() -> None:
    diagnosis = diagnose((task(1, Cause.UNKNOWN), task(2, Cause.NETWORK)))
    own, other = (
        studied(diagnosis, Moments(NOON, UTC), url="", elsewhere=frozenset(ids)).group(
            Cause.UNKNOWN
        )
        for ids in ((2,), (1,))
    )
    assert own is not None
    assert other is not None
    assert own.action is Action.RETRY
    assert other.action is Action.SIGN_IN
    assert "another account" in other.words.advice


def test_repeats_have_a_card_of_their_own_and_a_sign_in_the_list() -> None:
    kinds = (EventKind.START, EventKind.PAUSE, EventKind.PAUSE)
    tasks = [task(number, Cause.SIGNED_OUT, kind) for number, kind in enumerate(kinds, start=1)]
    shown = found(*tasks, history=tuple(map(event, tasks)))
    card = shown.group(DUPLICATES)
    assert card is not None
    assert (card.ids, card.action, card.section) == (
        (3,),
        Action.REMOVE_DUPLICATES,
        Section.TIDY,
    )
    assert [shown.sign(one) for one in (1, 2, 3)] == [None, None, Sign.DUPLICATE]
    assert shown.ids == (1, 2, 3)


def event(one: SyncTask) -> Event:
    stamp = Stamp(
        at=one.created_at, offset=timedelta(), zone="UTC", boot_id="b", boot=timedelta(hours=1)
    )
    kind = EventKind(one.kind)
    return Event(id=one.event_id or "", entry_id="e", kind=kind, stamp=stamp, project="", note="")


def test_a_glance_has_the_same_cards_as_the_diagnosis_but_no_ids() -> None:
    tasks = [task(number, cause) for number, cause in enumerate(REASONS, start=1)]
    status = SyncStatus(
        as_of=NOON,
        failed=len(tasks),
        failed_causes=tuple(
            FailedCause(cause=cause, count=1, reason=reason) for cause, reason in REASONS.items()
        ),
    )
    glance, whole = glanced(status), found(*tasks)
    assert keys(glance) == keys(whole)
    assert [one.section for one in glance.groups] == [one.section for one in whole.groups]
    assert [one.action for one in glance.groups] == [one.action for one in whole.groups]
    assert glance.ids is None
    assert all(one.ids is None for one in glance.groups)


def test_a_group_that_has_gone_is_not_found() -> None:
    assert found(task(1, Cause.REFUSED)).group(Cause.CONFLICT) is None


def test_long_lists_are_asked_for_in_chunks_in_order() -> None:
    ids = tuple(range(2 * CHUNK_IDS + 3))
    chunks = list(chunked(ids))
    assert [len(one) for one in chunks] == [CHUNK_IDS, CHUNK_IDS, 3]
    assert tuple(one for chunk in chunks for one in chunk) == ids


def test_the_words_say_that_nothing_is_lost_and_what_waits() -> None:
    status = SyncStatus(as_of=NOON, failed=1)
    assert safe_words(status) == "Nothing is lost: your hours are safe on this computer."
    waiting = safe_words(replace(status, pending=99))
    assert waiting.endswith("99 more tasks wait to be sent.")


def test_an_empty_window_says_what_waits() -> None:
    status = SyncStatus(as_of=NOON)
    assert empty_words(status).startswith("Everything has been sent.")
    assert "3 waiting" in empty_words(replace(status, pending=3, own_pending=3))


def test_a_result_has_a_sign_that_goes_with_it() -> None:
    result = RetryResult(number=1, sent=3, failed=0, waiting=0, reason="")
    assert result_sign(result) is Sign.GOOD
    assert result_sign(replace(result, waiting=1)) is Sign.HEALS
    assert result_sign(replace(result, waiting=1, failed=1)) is Sign.NEEDS_YOU


def test_a_task_keeps_its_place_as_long_as_it_is_there() -> None:
    assert place_of(7, (3, 7, 9)) == 1
    assert place_of(8, (3, 7, 9)) == -1
    assert place_of(8, None) == -1


def test_small_words() -> None:
    assert progress_words(37, 100) == "37 of 100 sent"
    assert all_tasks_words(100) == "All tasks (100)"
    assert section_title(Section.HEALS) == "Will heal by itself"
