"""PlainServer: the unfriendly server, with what most time-tracking servers lack.

Entries with a begin and an end in whole seconds, ids made here, no keys: what is sent twice is
there twice. One entry may be active. Kept in memory; called by several threads.

    POST  /entries                create {begin, end?, project, note}
    GET   /entries?from=&to=      those begun in the window
    GET   /entries/{id}           PATCH /entries/{id} {end, ...}           DELETE /entries/{id}
                                  PATCH /entries/{id}?edit=1: also what is stopped already
    GET   /account                POST /token/refresh
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from trayapp.servers.embedded_auth import Authenticator

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_FIELDS = frozenset({"begin", "end", "project", "note"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainEntry:
    """One record as the server shows it; times are `2026-01-08T09:00:00Z`."""

    id: int
    begin: str
    end: str | None
    project: str
    note: str


class _Refusal(Exception):  # noqa: N818  # an answer, not a defect
    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class PlainServer:
    """The WSGI app and its records."""

    def __init__(self, authenticator: Authenticator | None = None) -> None:
        self._auth = authenticator
        self._lock = threading.Lock()
        self._entries: dict[int, PlainEntry] = {}
        self._next_id = 1
        self._routes: tuple[tuple[re.Pattern[str], Mapping[str, _Action]], ...] = (
            (re.compile(r"/account"), {"GET": self._account}),
            (re.compile(r"/token/refresh"), {"POST": self._refresh}),
            (re.compile(r"/entries"), {"GET": self._list, "POST": self._create}),
            (
                re.compile(r"/entries/(\d+)"),
                {"GET": self._show, "PATCH": self._change, "DELETE": self._remove},
            ),
        )

    @property
    def entries(self) -> tuple[PlainEntry, ...]:
        """All records, in order of creation."""
        with self._lock:
            return tuple(self._entries.values())

    def put(self, entry: PlainEntry) -> None:
        """Somebody else writes a record, past every rule; an id of 0 means a new one."""
        with self._lock:
            kept = entry if entry.id else replace(entry, id=self._new_id())
            self._entries[kept.id] = kept

    def remove(self, entry_id: int) -> None:
        """Somebody else removes a record."""
        with self._lock:
            del self._entries[entry_id]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, answer = self._answer(environ)
        except _Refusal as refusal:
            status, answer = refusal.status, {"error": refusal.code, "message": refusal.message}
        content = json.dumps(answer, ensure_ascii=False).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [content]

    def _answer(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, object]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        for pattern, actions in self._routes:
            match = pattern.fullmatch(path)
            if match is None or method not in actions:
                continue
            if self._auth is not None and path != "/token/refresh":
                self._check_token(self._auth, environ)
            with self._lock:
                return actions[method](_Request.of(environ), *map(int, match.groups()))
        raise _Refusal(HTTPStatus.NOT_FOUND, "unknown_route", f"there is no {path}")

    def _check_token(self, auth: Authenticator, environ: WSGIEnvironment) -> None:
        if not auth.allows(environ.get("HTTP_AUTHORIZATION", "")):
            raise _Refusal(HTTPStatus.UNAUTHORIZED, "unauthorized", "sign in")

    def _account(self, _request: _Request) -> tuple[HTTPStatus, object]:
        return HTTPStatus.OK, {"user": "plain"}

    def _refresh(self, request: _Request) -> tuple[HTTPStatus, object]:
        offered = request.body.get("refresh_token")
        pair = self._auth.refresh(offered) if self._auth and isinstance(offered, str) else None
        if pair is None:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "invalid_grant", "not a good refresh token")
        return HTTPStatus.OK, {"access_token": pair.access, "refresh_token": pair.refresh}

    def _list(self, request: _Request) -> tuple[HTTPStatus, object]:
        begin, end = request.query.get("from", ""), request.query.get("to", "")
        shown = [asdict(entry) for entry in self._entries.values() if begin <= entry.begin < end]
        return HTTPStatus.OK, {"entries": shown}

    def _create(self, request: _Request) -> tuple[HTTPStatus, object]:
        entry = _checked(request.body, PlainEntry(id=0, begin="", end=None, project="", note=""))
        if entry.end is None and any(other.end is None for other in self._entries.values()):
            raise _Refusal(HTTPStatus.CONFLICT, "already_active", "an entry is already active")
        kept = replace(entry, id=self._new_id())
        self._entries[kept.id] = kept
        return HTTPStatus.CREATED, asdict(kept)

    def _show(self, _request: _Request, entry_id: int) -> tuple[HTTPStatus, object]:
        return HTTPStatus.OK, asdict(self._found(entry_id))

    def _change(self, request: _Request, entry_id: int) -> tuple[HTTPStatus, object]:
        entry = self._found(entry_id)
        is_stop = "end" in request.body and "edit" not in request.query
        if is_stop and entry.end is not None:
            raise _Refusal(HTTPStatus.CONFLICT, "already_stopped", "the entry is already stopped")
        changed = _checked(request.body, entry)
        others = (other for name, other in self._entries.items() if name != entry_id)
        if changed.end is None and any(other.end is None for other in others):
            raise _Refusal(HTTPStatus.CONFLICT, "already_active", "an entry is already active")
        self._entries[entry_id] = changed
        return HTTPStatus.OK, asdict(changed)

    def _remove(self, _request: _Request, entry_id: int) -> tuple[HTTPStatus, object]:
        self._found(entry_id)
        del self._entries[entry_id]
        return HTTPStatus.OK, {}

    def _found(self, entry_id: int) -> PlainEntry:
        if entry_id not in self._entries:
            raise _Refusal(HTTPStatus.NOT_FOUND, "unknown_entry", "there is no such entry")
        return self._entries[entry_id]

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1


@dataclass(frozen=True, slots=True)
class _Request:
    query: Mapping[str, str]
    body: Mapping[str, object]

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> _Request:
        query = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        content = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
        body = json.loads(content) if content else {}
        if not isinstance(body, dict):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "bad_json", "the body is not an object")
        return cls(query, body)


_Action = Callable[..., tuple[HTTPStatus, object]]


def _checked(body: Mapping[str, object], entry: PlainEntry) -> PlainEntry:
    """`entry` with the fields of `body`, as far as they make sense."""
    shown = asdict(entry) | {name: value for name, value in body.items() if name in _FIELDS}
    begin, end = shown["begin"], shown["end"]
    times = [begin] if end is None else [begin, end]
    if not all(isinstance(time, str) and _TIME.fullmatch(time) for time in times):
        raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_time", "times are whole seconds, UTC")
    if end is not None and end <= begin:
        raise _Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, "bad_time", "the end is not after the begin"
        )
    return PlainEntry(**shown)


def second_text(at: datetime) -> str:
    """A UTC time on whole seconds, parts of one cut: `2026-01-08T09:00:00Z`."""
    return at.replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def shown_times(began_at: datetime, ended_at: datetime | None) -> tuple[str, str | None]:
    """How a segment is rounded: begin down, end down but at least a second after the begin."""
    begin = began_at.replace(microsecond=0)
    if ended_at is None:
        return second_text(begin), None
    end = max(ended_at.replace(microsecond=0), begin + timedelta(seconds=1))
    return second_text(begin), second_text(end)
