"""The catalogues of `trayapp/locale`: extract from the source, update, compile (with Babel).

Their dates are constant, so that running this twice changes nothing.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import trayapp

PACKAGE = Path(trayapp.__file__).parent
LOCALE = PACKAGE / "locale"
TEMPLATE = LOCALE / "trayapp.pot"
LANGUAGES = ("ru",)

_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_TOP = "# The texts of Trayapp: {what}.\n#"


def po_path(language: str) -> Path:
    """Where the translations into `language` are written."""
    return LOCALE / language / "LC_MESSAGES" / "trayapp.po"


def mo_path(language: str) -> Path:
    """Their compiled form, which the program reads."""
    return po_path(language).with_suffix(".mo")


def extract() -> Catalog:
    """Every text in the source that is given to `_`, `ngettext` or `pgettext`."""
    template = _empty(None)
    found = extract_from_dir(PACKAGE, method_map=[("**.py", "python")])
    for filename, _line, text, _comments, context in found:
        template.add(text, context=context, locations=[(f"trayapp/{filename}", 0)])
    return template


def read(language: str) -> Catalog:
    """The translations as they are, or an empty catalogue."""
    path = po_path(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _empty(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        project="trayapp",
        version="1",
        header_comment=_TOP.format(what=language or "template"),
        msgid_bugs_address="README.md",
        last_translator="Trayapp",
        language_team="Trayapp",
        creation_date=_DATE,
        revision_date=_DATE,
        charset="utf-8",
        fuzzy=False,
    )


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue in the form gettext reads."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def unfinished(catalogue: Catalog) -> list[str]:
    """The texts that have no translation, a doubtful one, or too few plural forms."""
    return [_name(message) for message in catalogue if message.id and not _is_done(message)]


def _is_done(message: Message) -> bool:
    string = message.string or ""
    forms = (string,) if isinstance(string, str) else string
    return not message.fuzzy and all(forms)


def _name(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else " | ".join(message.id)
    return f"{text} [{message.context}]" if message.context else text


def update(language: str, template: Catalog) -> list[str]:
    """Bring one language up to the template and compile it; what is left to translate."""
    catalogue = read(language)
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    _write(po_path(language), catalogue)
    mo_path(language).write_bytes(compiled(read(language)))
    return unfinished(catalogue)


def _write(path: Path, catalogue: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, include_lineno=False)


def main() -> int:
    """Update and compile every language; 1 while a text is untranslated."""
    template = extract()
    _write(TEMPLATE, template)
    left = [f"{language}: {text}" for language in LANGUAGES for text in update(language, template)]
    print(f"{len(template)} texts, {len(left)} untranslated", *left, sep="\n  ")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
