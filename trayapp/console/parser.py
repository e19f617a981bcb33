"""What can be typed: the commands and their options.

Every command may say `--json`; what belongs together is checked here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from trayapp import __version__
from trayapp.console.call import USAGE, Failure, Options
from trayapp.console.usage_words import speak
from trayapp.i18n import _


class _Parser(argparse.ArgumentParser):
    """Complains in one line, as every other error does."""

    def error(self, message: str) -> NoReturn:
        text = _("{message}; “trayapp --help” shows what can be typed.")
        raise Failure(text.format(message=message), USAGE)


def _parser() -> _Parser:
    speak()
    parser = _Parser(prog="trayapp", allow_abbrev=False, description=_("Tracks time in the tray."))
    version, text = f"trayapp {__version__}", _("show the version and exit")
    parser.add_argument("--version", action="version", version=version, help=text)
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
    _add_export(add)
    add("doctor", _("check everything Trayapp needs: ok, or what to do"))
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
    text = _("its times by the clock as it is now, if that was set meanwhile")
    edit.add_argument("--by-clock", action="store_true", help=text)
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


def _add_export(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    export = add("export", _("what was tracked, sent or not, for a spreadsheet or a script"))
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
    text = _("write it to a new file")
    export.add_argument("--save", type=Path, metavar=_("FILE"), help=text)
    export.add_argument("--replace", action="store_true", help=_("even if there is such a file"))


def parse(argv: Sequence[str] | None) -> Options:
    """What was typed. Raises Failure; ends the process after a help text."""
    parser = _parser()
    options = parser.parse_args(argv, namespace=Options())
    if options.all and options.ids:
        parser.error(_("give ids or --all, not both"))
    if options.csv and options.json:
        parser.error(_("give --csv or --json, not both"))
    if options.command and options.no_tray:
        parser.error(_("--no-tray is for starting the app"))
    return options
