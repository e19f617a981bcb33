"""A keyring in one file, chosen by the environment: what a program of its own keeps outlives it.

`PYTHON_KEYRING_BACKEND=tests.file_keyring.FileKeyring`, `FILE_KEYRING` names the file. A file named
so with `.locked` behind it makes it locked.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Not for secrets: tests read it."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._items().get(f"{service}|{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._keep({**self._items(), f"{service}|{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        items = self._items()
        if items.pop(f"{service}|{username}", None) is None:
            raise PasswordDeleteError
        self._keep(items)

    def _items(self) -> dict[str, str]:
        path = _path()
        if path.with_suffix(".locked").exists():
            raise KeyringLocked
        if not path.exists():
            return {}
        items: dict[str, str] = json.loads(path.read_text())
        return items

    def _keep(self, items: dict[str, str]) -> None:
        _path().write_text(json.dumps(items))


def _path() -> Path:
    return Path(os.environ["FILE_KEYRING"])
