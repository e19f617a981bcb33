"""What a year of clicks leaves on the disk once all of it is delivered."""

from __future__ import annotations

from datetime import timedelta

from tests.benchmarks.contenders import Ours
from tests.benchmarks.figures import mib
from tests.benchmarks.frame import Goal, Setting, Size, Table
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_inside import inside
from trayapp.servers.embedded_store import EmbeddedStore

_CLICKS_A_DAY, _DAYS = 40, 365
_MOST, _MOST_WAL = 20e6, 8 << 20


def year_of_clicks(setting: Setting) -> Table:
    days = setting.pick(tiny=1, small=20, full=_DAYS)
    longest = 0
    with setting.room() as room:
        ours = Ours(room / "ours", server_for=lambda _account: inside(EmbeddedApp(store)))
        store = EmbeddedStore(ours.paths.embedded_database)
        for _ in range(days):
            for _ in range(_CLICKS_A_DAY):
                ours.put()
            while ours.core.worker.run_once() is None:
                pass
            longest = max(longest, ours.wal_bytes)
            ours.clock.advance(timedelta(days=1) - timedelta(minutes=_CLICKS_A_DAY))
        status = ours.core.status()
        assert status.all_sent
        ours.core.worker.settle()
        ours.close()
        store.close()
        size = ours.paths.database.stat().st_size
        inner = ours.paths.embedded_database.stat().st_size
        files = sum(one.stat().st_size for one in ours.paths.database.parent.iterdir())
    a_year = size * _DAYS / days
    said = "" if days == _DAYS else f", from {days} days"
    return Table(
        columns=("days", "clicks", "queue MB", "server inside MB", "all files MB", "longest WAL"),
        lines=(
            (
                str(days),
                str(days * _CLICKS_A_DAY),
                *(f"{count / 1e6:.2f}" for count in (size, inner, files)),
                f"{mib(longest)} MiB",
            ),
        ),
        goals=(
            Goal(
                wanted=f"a year of {_CLICKS_A_DAY} clicks a day, delivered: under 20 MB",
                reached=f"{a_year / 1e6:.1f} MB{said}",
                is_met=None if setting.size is Size.TINY else a_year < _MOST,
            ),
            Goal(
                wanted="the WAL is bounded: at most 8 MiB",
                reached=f"{mib(longest)} MiB",
                is_met=longest <= _MOST_WAL,
            ),
        ),
        notes=("The local log is kept for ever; delivered tasks leave.",),
    )
