"""The running app, and what only it knows: whether its icon and notifications are shown."""

from __future__ import annotations

from trayapp import __version__
from trayapp.config import Paths
from trayapp.control.client import ControlClient, NotRunningError
from trayapp.control.endpoint import ChannelError
from trayapp.control.instance import InstanceLock
from trayapp.control.messages import JSON, Request
from trayapp.doctor.check import Finding, State
from trayapp.i18n import _
from trayapp.light import dataclass

_ASK_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the app says of itself; empty words and None: nothing to tell."""

    version: str = ""
    wants_tray: bool = True
    tray_trouble: str = ""
    has_host: bool | None = None
    notify_trouble: str = ""


def ask_app(paths: Paths) -> tuple[Seen | None, Finding]:
    """What the app says, None where there is none to say it; and whether it runs as it should."""
    try:
        reply = ControlClient(paths.channel_dir).ask(Request("look"), _ASK_SECONDS)
    except NotRunningError:
        return None, _not_running(paths)
    except ChannelError as error:
        return None, Finding(State.PROBLEM, error.title, error.message)
    value = reply.value if reply.ok else {}
    seen = Seen(
        version=_text(value.get("version")),
        wants_tray=value.get("wants_tray") is not False,
        tray_trouble=_text(value.get("tray_trouble")),
        has_host=host if isinstance(host := value.get("has_host"), bool) else None,
        notify_trouble=_text(value.get("notify_trouble")),
    )
    if seen.version != __version__:
        text = _("A Trayapp of another version runs ({version}); this one is {own}.")
        text = text.format(version=seen.version or "?", own=__version__)
        return seen, Finding(State.WARNING, text, _("Type “trayapp quit”, then start it again."))
    return seen, Finding(State.OK, _("Trayapp runs."))


def _not_running(paths: Paths) -> Finding:
    if _is_sending(paths):
        text = _("Another Trayapp sends, starts or ends just now.")
        return Finding(State.OK, text)
    text = _("Trayapp does not run. What is recorded is sent when it does.")
    return Finding(State.OK, text)


def _is_sending(paths: Paths) -> bool:
    lock = InstanceLock(paths.instance_lock)
    try:
        if not paths.instance_lock.exists():
            return False
        if not lock.try_acquire():
            return True
    except OSError:
        return False
    lock.release()
    return False


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""
