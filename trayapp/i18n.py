"""Texts in the user's language, through gettext. English is the source, Russian is complete."""

from __future__ import annotations

import gettext
import itertools
import os
import re
from pathlib import Path

DOMAIN = "trayapp"
LANGUAGES = ("en", "ru")
_LOCALE_DIR = Path(__file__).parent / "locale"

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
