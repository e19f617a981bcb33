"""Texts in the user's language, through gettext. English is the source, Russian is complete."""

from __future__ import annotations

import gettext
import itertools
import os
import re
from datetime import date
from pathlib import Path

DOMAIN = "trayapp"
LANGUAGES = ("en", "ru")
_LOCALE_DIR = Path(__file__).parent / "locale"

N_ = str
"""Marks a text that is translated where it is used."""

_SYSTEM_WORDS = (
    N_("Disk quota exceeded"),
    N_("File exists"),
    N_("File name too long"),
    N_("Input/output error"),
    N_("Is a directory"),
    N_("No space left on device"),
    N_("No such file or directory"),
    N_("Not a directory"),
    N_("Permission denied"),
    N_("Read-only file system"),
)
"""What the system says of files, in English whatever the user speaks."""

_current: gettext.NullTranslations = gettext.NullTranslations()


def use_language(language: str | None = None) -> None:
    """Speak `language` ("en", "ru"), or what the environment asks for; unknown ones mean English.

    At start, and whenever the user chooses another one; texts made from then on are in it.
    """
    global _current  # noqa: PLW0603  # the one language of a process, as gettext itself has it
    languages = [language] if language else _from_environment()
    _current = gettext.translation(DOMAIN, _LOCALE_DIR, languages=languages, fallback=True)


def _from_environment() -> list[str]:
    """The languages asked for, the most wanted first; empty means English."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            wanted = [part.split(".")[0] for part in value.split(":") if part]
            # English needs no catalogue: what comes after it is never reached.
            return list(itertools.takewhile(lambda part: not _is_english(part), wanted))
    return []


def _is_english(language: str) -> bool:
    return re.split("[_@]", language)[0] in {"en", "C", "POSIX"}


def _(text: str) -> str:
    """`text` in the current language."""
    return _current.gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a text that goes with `count`."""
    return _current.ngettext(one, many, count)


def pgettext(context: str, text: str) -> str:
    """`text` in the current language, where another language has several words for it."""
    return _current.pgettext(context, text)


def system_words(error: OSError) -> str:
    """What the system says of it: the reason to tell a user."""
    return _(error.strerror) if error.strerror else str(error) or type(error).__name__


def tenths(number: float) -> str:
    """With one decimal, such as "0.1"."""
    whole, _point, tenth = f"{number:.1f}".partition(".")
    return pgettext("number", "{whole}.{tenth}").format(whole=whole, tenth=tenth)


def day_words(day: date, *, with_year: bool) -> str:
    """Such as "8 Jan", or "8 Jan 2026"."""
    words = _("{day} {month} {year}") if with_year else _("{day} {month}")
    return words.format(day=day.day, month=_months()[day.month - 1], year=day.year)


def _months() -> tuple[str, ...]:
    return (
        pgettext("month", "Jan"),
        pgettext("month", "Feb"),
        pgettext("month", "Mar"),
        pgettext("month", "Apr"),
        pgettext("month", "May"),
        pgettext("month", "Jun"),
        pgettext("month", "Jul"),
        pgettext("month", "Aug"),
        pgettext("month", "Sep"),
        pgettext("month", "Oct"),
        pgettext("month", "Nov"),
        pgettext("month", "Dec"),
    )
