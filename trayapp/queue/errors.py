"""What can go wrong with the queue's file, told apart by what a user can do about it."""

from __future__ import annotations


class QueueError(Exception):
    """The queue's database could not be used; nothing was changed."""


class QueueBusyError(QueueError):
    """Another process held the database for too long; trying again later helps."""


class QueueUnreadableError(QueueError):
    """The file is not a database, or it is damaged."""


class SchemaTooNewError(QueueError):
    """A newer Trayapp made this database; it was left untouched."""
