from __future__ import annotations

from tests.unit.queue.support import Queue
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account
from trayapp.tracking.catalog import Catalog, Project
from trayapp.tracking.entry import to_ms

LIST = Catalog(
    projects=(Project(id="2", name="app"), Project(id="1", name="Website")), binds=True, needed=True
)


def other_account(queue: Queue) -> Account:
    with queue.writing() as writer:
        return writer.accounts.use("example", "https://x.example", "anna")


def read_at(writer: QueueWriter, account: Account) -> object:
    return writer.rows("SELECT projects_ms FROM account WHERE id = ?", (account.id,))[0][0]


def test_a_catalog_is_kept_for_its_account_and_read_by_name(queue: Queue) -> None:
    anna = other_account(queue)
    with queue.writing() as writer:
        assert read_at(writer, anna) is None
        writer.accounts.set_catalog(anna.id, LIST, queue.now)
        assert writer.accounts.catalog(anna.id) == LIST
        assert read_at(writer, anna) == to_ms(queue.now)
        assert writer.accounts.catalog(1) == Catalog()
    assert queue.reader.catalog(anna.id) == LIST


def test_a_newer_catalog_takes_the_place_of_the_older(queue: Queue) -> None:
    newer = Catalog(projects=(Project(id="3", name="New"),))
    with queue.writing() as writer:
        writer.accounts.set_catalog(1, LIST, queue.now)
        writer.accounts.set_catalog(1, newer, queue.now)
        assert writer.catalog() == newer


def test_an_account_at_another_address_has_not_worked_there(queue: Queue) -> None:
    anna = other_account(queue)
    with queue.writing() as writer:
        writer.accounts.delivered(anna.id, queue.now)
        writer.accounts.set_catalog(anna.id, LIST, queue.now)
        writer.accounts.move(anna.id, "https://y.example")
        assert writer.accounts.find("example", "https://x.example", "anna") is None
        moved = writer.accounts.find("example", "https://y.example", "anna")
        assert moved is not None
        assert (moved.id, moved.last_delivery_at) == (anna.id, None)
        assert read_at(writer, anna) is None
