"""Answers to conflicts as the windows, the command line and the channel give them.

Main thread only; waits for the queue's lock and one fsync.
"""

from __future__ import annotations

from trayapp.commands import ids_of, while_retrying
from trayapp.control.messages import Reply, Request
from trayapp.core import Core
from trayapp.i18n import _
from trayapp.sync.resolve import CannotResolve, Keep, StillInDoubt

REQUESTS = ("resolve",)


def resolve_reply(core: Core, request: Request) -> Reply:
    """Carry out "send what was clicked", or "keep the server's", for each of the tasks named.

    Raises QueueError.
    """
    if core.retrier.is_running:
        return while_retrying()
    keep = Keep.SERVER if request.arguments.get("keep") == Keep.SERVER else Keep.CLICKED
    try:
        count = core.resolve(ids_of(request) or (), keep)
    except StillInDoubt:
        text = _(
            "Some of it may have arrived already. Retry it first, then decide. Nothing was changed."
        )
        return Reply(ok=False, message=text)
    except CannotResolve:
        text = _("This task is no conflict any more. Nothing was changed.")
        return Reply(ok=False, message=text)
    return Reply(ok=True, changed=count > 0, message=_words(keep), value={"count": count})


def _words(keep: Keep) -> str:
    if keep is Keep.SERVER:
        return _(
            "The server's entry stays as it is. What was clicked stays in the local log and is "
            "not sent."
        )
    return _(
        "What was clicked is sent now. If the server's entry has changed meanwhile, you are "
        "asked again."
    )
