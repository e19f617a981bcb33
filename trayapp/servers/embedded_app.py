"""The server inside as a WSGI app: the API as it should be.

    PUT    /entries/{uuid}/events/{uuid}   an event with its own time; twice is the same as once
    GET    /entries/{uuid}                 the entry with its events and segments
    GET    /entries?from=&to=              the entries begun in a window
    DELETE /entries/{uuid}                 for good: afterwards 410
    GET    /account                        who we are here
    POST   /token/refresh                  a new pair of tokens for a refresh token
    GET    /                               what this is

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
from trayapp.servers.embedded_json import BadEventError, entry_json, event_from_json, utc_ms
from trayapp.servers.embedded_store import EmbeddedStore, Put

MAX_BODY_BYTES = 256 * 1024
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
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
            (re.compile(rf"/entries/({_UUID})"), {"GET": self._entry, "DELETE": self._remove}),
            (re.compile(rf"/entries/({_UUID})/events/({_UUID})"), {"PUT": self._put}),
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

    def _put(self, request: _Request, entry_id: str, event_id: str) -> tuple[HTTPStatus, object]:
        try:
            event = event_from_json(request.body, entry_id=entry_id, event_id=event_id)
        except BadEventError as error:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            raise _HttpError(status, "bad_event", str(error)) from error
        done = self._store.put(event)
        if done in _PUT_REPLIES:
            raise _HttpError(*_PUT_REPLIES[done])
        events = self._store.events(entry_id)
        if not events:  # removed between the two transactions
            raise _HttpError(*_PUT_REPLIES[Put.GONE])
        return HTTPStatus.CREATED if done is Put.STORED else HTTPStatus.OK, entry_json(events)


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
