"""The server inside, asked the way any client could ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from requests.adapters import HTTPAdapter

from tests.fakes import FakeClock
from trayapp.demo.loopback import Loopback
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, MAX_BODY_BYTES, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.servers.wsgi import session_of

ENTRY = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_ENTRY = "aaaaaaaa-0000-4000-8000-000000000002"
EVENT = "bbbbbbbb-0000-4000-8000-000000000001"
LATER = "bbbbbbbb-0000-4000-8000-000000000002"
BODY: dict[str, object] = {
    "kind": "time_entry_start",
    "at": "2026-01-08T09:00:00.125Z",
    "offset": 18000,
    "zone": "Asia/Yekaterinburg",
    "project": "Website",
    "note": "Ночь 🌙\x00",
}
STOP = BODY | {"kind": "time_entry_stop", "at": "2026-01-08T10:00:00.000Z"}

Reply = tuple[int, dict[str, object]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "embedded.db")
    yield store
    store.close()


@pytest.fixture
def app(store: EmbeddedStore) -> EmbeddedApp:
    return EmbeddedApp(store, user="me")


def ask(
    app: EmbeddedApp,
    method: str,
    path: str,
    body: object = None,
    *,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    content = json.dumps(body).encode() if body is not None else data
    with session_of(app) as session:
        url = "http://embedded.invalid" + path
        answer = session.request(method, url, data=content, headers=headers)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, answer.json()


def put(
    app: EmbeddedApp, body: dict[str, object], *, entry: object = ENTRY, event: object = EVENT
) -> Reply:
    """One event by itself: what is said of it."""
    (told,) = put_all(app, {"entry": entry, "id": event, **body})
    return told


def put_all(app: EmbeddedApp, *events: object) -> list[Reply]:
    status, answer = ask(app, "POST", "/events", {"events": events})
    assert status == 200
    told = answer["events"]
    assert isinstance(told, list)
    return [(one["status"], one) for one in told]


def error(reply: Reply) -> tuple[int, object]:
    assert isinstance(reply[1]["message"], str)
    return reply[0], reply[1]["error"]


def test_an_event_is_stored_and_shown_with_its_segment(app: EmbeddedApp) -> None:
    entry = {
        "id": ENTRY,
        "project": "Website",
        "note": BODY["note"],
        "state": "running",
        "deleted": False,
        "segments": [{"id": EVENT, "begin": BODY["at"], "end": None}],
        "events": [{"id": EVENT, **BODY}],
    }
    shown = {"entry": ENTRY, "id": EVENT, **BODY}
    assert put(app, BODY) == (201, {"id": EVENT, "status": 201, "event": shown})
    assert ask(app, "GET", f"/entries/{ENTRY}") == (200, entry)


def test_twice_is_the_same_as_once(app: EmbeddedApp) -> None:
    first = put(app, BODY)[1]
    assert put(app, BODY) == (200, first | {"status": 200})
    assert put_all(app, first["event"], first["event"]) == [(200, first | {"status": 200})] * 2


def test_the_same_event_with_other_content_is_a_conflict(app: EmbeddedApp) -> None:
    put(app, BODY)
    for other in (BODY | {"note": "other"}, BODY | {"at": "2026-01-08T09:00:00.126Z"}):
        assert error(put(app, other)) == (409, "event_differs")
    assert error(put(app, BODY, entry=OTHER_ENTRY)) == (409, "event_differs")


def test_events_come_in_order_of_time_from_the_start_on(app: EmbeddedApp) -> None:
    assert error(put(app, STOP, event=LATER)) == (422, "not_started")
    put(app, BODY)
    for at in ("2026-01-08T09:00:00.125Z", "2026-01-08T08:00:00.000Z"):
        assert error(put(app, STOP | {"at": at}, event=LATER)) == (422, "not_later")
    assert put(app, STOP, event=LATER)[0] == 201
    assert ask(app, "GET", f"/entries/{ENTRY}")[1]["state"] == "stopped"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"kind": "lunch"}, id="kind"),
        pytest.param({"kind": None}, id="no-kind"),
        pytest.param({"at": "2026-01-08T09:00:00Z"}, id="no-milliseconds"),
        pytest.param({"at": "2026-13-08T09:00:00.000Z"}, id="no-such-month"),
        pytest.param({"at": 5}, id="at-number"),
        pytest.param({"offset": "5"}, id="offset-text"),
        pytest.param({"offset": True}, id="offset-bool"),
        pytest.param({"offset": 90000}, id="offset-too-far"),
        pytest.param({"zone": None}, id="zone"),
        pytest.param({"project": 1}, id="project"),
        pytest.param({"note": "x" * 20_001}, id="note-too-long"),
        pytest.param({"note": "\ud83c"}, id="half-a-pair"),
    ],
)
def test_what_is_no_event_is_refused(app: EmbeddedApp, change: dict[str, object]) -> None:
    assert error(put(app, BODY | change)) == (422, "bad_event")
    assert error(ask(app, "GET", f"/entries/{ENTRY}")) == (404, "unknown_entry")


@pytest.mark.parametrize("bad", ["7", ENTRY.upper(), "", None, 5, [], {}])
def test_entries_and_events_are_named_by_uuids(app: EmbeddedApp, bad: object) -> None:
    assert error(put(app, BODY, entry=bad)) == (422, "bad_event")
    told = put(app, BODY, event=bad)
    assert error(told) == (422, "bad_event")
    assert told[1]["id"] is None
    assert error(ask(app, "GET", f"/entries/{ENTRY}")) == (404, "unknown_entry")


def test_many_events_are_stored_in_their_order_and_answered_one_by_one(app: EmbeddedApp) -> None:
    sent = [
        {"entry": ENTRY, "id": EVENT, **BODY},
        {"entry": OTHER_ENTRY, "id": EVENT[:-1] + "3", **BODY},
        {"entry": ENTRY, "id": LATER, **STOP},
    ]
    told = put_all(app, *sent)
    assert [(status, one["event"]) for status, one in told] == [(201, one) for one in sent]
    assert ask(app, "GET", f"/entries/{ENTRY}")[1]["state"] == "stopped"


@pytest.mark.parametrize(
    ("bad", "wanted"),
    [
        pytest.param({"at": BODY["at"]}, (422, "not_later"), id="of its entry"),
        pytest.param({"kind": "lunch"}, (422, "bad_event"), id="no event"),
        pytest.param({"id": "x"}, (422, "bad_event"), id="no name"),
        pytest.param({"id": EVENT}, (409, "event_differs"), id="of another's name"),
    ],
)
def test_a_bad_event_holds_up_its_entry_and_no_other(
    app: EmbeddedApp, bad: dict[str, object], wanted: tuple[int, str]
) -> None:
    pause, resume = ("cccccccc-0000-4000-8000-" + "0" * 11 + end for end in "12")
    times = [f"2026-01-08T09:0{minute}:00.000Z" for minute in range(1, 3)]
    told = put_all(
        app,
        {"entry": ENTRY, "id": EVENT, **BODY},
        {"entry": ENTRY, "id": pause, **BODY, "kind": "time_entry_pause", "at": times[0]} | bad,
        {"entry": ENTRY, "id": resume, **BODY, "kind": "time_entry_resume", "at": times[1]},
        {"entry": OTHER_ENTRY, "id": LATER, **BODY},
        "not even an object",
        {"entry": ENTRY, "id": LATER[:-1] + "9", **STOP},
    )
    assert [status for status, _one in told] == [201, wanted[0], 424, 201, 422, 424]
    assert [error(told[at]) for at in (1, 2)] == [wanted, (424, "behind")]
    shown = ask(app, "GET", f"/entries/{ENTRY}")[1]["events"]
    assert shown == [{"id": EVENT, **BODY}]


def test_a_list_of_events_is_neither_empty_nor_too_long(app: EmbeddedApp) -> None:
    bodies: list[object] = [None, [], {}, {"events": {}}, {"events": []}, {"events": [{}] * 101}]
    for body in bodies:
        assert error(ask(app, "POST", "/events", body)) == (422, "bad_events")
    assert [error(one) for one in put_all(app, *[{}] * 100)] == [(422, "bad_event")] * 100


def test_a_body_is_json_of_bounded_size(app: EmbeddedApp) -> None:
    for broken in (b"{", b"[" * 100_000, b"\xff"):
        assert error(ask(app, "POST", "/events", data=broken)) == (400, "bad_json")
    large = b" " * (MAX_BODY_BYTES + 1)
    assert error(ask(app, "POST", "/events", data=large)) == (413, "too_large")


def test_a_length_that_is_none_is_refused(app: EmbeddedApp) -> None:
    started: list[str] = []

    def start_response(status: str, _headers: object, _exc: object = None) -> object:
        started.append(status)
        return None

    app(
        {"PATH_INFO": "", "REQUEST_METHOD": "GET", "CONTENT_LENGTH": "-1"},
        start_response,  # type: ignore[arg-type]  # enough of it
    )
    assert started == ["400 Bad Request"]


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        pytest.param("GET", "/elsewhere", (404, "unknown_route"), id="route"),
        pytest.param("GET", "/entries/7", (404, "unknown_route"), id="no-uuid"),
        pytest.param("GET", "/events", (405, "unknown_method"), id="method"),
        pytest.param("GET", f"/entries/{ENTRY}", (404, "unknown_entry"), id="entry"),
        pytest.param("DELETE", f"/entries/{ENTRY}", (404, "unknown_entry"), id="remove"),
        pytest.param("GET", "/entries", (400, "bad_window"), id="no-window"),
        pytest.param("GET", "/entries?from=x&to=y", (400, "bad_window"), id="bad-window"),
    ],
)
def test_an_error_says_what_is_not_there(
    app: EmbeddedApp, method: str, path: str, wanted: tuple[int, str]
) -> None:
    assert error(ask(app, method, path)) == wanted


def test_who_and_what_it_is(app: EmbeddedApp) -> None:
    assert ask(app, "GET", "/") == (200, {"name": "trayapp embedded", "version": 1})
    assert ask(app, "GET", "/account") == (200, {"user": "me"})


def test_entries_are_listed_by_their_begin(app: EmbeddedApp) -> None:
    put(app, BODY)
    tomorrow = BODY | {"at": "2026-01-09T09:00:00.000Z"}
    put(app, tomorrow, entry=OTHER_ENTRY, event=LATER)

    def listed(begin: str, end: str) -> list[str]:
        status, answer = ask(app, "GET", f"/entries?from={begin}.000Z&to={end}.000Z")
        assert status == 200
        assert isinstance(answer["entries"], list)
        return [entry["id"] for entry in answer["entries"]]

    assert listed("2026-01-08T00:00:00", "2026-01-10T00:00:00") == [ENTRY, OTHER_ENTRY]
    assert listed("2026-01-09T09:00:00", "2026-01-10T00:00:00") == [OTHER_ENTRY]
    assert listed("2026-01-08T00:00:00", "2026-01-09T09:00:00") == [ENTRY]


def test_what_was_removed_stays_removed(app: EmbeddedApp) -> None:
    put(app, BODY)
    gone = {"id": ENTRY, "removed": True}
    assert ask(app, "DELETE", f"/entries/{ENTRY}") == (200, gone)
    assert ask(app, "DELETE", f"/entries/{ENTRY}") == (200, gone)
    assert error(put(app, BODY)) == (410, "removed")
    assert error(ask(app, "GET", f"/entries/{ENTRY}")) == (410, "removed")


def test_a_file_that_cannot_be_used_is_the_servers_trouble(
    app: EmbeddedApp, store: EmbeddedStore
) -> None:
    store.close()
    store.close()
    body = {"events": [{"entry": ENTRY, "id": EVENT, **BODY}]}
    assert error(ask(app, "POST", "/events", body)) == (500, "storage")


def test_inside_the_process_there_is_nothing_to_refresh(app: EmbeddedApp) -> None:
    body = {"refresh_token": "x"}
    assert error(ask(app, "POST", "/token/refresh", body)) == (400, "invalid_grant")


class TestLoopback:
    @pytest.fixture
    def auth(self) -> Authenticator:
        return Authenticator(FakeClock())

    @pytest.fixture
    def app(self, store: EmbeddedStore, auth: Authenticator) -> EmbeddedApp:
        return EmbeddedApp(store, authenticator=auth, hosts=LOOPBACK_HOSTS)

    def test_a_request_needs_a_good_token(self, app: EmbeddedApp, auth: Authenticator) -> None:
        pair = auth.issue()
        local = {"Host": "localhost:80"}
        good = local | {"Authorization": f"Bearer {pair.access}"}
        assert ask(app, "GET", "/account", headers=good)[0] == 200
        assert error(ask(app, "GET", "/account", headers=local)) == (401, "unauthorized")
        assert error(ask(app, "GET", "/nowhere", headers=local)) == (404, "unknown_route")
        assert ask(app, "GET", "/", headers=local)[0] == 200

    def test_a_refresh_token_brings_a_new_pair(self, app: EmbeddedApp, auth: Authenticator) -> None:
        pair = auth.issue()
        local = {"Host": "127.0.0.1"}
        body = {"refresh_token": pair.refresh}
        status, new = ask(app, "POST", "/token/refresh", body, headers=local)
        assert status == 200
        good = local | {"Authorization": f"Bearer {new['access_token']}"}
        assert ask(app, "GET", "/account", headers=good)[0] == 200
        again = ask(app, "POST", "/token/refresh", body, headers=local)
        assert error(again) == (400, "invalid_grant")

    @pytest.mark.parametrize("body", [{}, [], {"refreshToken": "x"}, {"refresh_token": 5}])
    def test_a_refresh_without_its_field_is_refused(self, app: EmbeddedApp, body: object) -> None:
        reply = ask(app, "POST", "/token/refresh", body, headers={"Host": "[::1]:80"})
        assert error(reply) == (400, "bad_request")

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", ""])
    def test_a_page_that_lends_its_name_gets_no_answer(self, app: EmbeddedApp, host: str) -> None:
        assert error(ask(app, "GET", "/", headers={"Host": host})) == (421, "wrong_host")


def test_it_answers_over_http_as_inside(app: EmbeddedApp) -> None:
    with Loopback(app) as loopback, session_of(app) as inside:
        put(app, BODY)
        here = inside.get(f"http://embedded.invalid/entries/{ENTRY}")
        inside.mount("http://127.0.0.1", HTTPAdapter())
        there = inside.get(f"{loopback.url}/entries/{ENTRY}")
    assert there.json() == here.json()
    assert here.ok


# -- corrections -----------------------------------------------------------------------------------

EDITED = "cccccccc-0000-4000-8000-000000000001"
SEGMENT = {"id": EVENT, "begin": "2026-01-08T08:00:00.000Z", "end": "2026-01-08T09:00:00.000Z"}
TIMES: dict[str, object] = {"state": "stopped", "segments": [SEGMENT]}
EDIT = BODY | {
    "kind": "time_entry_edit",
    "at": "2026-01-08T10:00:00.000Z",
    "note": "new",
    "times": TIMES,
}


def test_an_edit_is_stored_once_and_the_entry_is_as_it_says(app: EmbeddedApp) -> None:
    put(app, BODY)
    status, told = put(app, EDIT, event=EDITED)
    entry = ask(app, "GET", f"/entries/{ENTRY}")[1]
    assert (status, entry["state"], entry["note"]) == (201, "stopped", "new")
    assert entry["segments"] == TIMES["segments"]
    assert entry["events"] == [{"id": EVENT, **BODY}, {"id": EDITED, **EDIT}]
    assert put(app, EDIT, event=EDITED) == (200, told | {"status": 200})
    assert ask(app, "GET", f"/entries/{ENTRY}") == (200, entry)
    other = EDIT | {"times": TIMES | {"segments": [SEGMENT | {"id": "other"}]}}
    assert error(put(app, other, event=EDITED)) == (409, "event_differs")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(None, id="none"),
        pytest.param("yesterday", id="text"),
        pytest.param({"state": "stopped"}, id="no segments"),
        pytest.param(TIMES | {"state": "tired"}, id="unknown state"),
        pytest.param(TIMES | {"state": "running"}, id="running and closed"),
        pytest.param(TIMES | {"segments": []}, id="empty"),
        pytest.param(TIMES | {"segments": [{"id": EVENT}]}, id="half a segment"),
        pytest.param(
            TIMES | {"segments": [{"id": EVENT, "begin": "soon", "end": None}]}, id="no time"
        ),
    ],
)
def test_an_edit_without_sound_times_is_refused(app: EmbeddedApp, times: object) -> None:
    put(app, BODY)
    assert error(put(app, EDIT | {"times": times}, event=EDITED)) == (422, "bad_event")


def test_a_deleted_entry_is_shown_as_that_and_listed_no_more(app: EmbeddedApp) -> None:
    put(app, BODY)
    window = "/entries?from=2026-01-08T00:00:00.000Z&to=2026-01-09T00:00:00.000Z"
    shown = ask(app, "GET", f"/entries/{ENTRY}")[1]
    assert ask(app, "GET", window) == (200, {"entries": [shown]})
    deletion = BODY | {"kind": "time_entry_delete", "at": "2026-01-08T10:00:00.000Z"}
    assert put(app, deletion, event=EDITED)[0] == 201
    entry = ask(app, "GET", f"/entries/{ENTRY}")[1]
    assert entry["deleted"] is True
    assert ask(app, "GET", window) == (200, {"entries": []})
