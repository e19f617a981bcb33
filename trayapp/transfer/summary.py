"""Summary: what an import brought, what it left and why, in words and as JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from trayapp.control.messages import JSON
from trayapp.i18n import _, ngettext
from trayapp.light import dataclass
from trayapp.queue.legacy_rows import CANCELLED, KINDS, Nature, OldRow
from trayapp.tracking.entry import EventKind


class Left(StrEnum):
    """Why a row was not imported; the value is the one of the JSON summary."""

    SENT = "sent"
    CANCELLED = "cancelled"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    SCREENSHOT = "screenshot"
    ACTIVITY = "activity"
    UNKNOWN_KIND = "unknown_kind"


_SHOWN_KIND = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What became of every row of the file; counts by kind and by reason, without zeros.

    `already`: imported before; `mended`: imported before, and only now is their entry known.
    `undecided`: of the imported, those the user has to decide about. `lost`: at least so many rows
    could not be read. `unknown_kinds`: the kinds of rows that nobody knows here.
    """

    imported: Mapping[str, int]
    left: Mapping[Left, int]
    unknown_kinds: tuple[str, ...] = ()
    already: int = 0
    mended: int = 0
    undecided: int = 0
    users: tuple[str, ...] = ()
    lost: int = 0
    damaged: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was added."""
        return bool(self.imported) or self.mended > 0

    def to_json(self) -> dict[str, JSON]:
        """Values for `import --json`."""
        return {
            "changed": self.changed,
            "imported": dict(self.imported),
            "left": {reason.value: count for reason, count in self.left.items()},
            "unknown_kinds": list(self.unknown_kinds),
            "already": self.already,
            "mended": self.mended,
            "undecided": self.undecided,
            "users": list(self.users),
            "lost": self.lost,
            "damaged": self.damaged,
        }

    def lines(self) -> tuple[str, ...]:
        """For people: what came, what did not and why, and what happens next."""
        return tuple(
            line
            for line in (
                self._imported(),
                *(
                    _reason(reason, count, self.unknown_kinds)
                    for reason, count in self.left.items()
                ),
                self._damage(),
                self._decide(),
                *self._next(),
            )
            if line
        )

    def _imported(self) -> str:
        count = sum(self.imported.values())
        if not count and self.mended:
            text = ngettext(
                "{count} task that was imported before is complete now.",
                "{count} tasks that were imported before are complete now.",
                self.mended,
            )
            return text.format(count=self.mended)
        if not count and self.already:
            return _("Nothing new: everything in it was imported before.")
        if not count:
            return _("There was nothing in it to import.")
        kinds = [_kind(kind).format(count=self.imported[kind]) for kind in self.imported]
        text = ngettext(
            "{count} task imported: {kinds}.", "{count} tasks imported: {kinds}.", count
        )
        again = ngettext(
            "{count} was imported before.", "{count} were imported before.", self.already
        ).format(count=self.already)
        said = text.format(count=count, kinds=", ".join(kinds))
        return f"{said} {again}" if self.already else said

    def _damage(self) -> str:
        if self.lost:
            text = ngettext(
                "The file is damaged: at least {count} row could not be read.",
                "The file is damaged: at least {count} rows could not be read.",
                self.lost,
            )
            return text.format(count=self.lost)
        if self.damaged:
            return _("The file is damaged: what could be read was, and rows may be missing.")
        return ""

    def _decide(self) -> str:
        text = ngettext(
            "{count} of them is for you to decide about: its reason says why.",
            "{count} of them are for you to decide about: their reasons say why.",
            self.undecided,
        )
        return text.format(count=self.undecided) if self.undecided else ""

    def _next(self) -> tuple[str, ...]:
        if not self.changed:
            return ()
        held = _("They wait until this user signs in to a Hubnity server: {users}.")
        looked = _("Some may have arrived there before, so each is looked for before it is sent.")
        return held.format(users=", ".join(self.users)), looked


def left_of(rows: Iterable[OldRow]) -> tuple[dict[Left, int], tuple[str, ...]]:
    """What is not imported, counted by reason, and the kinds nobody knows."""
    reasons: Counter[Left] = Counter()
    unknown: dict[str, None] = {}
    for row in rows:
        reason = _why_left(row)
        if reason is not None:
            reasons[reason] += 1
        if reason is Left.UNKNOWN_KIND:
            unknown[row.kind[:_SHOWN_KIND]] = None
    return {reason: reasons[reason] for reason in Left if reasons[reason]}, tuple(unknown)


def kinds_of(rows: Iterable[OldRow]) -> dict[str, int]:
    """Counts by kind, in the order of a day."""
    found = Counter(row.kind for row in rows)
    return {kind: found[kind] for kind in KINDS if found[kind]}


def _why_left(row: OldRow) -> Left | None:
    if row.kind not in KINDS:
        kinds = {"screenshot": Left.SCREENSHOT, "activity": Left.ACTIVITY}
        return kinds.get(row.kind, Left.UNKNOWN_KIND)
    if row.status == CANCELLED:
        return Left.CANCELLED
    if row.is_finished:
        return Left.SENT
    if row.nature is Nature.ENCRYPTED:
        return Left.ENCRYPTED
    return Left.UNREADABLE if row.nature is Nature.UNREADABLE else None


def _kind(kind: str) -> str:
    return {
        EventKind.START.value: _("start {count}"),
        EventKind.PAUSE.value: _("pause {count}"),
        EventKind.RESUME.value: _("resume {count}"),
        EventKind.STOP.value: _("stop {count}"),
    }[kind]


def _reason(reason: Left, count: int, unknown: tuple[str, ...]) -> str:
    texts = {
        Left.SENT: _("Not imported, sent before: {count}."),
        Left.CANCELLED: _("Not imported, cancelled: {count}."),
        Left.ENCRYPTED: _(
            "Not imported, encrypted: {count}. Only the older app can read them; enter those hours"
            " on the server."
        ),
        Left.UNREADABLE: _(
            "Not imported, no readable content or time: {count}. Enter those hours on the server."
        ),
        Left.SCREENSHOT: _("Not imported, screenshots: {count}."),
        Left.ACTIVITY: _("Not imported, activity records: {count}."),
        Left.UNKNOWN_KIND: _("Not imported, of an unknown kind ({kinds}): {count}."),
    }
    kinds = ", ".join(repr(kind)[1:-1] for kind in unknown)
    return texts[reason].format(count=count, kinds=kinds)
