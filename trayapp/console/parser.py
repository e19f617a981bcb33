"""What can be typed: the commands and their options.

Every command but the demo may say `--json`; what belongs together is checked here. Where the first
word names a command, only that one is built: key bindings and panel bars run them often.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from trayapp import __version__
from trayapp.console.call import USAGE, Failure, Options
from trayapp.console.usage_words import speak
from trayapp.i18n import N_, _

_Fill = Callable[[argparse.ArgumentParser], None]


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as every other error does."""

    def error(self, message: str) -> NoReturn:
        text = _("{message}; “trayapp --help” shows what can be typed.")
        raise Failure(text.format(message=message), USAGE)


def _parser(only: str | None = None) -> _Parser:
    """One that knows all commands, or this one alone."""
    speak()
    parser = _Parser(prog="trayapp", allow_abbrev=False, description=_("Tracks time in the tray."))
    version, text = f"trayapp {__version__}", _("show the version and exit")
    parser.add_argument("--version", action="version", version=version, help=text)
    parser.add_argument("--no-tray", action="store_true", help=_("start without the icon"))
    commands = parser.add_subparsers(dest="command", metavar=_("COMMAND"))
    for name in _COMMANDS if only is None else (only,):
        about, fill = _COMMANDS[name]
        if about:
            text = _(about)
            command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        else:
            command = commands.add_parser(name, allow_abbrev=False)
        if name not in _NOT_IN_JSON:
            command.add_argument("--json", action="store_true", help=_("answer in JSON"))
        fill(command)
    return parser


def _nothing_more(_command: argparse.ArgumentParser) -> None:
    """Its name says it all."""


def _status(status: argparse.ArgumentParser) -> None:
    status.add_argument("--check", action="store_true", help=_("tell by the exit status, too"))


def _start(start: argparse.ArgumentParser) -> None:
    start.add_argument("project", nargs="?", metavar=_("PROJECT"))
    start.add_argument("--note", metavar=_("TEXT"))
    _click(start)


def _click(click: argparse.ArgumentParser) -> None:
    click.add_argument("--at", metavar=_("TIME"), help=_("HH:MM[:SS] of today, or ISO 8601"))


def _edit(edit: argparse.ArgumentParser) -> None:
    edit.add_argument("entry", nargs="?", metavar="ID")
    edit.add_argument("--project", metavar=_("PROJECT"))
    edit.add_argument("--note", metavar=_("TEXT"))
    text = _("HH:MM[:SS] of today, or ISO 8601")
    edit.add_argument("--started", metavar=_("TIME"), help=text)
    edit.add_argument("--stopped", metavar=_("TIME"), help=text)
    text = _("its times by the clock as it is now, if that was set meanwhile")
    edit.add_argument("--by-clock", action="store_true", help=text)


def _delete(delete: argparse.ArgumentParser) -> None:
    delete.add_argument("entry", metavar="ID")


def _failed(failed: argparse.ArgumentParser) -> None:
    text = _("show it in a window")
    failed.add_argument("--window", action="store_true", dest="in_window", help=text)


def _retry(retry: argparse.ArgumentParser) -> None:
    retry.add_argument("ids", nargs="*", type=int, metavar="ID")
    retry.add_argument("--all", action="store_true", help=_("all of them; so it is without ids"))
    retry.add_argument("--wait", action="store_true", help=_("send now, and tell what came of it"))


def _import(old: argparse.ArgumentParser) -> None:
    old.add_argument("file", type=Path, metavar=_("FILE"))
    text = _("whose they are on their server, where the file does not say")
    old.add_argument("--user", default="", metavar="ID", help=text)


def _discard(discard: argparse.ArgumentParser) -> None:
    discard.add_argument("ids", nargs="*", type=int, metavar="ID")
    text = _("those that change nothing, as “trayapp failed” finds them")
    discard.add_argument("--duplicates", action="store_true", help=text)
    text = _("bring back what was discarded in the last 30 days")
    discard.add_argument("--undo", action="store_true", help=text)
    discard.add_argument("--yes", action="store_true", help=_("do not ask"))


def _report(report: argparse.ArgumentParser) -> None:
    text = _("write it to a new file")
    report.add_argument("--save", type=Path, metavar=_("FILE"), help=text)


def _login(login: argparse.ArgumentParser) -> None:
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


def _logout(logout: argparse.ArgumentParser) -> None:
    unsent = logout.add_mutually_exclusive_group()
    unsent.add_argument("--send", action="store_true", help=_("send first what is unsent"))
    text = _("keep what is unsent for the next sign-in")
    unsent.add_argument("--keep", action="store_true", help=text)


def _export(export: argparse.ArgumentParser) -> None:
    export.description = _(
        "Entries of the local log, sent or not, as CSV unless --json is given. Each is whole, on"
        " the local day it began. In CSV an apostrophe stands before what a spreadsheet would"
        " calculate; the column “guarded” says where. A file begins with the mark by which"
        " Excel knows UTF-8."
    )
    export.add_argument("--csv", action="store_true", help=_("for spreadsheets (UTF-8, commas)"))
    for name, dest, text in (
        ("--from", "first_day", _("the first day, such as 2026-01-31")),
        ("--to", "last_day", _("the last day")),
    ):
        export.add_argument(name, dest=dest, metavar=_("DAY"), help=text)
    _report(export)
    export.add_argument("--replace", action="store_true", help=_("even if there is such a file"))


def _demo(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--screenshots", type=Path, metavar=_("DIR"))


def _window(window: argparse.ArgumentParser) -> None:
    window.add_argument("window")


_COMMANDS: Mapping[str, tuple[str, _Fill]] = {
    "status": (N_("what is tracked, and what waits to be sent"), _status),
    "start": (N_("start tracking, or go on with the last project and note"), _start),
    "pause": (N_("have a break"), _click),
    "resume": (N_("end the break"), _click),
    "stop": (N_("finish the entry"), _click),
    "edit": (N_("correct an entry, the newest one where none is named"), _edit),
    "delete": (N_("remove an entry, here and on the server"), _delete),
    "undo": (N_("take the last command back"), _nothing_more),
    "recent": (N_("the last entries"), _nothing_more),
    "failed": (N_("what could not be sent, why, and what to do"), _failed),
    "retry": (N_("send failed tasks again"), _retry),
    "import": (N_("bring over the tasks of an older database"), _import),
    "discard": (N_("have failed tasks not sent; told first what that does"), _discard),
    "report": (N_("a text without secrets, for a support desk"), _report),
    "login": (N_("sign in to a server"), _login),
    "logout": (N_("sign out"), _logout),
    "export": (N_("what was tracked, sent or not, for a spreadsheet or a script"), _export),
    "doctor": (N_("check everything Trayapp needs: ok, or what to do"), _nothing_more),
    "demo": (N_("play the whole story against a server that misbehaves"), _demo),
    "quit": (N_("end the running app"), _nothing_more),
    "window": ("", _window),
}
"""Each with what help says of it; the app starts its windows with the one without."""
_NOT_IN_JSON = ("demo", "window")


def parse(argv: Sequence[str]) -> Options:
    """What was typed. Raises Failure; ends the process after a help text."""
    parser = _parser(argv[0] if argv and argv[0] in _COMMANDS else None)
    options = parser.parse_args(argv, namespace=Options())
    if options.all and options.ids:
        parser.error(_("give ids or --all, not both"))
    if options.csv and options.json:
        parser.error(_("give --csv or --json, not both"))
    if options.command and options.no_tray:
        parser.error(_("--no-tray is for starting the app"))
    return options
