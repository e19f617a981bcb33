"""`packaging/test --bench [NAMES…] [--size small|full] [--markdown|--readme]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[2]
sys.path.append(str(_ROOT / "packaging"))  # the virtual desktop is there

from tests.benchmarks import machine, printing  # noqa: E402
from tests.benchmarks.frame import Row, Setting, Size, Table  # noqa: E402
from tests.benchmarks.rows import ROWS  # noqa: E402

README = _ROOT / "README.md"


def main(typed: Sequence[str]) -> int:
    options = _options(typed)
    names = options.names or [row.name for row in ROWS]
    rows = [row for row in ROWS if row.name in names or str(row.number) in names]
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="benchmarks-") as scratch:
        setting = Setting(Size(options.size), Path(scratch))
        described = machine.described(setting.scratch)
        _say(*described, *filter(None, [machine.warning()]))
        measured: list[tuple[Row, Table]] = []
        for row in rows:
            _say(f"\n… {row.number}. {row.title}")
            measured.append((row, row.run(setting)))
            _say(printing.as_text(*measured[-1]))
    text = printing.as_markdown(measured, described)
    if options.markdown:
        sys.stdout.write(text + "\n")
    if options.readme:
        printing.put_between(README, text)
    return 0


def _options(typed: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=printing.COMMAND, allow_abbrev=False)
    known = [row.name for row in ROWS] + [str(row.number) for row in ROWS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--size", choices=[Size.SMALL, Size.FULL], default=Size.FULL)
    parser.add_argument("--scratch", help="a directory on the disk to measure")
    parser.add_argument("--markdown", action="store_true", help="print the summary, as Markdown")
    parser.add_argument("--readme", action="store_true", help="put it into README.md; all rows")
    options = parser.parse_args(typed)
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if options.readme and options.names:
        parser.error("the table in README.md is of one run of all rows")
    return options


def _say(*lines: str) -> None:
    """To stderr, so that standard output is the Markdown alone."""
    for line in lines:
        sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
