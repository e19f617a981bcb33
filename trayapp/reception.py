"""Reception: what the running app answers about accounts; slow answers on a thread of their own.

`answer` is called on the main thread and returns at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from trayapp.commands import not_done
from trayapp.control.connection import Responder
from trayapp.control.messages import JSON, Reply, Request
from trayapp.core import Core
from trayapp.i18n import _, ngettext
from trayapp.light import dataclass
from trayapp.queue.errors import QueueError
from trayapp.signing import Entered, Signing
from trayapp.sync.kind import Credentials, ServerKind
from trayapp.sync.sign_in import Finding, Form, Problem
from trayapp.sync.status import RetryResult

logger = logging.getLogger(__name__)

REQUESTS = ("account", "try_connection", "sign_in", "send_earlier", "sign_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the reception may ask of the app, on the main thread.

    `post` has something done there. `send_all` begins a retry of all that is unsent and calls
    back, on the main thread, when it has come to its end.
    """

    post: Callable[[Callable[[], None]], None]
    send_all: Callable[[Callable[[RetryResult], None]], None]


class Reception:
    """Signs in and out for the windows and the command line."""

    def __init__(
        self, core: Core, signing: Signing, kinds: Mapping[str, ServerKind], desk: Desk
    ) -> None:
        self._core = core
        self._signing = signing
        self._kinds = kinds
        self._desk = desk
        self._busy = threading.Lock()

    def answer(self, request: Request, responder: Responder) -> None:
        """Answer one of REQUESTS, now or later. Main thread."""
        match request.name:
            case "account":
                responder.reply(account_reply(self._core, self._kinds))
            case "try_connection":
                self._later(responder, lambda: found_reply(self._signing.test(form_of(request))))
            case "sign_in":
                self._later(responder, lambda: entered_reply(self._signing.enter(form_of(request))))
            case "send_earlier":
                self._later(responder, lambda: earlier_reply(self._core))
            case _:
                self._sign_out(responder, send=bool(request.arguments.get("send")))

    def _sign_out(self, responder: Responder, *, send: bool) -> None:
        status = self._core.status()
        if not status.signed_in:
            responder.reply(Reply(ok=True, message=_("Nobody was signed in.")))
        elif send and status.own_unsent:
            self._desk.send_all(lambda result: self._sent(responder, result))
        else:
            self._later(responder, self._leave)

    def _sent(self, responder: Responder, result: RetryResult) -> None:
        try:
            status = self._core.status()
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
            responder.reply(Reply(ok=False, message=not_done(error)))
            return
        if not status.own_unsent:
            self._later(responder, self._leave)
            return
        text = _("Not everything could be sent ({reason}), so you are still signed in.")
        value: dict[str, JSON] = {"pending": status.own_pending, "failed": status.own_failed}
        reason = result.reason or status.reason or _("no reason known")
        responder.reply(Reply(ok=False, message=text.format(reason=reason), value=value))

    def _leave(self) -> Reply:
        return Reply(ok=True, changed=True, message=self._signing.leave())

    def _later(self, responder: Responder, work: Callable[[], Reply]) -> None:
        """Do it on another thread: the server or the keyring may take a minute."""
        if not self._busy.acquire(blocking=False):
            text = _("Another sign-in is under way. Wait for it to end, then try again.")
            responder.reply(Reply(ok=False, message=text))
            return
        threading.Thread(
            target=self._do, args=(responder, work), name="account", daemon=True
        ).start()

    def _do(self, responder: Responder, work: Callable[[], Reply]) -> None:
        try:
            reply = work()
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
            reply = Reply(ok=False, message=not_done(error))
        except Exception:
            logger.exception("Unexpected; nobody is signed in or out by it")
            text = _("Trayapp could not do that because of a defect; its log says more.")
            reply = Reply(ok=False, message=text)
        finally:
            self._busy.release()
        self._desk.post(lambda: responder.reply(reply))


def account_reply(core: Core, kinds: Mapping[str, ServerKind]) -> Reply:
    """Who is signed in, what waits, and where one can sign in. Main thread."""
    status = core.status()
    kind = kinds.get(status.account.kind)
    account: dict[str, JSON] = {
        "kind": status.account.kind,
        "label": kind.label if kind else "",
        "url": status.account.url,
        "user": status.account.user,
    }
    offered: list[JSON] = [
        {
            "name": one.name,
            "label": one.label,
            "takes_password": one.takes_password,
            "takes_token": one.takes_token,
        }
        for one in kinds.values()
    ]
    value: dict[str, JSON] = {
        "account": account,
        "signed_in": status.signed_in,
        "pending": status.own_pending,
        "failed": status.own_failed,
        "earlier": core.earlier(),
        "kinds": offered,
    }
    return Reply(ok=True, value=value)


def earlier_reply(core: Core) -> Reply:
    """What was tracked without an account goes to the active one."""
    count = core.send_earlier()
    text = ngettext(
        "{count} entry tracked before is sent to this account.",
        "{count} entries tracked before are sent to this account.",
        count,
    )
    message = text.format(count=count) if count else ""
    return Reply(ok=True, changed=count > 0, message=message, value={"count": count})


def form_of(request: Request) -> Form:
    """What was typed, from a request; what is missing is empty."""

    def text(name: str) -> str:
        value = request.arguments.get(name)
        return value if isinstance(value, str) else ""

    return Form(
        kind=text("kind"),
        url=text("url"),
        credentials=Credentials(user=text("user"), password=text("password"), token=text("token")),
        plain_http=request.arguments.get("plain_http") is True,
    )


def found_reply(finding: Finding) -> Reply:
    return Reply(
        ok=finding.problem is Problem.NONE,
        message=finding.message,
        value={"problem": finding.problem.value, "url": finding.url},
    )


def entered_reply(result: Entered | Finding) -> Reply:
    if isinstance(result, Finding):
        return found_reply(result)
    value: dict[str, JSON] = {
        "problem": "",
        "url": result.account.url,
        "user": result.account.user,
        "earlier": result.earlier,
    }
    return Reply(ok=True, changed=True, message=result.message, value=value)
