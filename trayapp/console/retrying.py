"""retry: failed tasks sent again, by the running app, else put back here or sent from here."""

from __future__ import annotations

from trayapp.console import reading
from trayapp.console.call import (
    ASK_SECONDS,
    DONE,
    GREET_SECONDS,
    NOT_REACHABLE,
    SIGNED_OUT,
    SOME_FAILED,
    USAGE,
    Answer,
    Call,
    Failure,
    told,
)
from trayapp.control.client import ControlClient, NotRunningError
from trayapp.control.endpoint import ChannelError
from trayapp.control.instance import InstanceLock
from trayapp.control.messages import MessageError, Request
from trayapp.headless import requeue, retry_and_wait
from trayapp.i18n import _
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueError
from trayapp.retries import retry_begun, retry_result_in, retry_value
from trayapp.sync.explanations import retry_result
from trayapp.sync.status import Link, RetryResult
from trayapp.sync.words import one_line

_WAIT_SECONDS = 3600.0
_LOCK_SECONDS = 0.5
_LOCK_TRIES = 60


def retry(call: Call) -> Answer:
    """Have failed tasks sent again; with `--wait` tell what came of it. Raises Failure."""
    ids = _known_ids(call)
    try:
        return _came_to(call, send_now(call, ids)) if call.options.wait else _begin(call, ids)
    except MessageError as error:
        raise Failure(_("These are too many numbers; use --all."), USAGE) from error
    except QueueError as error:
        text = _("Nothing could be tried again: {reason}. Nothing was changed; {advice}.")
        raise Failure(in_words(text, error)) from error


def _known_ids(call: Call) -> list[int] | None:
    """The tasks to retry, None meaning all; one that is no failed task of ours stops all of it."""
    ids = sorted(set(call.options.ids))
    if not ids:
        return None
    known = reading.own_failed_ids(call)
    strangers = [str(one) for one in ids if one not in known]
    if strangers:
        text = _(
            "Not among the failed tasks of this account: {ids}. Nothing was changed; "
            "“trayapp failed” lists them."
        )
        raise Failure(text.format(ids=", ".join(strangers)))
    return ids


def _request(ids: list[int] | None, *, wait: bool) -> Request:
    return Request("retry", {"ids": ids, "wait": wait})


def _begin(call: Call, ids: list[int] | None) -> Answer:
    client = ControlClient(call.paths.channel_dir)
    try:
        reply = client.ask(_request(ids, wait=False), ASK_SECONDS)
    except ChannelError:
        reply = retry_begun(_requeue(call, ids))
        try:
            client.ask(Request("wake"), GREET_SECONDS)
        except ChannelError:
            return told(reply, _("Trayapp is not running; what waits is sent when it runs."))
    if not reply.ok:
        raise Failure(reply.message)
    return told(reply)


def _requeue(call: Call, ids: list[int] | None) -> int:
    from trayapp.app import surroundings  # noqa: PLC0415  # the running app spares us all of this

    return requeue(surroundings(call.paths, call.settings, call.clock), ids)


def send_now(call: Call, ids: list[int] | None = None) -> RetryResult:
    """What came of sending these failed tasks, None meaning all that is unsent. Raises Failure."""
    for _try in range(_LOCK_TRIES):
        result = _by_app(call, ids) or _here(call, ids)
        if result is not None:
            return result
    raise Failure(_("Another Trayapp is sending already. Nothing was changed; try again later."))


def _by_app(call: Call, ids: list[int] | None) -> RetryResult | None:
    """What the running app made of it; None where none runs."""
    try:
        reply = ControlClient(call.paths.channel_dir).ask(_request(ids, wait=True), _WAIT_SECONDS)
    except NotRunningError:
        return None
    except ChannelError as error:
        raise Failure(str(error)) from error
    if not reply.ok:
        raise Failure(reply.message)
    return retry_result_in(reply)


def _here(call: Call, ids: list[int] | None) -> RetryResult | None:
    """What came of sending from this process; None while another one holds the instance lock."""
    from trayapp.app import surroundings  # noqa: PLC0415  # the running app spares us all of this

    call.paths.make()
    lock = InstanceLock(call.paths.instance_lock)
    if not lock.acquire(_LOCK_SECONDS):
        return None  # another `retry --wait`, or an app about to start or to end
    try:
        return retry_and_wait(surroundings(call.paths, call.settings, call.clock), ids)
    finally:
        lock.release()


def _came_to(call: Call, result: RetryResult) -> Answer:
    text = one_line(retry_result(result))
    changed = bool(result.sent or result.failed or result.waiting)
    return Answer(
        value={**retry_value(result), "changed": changed, "message": text},
        lines=(text,),
        exit_status=_exit_status(result, reading.status_now(call).link),
    )


def _exit_status(result: RetryResult, link: Link) -> int:
    if (result.failed or result.waiting) and link is Link.SIGNED_OUT:
        return SIGNED_OUT
    if result.failed:
        return SOME_FAILED
    return NOT_REACHABLE if result.waiting else DONE
