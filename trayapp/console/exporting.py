"""export: all entries of some days from the local log; neither server, keyring nor app is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from trayapp.console.call import NOT_DONE, USAGE, Answer, Call, Failure
from trayapp.console.export_text import BYTE_ORDER_MARK, CsvText, json_pieces
from trayapp.console.new_file import new_file
from trayapp.console.terminal import harmless, let_go
from trayapp.i18n import _, ngettext, system_words
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueError, translated
from trayapp.transfer.export import Days, EntryLog, ExportedEntry


def export(call: Call) -> Answer:
    """Write them to standard output or into a new file. Raises Failure."""
    work = _Export(call, _days(call))
    try:
        return work.shown() if call.options.save is None else work.saved(call.options.save)
    except QueueError as error:
        text = _("The entries cannot be read: {reason}. Nothing was changed; {advice}.")
        failure = Failure(in_words(text, error))
        if not work.has_begun:
            raise failure from error
        # Not through the answer: what is out already would have that in its middle.
        sys.stderr.write(f"trayapp: {harmless(failure.text)}\n")
        return Answer(exit_status=NOT_DONE)


class _Export:
    """One export under way. `has_begun`: something of it is on standard output."""

    def __init__(self, call: Call, days: Days) -> None:
        self.has_begun = False
        self._call = call
        self._days = days
        self._csv = CsvText()
        self._count = 0

    def shown(self) -> Answer:
        """On standard output, as UTF-8 whatever the locale, so that it is the same everywhere."""
        out = sys.stdout
        if out is None:  # closed by the caller
            return Answer()
        escape: Callable[[str], str] = _for_terminal if out.isatty() else str
        try:
            for piece in self._pieces():
                out.buffer.write(escape(piece).encode(errors="backslashreplace"))
                self.has_begun = True
            out.flush()
        except BrokenPipeError:
            let_go(out)
        except OSError as error:
            let_go(out)
            text = _("The export is not whole: {reason}. Nothing was changed.")
            sys.stderr.write(f"trayapp: {text.format(reason=system_words(error))}\n")
            return Answer(exit_status=NOT_DONE)
        if self._csv.guarded:
            sys.stderr.write(f"trayapp: {_guarded_words(self._csv.guarded)}\n")
        return Answer()

    def saved(self, path: Path) -> Answer:
        """In a file; the answer says so."""
        mark = "" if self._call.options.json else BYTE_ORDER_MARK
        try:
            with new_file(path, replace=self._call.options.replace) as file:
                file.write(mark.encode())
                for piece in self._pieces():
                    file.write(piece.encode(errors="backslashreplace"))
        except FileExistsError as error:
            text = _("There is a file {file} already. It was left as it is; --replace replaces it.")
            raise Failure(text.format(file=path)) from error
        except OSError as error:
            text = _("The export could not be saved in {file}: {reason}. Choose another place.")
            raise Failure(text.format(file=path, reason=system_words(error))) from error
        text = ngettext(
            "{count} entry is in {file}.", "{count} entries are in {file}.", self._count
        )
        lines = [text.format(count=self._count, file=path)]
        if self._csv.guarded:
            lines.append(_guarded_words(self._csv.guarded))
        message = " ".join(lines)
        return Answer(
            value={"changed": True, "message": message, "saved": str(path), "count": self._count},
            lines=lines,
        )

    def _pieces(self) -> Iterator[str]:
        as_json = self._call.options.json
        return json_pieces(self._entries()) if as_json else self._csv.pieces(self._entries())

    def _entries(self) -> Iterator[ExportedEntry]:
        database = self._call.paths.database
        with translated():
            if not database.exists():
                return
        with closing(EntryLog(database)) as log:
            if log.is_outdated:
                _bring_up_to_date(self._call)
            for entry in log.entries(self._days, self._call.clock.now()):
                self._count += 1
                yield entry


def _bring_up_to_date(call: Call) -> None:
    from trayapp.app import surroundings  # noqa: PLC0415  # once in the life of a database
    from trayapp.headless import bring_up_to_date  # noqa: PLC0415

    bring_up_to_date(surroundings(call.paths, call.settings, call.clock))


def _for_terminal(piece: str) -> str:
    return harmless(piece.replace("\r\n", "\n"))


def _guarded_words(count: int) -> str:
    text = ngettext(
        "In {count} entry an apostrophe stands before what a spreadsheet would calculate;"
        " the column “guarded” says where, and --json has it as it was typed.",
        "In {count} entries an apostrophe stands before what a spreadsheet would calculate;"
        " the column “guarded” says where, and --json has it as it was typed.",
        count,
    )
    return text.format(count=count)


def _days(call: Call) -> Days:
    days = Days(first=_day(call.options.first_day), last=_day(call.options.last_day))
    if days.first and days.last and days.first > days.last:
        raise Failure(_("--to lies before --from."), USAGE)
    return days


def _day(typed: str | None) -> date | None:
    if typed is None:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        text = _("“{text}” is no day. Type it like 2026-01-31.")
        raise Failure(text.format(text=typed), USAGE) from error
