"""Accounts, their gates and their newest refusals, as the queue's database keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trayapp.light import dataclass
from trayapp.queue.database import Database
from trayapp.queue.rows import account_of, catalog_of, gate_of, gate_values, marks
from trayapp.queue.task import Account, Gate, GateKind, Refusal
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import to_ms

_STANDING = (
    "SELECT refusal_entry, refusal_words,"
    " EXISTS (SELECT 1 FROM tally WHERE account = whose.id AND status = 'failed' AND count > 0),"
    " EXISTS (SELECT 1 FROM tally"
    "   WHERE account = whose.id AND status = 'pending' AND cause = 'blocked' AND count > 0)"
    " FROM account AS whose WHERE id = ?"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest refusal, as long as no delivery followed it; whether anything failed or waits."""

    refusal: Refusal | None
    has_failed: bool
    has_blocked: bool


class AccountTable:
    """Whose queue, and what holds it. Used with the guard held."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def active(self) -> Account:
        """The account that new entries belong to and that is delivered now."""
        rows = self._database.rows(
            "SELECT * FROM account"
            " WHERE id = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'active_account')"
        )
        return account_of(rows[0])

    def inside(self) -> Account:
        """The account of the server inside, which needs no sign-in."""
        return account_of(self._database.rows("SELECT * FROM account WHERE kind = 'embedded'")[0])

    def use(self, kind: str, url: str, user: str) -> Account:
        """Make this account the active one; what waits for another stays with that one."""
        self._database.run(
            "INSERT INTO account (kind, url, user) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (kind, url, user),
        )
        self._database.run(
            "INSERT INTO meta SELECT 'active_account', id FROM account"
            " WHERE kind = ? AND url = ? AND user = ?"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            (kind, url, user),
        )
        return self.active()

    def find(self, kind: str, url: str, user: str) -> Account | None:
        """The account of this user there, if there is one."""
        rows = self._database.rows(
            "SELECT * FROM account WHERE kind = ? AND url = ? AND user = ?", (kind, url, user)
        )
        return account_of(rows[0]) if rows else None

    def name(self, account_id: int, user_id: str) -> None:
        """Remember what the server itself calls the user."""
        self._database.run("UPDATE account SET user_id = ? WHERE id = ?", (user_id, account_id))

    def namesakes(self, account: Account) -> tuple[int, ...]:
        """Accounts under the server's own name for this user: those of older databases."""
        rows = self._database.rows(
            "SELECT older.id FROM account AS older JOIN account AS mine ON mine.id = ?"
            " WHERE older.kind = mine.kind AND older.url = '' AND older.user = mine.user_id"
            " AND older.user <> '' AND older.id <> mine.id",
            (account.id,),
        )
        return tuple(row["id"] for row in rows)

    def move(self, account_id: int, url: str) -> None:
        """The same account at another address, which has not answered yet."""
        self._database.run(
            "UPDATE account SET url = ?, last_delivery_ms = NULL, projects_ms = NULL WHERE id = ?",
            (url, account_id),
        )

    def catalog(self, account_id: int) -> Catalog:
        """What the account's server takes time for, as it said last."""
        account = self._database.rows("SELECT * FROM account WHERE id = ?", (account_id,))[0]
        return catalog_of(
            account,
            self._database.rows(
                "SELECT remote_id, name FROM project WHERE account = ?", (account_id,)
            ),
        )

    def set_catalog(self, account_id: int, catalog: Catalog, now: datetime) -> None:
        """Keep it, for when the server cannot be asked."""
        self._database.run(
            "UPDATE account SET projects_ms = ?, projects_bind = ?, project_needed = ?"
            " WHERE id = ?",
            (to_ms(now), int(catalog.binds), int(catalog.needed), account_id),
        )
        self._database.run("DELETE FROM project WHERE account = ?", (account_id,))
        self._database.run_many(
            "INSERT OR IGNORE INTO project (account, remote_id, name) VALUES (?, ?, ?)",
            [(account_id, project.id, project.name) for project in catalog.projects],
        )

    def gate(self, account_id: int) -> Gate | None:
        """The closed gate of an account."""
        rows = self._database.rows(
            "SELECT * FROM account WHERE id = ? AND gate IS NOT NULL", (account_id,)
        )
        return gate_of(rows[0]) if rows else None

    def set_gate(self, account_id: int, gate: Gate | None) -> None:
        """Close or open it; one that is open already costs nothing."""
        self._database.run(
            "UPDATE account SET (gate, gate_reason, gate_since_ms, gate_due_ms, gate_tries,"
            " gate_task, gate_seeks_other, gate_by_server) = (?, ?, ?, ?, ?, ?, ?, ?)"
            " WHERE id = ? AND (gate IS NOT NULL OR ?)",
            (*gate_values(gate), account_id, gate is not None),
        )

    def standing(self, account_id: int) -> Standing:
        """What each outcome is judged by, in one question."""
        entry, words, has_failed, has_blocked = self._database.rows(_STANDING, (account_id,))[0]
        refusal = None if entry is None else Refusal(entry_id=entry, words=words)
        return Standing(refusal, bool(has_failed), bool(has_blocked))

    def set_refusal(self, account_id: int, refusal: Refusal | None) -> None:
        """Remember it, or forget it."""
        values = (None, None) if refusal is None else (refusal.entry_id, refusal.words)
        self._database.run(
            "UPDATE account SET refusal_entry = ?, refusal_words = ? WHERE id = ?",
            (*values, account_id),
        )

    def delivered(self, account_id: int, now: datetime) -> None:
        """The server said yes."""
        self._database.run(
            "UPDATE account SET last_delivery_ms = ? WHERE id = ?", (to_ms(now), account_id)
        )

    def hurry(self, account_id: int, now: datetime, *, kinds: Sequence[GateKind]) -> None:
        """A gate of these kinds gets one probe now, unless the server named the time."""
        self._database.run(
            "UPDATE account SET gate_due_ms = ? WHERE id = ? AND NOT gate_by_server"  # noqa: S608  # ours
            f" AND gate IN ({marks(kinds)})",
            (to_ms(now), account_id, *(kind.value for kind in kinds)),
        )
