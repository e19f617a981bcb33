"""What the failed-tasks window can do: each button's work, and how it ended in words.

Runs on Tk's thread; whatever takes time is done by the app, or by a program of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.failed_asking import MOST_IDS, Asking
from trayapp.desktop.windows.failed_details import Deed
from trayapp.desktop.windows.failed_model import Group, chunked, result_sign
from trayapp.desktop.windows.failed_retry import Course, Retry
from trayapp.desktop.windows.failed_row import Details
from trayapp.desktop.windows.failed_source import Source
from trayapp.desktop.windows.signs import Sign
from trayapp.i18n import _, ngettext
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import Action
from trayapp.sync.explanations import retry_result
from trayapp.sync.status import RetryResult

if TYPE_CHECKING:  # what is asked for later is loaded later
    from trayapp.desktop.windows.failed_choices import Fixable
    from trayapp.desktop.windows.failed_discard import Discards
    from trayapp.desktop.windows.failed_programs import Done
    from trayapp.desktop.windows.failed_report import Paperwork


class Actions:
    """One for each button; `progress` and `rested` tell how a retry goes."""

    def __init__(
        self,
        asking: Asking,
        source: Source,
        *,
        progress: Callable[[int, int], None],
        rested: Callable[[], None],
    ) -> None:
        self._asking = asking
        self._window = asking.window
        self._source = source
        self._rested = rested
        self._retry = Retry(
            asking.window,
            source,
            Course(
                progress=progress,
                ended=self._on_retried,
                refused=self._on_refused,
                cancelled=self._on_cancelled,
            ),
        )
        self.cancel = self._retry.cancel

    @cached_property
    def _discards(self) -> Discards:
        from trayapp.desktop.windows.failed_discard import Discards  # noqa: PLC0415

        return Discards(self._window, self._asking)

    @cached_property
    def _paperwork(self) -> Paperwork:
        from trayapp.desktop.windows.failed_report import Paperwork  # noqa: PLC0415

        return Paperwork(self._asking)

    def report(self) -> None:
        """Show a text for a support desk."""
        self._paperwork.report()

    def import_older(self) -> None:
        """Bring over the tasks of an older database."""
        self._paperwork.import_older()

    @property
    def is_retrying(self) -> bool:
        """Whether a retry goes on that this window asked for."""
        return self._retry.is_running

    # -- a card's button -------------------------------------------------------------------

    def help(self, group: Group) -> None:
        """Do what helps against this cause."""
        ids = group.ids or ()
        match group.action:
            case Action.SIGN_IN | Action.SERVER_SETTINGS:
                self._sign_in()
            case Action.RETRY:
                self.retry(ids)
            case Action.FIX:
                self._fix(ids)
            case Action.CHOOSE:
                self._choose(ids)
            case Action.REPORT:
                self.report()
            case Action.REMOVE_DUPLICATES:
                self._discards.ask(None)

    def deeds(self, found: Details) -> tuple[Deed, ...]:
        """The buttons below one task."""
        ids = (found.id,)
        own = {
            Cause.REFUSED: Deed(_("Fix…"), lambda: self._fix(ids)),
            Cause.CONFLICT: Deed(_("Choose…"), lambda: self._choose(ids)),
        }
        special = own.get(found.cause)
        return (
            *((special,) if special is not None else ()),
            Deed(_("Retry"), lambda: self.retry(ids)),
            Deed(_("Copy"), lambda: self.copy(ids)),
            Deed(_("Discard…"), lambda: self.discard(ids), apart=True),
        )

    def _sign_in(self) -> None:
        from trayapp.desktop.windows.failed_programs import run_ourselves  # noqa: PLC0415

        def ended(done: Done) -> None:
            if done.status:
                text = _("The window could not be opened. Type in a terminal: {command}")
                self._say(Sign.NEEDS_YOU, text.format(command="trayapp login"))
            self._asking.changed()

        self._window.in_background(lambda: run_ourselves("window", "sign-in"), ended)

    # -- retry -----------------------------------------------------------------------------

    def retry(self, ids: Sequence[int] | None) -> None:
        """Try these again, None meaning all that is open."""
        if ids is None or ids:
            self._retry.start(self._source.look().status, ids)

    def _on_retried(self, result: RetryResult) -> None:
        self._say(result_sign(result), retry_result(result))
        self._rested()

    def _on_refused(self, words: str) -> None:
        self._say(Sign.NEEDS_YOU, words)
        self._rested()

    def _on_cancelled(self, words: str) -> None:
        default = _("Stopped waiting. What is on its way is still sent; nothing is lost.")
        self._say(Sign.NOTE, words or default)
        self._rested()

    # -- discard, copy ---------------------------------------------------------------------

    def discard(self, ids: Sequence[int]) -> None:
        """Ask whether these are not to be sent."""
        if ids:
            self._discards.ask(ids)

    def copy(self, ids: Sequence[int]) -> None:
        """Put these on the clipboard as text."""
        if not ids:
            return
        self._window.top.clipboard_clear()
        self._window.top.clipboard_append(self._source.text(ids))
        words = ngettext("{count} task copied.", "{count} tasks copied.", len(ids))
        self._say(Sign.GOOD, words.format(count=len(ids)))

    # -- repair ----------------------------------------------------------------------------

    def _fix(self, ids: Sequence[int]) -> None:
        from trayapp.desktop.windows.failed_choices import ask_fix  # noqa: PLC0415

        found = self._fixable(ids)
        if found is not None:
            ask_fix(self._window, found, lambda project, note: self._send_fix(ids, project, note))

    def _fixable(self, ids: Sequence[int]) -> Fixable | None:
        from trayapp.desktop.windows.failed_choices import Fixable  # noqa: PLC0415

        task = self._source.task(ids[0]) if ids else None
        if task is None:
            return None
        entry = self._source.entry(task)
        return Fixable(
            count=len(ids),
            reason=task.reason,
            project=entry[0].project if entry else "",
            note=entry[0].note if entry else "",
            projects=self._source.projects(task.account_id),
        )

    def _send_fix(self, ids: Sequence[int], project: str | None, note: str | None) -> None:
        self._repair("fix", ids, {"project": project, "note": note})

    def _choose(self, ids: Sequence[int]) -> None:
        from trayapp.desktop.windows.failed_choices import ask_keep  # noqa: PLC0415

        task = self._source.task(ids[0]) if ids else None
        if task is not None:
            ask_keep(
                self._window,
                len(ids),
                task.reason,
                lambda keep: self._repair("resolve", ids, {"keep": keep}),
            )

    def _repair(self, name: str, ids: Sequence[int], how: dict[str, str | None]) -> None:
        requests = [Request(name, {"ids": some, **how}) for some in chunked(ids, MOST_IDS)]
        self._asking.each(requests, self._on_repaired)

    def _on_repaired(self, told: list[Reply]) -> None:
        self._say(Sign.GOOD, told[-1].message or _("Done; it is sent again."))
        self._asking.changed()

    def _say(self, sign: Sign, text: str) -> None:
        self._asking.say(sign, text, None)
