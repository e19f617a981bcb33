"""Where the rows of the failed-tasks list lie, one of them unfolded. Pure; lengths in pixels."""

from __future__ import annotations

from trayapp.light import dataclass


@dataclass(slots=True)
class Places:
    """Rows of one height below `top`, and `below` pixels under the row `unfolded` (-1: none)."""

    row_height: int
    top: int = 0
    count: int = 0
    unfolded: int = -1
    below: int = 0

    def y(self, index: int) -> int:
        """Where this row begins; that of the row after the last is where the list ends."""
        more = self.below if 0 <= self.unfolded < index else 0
        return self.top + index * self.row_height + more

    def index(self, y: int) -> int:
        """The row that this line belongs to, with what is under it; negative above the list."""
        line = y - self.top
        if line < 0 or self.unfolded < 0 or line < (self.unfolded + 1) * self.row_height:
            return line // self.row_height
        return max(self.unfolded, (line - self.below) // self.row_height)

    def hit(self, y: int) -> int:
        """The row that is drawn there; -1 where there is none."""
        index = self.index(y)
        is_row = 0 <= index < self.count and y < self.y(index) + self.row_height
        return index if is_row else -1

    def nearest(self, index: int) -> int:
        """This row, or the first or last one where there is no such row."""
        return max(0, min(index, self.count - 1))
