"""Texts in the user's language, through gettext. English is the source, Russian is complete."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

DOMAIN = "trayapp"
LANGUAGES = ("en", "ru")
_LOCALE_DIR = Path(__file__).parent / "locale"

_current: gettext.NullTranslations = gettext.NullTranslations()


def use_language(language: str | None = None) -> None:
    """Speak `language` ("en", "ru"), or what the environment asks for; unknown ones mean English.

    Call once at start, before any other thread is running.
    """
    global _current  # noqa: PLW0603  # the one language of a process, as gettext itself has it
    languages = [language] if language else _from_environment()
    _current = gettext.translation(DOMAIN, _LOCALE_DIR, languages=languages, fallback=True)


def _from_environment() -> list[str]:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            wanted = [part.split(".")[0] for part in value.split(":") if part]
            # English needs no catalogue, so a list that starts with it ends there.
            return [] if wanted and wanted[0].split("_")[0] in {"en", "C", "POSIX"} else wanted
    return []


def _(text: str) -> str:
    """`text` in the current language."""
    return _current.gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a text that goes with `count`."""
    return _current.ngettext(one, many, count)
