"""discard and report: tasks that are not to be sent after all, and a text for a support desk."""

from __future__ import annotations

import getpass
import os
import platform
from collections import deque
from contextlib import suppress
from pathlib import Path

from trayapp import __version__
from trayapp.commands import not_done
from trayapp.console import reading
from trayapp.console.asking import is_agreed, is_terminal
from trayapp.console.call import (
    ASK_SECONDS,
    GREET_SECONDS,
    NOT_DONE,
    USAGE,
    Answer,
    Call,
    Failure,
    told,
)
from trayapp.console.new_file import new_file
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import MessageError, Reply, Request
from trayapp.discards import discard_request, undo_request
from trayapp.i18n import _, system_words
from trayapp.queue.errors import QueueError
from trayapp.report import MOST_LOG_LINES, MOST_TASKS, Findings, Machine, report_text
from trayapp.sync.diagnosis import diagnose
from trayapp.sync.words import one_line

_DESKTOP = ("XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "DESKTOP_SESSION", "LANG")
_LOG_BYTES = 200_000
"""Of the end of the log: more than a hundred lines of it, traces included."""

# -- discard -------------------------------------------------------------------------------


def discard(call: Call) -> Answer:
    """Have tasks not sent, when the user agrees to what it does. Raises Failure."""
    options = call.options
    if options.duplicates == bool(options.ids) or (options.undo and not options.ids):
        text = _("Name tasks by their ids, or say --duplicates; “trayapp failed” lists them.")
        raise Failure(text, USAGE)
    ids = None if options.duplicates else sorted(set(options.ids))
    if options.undo:
        return told(_asked(call, undo_request(options.ids)))
    planned = _asked(call, discard_request(ids, look=True))
    if not planned.value.get("count"):
        return told(planned)
    if options.yes or _is_agreed(planned.message):
        return told(_asked(call, discard_request(ids)))
    text = _("Nothing was changed.")
    value = {**planned.value, "changed": False, "message": text}
    return Answer(value=value, lines=(text,), exit_status=NOT_DONE)


def _is_agreed(effect: str) -> bool:
    """Tell whoever sits at the terminal, and ask. Raises Failure where nobody does."""
    if not is_terminal():
        text = _("{effect} Nothing was changed; say --yes to have it so.")
        raise Failure(text.format(effect=effect), USAGE)
    return is_agreed(one_line(effect) + "\n" + _("Not send this?"))


def _asked(call: Call, request: Request) -> Reply:
    """The answer of the running app, else of this process. Raises Failure."""
    client = ControlClient(call.paths.channel_dir)
    try:
        reply = client.ask(request, ASK_SECONDS)
    except MessageError as error:
        raise Failure(_("These are too many numbers at once; name fewer."), USAGE) from error
    except ChannelError:
        reply = _here(call, request)
        if reply.changed:
            with suppress(ChannelError):
                client.ask(Request("wake"), GREET_SECONDS)
    if not reply.ok:
        raise Failure(reply.message)
    return reply


def _here(call: Call, request: Request) -> Reply:
    from trayapp.app import surroundings  # noqa: PLC0415  # the running app spares us all of this
    from trayapp.headless import discard as answered  # noqa: PLC0415

    try:
        return answered(surroundings(call.paths, call.settings, call.clock), request)
    except QueueError as error:
        raise Failure(not_done(error)) from error


# -- report --------------------------------------------------------------------------------


def report(call: Call) -> Answer:
    """One text without secrets, shown or saved, never sent. Raises Failure."""
    text = report_text(_findings(call))
    path = call.options.save
    if path is None:
        return Answer(value={"changed": False, "report": text}, lines=text.splitlines())
    _save(path, text)
    words = _("The report is in {file}. Look it through before you pass it on.")
    words = words.format(file=path)
    return Answer(
        value={"changed": True, "message": words, "report": text, "saved": str(path)},
        lines=(words,),
    )


def _findings(call: Call) -> Findings:
    failed = reading.read_failures(call)
    log = failed.log
    return Findings(
        as_of=call.clock.now(),
        machine=_machine(),
        status=reading.status_now(call),
        app_runs=reading.app_runs(call),
        gate=failed.gate,
        diagnosis=diagnose(
            failed.tasks, history=log.events, discarded=log.discarded, tried=log.tried
        ),
        tasks=failed.tasks[-MOST_TASKS:],
        log_lines=_last_lines(call.paths.log),
    )


def _machine() -> Machine:
    try:
        home, user = str(Path.home()), getpass.getuser()
    except (KeyError, OSError, RuntimeError):  # a user without a name or a home
        home, user = "", ""
    return Machine(
        version=__version__,
        python=platform.python_version(),
        system=platform.platform(),
        desktop=tuple((name, os.environ.get(name, "-")) for name in _DESKTOP),
        home=home,
        user=user,
    )


def _last_lines(log: Path) -> list[str]:
    """The newest lines of the log, those before its last rotation included."""
    lines: deque[str] = deque(maxlen=MOST_LOG_LINES)
    for path in (log.with_name(log.name + ".1"), log):
        with suppress(OSError), path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            lines.extend(file.read().decode(errors="replace").splitlines())
    return list(lines)


def _save(path: Path, text: str) -> None:
    """Into a new file, closed to others. Raises Failure."""
    try:
        with new_file(path) as file:
            file.write(text.encode(errors="backslashreplace"))
    except FileExistsError as error:
        words = _("There is a file {file} already. It was left as it is; choose another name.")
        raise Failure(words.format(file=path)) from error
    except OSError as error:
        words = _("The report could not be saved in {file}: {reason}. Choose another place.")
        raise Failure(words.format(file=path, reason=system_words(error))) from error
