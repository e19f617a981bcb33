"""Launching: one instance, logging, signals, and the way out of a hanging request.

Runs on the main thread. A start while the app runs greets it and ends with 0; a start while a
`retry --wait` holds the instance lock waits for it.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

from trayapp.app import App
from trayapp.config import Paths, Settings
from trayapp.control.instance import InstanceLock
from trayapp.core import Surroundings
from trayapp.desktop.badge import IconStyle
from trayapp.desktop.faces import Faces
from trayapp.desktop.main_thread import MainThread
from trayapp.desktop.notifications import Speaker, voice_of
from trayapp.desktop.system import this_system
from trayapp.desktop.tray import RunLoop
from trayapp.footprint import stay_small
from trayapp.i18n import _
from trayapp.log import start_logging, stop_logging
from trayapp.queue.errors import QueueError
from trayapp.sync.status import AccountView

_GREET_SECONDS = 2.0
_LOCK_SECONDS = 0.5
_ENDING_SECONDS = 6.0


def run_app(
    where: Surroundings,
    settings: Settings,
    *,
    tray: bool,
    account: AccountView | None = None,
    ready: Callable[[App], None] = lambda _app: None,
) -> int:
    """Run until told to quit; the exit status. `ready` is called with the app before it runs.

    Raises OSError where its files cannot be made.
    """
    stay_small()
    with closing(_Ending()) as ending:
        return _run_one(where, settings, ending, tray=tray, account=account, ready=ready)


def _run_one(
    where: Surroundings,
    settings: Settings,
    ending: _Ending,
    *,
    tray: bool,
    account: AccountView | None,
    ready: Callable[[App], None],
) -> int:
    paths = where.paths
    paths.make()
    lock = InstanceLock(paths.instance_lock)
    if not _become_the_one(lock, paths, ending):
        if not ending.is_wanted:
            sys.stdout.write(_("Trayapp is running already.") + "\n")
        return 0
    start_logging(paths.log)
    for directory in paths.open_to_others():
        logging.getLogger(__name__).warning("Other users can write into %s", directory)

    def made(app: App) -> None:
        ending.end(app)
        ready(app)

    def live(run_loop: RunLoop | None = None) -> int:
        faces = _faces(where, settings, tray=tray)
        if run_loop is not None:
            faces.run_tray_by(run_loop)
        return _run(where, faces, account=account, ready=made)

    try:
        return _where_the_tray_can(live) if tray else live()
    except QueueError as error:
        from trayapp.queue.error_words import in_words  # noqa: PLC0415  # seldom needed

        logging.getLogger(__name__).critical("Cannot start: %s", error)
        text = _("Trayapp cannot start: {reason}. Nothing was changed; {advice}.")
        sys.stderr.write(f"trayapp: {in_words(text, error)}\n")
        return 1
    finally:
        stop_logging()
        lock.release()


def _where_the_tray_can(live: Callable[[RunLoop | None], int]) -> int:
    """Here, or on another thread where the icon insists on this one."""
    if not this_system().tray_needs_main_thread:
        return live(None)
    main = MainThread[int]()
    return main.run(lambda: live(main.lend))


class _Ending:
    """SIGTERM and SIGINT, from the first moment on: also while there is no app to end yet.

    The kernel gives a signal to any thread, when the machine was asleep for example. Python tells
    the main one, but does not wake it; what is written to the descriptor wakes a thread that does.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._app: App | None = None
        self._ear, self._bell = socket.socketpair()
        self._bell.settimeout(0)  # as `set_wakeup_fd` wants it
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    def close(self) -> None:
        """Listen no more; what comes now is for the interpreter, which ends."""
        signal.set_wakeup_fd(-1)
        self._bell.close()

    def _listen(self) -> None:
        with self._ear:
            while self._ear.recv(1):
                self._on_signal()

    def end(self, app: App) -> None:
        """It is this app that a signal ends; at once when one has come already."""
        self._app = app
        if self.is_wanted:
            app.quit()

    def _on_signal(self, *_args: object) -> None:
        self.is_wanted = True
        if self._app is not None:
            self._app.quit()


def _become_the_one(lock: InstanceLock, paths: Paths, ending: _Ending) -> bool:
    """True with the lock in hand; False when an app runs and was greeted, or none is wanted."""
    while not lock.acquire(_LOCK_SECONDS):
        if ending.is_wanted:
            return False
        greeted = _greet(paths)
        if greeted is None:
            # In vain when it hangs; one that is ending gives the lock back.
            return lock.acquire(_ENDING_SECONDS)
        if greeted:
            return False
    return True


def _greet(paths: Paths) -> bool | None:
    """Whether there was an app to greet; None for one that does not answer."""
    from trayapp.control.client import ControlClient, NotRunningError  # noqa: PLC0415  # seldom
    from trayapp.control.endpoint import ChannelError  # noqa: PLC0415
    from trayapp.control.messages import Request  # noqa: PLC0415

    try:
        ControlClient(paths.channel_dir).ask(Request("show"), _GREET_SECONDS)
    except NotRunningError:
        return False  # a `retry --wait`, or an app about to start or to end
    except ChannelError:
        return None
    return True


def _faces(where: Surroundings, settings: Settings, *, tray: bool) -> Faces:
    faces = Faces(
        speaker=Speaker(voice_of(this_system()), clock=where.clock),
        waiting_after=timedelta(minutes=settings.notify_waiting_minutes),
        icon_size=settings.icon_size if tray else None,
        icon_style=IconStyle(settings.icon_style),
        host_patience=timedelta(seconds=settings.tray_patience_seconds),
    )
    faces.follow(settings)
    return faces


def _run(
    where: Surroundings,
    faces: Faces,
    *,
    account: AccountView | None,
    ready: Callable[[App], None],
) -> int:
    app = App(where, faces=faces)
    if account is not None:
        app.core.use_account(account)
    ready(app)
    if not app.run():
        # A request still hangs on the sync thread. What it sent is in doubt and looked for next
        # time; waiting for it would keep the session from ending.
        stop_logging()
        sys.stdout.flush()
        os._exit(0)
    return 0
