"""The command line: parse, call, exit status; nothing else.

Exit status: 0 done, 1 could not be done, 2 usage, 3 not signed in, 4 server not reachable, 5 some
tasks failed. Errors are one line on stderr.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TextIO

from trayapp import __version__
from trayapp.clock import SystemClock
from trayapp.config import ConfigError, Paths, Settings
from trayapp.console.call import NOT_DONE, USAGE, Answer, Call, Failure, Options
from trayapp.control.messages import JSON
from trayapp.i18n import _, use_language
from trayapp.sync.words import one_line

_COMMANDS = {
    "": ("trayapp.console.life", "app"),
    "start": ("trayapp.console.clicks", "click"),
    "pause": ("trayapp.console.clicks", "click"),
    "resume": ("trayapp.console.clicks", "click"),
    "stop": ("trayapp.console.clicks", "click"),
    "edit": ("trayapp.console.edits", "edit"),
    "delete": ("trayapp.console.edits", "delete"),
    "undo": ("trayapp.console.edits", "undo"),
    "status": ("trayapp.console.reading", "status"),
    "recent": ("trayapp.console.reading", "recent"),
    "failed": ("trayapp.console.reading", "failed"),
    "retry": ("trayapp.console.retrying", "retry"),
    "discard": ("trayapp.console.failures", "discard"),
    "report": ("trayapp.console.failures", "report"),
    "login": ("trayapp.console.accounts", "login"),
    "logout": ("trayapp.console.accounts", "logout"),
    "window": ("trayapp.console.life", "window"),
    "import": ("trayapp.console.importing", "import_older"),
    "demo": ("trayapp.console.life", "demo"),
    "quit": ("trayapp.console.life", "end"),
}
"""Where each is; only that is loaded: key bindings and panel bars run them often."""


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as every other error does."""

    def error(self, message: str) -> NoReturn:
        text = _("{message}; “trayapp --help” shows what can be typed.")
        raise Failure(text.format(message=message), USAGE)


def _parser() -> _Parser:
    parser = _Parser(prog="trayapp", allow_abbrev=False, description=_("Tracks time in the tray."))
    parser.add_argument("--version", action="version", version=f"trayapp {__version__}")
    parser.add_argument("--no-tray", action="store_true", help=_("start without the icon"))
    commands = parser.add_subparsers(dest="command", metavar=_("COMMAND"))

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        if name != "demo":
            command.add_argument("--json", action="store_true", help=_("answer in JSON"))
        return command

    _add_click_commands(add)
    _add_failure_commands(add)
    _add_account_commands(add)
    demo = add("demo", _("play the whole story against a server that misbehaves"))
    demo.add_argument("--screenshots", type=Path, metavar=_("DIR"))
    add("quit", _("end the running app"))
    # Not for people: the app starts its windows with it.
    commands.add_parser("window", allow_abbrev=False).add_argument("window")
    return parser


def _add_click_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    status = add("status", _("what is tracked, and what waits to be sent"))
    status.add_argument("--check", action="store_true", help=_("tell by the exit status, too"))
    start = add("start", _("start tracking, or go on with the last project and note"))
    start.add_argument("project", nargs="?", metavar=_("PROJECT"))
    start.add_argument("--note", metavar=_("TEXT"))
    for command in (
        start,
        add("pause", _("have a break")),
        add("resume", _("end the break")),
        add("stop", _("finish the entry")),
    ):
        command.add_argument("--at", metavar=_("TIME"), help=_("HH:MM[:SS] of today, or ISO 8601"))
    _add_corrections(add)
    add("recent", _("the last entries"))


