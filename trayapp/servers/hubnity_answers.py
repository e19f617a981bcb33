"""How a Hubnity server says no, where the common tables do not know its words. Pure."""

from __future__ import annotations

from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.sync.outcome import (
    AlreadySo,
    Blocked,
    Conflict,
    Delivered,
    Doubtful,
    Locked,
    Offline,
    Outcome,
    Removed,
    ServerTrouble,
    Throttled,
    Untrusted,
)

_BAD_REQUEST, _NOT_FOUND = 400, 404
_CLEAR = (Delivered, Conflict, Removed, AlreadySo, Doubtful)
_ALREADY_ACTIVE = "User already has an active time entry"
_OTHER_STATE = ("Only ", "Time entry is already ")


def is_entity_missing(answer: Answer) -> bool:
    """Whether a 404 is about what was asked for; `Cannot GET …` is about the route."""
    words = answer.words() if answer.is_json else ""
    return answer.status == _NOT_FOUND and bool(words) and not words.startswith("Cannot ")


def is_no_route(answer: Answer) -> bool:
    """Whether the API itself says that it has no such route, and not a portal before it."""
    return answer.status == _NOT_FOUND and answer.words().startswith("Cannot ")


def outcome_of_read(answer: Answer) -> Outcome | None:
    """What the answer to a question about one entry means; None: it is to be read."""
    if is_entity_missing(answer):
        return Removed(f"HTTP {answer.status}: {answer.words()}")
    return outcome_of_status(answer, repeatable=True)


def outcome_of_create(answer: Answer) -> Outcome | None:
    """What the answer to a create means; None: it is to be read."""
    words = answer.words()
    if answer.status == _BAD_REQUEST and words.startswith(_ALREADY_ACTIVE):
        return Blocked(f"HTTP {answer.status}: {words}")
    return outcome_of_status(answer, repeatable=False, entity_missing=is_entity_missing(answer))


def outcome_of_change(answer: Answer) -> Outcome | None:
    """What the answer to a verb or a PATCH means; None: it is to be read."""
    if is_entity_missing(answer):
        return Removed(f"HTTP {answer.status}: {answer.words()}")
    words = answer.words()
    if answer.status == _BAD_REQUEST and words.startswith(_OTHER_STATE):
        return AlreadySo(f"HTTP {answer.status}: {words}")
    return outcome_of_status(answer, repeatable=False)


def read_only(outcome: Outcome) -> Outcome:
    """What a request that changes nothing there came to: no doubt, only no answer."""
    if not isinstance(outcome, Doubtful):
        return outcome
    if not outcome.answered:
        return Offline(outcome.reason)
    return ServerTrouble(outcome.reason, retry_after=outcome.retry_after)


def in_doubt(outcome: Outcome) -> Outcome:
    """What a later request of a write came to: it stays in doubt how far the whole has got."""
    if isinstance(outcome, _CLEAR):
        return outcome
    told = outcome.retry_after if isinstance(outcome, (ServerTrouble, Throttled)) else None
    was_asked = not isinstance(outcome, (Offline, Locked, Untrusted))
    return Doubtful(outcome.reason, answered=was_asked, retry_after=told)
