"""The failed-tasks window: what failed, why, what it means for the hours, and what repairs it.

Runs on Tk's thread. It reads the queue itself, read-only, and asks the running app to act.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tkinter import ttk

from trayapp.config import ConfigError, Paths, Settings
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.banner import Offer
from trayapp.desktop.windows.failed_actions import Actions
from trayapp.desktop.windows.failed_asking import Asking
from trayapp.desktop.windows.failed_details import build_details
from trayapp.desktop.windows.failed_footer import Commands
from trayapp.desktop.windows.failed_groups import Cards, Wishes
from trayapp.desktop.windows.failed_list import Hands, TaskList
from trayapp.desktop.windows.failed_model import (
    RETRY_ALL,
    Findings,
    Group,
    accent_key,
    all_tasks_words,
    empty_words,
    place_of,
    safe_words,
)
from trayapp.desktop.windows.failed_page import ListHead, Page, Toolbar
from trayapp.desktop.windows.failed_row import Details, Row
from trayapp.desktop.windows.failed_source import Source, View
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.window import Opening, Window
from trayapp.i18n import _
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueError
from trayapp.sync.sentences import failed_label, retry_label

_WATCH_SECONDS = 10.0
_STUDY_MS = 150
"""What takes a while begins when the first rows are on the screen."""
_BREATH_MS = 1
_SETTLE_MS = 150
"""Changes that come close together are shown together."""


def open_window(opening: Opening) -> Window:
    """The window, filled already."""
    paths = Paths.of_user()
    settings = Settings()
    with suppress(ConfigError):
        settings = Settings.read(paths.settings)
    # First the queue: meanwhile the desktop tells whether it is dark.
    looked = _look(paths.database, settings.max_attempts)
    window = Window(opening, title=_("Failed tasks"), resizable=True, has_fields=False)
    try:
        if isinstance(looked, QueueError):
            raise looked
        FailedTasks(window, *looked).open()
    except QueueError as error:
        _say_unreadable(window, error)
    return window


def _look(database: Path, most_attempts: int) -> tuple[Source, View] | QueueError:
    try:
        source = Source(database, most_attempts=most_attempts)
        return source, source.look()
    except QueueError as error:
        return error


def _say_unreadable(window: Window, error: QueueError) -> None:
    text = _("Why: {reason}. Nothing was changed; start Trayapp, then open this window again.")
    window.say(Sign.NEEDS_YOU, _("The queue cannot be read."), in_words(text, error))


class FailedTasks:
    """One window of it."""

    def __init__(self, window: Window, source: Source, view: View) -> None:
        self._window = window
        self._source = source
        self._key = ""
        self._ids: Sequence[int] | None = ()
        self._told: Details | None = None
        self._is_due = self._is_studying = self._is_stale = self._is_watched = False
        self._view = view
        self._findings = Findings()
        asking = Asking(window, self._say, self._changed)
        self._actions = Actions(asking, source, progress=self._on_progress, rested=self._on_rest)
        act = self._actions
        self._page = Page(
            window,
            Commands(
                report=act.report,
                import_older=act.import_older,
                retry_all=lambda: act.retry(None),
                cancel=act.cancel,
                close=self._close,
            ),
        )
        surface = self._page.surface
        self._cards = Cards(surface, window.widgets, Wishes(help=act.help, show=self._only))
        self._head = ListHead(
            surface,
            window,
            Toolbar(
                show_all=lambda: self._only(None),
                retry=lambda: act.retry(self._shown()),
                copy=lambda: act.copy(self._shown()),
                discard=lambda: act.discard(self._shown()),
            ),
        )
        hands = Hands(row=self._row, unfold=self._unfold, discard=self._discard, copy=self._copy)
        self._list = TaskList(surface, hands)
        self._list.on_width = self._cards.resize

    def open(self) -> None:
        """Show what there is, and follow what changes."""
        window = self._window
        self._list.stack(self._cards.frame, self._head.frame)
        self._show(self._view)
        self._page.settle(self._list.guess(len(self._findings.groups)))
        window.show(self._first_focus())
        self._page.release()
        window.on_escape = self._on_escape
        window.top.bind("<F5>", lambda _event: self._on_f5())
        self._watch()

    # -- what is shown ---------------------------------------------------------------------

    def _refresh(self) -> None:
        self._is_due = False
        try:
            view = self._source.look()
        except QueueError as error:
            _say_unreadable(self._window, error)
            return
        self._show(view)

    def _show(self, view: View) -> None:
        self._view = view
        # What was diagnosed stays until it is diagnosed anew.
        if view.whole or self._findings.ids is None:
            self._fill(view.findings)
        self._label()
        if not view.whole:
            self._window.later(_STUDY_MS, self._study)

    def _study(self) -> None:
        self._is_stale = self._is_studying
        if self._is_studying:
            return
        self._is_studying = True
        self._read_on(self._source.study(self._view.status))

    def _read_on(self, steps: Iterator[Findings | None]) -> None:
        """A step, then whatever else there is to do: nobody waits for the rest."""
        for found in steps:
            if found is None:
                self._window.later(_BREATH_MS, lambda: self._read_on(steps))
                return
            self._source.learn(found)
            self._fill(found)
            self._label()
        self._is_studying = False
        if self._is_stale:
            self._study()

    def _label(self) -> None:
        status = self._view.status
        empty = not status.failed
        words = empty_words(status) if empty else safe_words(status)
        self._page.show(failed_label(status), words, empty=empty)
        open_tasks = status.own_unsent
        self._page.footer.show(
            retry_label(status) if open_tasks else "",
            accent=not empty and accent_key(self._findings.groups) == RETRY_ALL,
            enabled=not self._actions.is_retrying,
        )

    def _fill(self, findings: Findings) -> None:
        selected, unfolded = self._id_at(self._list.selected), self._id_at(self._list.unfolded)
        before = self._list.selected
        self._findings = findings
        if self._key and findings.group(self._key) is None:
            self._key = ""
        self._cards.show(findings, accent=accent_key(findings.groups))
        group = findings.group(self._key)
        self._ids = findings.ids if group is None else group.ids
        count = group.count if group is not None else self._view.status.failed
        count = count if self._ids is None else len(self._ids)
        title = group.words.title if group is not None else all_tasks_words(count)
        self._head.show(title, filtered=group is not None)
        self._list.moved(unfolded=place_of(unfolded, self._ids))
        place = place_of(selected, self._ids)
        self._list.fill(count, selected=place if place >= 0 else before)
        if unfolded and self._told != self._source.details(unfolded):
            self._list.again()

    def _only(self, group: Group | None) -> None:
        self._key = group.key if group is not None else ""
        self._list.fold()
        self._fill(self._findings)
        self._list.to_top()
        self._list.keys.focus_set()

    def _first_focus(self) -> ttk.Widget:
        key = accent_key(self._findings.groups)
        button = self._cards.button(key)
        return button if button is not None else self._page.footer.retry_all

    # -- rows ------------------------------------------------------------------------------

    def _id_at(self, index: int) -> int:
        return self._ids[index] if self._ids and 0 <= index < len(self._ids) else 0

    def _shown(self) -> Sequence[int]:
        return self._ids or ()

    def _row(self, index: int) -> Row | None:
        return self._source.row(index, self._ids)

    def _unfold(self, index: int) -> ttk.Frame | None:
        found = self._told = self._source.details(self._id_at(index))
        if found is None:
            return None
        deeds = self._actions.deeds(found)
        page = self._page.surface
        return build_details(page, self._window.widgets, found, deeds, indent=self._list.indent)

    def _discard(self, index: int) -> None:
        self._actions.discard(self._one(index))

    def _copy(self, index: int) -> None:
        self._actions.copy(self._one(index))

    def _one(self, index: int) -> Sequence[int]:
        found = self._id_at(index)
        return (found,) if found else ()

    # -- what happens ----------------------------------------------------------------------

    def _say(self, sign: Sign, text: str, offer: Offer | None) -> None:
        self._page.say(sign, text, offer)

    def _changed(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._window.later(_SETTLE_MS, self._refresh)

    def _on_progress(self, done: int, total: int) -> None:
        if not done:
            self._page.banner.clear()
            self._label()
        self._page.footer.progress(done, total)
        if not self._is_watched:
            self._changed()

    def _on_rest(self) -> None:
        self._page.footer.rest()
        self._changed()

    def _on_f5(self) -> None:
        self._refresh()
        if not self._is_watched:  # the app may have been started since
            self._watch()

    def _on_escape(self) -> None:
        if self._list.unfolded >= 0:
            self._list.fold()
        else:
            self._close()

    def _close(self) -> None:
        self._source.close()
        self._window.close()

    def _watch(self) -> None:
        self._window.subscribe(
            Request("watch"), self._on_watch, timeout=_WATCH_SECONDS, failed=self._on_unwatched
        )

    def _on_watch(self, reply: Reply) -> None:
        self._is_watched = reply.ok
        if reply.ok:
            self._changed()

    def _on_unwatched(self, _error: ChannelError) -> None:
        # Without the app nothing changes by itself; what acts says that it is not running.
        self._is_watched = False
