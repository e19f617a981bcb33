"""The app's life from outside: start it, play the demo, end it."""

from __future__ import annotations

import gc

from trayapp.console.call import ASK_SECONDS, USAGE, Answer, Call, Failure, told
from trayapp.i18n import _

_END_SECONDS = 6.0


def app(call: Call) -> Answer:
    """Be the app until it is told to end."""
    gc.disable()  # nothing of what is made before the icon is there is rubbish
    try:
        return _app(call)
    finally:
        gc.enable()


def _app(call: Call) -> Answer:
    from trayapp.app import surroundings  # noqa: PLC0415  # the rest of this module is light
    from trayapp.launch import run_app  # noqa: PLC0415

    where = surroundings(call.paths, call.settings, call.clock)
    try:
        status = run_app(
            where,
            call.settings,
            tray=not call.options.no_tray,
            ready=lambda app: app.post(_when_it_runs),
        )
    except OSError as error:
        text = _("Trayapp cannot start: {reason}. Nothing was changed; mend that and try again.")
        raise Failure(text.format(reason=error)) from error
    return Answer(exit_status=status)


def _when_it_runs() -> None:
    """Runs when the icon is there, so that it costs nobody a moment."""
    gc.enable()
    from trayapp.desktop.autostart import repair_at_start  # noqa: PLC0415

    repair_at_start()


def demo(call: Call) -> Answer:
    """Play the story; it prints what it does."""
    from trayapp.rehearsal import play_demo  # noqa: PLC0415

    return Answer(exit_status=play_demo(call.options.screenshots))


def window(call: Call) -> Answer:
    """Be one of the app's windows until it is closed."""
    return show_window(call, call.options.window)


def show_window(call: Call, name: str) -> Answer:
    """Be this window. Raises Failure where there is none of that name."""
    from trayapp.desktop.windows import WINDOWS, run_window  # noqa: PLC0415  # the rest is light

    if name not in WINDOWS:
        text = _("There is no window “{name}”. There are: {names}.")
        raise Failure(text.format(name=name, names=", ".join(WINDOWS)), USAGE)
    return Answer(exit_status=run_window(name, call.paths.channel_dir, log=call.paths.log))


def end(call: Call) -> Answer:
    """End the running app, and wait until it has ended."""
    from trayapp.control.client import ControlClient, NotRunningError  # noqa: PLC0415  # not to start
    from trayapp.control.endpoint import ChannelError  # noqa: PLC0415
    from trayapp.control.instance import InstanceLock  # noqa: PLC0415
    from trayapp.control.messages import Request  # noqa: PLC0415

    try:
        reply = ControlClient(call.paths.channel_dir).ask(Request("quit"), ASK_SECONDS)
    except NotRunningError as error:
        return Answer(value={"changed": False, "message": error.title}, lines=(error.title,))
    except ChannelError as error:
        raise Failure(str(error)) from error
    # Whoever starts it again at once should not meet it ending.
    lock = InstanceLock(call.paths.instance_lock)
    lock.acquire(_END_SECONDS)
    lock.release()
    return told(reply)
