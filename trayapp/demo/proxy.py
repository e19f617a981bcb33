"""MisbehavingProxy: stands before a server and spoils requests, on a script or by a seed.

A thread per connection. It keeps a ledger of what it saw: methods, paths, what became of them;
never a header or a body.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from trayapp.demo.loopback import Served, hang_up, read_body

_HELD_SECONDS = 0.02
_UPSTREAM_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Pass:
    """Let it through, as a proxy should."""


@dataclass(frozen=True, slots=True)
class DropBefore:
    """The connection is closed before the server sees the request."""


@dataclass(frozen=True, slots=True)
class DropAfter:
    """The server acts, and its answer is thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Held until `until` is set, or `seconds` are over; `after`: the server has acted already."""

    until: threading.Event | None = None
    seconds: float = 60
    after: bool = False


@dataclass(frozen=True, slots=True)
class Double:
    """The server gets the request twice; its first answer is passed on."""


@dataclass(frozen=True, slots=True)
class Truncate:
    """The server acts, and half of its answer is passed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The proxy answers itself; `after`: the server has acted nevertheless."""

    status: int
    body: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    after: bool = False


Fault = Pass | DropBefore | DropAfter | Delay | Double | Truncate | Say

SAY_401 = Say(status=401)
SAY_403 = Say(status=403, body='{"error": "forbidden", "message": "not yours"}')
SAY_404 = Say(status=404, body="<html><body>Not Found</body></html>", content_type="text/html")
SAY_429_SECONDS = Say(status=429, headers={"Retry-After": "7"})
SAY_429_DATE = Say(status=429, headers={"Retry-After": "Thu, 08 Jan 2026 10:00:00 GMT"})
SAY_500 = Say(status=500)
SAY_503 = Say(status=503, headers={"Retry-After": "5"})
SAY_HTML = Say(status=200, body="<!doctype html><p>Welcome</p>", content_type="text/html")
SAY_ELSEWHERE = Say(status=302, headers={"Location": "http://elsewhere.invalid/"})

CHAOS: tuple[Fault, ...] = (
    DropBefore(),
    DropAfter(),
    Delay(seconds=0.05),
    Truncate(),
    SAY_500,
    Say(status=502, body="<html>Bad Gateway</html>", content_type="text/html", after=True),
    SAY_503,
)


def chaos(seed: int, *, share: float = 0.5, faults: Sequence[Fault] = CHAOS) -> Iterator[Fault]:
    """Faults for ever: one of `faults` for that share of the requests, by the seed."""
    dice = random.Random(seed)  # noqa: S311  # a repeatable story, not a secret
    while True:
        yield dice.choice(faults) if dice.random() < share else Pass()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request: what was done to it, how often the server got it, what the client was told."""

    method: str
    path: str
    fault: Fault
    reached: int
    status: int | None


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class MisbehavingProxy(Served):
    """A proxy that does to each request what its script says; stopped, it refuses connections."""

    def __init__(self, upstream: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__("proxy", lambda: type("_BoundHandler", (_Handler,), {"proxy": self}))
        address = urlsplit(upstream)
        self._upstream = (address.hostname or "", address.port or 80)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._seen: list[Seen] = []
        self._forwarding: set[http.client.HTTPConnection] = set()
        self.play(faults)

    def play(
        self, faults: Iterable[Fault], *, only: Callable[[str, str], bool] | None = None
    ) -> None:
        """Forget the script so far: these faults are for the next requests, one each, then none.

        `only`: those whose method and path it accepts; the others pass.
        """
        with self._lock:
            self._faults = iter(faults)
            self._only = only

    @property
    def ledger(self) -> tuple[Seen, ...]:
        """What it saw so far, in order of completion."""
        with self._lock:
            return tuple(self._seen)

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            for connection in self._forwarding:
                if connection.sock is not None:
                    hang_up(connection.sock)
        super().stop()
        self._stopping.clear()

    def fault_for(self, method: str, path: str) -> Fault:
        """The script's next word, if this request is one it speaks about."""
        with self._lock:
            if self._only is not None and not self._only(method, path):
                return Pass()
            return next(self._faults, Pass())

    def note(self, seen: Seen) -> None:
        """Write it into the ledger."""
        with self._lock:
            self._seen.append(seen)

    def hold(self, delay: Delay) -> None:
        """Wait as `delay` says, or until the proxy stops."""
        ends = time.monotonic() + delay.seconds
        until = delay.until or threading.Event()
        while time.monotonic() < ends and not self._stopping.is_set():
            if until.wait(_HELD_SECONDS):
                return

    def forward(self, handler: BaseHTTPRequestHandler, content: bytes) -> _Reply:
        """The server's answer, or a 502 in its place."""
        connection = http.client.HTTPConnection(*self._upstream, timeout=_UPSTREAM_SECONDS)
        headers = {
            name: value for name, value in handler.headers.items() if name.lower() != "connection"
        }
        with self._lock:
            self._forwarding.add(connection)
        try:
            connection.request(handler.command, handler.path, content or None, headers)
            answer = connection.getresponse()
            return _Reply(answer.status, answer.getheaders(), answer.read())
        except (OSError, http.client.HTTPException):
            return _Reply(502, (("Content-Type", "text/html"),), b"<html>Bad Gateway</html>")
        finally:
            with self._lock:
                self._forwarding.discard(connection)
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: MisbehavingProxy

    def log_message(self, *_args: object) -> None:
        """Say nothing: the ledger tells."""

    def serve(self) -> None:
        content = read_body(self)
        path = self.path.partition("?")[0]
        fault = self.proxy.fault_for(self.command, path)
        reached, reply = self._apply(fault, content)
        status = None if reply is None else reply.status
        # Noted before the client can know, so that a test finds it.
        self.proxy.note(
            Seen(method=self.command, path=path, fault=fault, reached=reached, status=status)
        )
        if reply is None:
            self._drop()
        else:
            self._reply(reply, cut=isinstance(fault, Truncate))

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815  # the base's names

    def _apply(self, fault: Fault, content: bytes) -> tuple[int, _Reply | None]:
        """How often the server got the request, and what the client is to get (None: nothing)."""
        if isinstance(fault, DropBefore):
            return 0, None
        if isinstance(fault, Say) and not fault.after:
            return 0, _said(fault)
        if isinstance(fault, Delay) and not fault.after:
            self.proxy.hold(fault)
        reply: _Reply | None = self.proxy.forward(self, content)
        if isinstance(fault, Double):
            self.proxy.forward(self, content)
            return 2, reply
        if isinstance(fault, Delay) and fault.after:
            self.proxy.hold(fault)
        return 1, _after_the_act(fault, reply)

    def _drop(self) -> None:
        self.close_connection = True
        hang_up(self.connection)

    def _reply(self, reply: _Reply, *, cut: bool) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if cut else reply.body)
        if cut:
            self.wfile.flush()
            self._drop()


def _after_the_act(fault: Fault, reply: _Reply | None) -> _Reply | None:
    if isinstance(fault, DropAfter):
        return None
    return _said(fault) if isinstance(fault, Say) else reply


def _said(fault: Say) -> _Reply:
    headers = (("Content-Type", fault.content_type), *fault.headers.items())
    return _Reply(fault.status, headers, fault.body.encode())
