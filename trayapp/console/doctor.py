"""doctor: everything Trayapp needs, each with ok or what to do; nothing is changed."""

from __future__ import annotations

from trayapp.config import ConfigError, Settings
from trayapp.console.call import DONE, NOT_DONE, Answer, Call
from trayapp.control.messages import JSON
from trayapp.doctor.check import Check, Finding, Findings, State, examine
from trayapp.doctor.faces import look_at_autostart, look_at_faces, look_at_windows
from trayapp.doctor.machine import look_at_disk, look_at_program, look_at_settings
from trayapp.doctor.running import Seen, ask_app
from trayapp.doctor.server import look_at_keyring, look_at_server
from trayapp.doctor.storage import Known, delivery_finding, look_at_database, read_known
from trayapp.i18n import _
from trayapp.log import redact
from trayapp.sync.words import one_line

_NEEDS_USER = {State.WARNING, State.PROBLEM}


def doctor(call: Call) -> Answer:
    """Look at all of it, and say how it stands; the exit status says whether it needs the user."""
    found = {name: _clean(one) for name, one in _findings(call).items()}
    needs_user = any(one.state in _NEEDS_USER for one in found.values())
    return Answer(
        value=_shape(found), lines=_lines(found), exit_status=NOT_DONE if needs_user else DONE
    )


def _findings(call: Call) -> Findings:
    """Two rounds: what the app and the database tell decides what else is asked."""
    seen: list[Seen | None] = []
    known: list[Known] = []

    def instance() -> Findings:
        said, finding = ask_app(call.paths)
        seen.append(said)
        return {"app": finding}

    def delivery() -> Findings:
        known.append(read_known(call.paths, call.clock))
        return {"delivery": delivery_finding(known[0])}

    first = examine(
        [
            Check(names=("app",), look=instance, if_late=_("End it, and start it again.")),
            Check(names=("delivery",), look=delivery),
            Check(names=("database",), look=lambda: look_at_database(call.paths), seconds=20),
            Check(names=("disk",), look=lambda: look_at_disk(call.paths)),
            Check(names=("settings",), look=lambda: look_at_settings(call.paths)),
            Check(names=("autostart",), look=look_at_autostart),
            Check(names=("windows",), look=look_at_windows),
            Check(names=("version",), look=look_at_program),
        ]
    )
    said = seen[0] if seen else None
    return {**_outside(call, said, known[0] if known else Known()), **first}


def _outside(call: Call, seen: Seen | None, known: Known) -> Findings:
    """Whatever is asked of other programs."""

    def faces() -> Findings:
        from trayapp.desktop.needs import tray_lack  # noqa: PLC0415  # only here

        return look_at_faces(seen, tray_lack)

    def keyring() -> Findings:
        from trayapp.accounts.system_keyring import SystemKeyring  # noqa: PLC0415  # only here

        return look_at_keyring(known, SystemKeyring)

    def server() -> Findings:
        from trayapp.servers.kinds import KINDS  # noqa: PLC0415  # for those who sign in
        from trayapp.servers.trust import trust_also  # noqa: PLC0415  # the same

        trust_also(_ca_file(call))
        return look_at_server(known, {kind.name: kind for kind in KINDS})

    return examine(
        [
            Check(
                names=("tray", "notifications"),
                look=faces,
                if_late=_("Log in to the desktop anew."),
            ),
            Check(
                names=("keyring",),
                look=keyring,
                if_late=_("Restart the keyring, or log in to the desktop anew."),
            ),
            Check(
                names=("server", "clock"),
                look=server,
                if_late=_("Check the network; Trayapp tries again by itself."),
                seconds=12,
            ),
        ]
    )


def _ca_file(call: Call) -> str:
    """As the settings have it; those that cannot be read have a finding of their own."""
    try:
        return Settings.read(call.paths.settings).ca_file
    except ConfigError:
        return ""


def _clean(finding: Finding) -> Finding:
    """Without a secret, whoever wrote it there, and on one line."""
    return Finding(
        finding.state, one_line(redact(finding.message)), one_line(redact(finding.advice))
    )


def _shape(found: Findings) -> dict[str, JSON]:
    """`doctor --json`; fields and checks are only ever added."""
    return {
        "changed": False,
        "checks": [
            {
                "name": name,
                "state": one.state.value,
                "message": one.message,
                "advice": one.advice,
            }
            for name, one in found.items()
        ],
    }


def _lines(found: Findings) -> list[str]:
    labels, states = _labels(), _states()
    wide, long = max(map(len, states.values())), max(map(len, labels.values()))
    lines: list[str] = []
    for name, one in found.items():
        words = f"{states[one.state]:{wide}}  {labels[name]:{long}}  {one.message}"
        lines.append(words)
        if one.advice:
            lines.append(" " * (wide + long + 4) + one.advice)
    return lines


def _states() -> dict[State, str]:
    return {
        State.OK: _("ok"),
        State.WARNING: _("warning"),
        State.PROBLEM: _("problem"),
        State.UNKNOWN: _("unknown"),
    }


def _labels() -> dict[str, str]:
    return {
        "tray": _("Tray icon"),
        "notifications": _("Notifications"),
        "keyring": _("Keyring"),
        "server": _("Server"),
        "clock": _("Clock"),
        "app": _("Trayapp"),
        "delivery": _("Sending"),
        "database": _("Database"),
        "disk": _("Disk"),
        "settings": _("Settings"),
        "autostart": _("Start at login"),
        "windows": _("Windows"),
        "version": _("Version"),
    }
