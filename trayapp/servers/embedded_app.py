"""The server inside as a WSGI app: the API as it should be.

    POST   /events             up to 100 events, each with its own time; twice is the same as once
    GET    /entries/{uuid}     the entry with its events and segments
    GET    /entries?from=&to=  the entries begun in a window
    DELETE /entries/{uuid}     for good: afterwards 410
    GET    /account            who we are here
    POST   /token/refresh      a new pair of tokens for a refresh token
    GET    /                   what this is

Events are stored in their order, all in one transaction, and answered one by one, each with a
status of its own. One that is refused holds up those of its entry behind it, and no other.

Beside the clicks there are two kinds of events that correct: an edit with all times of the entry,
after which it is as that says, and a deletion, after which the entry is listed no more.

Errors are {"error": code, "message": words}; "unknown_route" is not "unknown_entry". Called by
one thread in the app and by several on loopback; blocks for one transaction of its file.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from trayapp.light import dataclass
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_json import (
    MAX_EVENTS,
    UUID,
    BadEventError,
    JsonObject,
    entry_json,
    event_json,
    events_from_json,
    id_in,
    utc_ms,
)
from trayapp.servers.embedded_store import EmbeddedStore, Put, StoredEvent

MAX_BODY_BYTES = 256 * 1024
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

_PUT_REPLIES = {
    Put.DIFFERS: (HTTPStatus.CONFLICT, "event_differs", "this event is stored with other content"),
    Put.NOT_STARTED: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "not_started",
        "the first event of an entry is its start, or an edit with its times",
    ),
    Put.NOT_LATER: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "not_later",
        "the entry has an event at or after this time",
    ),
    Put.GONE: (HTTPStatus.GONE, "removed", "this entry was removed"),
    Put.BEHIND: (
        HTTPStatus.FAILED_DEPENDENCY,
        "behind",
        "an earlier event of this entry was not stored",
    ),
}


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Mapping[str, str]
    body: object


class _HttpError(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class EmbeddedApp:
    """The WSGI app. Without an `authenticator` it is only to be called inside the process."""

    def __init__(
        self,
        store: EmbeddedStore,
        *,
        user: str = "",
        authenticator: Authenticator | None = None,
        hosts: Collection[str] | None = None,
    ) -> None:
        """`hosts`: on loopback, the names a request may ask for (a web page's own is not one)."""
        self._store = store
        self._user = user
        self._auth = authenticator
        self._hosts = hosts
        self._routes: tuple[tuple[re.Pattern[str], Mapping[str, _Action]], ...] = (
            (re.compile(r"/"), {"GET": self._about}),
            (re.compile(r"/account"), {"GET": self._account}),
            (re.compile(r"/token/refresh"), {"POST": self._refresh}),
            (re.compile(r"/entries"), {"GET": self._entries}),
            (re.compile(rf"/entries/({UUID})"), {"GET": self._entry, "DELETE": self._remove}),
            (re.compile(r"/events"), {"POST": self._put}),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, answer = self._answer(environ)
        except _HttpError as error:
            status, answer = error.status, {"error": error.code, "message": error.message}
        except (sqlite3.Error, OSError) as error:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            answer = {"error": "storage", "message": f"the server's file cannot be used: {error}"}
        content = json.dumps(answer, ensure_ascii=False).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        if status is HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", "Bearer"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [content]

    def _answer(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, object]:
        self._check_host(environ)
        path, method = environ["PATH_INFO"] or "/", environ["REQUEST_METHOD"]
        for pattern, actions in self._routes:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if method not in actions:
                code, words = HTTPStatus.METHOD_NOT_ALLOWED, f"{path} has no {method}"
                raise _HttpError(code, "unknown_method", words)
            self._check_token(environ, path)
            query = {
                name: values[-1]
                for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()
            }
            request = _Request(method, path, query, _read_json(environ))
            return actions[method](request, *match.groups())
        raise _HttpError(HTTPStatus.NOT_FOUND, "unknown_route", f"there is no {path} here")

    def _check_host(self, environ: WSGIEnvironment) -> None:
        if self._hosts is None:
            return
        name = re.sub(r":\d+$", "", environ.get("HTTP_HOST", ""))
        if name not in self._hosts:
            words = "this server answers only to this machine"
            raise _HttpError(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", words)

    def _check_token(self, environ: WSGIEnvironment, path: str) -> None:
        if self._auth is None or path in {"/", "/token/refresh"}:
            return
        if not self._auth.allows(environ.get("HTTP_AUTHORIZATION", "")):
            words = "the access token is missing, has ended or is not good"
            raise _HttpError(HTTPStatus.UNAUTHORIZED, "unauthorized", words)

    def _about(self, _request: _Request) -> tuple[HTTPStatus, object]:
        return HTTPStatus.OK, {"name": "trayapp embedded", "version": 1}

    def _account(self, _request: _Request) -> tuple[HTTPStatus, object]:
        return HTTPStatus.OK, {"user": self._user}

    def _refresh(self, request: _Request) -> tuple[HTTPStatus, object]:
        body = request.body if isinstance(request.body, dict) else {}
        offered = body.get("refresh_token")
        if not isinstance(offered, str):
            raise _HttpError(HTTPStatus.BAD_REQUEST, "bad_request", "refresh_token is missing")
        pair = self._auth.refresh(offered) if self._auth else None
        if pair is None:
            words = "this refresh token is not good"
            raise _HttpError(HTTPStatus.BAD_REQUEST, "invalid_grant", words)
        return HTTPStatus.OK, {"access_token": pair.access, "refresh_token": pair.refresh}

    def _entries(self, request: _Request) -> tuple[HTTPStatus, object]:
        try:
            window = [utc_ms(request.query[name]) for name in ("from", "to")]
        except (KeyError, ValueError) as error:
            words = "from and to are times such as 2026-01-08T09:00:00.000Z"
            raise _HttpError(HTTPStatus.BAD_REQUEST, "bad_window", words) from error
        found = self._store.entries_begun(window[0], window[1])
        stored = (self._store.events(entry_id) for entry_id in found)
        # One may have been removed since it was found.
        shown = (entry_json(events) for events in stored if events)
        return HTTPStatus.OK, {"entries": [entry for entry in shown if not entry["deleted"]]}

    def _entry(self, _request: _Request, entry_id: str) -> tuple[HTTPStatus, object]:
        events = self._store.events(entry_id)
        if events:
            return HTTPStatus.OK, entry_json(events)
        if self._store.is_removed(entry_id):
            status, code, words = _PUT_REPLIES[Put.GONE]
            raise _HttpError(status, code, words)
        raise _HttpError(HTTPStatus.NOT_FOUND, "unknown_entry", "there is no such entry")

    def _remove(self, _request: _Request, entry_id: str) -> tuple[HTTPStatus, object]:
        if not self._store.remove(entry_id) and not self._store.is_removed(entry_id):
            raise _HttpError(HTTPStatus.NOT_FOUND, "unknown_entry", "there is no such entry")
        return HTTPStatus.OK, {"id": entry_id, "removed": True}

    def _put(self, request: _Request) -> tuple[HTTPStatus, object]:
        sent = request.body.get("events") if isinstance(request.body, dict) else None
        if not isinstance(sent, list) or not 1 <= len(sent) <= MAX_EVENTS:
            words = f"events is a list of at most {MAX_EVENTS}, and of at least one"
            raise _HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_events", words)
        read = events_from_json(sent)
        done = iter(self._store.put(*(one for one in read if isinstance(one, StoredEvent))))
        # Each as if it had been sent by itself: a bad one spoils no other.
        told = [
            _told_of(one, next(done)) if isinstance(one, StoredEvent) else _told_of_bad(one, raw)
            for one, raw in zip(read, sent, strict=True)
        ]
        return HTTPStatus.OK, {"events": told}


def _told_of(event: StoredEvent, done: Put) -> JsonObject:
    if done in _PUT_REPLIES:
        return {"id": event.id, **_error(*_PUT_REPLIES[done])}
    status = HTTPStatus.CREATED if done is Put.STORED else HTTPStatus.OK
    shown = {"entry": event.entry_id, **event_json(event)}
    return {"id": event.id, "status": status.value, "event": shown}


def _told_of_bad(found: BadEventError | None, raw: object) -> JsonObject:
    """`found` None: nothing is wrong with it but what stands before it."""
    told = _error(*_PUT_REPLIES[Put.BEHIND])
    if found is not None:
        told = _error(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_event", str(found))
    return {"id": id_in(raw, "id"), **told}


def _error(status: HTTPStatus, code: str, words: str) -> JsonObject:
    return {"status": status.value, "error": code, "message": words}


_Action = Callable[..., tuple[HTTPStatus, object]]


def _read_json(environ: WSGIEnvironment) -> object:
    text = environ.get("CONTENT_LENGTH") or "0"
    if not text.isdecimal():
        raise _HttpError(HTTPStatus.BAD_REQUEST, "bad_length", "Content-Length is not a number")
    if int(text) > MAX_BODY_BYTES:
        words = f"a body has at most {MAX_BODY_BYTES} bytes"
        raise _HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", words)
    content = environ["wsgi.input"].read(int(text))
    if not content:
        return None
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _HttpError(HTTPStatus.BAD_REQUEST, "bad_json", "the body is not JSON") from error
    return body