def _add_corrections(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    edit = add("edit", _("correct an entry, the newest one where none is named"))
    edit.add_argument("entry", nargs="?", metavar="ID")
    edit.add_argument("--project", metavar=_("PROJECT"))
    edit.add_argument("--note", metavar=_("TEXT"))
    text = _("HH:MM[:SS] of today, or ISO 8601")
    edit.add_argument("--started", metavar=_("TIME"), help=text)
    edit.add_argument("--stopped", metavar=_("TIME"), help=text)
    delete = add("delete", _("remove an entry, here and on the server"))
    delete.add_argument("entry", metavar="ID")
    add("undo", _("take the last command back"))


def _add_failure_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    failed = add("failed", _("what could not be sent, why, and what to do"))
    text = _("show it in a window")
    failed.add_argument("--window", action="store_true", dest="in_window", help=text)
    retry = add("retry", _("send failed tasks again"))
    retry.add_argument("ids", nargs="*", type=int, metavar="ID")
    retry.add_argument("--all", action="store_true", help=_("all of them; so it is without ids"))
    retry.add_argument("--wait", action="store_true", help=_("send now, and tell what came of it"))
    old = add("import", _("bring over the tasks of an older database"))
    old.add_argument("file", type=Path, metavar=_("FILE"))
    text = _("whose they are on their server, where the file does not say")
    old.add_argument("--user", default="", metavar="ID", help=text)
    discard = add("discard", _("have failed tasks not sent; told first what that does"))
    discard.add_argument("ids", nargs="*", type=int, metavar="ID")
    text = _("those that change nothing, as “trayapp failed” finds them")
    discard.add_argument("--duplicates", action="store_true", help=text)
    text = _("bring back what was discarded in the last 30 days")
    discard.add_argument("--undo", action="store_true", help=text)
    discard.add_argument("--yes", action="store_true", help=_("do not ask"))
    report = add("report", _("a text without secrets, for a support desk"))
    text = _("write it to a new file")
    report.add_argument("--save", type=Path, metavar=_("FILE"), help=text)


def _add_account_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    login = add("login", _("sign in to a server"))
    login.add_argument("--server", default="", metavar=_("KIND"), help="hubnity, timetagger")
    login.add_argument("--url", default="", metavar="URL", help=_("the server's address"))
    login.add_argument("--user", default="", metavar=_("NAME"))
    # A secret is never an argument: everybody on the machine can read those.
    secret = login.add_mutually_exclusive_group()
    for name, text in (
        ("--password-stdin", _("read the password from standard input")),
        ("--token-stdin", _("read a token from standard input")),
    ):
        secret.add_argument(name, action="store_true", help=text)
    text = _("agree to an address that is not encrypted")
    login.add_argument("--allow-http", action="store_true", help=text)
    earlier = login.add_mutually_exclusive_group()
    text = _("send what was tracked before")
    earlier.add_argument("--send-earlier", action="store_true", help=text)
    text = _("leave on this computer what was tracked before")
    earlier.add_argument("--keep-earlier", action="store_true", help=text)
    unsent = add("logout", _("sign out")).add_mutually_exclusive_group()
    unsent.add_argument("--send", action="store_true", help=_("send first what is unsent"))
    text = _("keep what is unsent for the next sign-in")
    unsent.add_argument("--keep", action="store_true", help=text)


def _parse(argv: Sequence[str] | None) -> Options:
    parser = _parser()
    options = parser.parse_args(argv, namespace=Options())
    if options.all and options.ids:
        parser.error(_("give ids or --all, not both"))
    if options.command and options.no_tray:
        parser.error(_("--no-tray is for starting the app"))
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. The time of a click is taken before anything else."""
    clock = SystemClock()
    stamp = clock.stamp()
    typed = sys.argv[1:] if argv is None else argv
    paths = Paths.of_user()
    try:
        settings, trouble = _settings(paths)
        use_language(settings.language or None)
        options = _parse(typed)
        if trouble is None:
            answer = _run(
                Call(options=options, stamp=stamp, clock=clock, paths=paths, settings=settings)
            )
        else:
            answer = _not_done(trouble)
    except Failure as failure:
        answer = _not_done(failure)
    except KeyboardInterrupt:
        return NOT_DONE
    except Exception as error:  # noqa: BLE001  # the top of the main thread; the log has the trace
        answer = _defect(paths, error)
    return _print(answer, as_json="--json" in typed)


def _run(call: Call) -> Answer:
    module, function = _COMMANDS[call.options.command or ""]
    command: Callable[[Call], Answer] = getattr(importlib.import_module(module), function)
    return command(call)


def _settings(paths: Paths) -> tuple[Settings, Failure | None]:
    """The settings, or the defaults and what to say unless only help is wanted."""
    try:
        return Settings.read(paths.settings), None
    except ConfigError as error:
        use_language()
        text = _("The settings cannot be used: {reason}. Nothing was changed; correct that file.")
        return Settings(), Failure(text.format(reason=error))


def _not_done(failure: Failure) -> Answer:
    text = one_line(failure.text)
    _write(sys.stderr, f"trayapp: {text}")
    value: dict[str, JSON] = {"changed": False, "message": text}
    return Answer(value=value, exit_status=failure.exit_status)


def _defect(paths: Paths, error: Exception) -> Answer:
    """The trace goes to the log, which hides secrets; the terminal gets one line."""
    import logging  # noqa: PLC0415  # for what should never happen

    from trayapp.log import redact, start_logging, stop_logging  # noqa: PLC0415

    with suppress(OSError):
        start_logging(paths.log)
        logging.getLogger("trayapp").error("A command failed", exc_info=error)
        stop_logging()
    text = _("This is a defect of Trayapp: {error}. What was recorded is safe; the log says more.")
    return _not_done(Failure(text.format(error=redact(f"{type(error).__name__}: {error}"))))


def _print(answer: Answer, *, as_json: bool) -> int:
    lines = [_json(answer.value)] if as_json and answer.value is not None else answer.lines
    if lines and not _write(sys.stdout, "\n".join(lines)):
        return answer.exit_status or NOT_DONE
    return answer.exit_status


def _json(value: Mapping[str, JSON]) -> str:
    encoding = getattr(sys.stdout, "encoding", None) or ""
    knows_all = encoding.lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not knows_all, indent=2, default=dict)


def _write(stream: TextIO | None, text: str) -> bool:
    """Print it; False when it could not be kept (a full disk). A reader that has left is no error.

    What the terminal cannot show, or is half a character, becomes an escape.
    """
    if stream is None:  # closed by the caller
        return True
    try:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        _let_go(stream)
    except OSError as error:
        _let_go(stream)
        if stream is not sys.stderr:
            _write(sys.stderr, f"trayapp: {error}")
        return False
    return True


def _let_go(stream: TextIO) -> None:
    """Python flushes once more at its end, and would complain then."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, stream.fileno())
    os.close(devnull)


if __name__ == "__main__":
    sys.exit(main())
