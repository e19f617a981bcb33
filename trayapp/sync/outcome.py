"""What can become of a request: the classes of the specification's section 4, as types.

    Outcome
    ├── Delivered        the answer shows what we wanted
    ├── Absent           a look: what was sent is not there
    ├── AlreadySo        "already stopped", 409 with our id: look at the server's entry
    ├── Offline          nothing left this machine, or nothing can reach the server
    ├── Locked           the keyring is locked: nothing could be asked without the token in it
    ├── Untrusted        the certificate does not verify
    ├── Doubtful         it left, and may or may not have arrived
    ├── ServerTrouble    5xx, 408, 425: the server could not, later it may
    ├── Throttled        429, quota: the server tells when
    ├── Blocked          another entry is active there
    ├── SignedOut        401 and no refresh helps
    ├── WrongAddress     not this API: 404 of the route, redirects, HTML
    ├── Refused          the server read it and said no
    ├── Conflict         the server's entry is neither what we want nor what it last confirmed
    ├── Removed          the entry the server had is gone there
    ├── Ours             a defect of this program
    ├── Several          one request for several writes: what became of each
    └── Unasked          of such a request: nothing left for this one

An adapter classifies, not the status number alone. `reason` is stored with the task, word for
word as shown; it never holds a secret.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta

from trayapp.light import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request; `reason` is empty only where there is nothing to explain."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Delivered(Outcome):
    """The server's answer shows what we wanted.

    `remote_id` is the server's name for the segment, `base` the record as it confirmed it (JSON).
    Both are None where the server takes our ids and keeps events. `closed_other` tells in words
    which entry of the same user, that was none of ours, had to be ended there for it.
    """

    remote_id: str | None = None
    base: str | None = None
    closed_other: str = ""


@dataclass(frozen=True, slots=True)
class Absent(Outcome):
    """A look found nothing of what was sent."""


@dataclass(frozen=True, slots=True)
class AlreadySo(Outcome):
    """The server says it is so already; only a look at its entry can tell whether that is ours."""


@dataclass(frozen=True, slots=True)
class Offline(Outcome):
    """The request did not reach the server: `Network error: …`."""


@dataclass(frozen=True, slots=True)
class Locked(Outcome):
    """The token is in a keyring that is locked, or does not answer: `Keyring: …`."""


@dataclass(frozen=True, slots=True)
class Untrusted(Outcome):
    """The server's certificate does not verify: `Network error: certificate …`."""


@dataclass(frozen=True, slots=True)
class Doubtful(Outcome):
    """The request left and no readable answer came.

    `timed_out`: it may still be at work there. `answered`: a 5xx or something unreadable came back,
    or a later part of it was turned away; the server may have asked for a pause.
    """

    timed_out: bool = False
    answered: bool = False
    retry_after: timedelta | datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerTrouble(Outcome):
    """The server could not: `HTTP 500: Internal Server Error`; it may ask for a pause.

    `acted`: it may have, all the same; False where it said that it had not.
    """

    retry_after: timedelta | datetime | None = None
    acted: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Throttled(Outcome):
    """Too much at once: `HTTP 429: …`; no click overrides the pause it asks for."""

    retry_after: timedelta | datetime | None = None


@dataclass(frozen=True, slots=True)
class Blocked(Outcome):
    """The server allows one active entry and has one."""


@dataclass(frozen=True, slots=True)
class SignedOut(Outcome):
    """`HTTP 401: Unauthorized` with nothing to refresh, or `Token refresh failed: …`."""


@dataclass(frozen=True, slots=True)
class WrongAddress(Outcome):
    """What answers is not this API: `HTTP 404: Not Found`.

    `acted`: a web page where a good answer belongs, so the API behind it may have acted.
    """

    acted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Refused(Outcome):
    """The server read it and said no, in its own words: `HTTP 422: …`."""


@dataclass(frozen=True, slots=True)
class Conflict(Outcome):
    """`Conflict: the server shows …`."""


@dataclass(frozen=True, slots=True)
class Removed(Outcome):
    """Somebody removed the entry on the server."""


@dataclass(frozen=True, slots=True)
class Ours(Outcome):
    """`Internal error: …`: the payload cannot be built, or the task's kind is not known."""


@dataclass(frozen=True, slots=True)
class Several(Outcome):
    """What became of each write of a request that carried several, in their order."""

    parts: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Unasked(Outcome):
    """Another write of the same request met trouble before this one left: it is as it was.

    `acted`: it went along, and the server may have acted on it before it was in trouble.
    """

    acted: bool = field(default=False, compare=False)


def may_have_acted(outcome: Outcome) -> bool:
    """Whether the answer to a write leaves open what the server did with it."""
    if isinstance(outcome, (ServerTrouble, WrongAddress, Unasked)):
        return outcome.acted
    return isinstance(outcome, Doubtful)
