"""HttpClient: the only place that makes HTTP requests, and the way an expired token is renewed.

Runs on the sync thread (or any one that asks); a request may take up to a minute and never
raises. `requests` is loaded with the first one.
"""

from __future__ import annotations

import http.client
import io
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from trayapp.accounts.tokens import (
    NothingToRefresh,
    RefreshError,
    RefreshRefused,
    RefreshUnreachable,
    Tokens,
    TokensLocked,
    TokenSource,
)
from trayapp.light import dataclass
from trayapp.servers.http_answer import Answer, phrase_of, read_answer
from trayapp.servers.http_outcomes import outcome_of_exception, outcome_of_status
from trayapp.sync.outcome import (
    Doubtful,
    Locked,
    Offline,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
)
from trayapp.sync.skew import skew_of, tell

if TYPE_CHECKING:
    import requests

    from trayapp.servers.http_way import Shown, Way

MAX_ANSWER_BYTES = 1024 * 1024
_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode

_logger = logging.getLogger(__name__)
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait: for a connection, for the next bytes, and for the whole request."""

    connect_seconds: float = 5
    read_seconds: float = 20
    total_seconds: float = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    path: str
    query: Mapping[str, str] | None
    content: bytes | None


class _Body(io.BytesIO):
    """A request's body that knows whether its first byte was taken to be sent.

    The head alone makes no server act: it announces a body that is still missing.
    """

    left = False

    def __init__(self, content: bytes, ends_at: float) -> None:
        super().__init__(content)
        self._ends_at = ends_at

    def read(self, size: int | None = -1, /) -> bytes:
        self.left = True
        if time.monotonic() > self._ends_at:  # the server takes it crumb by crumb
            raise TimeoutError
        return super().read(size)


def bearer(access: str) -> Mapping[str, str]:
    """How most servers are shown an access token."""
    return {"Authorization": f"Bearer {access}"}


class HttpClient:
    """One session with one server. Any thread may call; several at once is allowed."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: TokenSource | None = None,
        shown_as: Callable[[str], Mapping[str, str]] = bearer,
        make_session: Callable[[], requests.Session] | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        """`base_url` with its prefix; `shown_as` gives the headers that show an access token.

        `make_session` replaces the network, for a server inside.
        """
        self._base_url = base_url.rstrip("/")
        self._auth = auth
        self._shown_as = shown_as
        self._make_session = make_session or new_session
        self._timeouts = timeouts or Timeouts()
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self._way: Way | None = None
        self._shown: Shown | None = None

    def get(self, path: str, *, query: Mapping[str, str] | None = None) -> Answer | Outcome:
        """Read something; an Outcome when no answer came, never a doubtful one."""
        return self._authorized(_Call(method="GET", path=path, query=query, content=None))

    def send(self, method: str, path: str, body: object = None) -> Answer | Outcome:
        """Change something; an Outcome when no answer came."""
        content = b"" if body is None else _AS_JSON(body).encode()
        return self._authorized(_Call(method=method, path=path, query=None, content=content))

    def close(self) -> None:
        """Give up the connections; the next request opens new ones."""
        with self._lock:
            session, self._session = self._session, None
            self._way = self._shown = None
        if session is not None:
            session.close()

    def _authorized(self, call: _Call) -> Answer | Outcome:
        if self._auth is None:
            return self._once(call, "")
        try:
            access = self._auth.access()
            answer = self._once(call, access)
            if not isinstance(answer, Answer) or answer.status != _UNAUTHORIZED:
                return answer
            _logger.info("Token expired (401)")
            try:
                access = self._auth.renew(access)
            except NothingToRefresh:
                return answer  # the server's own words say why
        except RefreshError as error:
            return _outcome_of_refresh(error)
        # A 401 was not acted upon, so even what may not be repeated goes once more.
        return self._once(call, access)

    def _once(self, call: _Call, access: str) -> Answer | Outcome:
        import requests  # noqa: PLC0415  # loads late, on purpose
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # loads late, on purpose

        from trayapp.servers.http_session import within  # noqa: PLC0415  # it needs requests

        total = self._timeouts.total_seconds
        body = _Body(call.content or b"", time.monotonic() + total)
        asked_at = datetime.now(UTC)
        try:
            with within(total):
                answer = read_answer(self._respond(call, access, body), MAX_ANSWER_BYTES)
        except (
            requests.RequestException,
            HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            with self._lock:
                self._way = None  # a proxy may have changed
            # Without a body there is no telling when the request was complete.
            left = call.method != "GET" and (body.left or not call.content)
            return outcome_of_exception(error, request_left=left)
        _tell_skew(answer, asked_at)
        return answer

    def _respond(self, call: _Call, access: str, body: _Body) -> requests.Response:
        way = self._open()
        headers = dict(self._headers(way.session, access))
        if call.content:
            headers["Content-Type"] = "application/json"
        if call.method != "GET":
            headers["Content-Length"] = str(len(call.content or b""))
        return way.ask(
            call.method,
            way.address(call.path, call.query),
            headers,
            body if call.content else None,
            wait=(self._timeouts.connect_seconds, self._timeouts.read_seconds),
        )

    def _open(self) -> Way:
        from trayapp.servers.http_way import Way  # noqa: PLC0415  # it needs requests

        with self._lock:
            if self._session is None:
                self._session = self._make_session()
            if self._way is None:
                self._way = Way.find(self._session, self._base_url)
            return self._way

    def _headers(self, session: requests.Session, access: str) -> Mapping[str, str]:
        """What every request says: made, and looked over, once for each token."""
        from trayapp.servers.http_way import Shown  # noqa: PLC0415  # it needs requests

        shown = self._shown
        if shown is None or shown.access != access or shown.session is not session:
            ours = self._shown_as(access) if access else {}
            shown = self._shown = Shown.of(session, access, ours)
        return shown.headers


def _tell_skew(answer: Answer, asked_at: datetime) -> None:
    """Compare the clocks; a page of a portal may have been kept for long."""
    if answer.is_json and answer.date is not None:
        tell(skew_of(answer.date, asked_at=asked_at, answered_at=datetime.now(UTC)))


def token_refresher(
    client: HttpClient, path: str, *, field: str = "refresh_token"
) -> Callable[[str], Tokens]:
    """How a TokenSource gets a new pair: `field` posted to `path` by a bare `client`."""

    def refresh(token: str) -> Tokens:
        answer = client.send("POST", path, {field: token})
        client.close()  # seldom needed: a connection that is kept would only stay open
        if not isinstance(answer, Answer):
            # A lost answer: where the server takes a refresh token twice nothing is lost, and
            # where it does not, the next try says so.
            lost = isinstance(answer, Doubtful)
            raise RefreshFailed(Offline(answer.reason) if lost else answer)
        outcome = outcome_of_status(answer, repeatable=True)
        access, new = answer.field("access_token"), answer.field("refresh_token")
        if outcome is None and isinstance(access, str) and access:
            return Tokens(access=access, refresh=new if isinstance(new, str) and new else token)
        if isinstance(outcome, (Refused, SignedOut)):
            raise RefreshRefused(answer.status_line)
        what = answer.status_line
        if outcome is not None and answer.is_success:  # a good status, and yet no answer of the API
            what = outcome.reason
        reason = f"Token refresh failed: {what}"
        if outcome is None:
            raise RefreshFailed(ServerTrouble(f"{reason}, without a token"))
        raise RefreshFailed(replace(outcome, reason=reason))

    return refresh


class RefreshFailed(RefreshUnreachable):
    """The refresh ended in an outcome that is neither yes nor no."""

    def __init__(self, outcome: Outcome) -> None:
        told = outcome.retry_after if isinstance(outcome, (ServerTrouble, Throttled)) else None
        super().__init__(outcome.reason, retry_after=told)
        self.outcome = outcome

    def after(self, left: timedelta) -> RefreshFailed:
        outcome = self.outcome
        if isinstance(outcome, (ServerTrouble, Throttled)):
            outcome = replace(outcome, retry_after=left)
        return RefreshFailed(outcome)


def _outcome_of_refresh(error: RefreshError) -> Outcome:
    if isinstance(error, RefreshFailed):
        return error.outcome
    if isinstance(error, NothingToRefresh):
        return SignedOut(f"HTTP {_UNAUTHORIZED}: {phrase_of(_UNAUTHORIZED)}")
    if isinstance(error, TokensLocked):
        return Locked(f"Keyring: {error.reason}")
    reason = f"Token refresh failed: {error.reason}"
    return SignedOut(reason) if isinstance(error, RefreshRefused) else Offline(reason)


def new_session() -> requests.Session:
    """A session with the network, as every client makes it."""
    from trayapp.servers import http_session  # noqa: PLC0415  # loads requests, late

    return http_session.new_session()
