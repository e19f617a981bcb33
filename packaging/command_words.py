"""What can be typed, as plain data: man pages and completions are written from the real parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trayapp.console import parser as console_parser
from trayapp.i18n import use_language

_NOT_FOR_PEOPLE = ("window",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option; `value` is the word for what follows it, empty where nothing does."""

    names: tuple[str, ...]
    value: str
    is_file: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; the program itself has no name."""

    name: str
    text: str
    operands: tuple[str, ...]
    takes_file: bool
    options: tuple[Option, ...]
    usage: str


def commands(language: str) -> tuple[Command, ...]:
    """The program itself, then its commands, in this language."""
    use_language(language)
    try:
        program = console_parser._parser()  # noqa: SLF001  # parsing is all that it offers others
        return tuple(_commands(program))
    finally:
        use_language("en")


def _commands(program: argparse.ArgumentParser) -> Iterator[Command]:
    yield _command("", program.description or "", program)
    (choices,) = (
        action
        for action in program._actions  # noqa: SLF001  # argparse has no other way
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001  # the same
    )
    for name, parser in choices.choices.items():
        if name not in _NOT_FOR_PEOPLE:
            yield _command(name, parser.description or "", parser)


def _command(name: str, text: str, parser: argparse.ArgumentParser) -> Command:
    actions = [
        action
        for action in parser._actions  # noqa: SLF001  # argparse has no other way
        if not isinstance(action, argparse._SubParsersAction)  # noqa: SLF001  # the same
    ]
    operands = [action for action in actions if not action.option_strings]
    usage = parser.format_usage().split(":", 1)[1].split()
    return Command(
        name=name,
        text=text,
        operands=tuple(str(action.metavar or action.dest) for action in operands),
        takes_file=any(action.type is Path for action in operands),
        options=tuple(_option(action) for action in actions if action.option_strings),
        usage=" ".join(usage),
    )


def _option(action: argparse.Action) -> Option:
    takes_value = action.nargs != 0
    return Option(
        names=tuple(action.option_strings),
        value=str(action.metavar or action.dest.upper()) if takes_value else "",
        is_file=action.type is Path,
        text=action.help or "",
    )
