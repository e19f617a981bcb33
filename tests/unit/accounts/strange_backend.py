"""A backend of the `keyring` library that fails in the ways of strangers."""

from __future__ import annotations

from typing import ClassVar

from keyring.backend import KeyringBackend


class StrangeBackend(KeyringBackend):
    """Keeps passwords in memory, or raises what it was given."""

    priority = 0.5  # never chosen by itself
    items: ClassVar[dict[tuple[str, str], str]] = {}
    error: ClassVar[Exception | None] = None
    made: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        StrangeBackend.made += 1

    def get_password(self, service: str, username: str) -> str | None:
        self._fail()
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._fail()
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._fail()
        del self.items[service, username]

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
