"""Checks and their findings, and how all of them are made at once, each with a deadline.

A check changes nothing and shows no prompt; it may hang for as long as the desktop likes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from queue import Empty, Queue

from trayapp.i18n import _, ngettext
from trayapp.light import dataclass

_logger = logging.getLogger(__name__)


class State(StrEnum):
    """How something stands; the value is the one of `doctor --json`."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as the user would want."""
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    """It cannot be told from here, which needs nobody."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How something stands: what is so and what it means for the hours, and what to do."""

    state: State
    message: str
    advice: str = ""


Findings = Mapping[str, Finding]
"""By the names of what was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A look at one thing, or at several by one question. Runs on a thread of its own.

    It is waited for `seconds`; `if_late` is what to do when it has not come to an end by then.
    """

    names: tuple[str, ...]
    look: Callable[[], Findings]
    if_late: str = ""
    seconds: float = 5.0


def examine(checks: Sequence[Check]) -> Findings:
    """What all checks found, in their order; as soon as the last is done or late."""
    done: Queue[tuple[int, Findings]] = Queue()
    for number, check in enumerate(checks):
        threading.Thread(
            target=_look, args=(number, check, done), name=f"check {check.names[0]}", daemon=True
        ).start()
    began = time.monotonic()
    found: dict[int, Findings] = {}
    while left := [one for number, one in enumerate(checks) if number not in found]:
        ends_at = began + max(one.seconds for one in left)
        try:
            number, findings = done.get(timeout=max(0.0, ends_at - time.monotonic()))
        except Empty:
            break
        found[number] = findings
    return {
        name: finding
        for number, check in enumerate(checks)
        for name, finding in (found.get(number) or _late(check)).items()
    }


def _look(number: int, check: Check, done: Queue[tuple[int, Findings]]) -> None:
    try:
        findings = check.look()
    except Exception as error:  # the top of a thread; libraries raise what they like
        _logger.debug("A check failed", exc_info=error)
        text = _("It could not be looked at ({error}). Your hours are safe.")
        failed = Finding(State.UNKNOWN, text.format(error=type(error).__name__))
        findings = dict.fromkeys(check.names, failed)
    done.put((number, findings))


def _late(check: Check) -> Findings:
    count = max(1, round(check.seconds))
    text = ngettext(
        "It did not answer within {count} second. Your hours are safe.",
        "It did not answer within {count} seconds. Your hours are safe.",
        count,
    )
    finding = Finding(State.WARNING, text.format(count=count), check.if_late or _("Try again."))
    return dict.fromkeys(check.names, finding)
