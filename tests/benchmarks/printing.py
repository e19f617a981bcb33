"""Tables as text for a terminal, and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.frame import Goal, Row, Table

COMMAND = "./packaging/test --bench"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
_MET = {True: "yes", False: "no", None: "-"}


def as_text(row: Row, table: Table) -> str:
    """Everything that was measured, and the goals below it."""
    widths = [
        max(len(line[column]) for line in (table.columns, *table.lines))
        for column in range(len(table.columns))
    ]
    body = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (table.columns, tuple("-" * width for width in widths), *table.lines)
    ]
    goals = [_goal_line(goal) for goal in table.goals]
    head = f"== {row.number}. {row.title} ({row.name})"
    return "\n".join(["", head, *body, *goals, *(f"   {note}" for note in table.notes)])


def _goal_line(goal: Goal) -> str:
    peers = f"   peers: {goal.peers}" if goal.peers else ""
    mark = {True: "MET    ", False: "NOT MET", None: "-      "}[goal.is_met]
    return f"{mark} {goal.wanted}: {goal.reached}{peers}"


def as_markdown(measured: Sequence[tuple[Row, Table]], described: Sequence[str]) -> str:
    """One line a goal."""
    lines = [
        f"Measured by `{COMMAND}`: {'; '.join(described)}.",
        "",
        "| | goal | reached | met | peers in the same run |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row, table in measured:
        for goal in table.goals:
            cells = (str(row.number), f"{row.title}: {goal.wanted}", goal.reached)
            more = (_MET[goal.is_met], goal.peers)
            lines.append(f"| {' | '.join(_cell(text) for text in (*cells, *more))} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def put_between(readme: Path, text: str) -> None:
    """Replace what is between the marks. Raises ValueError where there are none."""
    old = readme.read_text(encoding="utf-8")
    head, begin, rest = old.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not begin or not end:
        msg = f"{readme} has no lines {BEGIN} and {END}"
        raise ValueError(msg)
    readme.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")
