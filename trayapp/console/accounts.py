"""login and logout: asked of the running app, else done from here.

A password or token comes from standard input or a prompt, never from an argument.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping

from trayapp.commands import not_done
from trayapp.console.asking import is_agreed, is_terminal
from trayapp.console.call import (
    NOT_DONE,
    NOT_REACHABLE,
    SIGNED_OUT,
    USAGE,
    Answer,
    Call,
    Failure,
    Options,
    told,
)
from trayapp.console.retrying import send_now
from trayapp.control.client import ControlClient, NotRunningError
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import JSON, MessageError, Reply, Request
from trayapp.i18n import _, ngettext
from trayapp.queue.errors import QueueError
from trayapp.sync.sign_in import Problem

_ASK_SECONDS = 180.0
_STATUS = {
    Problem.INCOMPLETE: USAGE,
    Problem.BAD_ADDRESS: USAGE,
    Problem.NEEDS_CONSENT: USAGE,
    Problem.WRONG_CREDENTIALS: SIGNED_OUT,
    Problem.KEYRING: NOT_DONE,
}
"""Everything else has to do with reaching the server."""


def login(call: Call) -> Answer:
    """Sign in; what was tracked before goes along when the user says so. Raises Failure."""
    reply = _asked(call, _sign_in_request(call))
    if not reply.ok:
        raise Failure(_with_consent(reply), _exit_status(reply))
    count = _number(reply, "earlier")
    if not count or call.options.keep_earlier:
        return told(reply)
    if call.options.send_earlier or is_agreed(_offer(count)):
        sent = _asked(call, Request("send_earlier"))
        return told(reply, sent.message)
    hint = ngettext(
        "{count} entry tracked before stays here; “login --send-earlier” sends it.",
        "{count} entries tracked before stay here; “login --send-earlier” sends them.",
        count,
    )
    return told(reply, hint.format(count=count))


def logout(call: Call) -> Answer:
    """Sign out; nothing that is unsent is lost. Raises Failure."""
    account = _asked(call, Request("account"))
    pending, failed = _number(account, "pending"), _number(account, "failed")
    if account.value.get("signed_in") is not True:
        words = _("Nobody is signed in.")
        return Answer(value={"changed": False, "message": words}, lines=(words,))
    if pending + failed and not (call.options.send or call.options.keep):
        counts = unsent_words(pending, failed)
        if not is_agreed(counts + " " + _("Keep it for the next sign-in, and sign out?")):
            text = _("{counts} Say --send or --keep; you are still signed in.")
            raise Failure(text.format(counts=counts))
    reply = _asked(call, Request("sign_out", {"send": call.options.send}))
    if not reply.ok:
        raise Failure(reply.message, NOT_REACHABLE)
    return told(reply)


def unsent_words(pending: int, failed: int) -> str:
    """What would be left behind, such as "3 events wait and 1 failed.", as a sentence."""
    waiting = ngettext("{count} event waits", "{count} events wait", pending)
    broken = ngettext("{count} failed", "{count} failed", failed)
    parts = [waiting.format(count=pending)] if pending else []
    parts += [broken.format(count=failed)] if failed else []
    return _(" and ").join(parts) + "."


def _sign_in_request(call: Call) -> Request:
    options = call.options
    known = _asked(call, Request("account")).value.get("account")
    again = known if isinstance(known, Mapping) and not (options.server or options.url) else {}
    kind = options.server or again.get("kind", "")
    if kind in ("", "embedded"):  # before a password is asked for
        text = _("Name the server: --server hubnity or --server timetagger, with --url and --user.")
        raise Failure(text, USAGE)
    arguments: dict[str, JSON] = {
        "kind": kind,
        "url": options.url or again.get("url", ""),
        "user": options.user or again.get("user", ""),
        "plain_http": options.allow_http,
    }
    arguments["token" if options.token_stdin else "password"] = _secret(options)
    return Request("sign_in", arguments)


def _secret(options: Options) -> str:
    if options.password_stdin or options.token_stdin:
        return sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    if not is_terminal():
        text = _("Give the password on standard input, with --password-stdin or --token-stdin.")
        raise Failure(text, USAGE)
    try:
        return getpass.getpass(_("Password: "))
    except EOFError as error:
        raise Failure(_("No password was given, so nothing was changed."), USAGE) from error


def _asked(call: Call, request: Request) -> Reply:
    try:
        return ControlClient(call.paths.channel_dir).ask(request, _ASK_SECONDS)
    except NotRunningError:
        return _here(call, request)
    except MessageError as error:
        raise Failure(str(error), USAGE) from error
    except ChannelError as error:
        raise Failure(str(error)) from error


def _here(call: Call, request: Request) -> Reply:
    from trayapp.app import surroundings  # noqa: PLC0415  # the running app spares us all of this
    from trayapp.headless import sign  # noqa: PLC0415

    try:
        if request.name == "sign_out" and request.arguments.get("send"):
            result = send_now(call)
            if result.failed or result.waiting:
                text = _("Not everything could be sent ({reason}), so you are still signed in.")
                return Reply(ok=False, message=text.format(reason=result.reason))
        return sign(surroundings(call.paths, call.settings, call.clock), request)
    except QueueError as error:
        raise Failure(not_done(error)) from error


def _with_consent(reply: Reply) -> str:
    if reply.value.get("problem") == Problem.NEEDS_CONSENT:
        return reply.message + " " + _("On the command line that is --allow-http.")
    return reply.message


def _exit_status(reply: Reply) -> int:
    problem = reply.value.get("problem")
    if not isinstance(problem, str) or problem not in set(Problem):
        return NOT_DONE
    return _STATUS.get(Problem(problem), NOT_REACHABLE)


def _number(reply: Reply, name: str) -> int:
    value = reply.value.get(name)
    return value if isinstance(value, int) else 0


def _offer(count: int) -> str:
    text = ngettext(
        "{count} entry was tracked before you signed in. Send it to this account?",
        "{count} entries were tracked before you signed in. Send them to this account?",
        count,
    )
    return text.format(count=count)
