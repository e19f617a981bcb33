"""The report: what a support desk needs, and never a secret or what somebody works on."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import START
from trayapp import i18n
from trayapp.queue.task import Doubt, Gate, GateKind, SyncTask, TaskStatus
from trayapp.report import MOST_LOG_LINES, Findings, Machine, cleaned, report_text
from trayapp.sync.diagnosis import diagnose, events_of
from trayapp.sync.status import AccountView, EntryView, Link, RecentView, SyncStatus
from trayapp.tracking.entry import TrackerState

MINUTE = timedelta(minutes=1)
ID = "5b0f7a52-2f0f-4f0e-9a53-6f6a0f0d6c11"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"
OPAQUE = "Zk3vQ9xL2mN8pR5tW1yB"
MACHINE = Machine(
    version="1.2.3",
    python="3.11.2",
    system="Linux-6.1.0-27-amd64-x86_64-with-glibc2.36",
    desktop=(("XDG_CURRENT_DESKTOP", "XFCE"),),
    home="/home/annabelle",
    user="annabelle",
)


def task(number: int, reason: str = "HTTP 422: closed", **fields: object) -> SyncTask:
    payload = {"event": ID, "entry": ID, "at": "2026-01-08T09:00:00.000Z", **fields}
    return SyncTask(
        id=number,
        account_id=1,
        kind="time_entry_pause",
        entry_id=ID,
        event_id=None,
        payload=json.dumps(payload),
        status=TaskStatus.FAILED,
        retry_count=2,
        created_at=START + number * MINUTE,
        last_retry_at=START + (number + 1) * MINUTE,
        reason=reason,
        cause="refused",
        doubt=Doubt.SENT,
    )


def report(
    *tasks: SyncTask,
    status: SyncStatus | None = None,
    log: tuple[str, ...] = (),
    gate: Gate | None = None,
    machine: Machine = MACHINE,
) -> str:
    return report_text(
        Findings(
            as_of=START,
            machine=machine,
            status=status or SyncStatus(as_of=START),
            app_runs=True,
            gate=gate,
            diagnosis=diagnose(tasks, history=events_of(tasks)),
            tasks=tasks,
            log_lines=log,
        )
    )


def test_an_empty_report_has_all_its_sections() -> None:
    text = report()
    titles = [line for line in text.splitlines() if line.startswith("== ")]
    assert titles == [
        "== Program",
        "== Tracker",
        "== Sync",
        "== Causes",
        "== Failed tasks (the newest 0 of 0)",
        "== Log (the last 0 lines)",
    ]
    assert text.count("(nothing)") == 3
    assert "system: Linux-6.1.0-27-amd64-x86_64-with-glibc2.36\n" in text
    assert "account: embedded, no address, no user name\n" in text


def test_everything_a_support_desk_asks_for_is_there() -> None:
    status = SyncStatus(
        as_of=START,
        tracker=TrackerState.RUNNING,
        entry=EntryView(
            id=ID, project="Website", note="Secret", started_at=START, worked=90 * MINUTE
        ),
        pending=3,
        failed=2,
        doubtful=1,
        own_pending=2,
        own_failed=1,
        link=Link.SERVER_TROUBLE,
        reason="HTTP 500: Internal Server Error",
        waiting_since=START,
        next_attempt_at=START + MINUTE,
        last_delivery_at=START - MINUTE,
        clock_skew=-3 * MINUTE,
        gap_since=START - 20 * MINUTE,
        account=AccountView(
            kind="hubnity",
            url="https://u:p@time.example:8443/secret/path?k=v",
            user="bob@b.example",
        ),
        elsewhere=(("somebody @ https://other.example", 4),),
    )
    gate = Gate(
        kind=GateKind.SERVER_TROUBLE,
        reason="HTTP 500: Internal Server Error",
        since=START,
        due_at=None,
        tries=4,
    )
    text = report(task(7), task(8), status=status, gate=gate)
    for line in (
        "version: 1.2.3",
        "python: 3.11.2",
        "XDG_CURRENT_DESKTOP: XFCE",
        "app runs: yes",
        "state: running",
        "worked: 5400 s",
        "clock skew: -180 s (ahead of the server's, minus: behind)",
        "not watched since: 2026-01-08T08:40:00.000Z",
        "pending: 3 (of this account 2)",
        "failed: 2 (of this account 1)",
        "doubtful: 1, possible doubles: 0",
        "other accounts that have something waiting: 1",
        "link: server_trouble",
        "reason: HTTP 500: Internal Server Error",
        "next attempt: 2026-01-08T09:01:00.000Z",
        "account: hubnity, https://time.example:8443, b… (13 characters)",
        "gate: server_trouble since 2026-01-08T09:00:00.000Z, due -",
        "gate's tries: 4, time named by the server: no",
        "refused: 2 (#7, #8)",
        "  clicked: 2026-01-08T09:07:00.000Z to 2026-01-08T09:08:00.000Z",
        "  2 x HTTP 422: closed",
        "duplicates: 1 (#8)",
        (
            f"#8 time_entry_pause entry {ID}, attempts 2, doubt sent, cause refused, "
            "created 2026-01-08T09:08:00.000Z, last attempt 2026-01-08T09:09:00.000Z"
        ),
        f"  payload: event: {ID}, entry: {ID}, at: 2026-01-08T09:00:00.000Z",
    ):
        assert f"\n{line}\n" in text, line
    for hidden in ("Secret", "bob@", "other.example", "u:p", "path"):
        assert hidden not in text


def test_it_is_the_same_in_every_language() -> None:
    english = report(task(7))
    i18n.use_language("ru")
    assert report(task(7)) == english


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Authorization: Bearer {}", id="bearer"),
        pytest.param("authorization: Basic {}", id="basic"),
        pytest.param("sent Basic {} and was refused", id="basic elsewhere"),
        pytest.param('{{"access_token": "{}", "x": 1}}', id="json"),
        pytest.param("'refresh_token': '{}'", id="repr"),
        pytest.param("password={}&x=1", id="form"),
        pytest.param("X-API-Key: {}", id="api key"),
        pytest.param("Cookie: session={}; a=b", id="cookie"),
        pytest.param("https://anna:{}@time.example/api", id="userinfo"),
        pytest.param("https://anna:p@{}@time.example/api", id="userinfo with an at"),
        pytest.param("http://{}@time.example", id="user only"),
        pytest.param("https://time.example/api?key={}&x=1", id="query"),
        pytest.param("https://time.example/api?a=b&sig={}", id="later in a query"),
        pytest.param("the token {} has expired", id="in a sentence"),
        pytest.param("wrong password {}", id="a password in a sentence"),
        pytest.param("at /api/{}/entries", id="in a path"),
        pytest.param("key\n{}", id="on the next line"),
    ],
)
@pytest.mark.parametrize(
    "secret",
    [
        OPAQUE,
        JWT,
        base64.b64encode(b"anna:hunter2-and-more").decode(),
        "0123456789abcdef0123456789abcdef",
    ],
    ids=["opaque", "jwt", "base64", "hex"],
)
def test_no_secret_is_in_a_reason_a_payload_or_the_log(text: str, secret: str) -> None:
    dirty = text.format(secret)
    gate = Gate(kind=GateKind.REFUSED, reason=dirty, since=START, due_at=START)
    whole = report(
        task(7, dirty, id=dirty, other=dirty, kind=dirty),
        status=SyncStatus(as_of=START, reason=dirty, last_note=dirty),
        gate=gate,
        log=(dirty, *dirty.splitlines()),
    )
    for part in (secret, secret[:12], secret[-12:]):
        assert part not in whole


@pytest.mark.parametrize(
    "text",
    [
        "sent Basic {} and was refused",
        "https://anna:p@{}@time.example/api",
        "https://time.example/api?key={}&x=1",
        "the token {} has expired",
        "wrong password {}",
        "the secret ({}) is wrong",
    ],
)
def test_a_short_password_is_known_by_the_word_before_it(text: str) -> None:
    assert "hunter2x" not in cleaned(text.format("hunter2x"))


@pytest.mark.parametrize(
    "text",
    [
        "HTTP 401: Unauthorized",
        "Token refresh failed: 400 Bad Request",
        "Network error: [Errno 111] Connection refused",
        "Token expired (401)",
        f"entry {ID} is stopped",
        "2026-01-08T09:00:00.000Z INFO [sync] trayapp.sync.worker: #12 time_entry_stop: Refused",
        "Conflict: the server shows 09:00 – 10:00",
        "Basic authentication",
        "a file in /home/somebody/documents/somewhere",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    left = text if text != "Basic authentication" else "Basic ***"
    assert cleaned(text) == left


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Z", "Cc")), max_size=200))
def test_cleaning_makes_one_line_and_cleaning_again_changes_nothing_more(text: str) -> None:
    once = cleaned(text)
    assert "\n" not in once
    assert OPAQUE not in cleaned(f"{text} {OPAQUE} {text}")


def test_notes_and_projects_are_told_by_their_length_wherever_they_turn_up() -> None:
    status = SyncStatus(
        as_of=START,
        last_project="Merger of A and B",
        last_note="call the lawyer",
        recent=(RecentView(project="Old project", note="older note"),),
        projects=("Listed project",),
    )
    texts = "no project Merger of A and B; call the lawyer; Old project; older note; Listed project"
    whole = report(
        task(7, "HTTP 422: note 'divorce papers' too long", note="divorce papers", project="Web"),
        status=status,
        log=(texts,),
    )
    assert "project: 3 characters" in whole
    assert "note: 14 characters" in whole
    assert "HTTP 422: note '[14 characters]' too long" in whole
    assert "no project [17 characters]; [15 characters]; [11 characters]; [10 characters]" in whole
    assert "Listed" not in whole


def test_home_and_names_are_left_out() -> None:
    status = SyncStatus(
        as_of=START, account=AccountView(kind="timetagger", url="", user="anna@home.example")
    )
    log = (
        "opened /home/annabelle/.local/share/trayapp/trayapp.db",
        "file://%2Fhome%2Fannabelle%2Fx by annabelle",
        "signed in as anna@home.example",
        "annabelles is another word",
    )
    text = report(status=status, log=log)
    assert "opened ~/.local/share/trayapp/trayapp.db" in text
    assert "file://~%2Fx by a…" in text
    assert "signed in as a…" in text
    assert "annabelles is another word" in text


def test_without_a_home_or_with_a_short_name_nothing_is_replaced() -> None:
    machine = replace(MACHINE, home="/", user="ann")
    assert "/a/b of ann" in report(machine=machine, log=("/a/b of ann",))


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        pytest.param("{broken", "7 characters", id="no JSON"),
        pytest.param("[" * 100_000, "100000 characters", id="nested beyond reason"),
        pytest.param('"a text"', "8 characters", id="a text"),
        pytest.param("{}", "{}", id="nothing"),
        pytest.param('{"a": null, "b": true}', "a: null, b: true", id="no words"),
        pytest.param(
            '{"userId": 12345, "x": {"y": "z"}}',
            "userId: 5 characters, x: 10 characters",
            id="numbers and objects",
        ),
        pytest.param('{"at": 5}', "at: 1 characters", id="a time that is none"),
    ],
)
def test_a_payload_is_told_by_its_fields(payload: str, shown: str) -> None:
    text = report(replace(task(7), payload=payload))
    assert f"\n  payload: {shown}\n" in text


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://time.example/api", "https://time.example"),
        ("http://[::1]:8000", "http://::1:8000"),
        ("http://[broken", "an address that is none"),
        ("http://a:99999", "an address that is none"),
        ("nonsense", "no address"),
    ],
)
def test_of_an_address_only_the_host_is_told(url: str, host: str) -> None:
    status = SyncStatus(as_of=START, account=AccountView(kind="hubnity", url=url, user=""))
    assert f"account: hubnity, {host}, no user name\n" in report(status=status)


def test_many_reasons_and_ids_are_summed_up() -> None:
    tasks = [task(number, f"HTTP 422: reason {number % 7}") for number in range(150)]
    text = report(*tasks)
    assert "\n  2 other reasons\n" in text
    assert ", #99, …)" in text


def test_a_task_without_words_is_told_too() -> None:
    bare = replace(task(7, ""), entry_id="", cause="", last_retry_at=None)
    text = report(bare)
    assert "#7 time_entry_pause entry -, attempts 2, doubt sent, cause -," in text
    assert "\n  reason: -\n" in text
    assert "\n  1 x (no reason stored)\n" in text


def test_a_log_line_cannot_pretend_to_be_another() -> None:
    assert "one two" in report(log=("one\ntwo",))
    assert MOST_LOG_LINES == 100
