"""Runs command lines in the pseudo language, one after the other, in one process.

Arguments: the directory of its catalogue. Reads a JSON list of command lines, and writes a JSON
list of what each of them said: exit status, output, errors.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

from trayapp import i18n
from trayapp.__main__ import main


def run(typed: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(typed)
        except SystemExit as ended:  # argparse's way out of --help
            status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    i18n._LOCALE_DIR = Path(sys.argv[1])
    said = [run(typed) for typed in json.load(sys.stdin)]
    sys.stdout.write(json.dumps(said))
