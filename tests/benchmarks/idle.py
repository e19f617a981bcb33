"""What the app does while nothing is to do, beside a bare program with an icon."""

from __future__ import annotations

from tests.benchmarks.frame import Goal, Setting, Size, Table
from tests.benchmarks.screen import BARE_TRAY, TRAYAPP, Bus, Program, command, pause, screen

_MINUTE = 60


def nothing_due(setting: Setting) -> Table:
    settle = setting.pick(tiny=1, small=20, full=30)  # GLib ends idle threads after 15 s
    idle = setting.pick(tiny=1, small=30, full=30)
    running = setting.pick(tiny=1, small=65, full=305)
    with screen(setting) as desktop, Bus(desktop) as bus:
        env = desktop.env
        command(env, "start", "Website")
        command(env, "stop")
        bare, _took = bus.registered(BARE_TRAY, env)
        with bare:
            ours, _took = bus.registered(TRAYAPP, env)
            with ours:
                pause(settle)
                stopped, peer = _switches(ours, bare, idle)
                command(env, "start")
                pause(settle)
                before = ours.switches
                updates = bus.updates(running)
                while_running = ours.switches_since(before)
    is_told = setting.size is not Size.TINY
    most = -(-running // _MINUTE)
    return Table(
        columns=("what", "seconds", "waits of all threads", "bare", "updates on the bus"),
        lines=(
            ("stopped", str(idle), str(stopped), str(peer), "-"),
            ("running", str(running), str(while_running), "-", str(updates)),
        ),
        goals=(
            Goal(
                wanted=f"stopped, {idle} s: as many voluntary context switches as the bare program",
                reached=str(stopped),
                is_met=stopped <= peer if is_told else None,
                peers=f"bare pystray {peer}",
            ),
            Goal(
                wanted=f"running, {running} s: at most one update a minute",
                reached=str(updates),
                is_met=updates <= most if is_told else None,
            ),
        ),
    )


def _switches(ours: Program, bare: Program, seconds: float) -> tuple[int, int]:
    """Both in the same seconds."""
    before = ours.switches, bare.switches
    pause(seconds)
    return ours.switches_since(before[0]), bare.switches_since(before[1])
