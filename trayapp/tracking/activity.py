"""Activity: what somebody works on, apart from when."""

from __future__ import annotations

from trayapp.light import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """What somebody works on."""

    project: str
    note: str

    def is_same(self, other: Activity) -> bool:
        """The same project, ignoring case, and exactly the same note."""
        same_project = self.project.casefold() == other.project.casefold()
        return same_project and self.note == other.note
