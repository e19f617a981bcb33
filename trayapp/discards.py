"""Discards as the windows, the command line and the channel ask for them, with their answers.

Main thread only; waits for the queue's lock and one fsync.
"""

from __future__ import annotations

from collections.abc import Sequence

from trayapp.commands import ids_of, while_retrying
from trayapp.control.messages import JSON, Reply, Request
from trayapp.core import Core
from trayapp.i18n import _
from trayapp.sync.discard import CannotDiscard
from trayapp.sync.discard_words import discarding_words, done_words, refusal_words, undone_words

REQUESTS = ("discard", "undo_discard")
_MOST_IDS_TOLD = 4000
"""So many fit a message of the channel."""


def discard_request(ids: Sequence[int] | None, *, look: bool = False) -> Request:
    """Not to send these tasks, None meaning the duplicates; `look`: only tell what it would do."""
    return Request("discard", {"ids": ids, "look": look})


def undo_request(ids: Sequence[int]) -> Request:
    """To bring back what was discarded."""
    return Request("undo_discard", {"ids": ids})


def discard_reply(core: Core, request: Request) -> Reply:
    """Answer one of REQUESTS. Raises QueueError."""
    if core.retrier.is_running and request.arguments.get("look") is not True:
        # Its result counts what has left the queue as sent.
        return while_retrying()
    try:
        return _undone(core, request) if request.name == "undo_discard" else _done(core, request)
    except CannotDiscard as error:
        return Reply(ok=False, message=refusal_words(error))


def _done(core: Core, request: Request) -> Reply:
    ids, now = ids_of(request), core.clock.now()
    looks = request.arguments.get("look") is True
    found = (core.discarder.look if looks else core.discarder.discard)(ids, now)
    effect, count = discarding_words(found), len(found.task_ids)
    if not count:
        return Reply(ok=True, message=_("There are no duplicates."), value=_value((), ""))
    changed = not looks
    if changed:
        _tell(core)
    return Reply(
        ok=True,
        changed=changed,
        message=f"{done_words(count)} {effect}" if changed else effect,
        value=_value(found.task_ids, effect),
    )


def _undone(core: Core, request: Request) -> Reply:
    back = core.discarder.undo(ids_of(request) or (), core.clock.now())
    if back:
        _tell(core)
    return Reply(
        ok=True, changed=bool(back), message=undone_words(len(back)), value=_value(back, "")
    )


def _tell(core: Core) -> None:
    """What was held may go now."""
    core.worker.wake()
    core.changed()


def _value(ids: Sequence[int], effect: str) -> dict[str, JSON]:
    told = ids if len(ids) <= _MOST_IDS_TOLD else None
    return {"count": len(ids), "ids": told, "effect": effect}
