"""A language that nobody speaks: what was never translated stands out in it, and what is too long.

Made of the texts in the source each time. Every letter is of another script, each text stands in
brackets and is two fifths longer; what is filled in stays as it is.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable
from pathlib import Path

LANGUAGE = "eo"
"""Any that the program does not speak and that has two plural forms."""
OPEN, CLOSE = "[!", "!]"

_LETTERS = dict(
    zip(
        map(ord, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        "абцдефгхийклмнопярстувшжызАБЦДЕФГХИЙКЛМНОПЯРСТУВШЖЫЗ",
        strict=True,
    )
)
_KEPT = re.compile(r"(\{\w*(?:[:!][^}]*)?\}|%\(\w+\)[rs]|%[rs])")
_EXTRA = 5 / 2
_LATIN = re.compile(r"[A-Za-z]{2,}")


def pseudo(text: str) -> str:
    """`text` as this language has it; the blanks around it stay around it."""
    inner = text.strip()
    parts = _KEPT.split(inner)
    shown = "".join(p if _KEPT.fullmatch(p) else p.translate(_LETTERS) for p in parts)
    words = [word for word in shown.split() if not _KEPT.search(word)] or ["ж"]
    extra, wanted = "", len(inner) / _EXTRA
    while len(extra) < wanted:
        extra += " " + words[len(extra) % len(words)]
    return text.replace(inner, f"{OPEN}{shown}{extra}{CLOSE}") if inner else text


class Pseudo(gettext.NullTranslations):
    """The language without a catalogue, for one process that is told to speak it."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        del context
        return pseudo(message)


def write_catalogue(directory: Path) -> None:
    """The language as a catalogue below `directory`, compiled, of all that is in the source."""
    import catalogues  # noqa: PLC0415  # a window needs none of these
    from babel.messages.catalog import Catalog  # noqa: PLC0415

    catalogue = Catalog(locale=LANGUAGE, charset="utf-8", fuzzy=False)
    for message in catalogues.extract():
        if message.id:
            found = message.id
            string = pseudo(found) if isinstance(found, str) else tuple(map(pseudo, found))
            catalogue.add(found, string, context=message.context)
    path = directory / LANGUAGE / "LC_MESSAGES" / "trayapp.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(catalogues.compiled(catalogue))


def untranslated(text: str, known: Iterable[str] = ()) -> list[str]:
    """The words in it that no translator ever saw, but for those that are `known` to need none."""
    for word in sorted({*known, *NAMES}, key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", " ", text)
    return _LATIN.findall(text)


NAMES = ("Trayapp", "Hubnity", "TimeTagger", "HTTP", "JSON", "UTC")
"""They are the same in every language."""
