"""MisbehavingProxy: stands before a server and spoils requests, on a script or by a seed.

A thread per connection. It keeps a ledger of what it saw: methods, paths, what became of them;
never a header or a body.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from http.server import BaseHTTPRequestHandler

from trayapp.demo.loopback import Served, hang_up, has_hung_up, read_body, reset
from trayapp.demo.upstream import Reply, Upstream
from trayapp.light import dataclass

_HELD_SECONDS = 0.02


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
class Reset:
    """The connection is reset (RST); `after`: the server has acted already."""

    after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Held until `until` is set, or `seconds` are over; `after`: the server has acted already."""

    until: threading.Event | None = None
    seconds: float = 60
    after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlast:
    """Held until the client has given up; `after`: the server has acted before that, not then."""

    after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trickle:
    """The server acts, and its answer comes a few bytes at a time with a pause before each."""

    pause_seconds: float
    at_once: int = 1


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


Fault = Pass | DropBefore | DropAfter | Reset | Delay | Outlast | Trickle | Double | Truncate | Say

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
    """One request: what was done to it, how often the server got it, what the client was told.

    `content` is its body.
    """

    method: str
    path: str
    fault: Fault
    reached: int
    status: int | None
    content: bytes = field(default=b"", repr=False, compare=False)


class MisbehavingProxy(Served):
    """A proxy that does to each request what its script says; stopped, it refuses connections."""

    def __init__(self, upstream: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__("proxy", lambda: type("_BoundHandler", (_Handler,), {"proxy": self}))
        self._upstream = Upstream(upstream)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._seen: list[Seen] = []
        self.play(faults)

    def play(
        self,
        faults: Iterable[Fault],
        *,
        only: Callable[[str, str], bool] | None = None,
        in_turn: bool = False,
    ) -> None:
        """Forget the script so far: these faults are for the next requests, one each, then none.

        `only`: those whose method and path it accepts; the others pass. `in_turn`: the next
        request waits for this one's effect, also when nobody waits for its answer any more.
        """
        with self._lock:
            self._faults = iter(faults)
            self._only = only
            self._in_turn = in_turn

    @property
    def ledger(self) -> tuple[Seen, ...]:
        """What it saw so far, in order of completion."""
        with self._lock:
            return tuple(self._seen)

    def stop(self) -> None:
        self._stopping.set()
        self._upstream.hang_up()
        super().stop()
        self._stopping.clear()

    def turn(self) -> AbstractContextManager[object]:
        """The time in which a request is before the server."""
        return self._turn if self._in_turn else nullcontext()

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
        while (left := ends - time.monotonic()) > 0 and not self._stopping.is_set():
            if until.wait(min(left, _HELD_SECONDS)):
                return

    def outlast(self, connection: socket.socket) -> None:
        """Wait until the client hangs up, or until the proxy stops."""
        while not self._stopping.is_set() and not has_hung_up(connection, within=_HELD_SECONDS):
            pass

    def forward(self, handler: BaseHTTPRequestHandler, content: bytes) -> Reply:
        """The server's answer."""
        return self._upstream.ask(handler, content)


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
        with self.proxy.turn():
            reached, reply = self._apply(fault, content)
        status = None if reply is None else reply.status
        # Noted before the client can know, so that a test finds it.
        self.proxy.note(
            Seen(
                method=self.command,
                path=path,
                fault=fault,
                reached=reached,
                status=status,
                content=content,
            )
        )
        if isinstance(fault, Outlast) and fault.after:
            self.proxy.outlast(self.connection)
        if reply is None:
            self._drop(by_reset=isinstance(fault, Reset))
        else:
            self._reply(reply, fault)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815  # the base's names

    def _apply(self, fault: Fault, content: bytes) -> tuple[int, Reply | None]:
        """How often the server got the request, and what the client is to get (None: nothing)."""
        is_late = getattr(fault, "after", True)
        if isinstance(fault, DropBefore) or (isinstance(fault, Reset) and not is_late):
            return 0, None
        if isinstance(fault, Say) and not is_late:
            return 0, _said(fault)
        if not is_late:
            self._hold(fault)
        reply: Reply | None = self.proxy.forward(self, content)
        if isinstance(fault, Double):
            self.proxy.forward(self, content)
            return 2, reply
        if isinstance(fault, Delay) and is_late:
            self._hold(fault)
        return 1, _after_the_act(fault, reply)

    def _hold(self, fault: Fault) -> None:
        if isinstance(fault, Delay):
            self.proxy.hold(fault)
        elif isinstance(fault, Outlast):
            self.proxy.outlast(self.connection)

    def _drop(self, *, by_reset: bool = False) -> None:
        self.close_connection = True
        end = reset if by_reset else hang_up
        end(self.connection)

    def _reply(self, reply: Reply, fault: Fault) -> None:
        cut = isinstance(fault, Truncate)
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if isinstance(fault, Trickle):
            for begin in range(0, len(reply.body), fault.at_once):
                self.proxy.hold(Delay(seconds=fault.pause_seconds))
                self.wfile.write(reply.body[begin : begin + fault.at_once])
                self.wfile.flush()
            return
        self.wfile.write(reply.body[: len(reply.body) // 2] if cut else reply.body)
        if cut:
            self.wfile.flush()
            self._drop()


def _after_the_act(fault: Fault, reply: Reply | None) -> Reply | None:
    if isinstance(fault, DropAfter | Reset):
        return None
    return _said(fault) if isinstance(fault, Say) else reply


def _said(fault: Say) -> Reply:
    headers = (("Content-Type", fault.content_type), *fault.headers.items())
    return Reply(fault.status, headers, fault.body.encode())
