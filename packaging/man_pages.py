"""Man pages, written from the parser, so that they say what the program does.

Usage: python packaging/man_pages.py LANGUAGE YYYY-MM-DD
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from command_words import Command, Option, commands

from trayapp import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a page says besides the parser."""

    name: str
    synopsis: str
    summary: str
    description: str
    description_text: str
    options: str
    command_list: str
    files: str
    file_texts: tuple[str, str, str]
    exit_status: str
    statuses: tuple[str, ...]


_FILES = (
    "~/.config/trayapp/settings.toml",
    "~/.local/share/trayapp/trayapp.db",
    "~/.local/state/trayapp/trayapp.log",
)
WORDS: Mapping[str, Words] = {
    "en": Words(
        name="NAME",
        synopsis="SYNOPSIS",
        summary="track time from the tray",
        description="DESCRIPTION",
        description_text=(
            "Without a command Trayapp shows its icon and stays. Commands work with and without"
            " the running app: without it a click is recorded, and sent when Trayapp runs."
        ),
        options="OPTIONS",
        command_list="COMMANDS",
        files="FILES",
        file_texts=("settings; every line may be missing", "the clicks and the queue", "the log"),
        exit_status="EXIT STATUS",
        statuses=(
            "done",
            "could not be done",
            "usage",
            "not signed in",
            "server not reachable",
            "some tasks failed",
        ),
    ),
    "ru": Words(
        name="ИМЯ",
        synopsis="СИНТАКСИС",
        summary="учёт времени из области уведомлений",
        description="ОПИСАНИЕ",
        description_text=(
            "Без команды Trayapp показывает значок и остаётся работать. Команды действуют и при"
            " работающем приложении, и без него: без него щелчок записывается и будет отправлен,"
            " когда Trayapp заработает."
        ),
        options="ПАРАМЕТРЫ",
        command_list="КОМАНДЫ",
        files="ФАЙЛЫ",
        file_texts=("настройки; любая строка может отсутствовать", "щелчки и очередь", "журнал"),
        exit_status="КОД ВОЗВРАТА",
        statuses=(
            "сделано",
            "сделать не удалось",
            "ошибка в команде",
            "вход не выполнен",
            "сервер недоступен",
            "есть задачи с ошибкой",
        ),
    ),
}


def man_page(language: str, day: date) -> str:
    """The whole page, as roff."""
    words = WORDS[language]
    program, *others = commands(language)
    return "\n".join(
        [
            f'.TH TRAYAPP 1 "{day.isoformat()}" "Trayapp {__version__}"',
            f".SH {words.name}",
            rf"trayapp \- {words.summary}",
            f".SH {words.synopsis}",
            rf".B {_roff(program.usage)}",
            f".SH {words.description}",
            _roff(words.description_text),
            f".SH {words.options}",
            *_options(program),
            f".SH {words.command_list}",
            *(line for command in others for line in _command(command)),
            f".SH {words.files}",
            *_tagged(_FILES, words.file_texts),
            f".SH {words.exit_status}",
            *_tagged([str(number) for number in range(len(words.statuses))], words.statuses),
            "",
        ]
    )


def _command(command: Command) -> Iterator[str]:
    yield f".SS {_roff(command.usage.removeprefix('trayapp '))}"
    yield _roff(command.text)
    yield from _options(command)


def _options(command: Command) -> Iterator[str]:
    for option in command.options:
        if "--help" not in option.names or not command.name:
            yield from (".TP", _heading(option), _roff(option.text) or r"\&")


def _heading(option: Option) -> str:
    names = ", ".join(rf"\fB{_roff(name)}\fR" for name in option.names)
    return rf"{names} \fI{_roff(option.value)}\fR" if option.value else names


def _tagged(tags: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
    for tag, text in zip(tags, texts, strict=True):
        yield from (".TP", rf"\fB{_roff(tag)}\fR", _roff(text))


def _roff(text: str) -> str:
    """Plain text: nothing in it is a request, and a hyphen can be copied into a shell."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti")
    return rf"\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    sys.stdout.write(man_page(sys.argv[1], date.fromisoformat(sys.argv[2])))
