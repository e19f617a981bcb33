"""The benchmarks work: each runs once, tiny, and its table can be printed. Nothing is timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import machine
from tests.benchmarks.figures import Pairs, Ratio, paired
from tests.benchmarks.frame import Goal, Row, Setting, Size, Table
from tests.benchmarks.printing import BEGIN, END, as_markdown, as_text, put_between
from tests.benchmarks.rows import ROWS
from tests.tools import needed


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name, marks=[pytest.mark.gui] if row.needs_desktop else [])
        for row in ROWS
    ],
)
def test_each_row_measures_something_and_says_what_was_reached(row: Row, tmp_path: Path) -> None:
    if row.name in {"syncs", "backlog"}:
        needed("strace")
    table = row.run(Setting(Size.TINY, tmp_path))
    assert table.lines
    assert all(len(line) == len(table.columns) for line in table.lines)
    assert table.goals
    assert all(goal.wanted and goal.reached for goal in table.goals)
    assert row.title in as_text(row, table)
    assert not list(tmp_path.iterdir()), "the scratch directory is left as it was"


def test_a_ratio_is_that_of_blocks_side_by_side() -> None:
    pairs = Pairs(ours=((2.0, 2.0), (30.0, 10.0)), base=((1.0, 1.0), (10.0, 10.0)))
    assert pairs.ratio == Ratio(2.0, 2.0, 2.0)
    assert str(Ratio.of([1.0, 2.0, 3.0, 4.0])) == "2.50 (2.00 … 4.00)"


def test_the_two_take_turns() -> None:
    turns: list[str] = []
    paired(lambda: turns.append("a"), lambda: turns.append("b"), blocks=2, times=2)
    assert turns == ["a", "a", "b", "b"] * 2


def test_the_readme_takes_the_summary_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    goal = Goal(wanted="at most 1 | 2", reached="3", is_met=False, peers="others 4")
    table = Table(columns=("",), lines=(("",),), goals=(goal,))
    row = Row(number=7, name="name", title="Title", run=lambda _setting: table)
    put_between(readme, as_markdown([(row, table)], ("a machine", "versions")))
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "| 7 | Title: at most 1 \\| 2 | 3 | no | others 4 |" in text
    assert "old" not in text
    assert "a machine; versions" in text
    with pytest.raises(ValueError, match="no lines"):
        put_between(tmp_path / "README.md", "x") if not readme.write_text("") else None


def test_the_machine_is_told(tmp_path: Path) -> None:
    hardware, versions = machine.described(tmp_path)
    assert "load" in hardware
    assert "SQLite" in versions
