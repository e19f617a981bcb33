"""import_database: the tasks of an older database, brought into the queue.

Each chunk is a transaction of its own with a pause behind it, so that a click never waits for a
long import. What breaks off is finished by importing once more: nothing is brought twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from trayapp.i18n import ngettext
from trayapp.mutex import Mutex
from trayapp.queue.legacy_rows import Group, OldRow, grouped, users_of
from trayapp.queue.legacy_tasks import Bringer, Brought
from trayapp.queue.store import QueueWriter
from trayapp.transfer.old_file import open_copy
from trayapp.transfer.salvage import Salvaged, salvage
from trayapp.transfer.summary import Summary, kinds_of, left_of

_CHUNK = 50


class UserNeededError(Exception):
    """The file does not say whose tasks these are; ask, and import again with `user`."""

    def __init__(self, count: int) -> None:
        text = ngettext(
            "The older database does not say whose task this is. Nothing was imported. Say which"
            " user of the Hubnity server it belongs to.",
            "The older database does not say whose tasks these {count} are. Nothing was imported."
            " Say which user of the Hubnity server they belong to.",
            count,
        )
        super().__init__(text.format(count=count))
        self.count = count


def import_database(
    path: Path,
    queue: Mutex[QueueWriter],
    *,
    cause_of: Callable[[str], str],
    user: str = "",
    pause: Callable[[], None] = lambda: None,
) -> Summary:
    """Bring over what has still to be sent; the file itself is only read.

    `cause_of` tells the cause of a failure by its stored reason. `user`: the id, on their Hubnity
    server, of the user whose tasks these are where the file does not say; the file's own word
    goes first. `pause` is called between two transactions, for as long as others may need.

    Raises ImportRefusedError, UserNeededError (nothing was changed), QueueError.
    """
    with open_copy(path) as connection:
        found = salvage(connection)
    groups = grouped(found.rows, owner=_owner(found, user))
    nobodys = sum(row.waits for group in groups if not group.user for row in group.rows)
    if nobodys:
        raise UserNeededError(nobodys)
    brought: list[Brought] = []
    for number, chunk in enumerate(_chunks(groups)):
        if number:
            pause()
        with queue.lock() as guard:
            bringer = Bringer(guard.value.run, cause_of=cause_of)
            brought += [bringer.bring(group) for group in chunk]
    return _summary(found, groups, brought)


def _owner(found: Salvaged, user: str) -> str:
    """Whose the rows are that name nobody: one user's file is that user's as a whole."""
    users = users_of(found.rows)
    return users[0] if len(users) == 1 else found.user or user


def _chunks(groups: Sequence[Group]) -> Iterator[list[Group]]:
    chunk: list[Group] = []
    size = 0
    for group in groups:
        if chunk and size + len(group.rows) > _CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(group)
        size += len(group.rows)
    if chunk:
        yield chunk


def _summary(found: Salvaged, groups: Sequence[Group], brought: Sequence[Brought]) -> Summary:
    left, unknown = left_of(found.rows)
    added: list[OldRow] = [row for one in brought for row in one.added]
    users = dict.fromkeys(group.user for group in groups)
    return Summary(
        imported=kinds_of(added),
        left=left,
        unknown_kinds=unknown,
        already=sum(one.already for one in brought),
        mended=sum(one.mended for one in brought),
        undecided=sum(one.undecided for one in brought),
        users=tuple(users),
        lost=found.lost,
        damaged=found.damaged,
    )
