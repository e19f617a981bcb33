"""HubnityServer fake: refuses exactly what the real one was seen to refuse, in its own words.

Two dialects: "feb" (prefix /api/v1, the batch route, one active entry kept by the database) and
"dec" (prefix /api, no batch route, a pause moves the start). Kept in memory, called by several
threads, one request at a time.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from tests.hubnity_server_auth import Tokens as IssuedTokens
from tests.hubnity_server_checks import (
    Refusal,
    bad,
    boolean,
    broken,
    check,
    missing,
    refusal,
    text,
)
from tests.hubnity_server_entries import Books
from tests.hubnity_server_records import Project, User
from trayapp.accounts.tokens import Tokens, TokenStore
from trayapp.clock import Clock

FEB, DEC = "feb", "dec"
DIALECTS = (FEB, DEC)
_PRODUCTION = {"/auth/login": 5, "/auth/refresh": 10}
_OPEN = {"/auth/login", "/auth/refresh", "/auth/logout-by-refresh-token", ""}


@dataclass(frozen=True, slots=True)
class _Request:
    user: User
    query: Mapping[str, str]
    body: Mapping[str, object]


class FakeHubnity:
    """The WSGI app, its books, and the hands of others on them."""

    def __init__(self, clock: Clock, dialect: str = FEB, *, production: bool = False) -> None:
        """`production`: the narrow throttling; without it nothing is throttled."""
        self.prefix = "/api/v1" if dialect == FEB else "/api"
        self.books = Books(clock, is_feb=dialect == FEB)
        self.tokens = IssuedTokens(self.books)
        self.me = self.add_user("me@example.com")
        self.website = self.add_project("Website")
        self.is_down = False
        self._production = production
        self._lock = threading.Lock()
        self._seen: dict[str, list[int]] = {}
        self._routes = _routes_of(self, is_feb=dialect == FEB)

    # -- somebody else's hands -------------------------------------------------------------

    def add_user(self, email: str, *, role: str = "EMPLOYEE") -> User:
        user = User(id=str(uuid.uuid4()), email=email, password="correct horse", role=role)
        self.books.users[user.id] = user
        return user

    def add_project(self, name: str, *, archived: bool = False) -> Project:
        project = Project(id=str(uuid.uuid4()), name=name, archived=archived)
        self.books.projects[project.id] = project
        return project

    def sign_in(self, store: TokenStore) -> None:
        """As a login does it."""
        pair = self.tokens.issue(self.me)
        store.save(Tokens(access=pair["access_token"], refresh=pair["refresh_token"]))

    # -- the app ---------------------------------------------------------------------------

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = [("Content-Type", "application/json")]
        try:
            with self._lock:
                status, answer = self._answer(environ)
        except Refusal as refused:
            status, answer = refused.status, refused.body
            if status is HTTPStatus.TOO_MANY_REQUESTS:
                headers.append(("Retry-After", "60"))
        content = b"" if answer is None else json.dumps(answer, ensure_ascii=False).encode()
        headers.append(("Content-Length", str(len(content))))
        start_response(f"{status.value} {status.phrase}", headers)
        return [content]

    def _answer(self, environ: WSGIEnvironment) -> tuple[HTTPStatus, object]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        inner = path.removeprefix(self.prefix) if path.startswith(self.prefix) else "?"
        for verb, pattern, action in self._routes:
            match = re.fullmatch(pattern, inner)
            if match is None or verb != method:
                continue
            self._throttle(method + pattern, inner)
            is_open = inner in _OPEN
            self._check_up(is_open=is_open and inner != "/auth/refresh")
            user = (
                self.me if is_open else self.tokens.user_of(environ.get("HTTP_AUTHORIZATION", ""))
            )
            request = _Request(user, _query_of(environ), self._body_of(environ))
            return action(request, *match.groups())
        return missing(f"Cannot {method} {path}")

    def _check_up(self, *, is_open: bool) -> None:
        if self.is_down and not is_open:
            broken()

    def _throttle(self, route: str, path: str) -> None:
        if not self._production:
            return
        recent = [at for at in self._seen.get(route, []) if at > self.books.now - 60_000]
        self._seen[route] = [*recent, self.books.now]
        if len(recent) >= _PRODUCTION.get(path, 100):
            status = HTTPStatus.TOO_MANY_REQUESTS
            words = "ThrottlerException: Too Many Requests"
            raise Refusal(status, {"statusCode": status.value, "message": words})

    def _body_of(self, environ: WSGIEnvironment) -> Mapping[str, object]:
        length = int(environ["CONTENT_LENGTH"] or 0)
        limit = 10 if self.books.is_feb else 50
        if length > limit * 1024 * 1024:
            words = f"Request body exceeds maximum allowed size ({limit}mb)."
            body = {"statusCode": 413, "error": "Payload Too Large", "message": words}
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, body)
        content = environ["wsgi.input"].read(length)
        try:
            body = json.loads(content) if content else {}
        except ValueError:
            bad("Unexpected token in JSON")
        if "\\u0000" in content.decode() or "\0" in json.dumps(body, ensure_ascii=False):
            broken()
        return body if isinstance(body, dict) else {}

    # -- tokens ----------------------------------------------------------------------------

    def log_in(self, request: _Request) -> tuple[HTTPStatus, object]:
        check(request.body, {"email": text, "password": text}, {})
        for user in self.books.users.values():
            if (user.email, user.password) == (request.body["email"], request.body["password"]):
                return HTTPStatus.OK, {"user": _person(user), **self.tokens.issue(user)}
        raise refusal(HTTPStatus.UNAUTHORIZED, "Invalid credentials")

    def refresh(self, request: _Request) -> tuple[HTTPStatus, object]:
        return HTTPStatus.OK, self.tokens.refresh(request.body)

    def log_out(self, request: _Request) -> tuple[HTTPStatus, object]:
        self.tokens.revoke_of(request.user, request.body.get("refreshToken"))
        return HTTPStatus.OK, {"message": "Logged out successfully"}

    def log_out_openly(self, request: _Request) -> tuple[HTTPStatus, object]:
        self.tokens.revoke_one(request.body)
        return HTTPStatus.OK, {"message": "Logged out successfully"}

    # -- the rest --------------------------------------------------------------------------

    def projects(self, *, active: bool) -> list[dict[str, object]]:
        return [
            {
                "id": project.id,
                "name": project.name,
                "status": "ARCHIVED" if project.archived else "ACTIVE",
                "color": "#3b82f6",
            }
            for project in self.books.projects.values()
            if not (active and project.archived)
        ]

    def beat(self, request: _Request) -> tuple[HTTPStatus, object]:
        check(request.body, {}, {"isActive": boolean})
        request.user.beat_ms = self.books.now
        return HTTPStatus.OK, {"success": True}

    def synced(self, request: _Request) -> tuple[HTTPStatus, object]:
        done = self.books.sync(request.body)
        rows = [{"idempotencyKey": e.key, "id": e.id, "action": action} for e, action in done]
        made = sum(action == "created" for _, action in done)
        answer = {"created": made, "skipped": len(done) - made, "entries": rows}
        return HTTPStatus.OK, answer

    def removed(self, request: _Request, entry_id: str) -> tuple[HTTPStatus, object]:
        self.books.remove(request.user, entry_id)
        return HTTPStatus.NO_CONTENT, None


_Action = Callable[..., tuple[HTTPStatus, object]]
_Route = tuple[str, str, _Action]


def _routes_of(app: FakeHubnity, *, is_feb: bool) -> list[_Route]:
    books, okay = app.books, HTTPStatus.OK
    entry = r"/time-entries/([^/]+)"
    routes: list[_Route] = [
        ("GET", "", lambda _: (okay, "Hubnity API is running!")),
        ("POST", "/auth/login", app.log_in),
        ("POST", "/auth/refresh", app.refresh),
        ("POST", "/auth/logout", app.log_out),
        ("POST", "/auth/logout-by-refresh-token", app.log_out_openly),
        ("GET", "/auth/me", lambda r: (okay, _person(r.user))),
        ("GET", "/projects", lambda _: (okay, app.projects(active=False))),
        ("GET", "/projects/active", lambda _: (okay, app.projects(active=True))),
        ("POST", "/idle/heartbeat", app.beat),
        (
            "POST",
            "/time-entries",
            lambda r: (HTTPStatus.CREATED, books.shown(books.create(r.user, r.body))),
        ),
        (
            "GET",
            "/time-entries",
            lambda r: (okay, [*map(books.shown, books.listed(r.user, r.query))]),
        ),
        (
            "GET",
            "/time-entries/my",
            lambda r: (okay, [*map(books.shown, books.listed(r.user, r.query, mine=True))]),
        ),
        (
            "GET",
            "/time-entries/active",
            lambda r: (okay, [*map(books.shown, books.active(r.user))]),
        ),
        ("GET", entry, lambda _, name: (okay, books.shown(books.found(name)))),
        ("PATCH", entry, lambda r, name: (okay, books.shown(books.change(name, r.body)))),
        ("DELETE", entry, app.removed),
        (
            "PUT",
            entry + "/(pause|resume|stop)",
            lambda r, name, verb: (okay, books.shown(books.apply(r.user, name, verb))),
        ),
    ]
    return [*routes, ("POST", "/time-entries/sync", app.synced)] if is_feb else routes


def _person(user: User) -> dict[str, object]:
    names = {"id": user.id, "name": user.email.partition("@")[0], "email": user.email}
    return {**names, "role": user.role, "status": "ACTIVE", "companyId": "company"}


def _query_of(environ: WSGIEnvironment) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
