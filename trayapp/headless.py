"""Without the app: record a click, put failed tasks back, and, when somebody waits for it, send.

Main thread only. Recording waits for the writer's lock and one fsync; `retry_and_wait` holds the
instance lock, and waits for the server. All raise QueueError when the queue cannot be used.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from trayapp import commands
from trayapp.control.messages import Reply, Request
from trayapp.core import Core, Surroundings
from trayapp.discards import discard_reply
from trayapp.log import start_logging, stop_logging
from trayapp.queue.errors import QueueError
from trayapp.queue.task import Account
from trayapp.reception import account_reply, earlier_reply, entered_reply, form_of
from trayapp.signing import Signing
from trayapp.sync.server import TimeServer
from trayapp.sync.status import RetryResult
from trayapp.tracking.entry import Stamp
from trayapp.transfer.summary import Summary

logger = logging.getLogger(__name__)


def bring_up_to_date(where: Surroundings) -> None:
    """Make an earlier database one that can be read."""
    with _opened(where):
        logger.info("The database is up to date")


def bring_over(where: Surroundings, path: Path, user: str) -> Summary:
    """Import an older database; see `Core.bring_over`."""
    with _opened(where) as core:
        return core.bring_over(path, user=user)


def record(where: Surroundings, request: Request, now: Stamp) -> Reply:
    """Do what a click or a correction asks for, durably; nothing is sent."""
    with _opened(where) as core:
        return commands.record(core.timer, request, now=now)


def discard(where: Surroundings, request: Request) -> Reply:
    """Answer one of the requests about what is not to be sent; nothing is sent."""
    with _opened(where) as core:
        return discard_reply(core, request)


def requeue(where: Surroundings, ids: Sequence[int] | None) -> int:
    """Put failed tasks back to be sent when Trayapp runs; how many."""
    with _opened(where) as core:
        return _requeue(core, ids)


def retry_and_wait(where: Surroundings, ids: Sequence[int] | None) -> RetryResult | None:
    """Put failed tasks back and send until there is nothing more to do now; what came of it.

    The caller holds the instance lock. What the server raises is a defect and comes out as it is.
    """
    servers: list[TimeServer] = []

    def server_for(account: Account) -> TimeServer:
        servers.append(where.server_for(account))
        return servers[-1]

    with _opened(replace(where, server_for=server_for)) as core:
        _requeue(core, ids)
        try:
            while core.worker.run_once() is None:
                pass
        finally:
            for server in servers:
                server.close()
        return core.retrier.result(core.reader)


def sign(where: Surroundings, request: Request) -> Reply:
    """Answer one of the reception's requests from this process; waits for server and keyring.

    Sending before a sign-out is `retry_and_wait`'s business.
    """
    with _opened(where) as core:
        signing = Signing(core, where.kinds, where.vault, is_passing=True)
        match request.name:
            case "account":
                return account_reply(core, where.kinds)
            case "sign_in":
                return entered_reply(signing.enter(form_of(request)))
            case "send_earlier":
                return earlier_reply(core)
        return Reply(ok=True, changed=True, message=signing.leave())


def _requeue(core: Core, ids: Sequence[int] | None) -> int:
    count = core.retrier.begin(core.clock.now(), ids)
    while core.retrier.next_chunk():
        pass
    return count


@contextmanager
def _opened(where: Surroundings) -> Iterator[Core]:
    # A click is recorded wherever the queue can be: settings and log may be out of order.
    with suppress(OSError):
        where.paths.make()
    with suppress(OSError):
        start_logging(where.paths.log)
    try:
        with closing(Core(where)) as core:
            yield core
    except QueueError as error:
        # Below what Python prints where no log could be made: the user is told in a line.
        logger.info("The queue cannot be used now: %s", error)
        raise
    finally:
        stop_logging()
