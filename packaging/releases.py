"""The releases, as `packaging/CHANGELOG.md` names them: the one place their dates are in.

As a command: the moment of the newest in seconds, for SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

CHANGELOG = Path(__file__).parent / "CHANGELOG.md"
_HEADING = re.compile(r"^## \[(\d[^]]*)\] - (\d{4}-\d\d-\d\d)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Release:
    """One release."""

    version: str
    day: date

    @property
    def moment(self) -> datetime:
        """What every file of a package is dated, so that building it twice gives the same."""
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC)


def releases() -> list[Release]:
    """All of them, the newest first."""
    text = CHANGELOG.read_text(encoding="utf-8")
    return [Release(version, date.fromisoformat(day)) for version, day in _HEADING.findall(text)]


if __name__ == "__main__":
    print(int(releases()[0].moment.timestamp()))
