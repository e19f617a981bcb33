"""The whole app with a clock that stands, and a day that passes as fast as it is told.

Argument: where its files are. It tracks; each line read is a number of minutes that pass, each of
them shown; then it writes "passed".
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests.fakes import FakeClock
from trayapp.app import App, surroundings
from trayapp.config import Paths, Settings
from trayapp.launch import run_app
from trayapp.tracking.tracker import Start

_MINUTE = 60
_BETWEEN_SECONDS = 0.005
_PATIENCE_SECONDS = 30.0


def main() -> int:
    clock, settings = FakeClock(), Settings()

    def pass_by(app: App) -> None:
        def start() -> None:
            app.core.timer.do(Start("Website", "Front page"), clock.stamp())

        app.post(start)
        for line in sys.stdin:
            for _ in range(int(line)):
                _one_minute(app, clock)
            sys.stdout.write("passed\n")
            sys.stdout.flush()

    def ready(app: App) -> None:
        threading.Thread(target=pass_by, args=(app,), name="stdin", daemon=True).start()

    where = surroundings(Paths.under(Path(sys.argv[1])), settings, clock)
    return run_app(where, settings, tray=True, ready=ready)


def _one_minute(app: App, clock: FakeClock) -> None:
    shown = threading.Event()
    clock.advance(_MINUTE)
    app.post(app._tick)
    app.post(shown.set)
    assert shown.wait(_PATIENCE_SECONDS)
    threading.Event().wait(_BETWEEN_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
