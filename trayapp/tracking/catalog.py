"""Catalog: the projects a server takes time for, as it named them last."""

from __future__ import annotations

from trayapp.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project on a server; `id` is the server's."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What may be tracked. `binds`: nothing but these; `needed`: nothing without a project.

    The empty one takes any name and none, as the server inside does.
    """

    projects: tuple[Project, ...] = ()
    binds: bool = False
    needed: bool = False

    def takes(self, text: str) -> bool:
        """Whether time can be tracked for this, an id or a name, or for none when it is empty."""
        if not text:
            return not self.needed
        return not self.binds or self._find(text) is not None

    def name_of(self, text: str) -> str:
        """The project's own name for an id, or for a name in other letters; else the text."""
        found = self._find(text)
        return text if found is None else found.name

    def _find(self, text: str) -> Project | None:
        """By id, by exact name, else by a name that one project alone has but for its case."""
        exact = [one for one in self.projects if text in (one.id, one.name)]
        folded = text.casefold()
        alike = exact or [one for one in self.projects if one.name.casefold() == folded]
        return alike[0] if len(alike) == 1 else None
