"""Lies: what a network, a proxy or a server may do to a request, and what we call it then.

A Storm is many of them by a seed; it notes each request that comes before the server wants one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from trayapp.clock import Clock
from trayapp.demo.proxy import (
    SAY_401,
    SAY_403,
    SAY_404,
    SAY_429_DATE,
    SAY_429_SECONDS,
    SAY_500,
    SAY_503,
    SAY_ELSEWHERE,
    SAY_HTML,
    Delay,
    Double,
    DropAfter,
    DropBefore,
    Fault,
    Outlast,
    Pass,
    Reset,
    Say,
    Trickle,
    Truncate,
)
from trayapp.servers.http import Timeouts

HASTY = Timeouts(read_seconds=0.15, total_seconds=0.3)
"""So short that a fault can outlast them."""

_PAUSES = 0.1
_GATEWAY = "<html>Bad Gateway</html>"
_PAGE = "<!doctype html><p>Hi</p>"
_WEB_PAGE = "HTTP 200: a web page where the server's answer belongs"
_NETWORK = "Network error: "
_NO_ANSWER = _NETWORK + "connection closed without an answer"
_RESET = _NETWORK + "connection reset"
_LATE = _NETWORK + "no answer in time"

ENDLESS = Trickle(pause_seconds=0.03)
FAULTS: dict[str, tuple[Fault, str]] = {
    "dropped before": (DropBefore(), _NO_ANSWER),
    "dropped after": (DropAfter(), _NO_ANSWER),
    "reset before": (Reset(), _RESET),
    "reset after": (Reset(after=True), _RESET),
    "landed after the time-out": (Outlast(), _LATE),
    "answered after the time-out": (Outlast(after=True), _LATE),
    "trickling for ever": (ENDLESS, _LATE),
    "trickling": (Trickle(pause_seconds=0.001, at_once=40), ""),
    "delayed": (Delay(seconds=0.02), ""),
    "doubled": (Double(), ""),
    "truncated": (Truncate(), _NETWORK + "answer cut short"),
    "401": (SAY_401, ""),
    "403": (SAY_403, "HTTP 403: not yours"),
    "404": (SAY_404, "HTTP 404: Not Found"),
    "408": (Say(status=408), "HTTP 408: Request Timeout"),
    "429 in seconds": (SAY_429_SECONDS, "HTTP 429: Too Many Requests"),
    "429 with a date": (SAY_429_DATE, "HTTP 429: Too Many Requests"),
    "429": (Say(status=429), "HTTP 429: Too Many Requests"),
    "500": (SAY_500, "HTTP 500: Internal Server Error"),
    "500 after the act": (Say(status=500, after=True), "HTTP 500: Internal Server Error"),
    "502 after the act": (
        Say(status=502, body=_GATEWAY, content_type="text/html", after=True),
        "HTTP 502: Bad Gateway",
    ),
    "503": (SAY_503, "HTTP 503: Service Unavailable"),
    "a web page": (SAY_HTML, _WEB_PAGE),
    "a web page after the act": (
        Say(status=200, body=_PAGE, content_type="text/html", after=True),
        _WEB_PAGE,
    ),
    "unreadable": (Say(status=200, body="{", after=True), "HTTP 200: unreadable answer"),
    "redirected": (SAY_ELSEWHERE, "HTTP 302: Found"),
}
"""Each with the reason that is told for it; empty where it does no harm."""


def is_write(method: str, path: str) -> bool:
    return method != "GET" and not is_refresh(method, path)


def is_refresh(_method: str, path: str) -> bool:
    return path.endswith(("/token/refresh", "/auth/refresh", "/webtoken"))


SLOW = (Outlast(), Outlast(after=True), ENDLESS)


def timeouts_for(fault: Fault) -> Timeouts | None:
    """Hasty where the fault needs it: else a machine that stands still would be a fault, too."""
    return HASTY if fault in SLOW else None


_QUICK = (
    DropBefore(),
    DropAfter(),
    Reset(),
    Reset(after=True),
    Truncate(),
    Trickle(pause_seconds=0.001, at_once=40),
    SAY_404,
    Say(status=429),
    SAY_500,
    Say(status=500, after=True),
    Say(status=502, body=_GATEWAY, content_type="text/html", after=True),
    SAY_HTML,
    Say(status=200, body=_PAGE, content_type="text/html", after=True),
    Say(status=200, body="{", after=True),
    SAY_ELSEWHERE,
)
WEATHER = (*_QUICK * 4, *SLOW)
"""What heals by itself; what costs real time comes less often."""


class Storm:
    """Faults for ever, for that share of the requests, some of them with a pause to be kept.

    To be given to a proxy: it plays them, and asks `hears` about each request before.
    """

    def __init__(self, seed: int, clock: Clock, faults: Sequence[Fault], share: float) -> None:
        self._dice = random.Random(seed)  # noqa: S311  # a repeatable story
        self._clock = clock
        self._faults = faults
        self._share = share
        self._is_refresh = False
        self._last_is_pause = False
        self._last_is_slow = False
        self._not_asked = 0
        """How many requests to come may come too early: a pause before them was not heard."""
        self._told: dict[bool, datetime] = {}
        """Until when, for renewals and for all else: a token still good serves meanwhile."""
        self.spoilt = 0
        self.too_early: list[str] = []
        """The requests that came sooner than the server had asked for."""

    def hears(self, method: str, path: str) -> bool:
        """A request comes; it is one for us."""
        self._is_refresh = is_refresh(method, path)
        now = self._clock.now()
        told = self._told.pop(self._is_refresh, now)
        self._not_asked = max(0, self._not_asked - 1)
        if now < told and not self._not_asked:
            self.too_early.append(f"too early: {method} {path} by {told - now}")
        return True

    def was_unheard(self) -> None:
        """The client gave up before the last answer came: it was told nothing by it."""
        if self._last_is_pause:
            self._told.pop(self._is_refresh, None)
        elif not self._last_is_slow:
            # The machine stood still: the request may get here only now, and the next one after it.
            self._not_asked = 3

    def forget_renewals(self) -> None:
        """A new client does not know when tokens may be renewed."""
        self._told.pop(True, None)

    def __iter__(self) -> Iterator[Fault]:
        while True:
            self._last_is_pause = self._last_is_slow = False
            if self._dice.random() >= self._share:
                yield Pass()
                continue
            self.spoilt += 1
            self._last_is_pause = self._dice.random() < _PAUSES
            fault = self._pause() if self._last_is_pause else self._fault()
            self._last_is_slow = fault in SLOW
            yield fault

    def _fault(self) -> Fault:
        fault = self._dice.choice(self._faults)
        # The client that renews a token may be a patient one.
        return DropAfter() if self._is_refresh and fault in SLOW else fault

    def _pause(self) -> Fault:
        """`Retry-After` in one of its forms."""
        seconds = self._dice.randint(2, 600)
        until = (self._clock.now() + timedelta(seconds=seconds)).replace(microsecond=0)
        told = until
        text = format_datetime(until.astimezone(UTC), usegmt=True)
        # Whoever renews a token may go by another clock.
        if self._dice.random() < 0.5 or self._is_refresh:
            told, text = self._clock.now() + timedelta(seconds=seconds), str(seconds)
        self._told[self._is_refresh] = told
        return Say(status=self._dice.choice((429, 503)), headers={"Retry-After": text})
