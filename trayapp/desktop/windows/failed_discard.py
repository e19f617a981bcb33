"""Not sending failed tasks: said first what it does to the hours, asked, done, offered to undo.

Runs on Tk's thread. Long lists go in requests the channel can carry.
"""

from __future__ import annotations

from collections.abc import Sequence

from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.account import number
from trayapp.desktop.windows.banner import Offer
from trayapp.desktop.windows.failed_asking import MOST_IDS, Asking
from trayapp.desktop.windows.failed_dialog import Dialog, Way
from trayapp.desktop.windows.failed_model import chunked
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.widgets import Kind
from trayapp.desktop.windows.window import Window
from trayapp.i18n import _, ngettext
from trayapp.sync.discard_words import done_words, undone_words

Ids = tuple[int, ...] | None
"""None: the duplicates, as the app finds them."""


class Discards:
    """Discards and their undoing."""

    def __init__(self, window: Window, asking: Asking) -> None:
        self._window = window
        self._asking = asking
        self._say, self._changed = asking.say, asking.changed

    def ask(self, ids: Sequence[int] | None) -> None:
        """Say what it would do, and do it when the user agrees."""
        chosen = None if ids is None else tuple(ids)
        self._asking.each(
            _requests("discard", chosen, look=True), lambda told: self._offer(chosen, told)
        )

    def _offer(self, ids: Ids, told: list[Reply]) -> None:
        count = sum(number(reply.value, "count") for reply in told)
        effect = " ".join(reply.message for reply in told if reply.message)
        if not count:
            self._say(Sign.NOTE, effect, None)
            self._changed()
            return
        dialog = Dialog(self._window, title=_title(count, ids), text=effect, sign=_sign(ids))
        label = _("Remove duplicates") if ids is None else _("Do not send")
        kind = Kind.NORMAL if ids is None else Kind.DANGER
        dialog.offer(Way(label, lambda: self._do(ids), kind))

    def _do(self, ids: Ids) -> None:
        self._asking.each(_requests("discard", ids), self._done)

    def _done(self, told: list[Reply]) -> None:
        count = sum(number(reply.value, "count") for reply in told)
        gone = [one for reply in told for one in _ids_in(reply)]
        message = told[0].message if len(told) == 1 else done_words(count)
        offer = Offer(_("Undo"), lambda: self._undo(tuple(gone))) if gone else None
        self._say(Sign.GOOD, message, offer)
        self._changed()

    def _undo(self, ids: tuple[int, ...]) -> None:
        self._asking.each(_requests("undo_discard", ids), self._undone)

    def _undone(self, told: list[Reply]) -> None:
        count = sum(number(reply.value, "count") for reply in told)
        self._say(Sign.GOOD, undone_words(count), None)
        self._changed()


def _requests(name: str, ids: Ids, *, look: bool = False) -> list[Request]:
    if ids is None:
        return [Request(name, {"ids": None, "look": look})]
    if name == "undo_discard":
        return [Request(name, {"ids": chunk}) for chunk in chunked(ids, MOST_IDS)]
    return [Request(name, {"ids": chunk, "look": look}) for chunk in chunked(ids, MOST_IDS)]


def _ids_in(reply: Reply) -> tuple[int, ...]:
    ids = reply.value.get("ids")
    return tuple(one for one in ids if isinstance(one, int)) if isinstance(ids, tuple) else ()


def _title(count: int, ids: Ids) -> str:
    if ids is None:
        words = ngettext("Remove {count} repeated click?", "Remove {count} repeated clicks?", count)
    else:
        words = ngettext("Not send this task?", "Not send these {count} tasks?", count)
    return words.format(count=count)


def _sign(ids: Ids) -> Sign:
    return Sign.DUPLICATE if ids is None else Sign.NOTE
