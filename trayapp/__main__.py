"""The command line: parse, call, exit status; nothing else.

Exit status: 0 done, 1 could not be done, 2 usage, 3 not signed in, 4 server not reachable, 5 some
tasks failed. Errors are one line on stderr.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from trayapp.clock import SystemClock
from trayapp.config import ConfigError, Paths, Settings
from trayapp.console.call import NOT_DONE, Answer, Call, Failure, Options
from trayapp.console.terminal import harmless, let_go
from trayapp.i18n import _, use_language
from trayapp.sync.words import one_line

if TYPE_CHECKING:
    from trayapp.control.messages import JSON
    from trayapp.tracking.entry import Stamp

_COMMANDS = {
    "": ("trayapp.console.life", "app"),
    "start": ("trayapp.console.clicks", "click"),
    "pause": ("trayapp.console.clicks", "click"),
    "resume": ("trayapp.console.clicks", "click"),
    "stop": ("trayapp.console.clicks", "click"),
    "edit": ("trayapp.console.edits", "edit"),
    "delete": ("trayapp.console.edits", "delete"),
    "undo": ("trayapp.console.edits", "undo"),
    "status": ("trayapp.console.reading", "status"),
    "recent": ("trayapp.console.reading", "recent"),
    "failed": ("trayapp.console.reading", "failed"),
    "retry": ("trayapp.console.retrying", "retry"),
    "discard": ("trayapp.console.failures", "discard"),
    "report": ("trayapp.console.failures", "report"),
    "login": ("trayapp.console.accounts", "login"),
    "logout": ("trayapp.console.accounts", "logout"),
    "window": ("trayapp.console.life", "window"),
    "import": ("trayapp.console.importing", "import_older"),
    "export": ("trayapp.console.exporting", "export"),
    "doctor": ("trayapp.console.doctor", "doctor"),
    "demo": ("trayapp.console.life", "demo"),
    "quit": ("trayapp.console.life", "end"),
}
"""Where each is; only that is loaded: key bindings and panel bars run them often."""
_WITHOUT_SETTINGS = ("doctor", "export", "window")
"""They work when the settings do not; a window shows what the app says is wrong with them."""
_NOT_FOR_OTHERS = 0o077


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. The time of a click is taken before anything else."""
    clock = SystemClock()
    stamp = clock.stamp()
    atexit.register(gc.freeze)  # else Python looks for garbage once more: a tenth of `status`
    before = os.umask(_NOT_FOR_OTHERS)  # SQLite, keyrings, windows: whoever makes a file from here
    try:
        return _command(argv, clock, stamp)
    finally:
        os.umask(before)


def _command(argv: Sequence[str] | None, clock: SystemClock, stamp: Stamp) -> int:
    typed = sys.argv[1:] if argv is None else argv
    paths = Paths.of_user()
    try:
        settings, trouble = _settings(paths)
        use_language(settings.language or None)
        options = _options(typed)
        if trouble is None or options.command in _WITHOUT_SETTINGS:
            answer = _run(
                Call(options=options, stamp=stamp, clock=clock, paths=paths, settings=settings)
            )
        else:
            answer = _not_done(trouble)
    except Failure as failure:
        answer = _not_done(failure)
    except KeyboardInterrupt:
        return NOT_DONE
    except Exception as error:  # noqa: BLE001  # the top of the main thread; the log has the trace
        answer = _defect(paths, error)
    return _print(answer, as_json="--json" in typed)


def _options(typed: Sequence[str]) -> Options:
    if not typed:  # the app, as at each login
        return Options()
    from trayapp.console.parser import parse  # noqa: PLC0415  # for all others

    return parse(typed)


def _run(call: Call) -> Answer:
    module, function = _COMMANDS[call.options.command or ""]
    command: Callable[[Call], Answer] = getattr(importlib.import_module(module), function)
    return command(call)


def _settings(paths: Paths) -> tuple[Settings, Failure | None]:
    """The settings, or the defaults and what to say unless only help is wanted."""
    use_language()  # as the environment has it, until the settings say another
    try:
        return Settings.read(paths.settings), None
    except ConfigError as error:
        text = _("The settings cannot be used: {reason}. Nothing was changed; correct that file.")
        return Settings(), Failure(text.format(reason=error))


def _not_done(failure: Failure) -> Answer:
    text = one_line(failure.text)
    _write(sys.stderr, f"trayapp: {text}")
    value: dict[str, JSON] = {"changed": False, "message": text}
    return Answer(value=value, exit_status=failure.exit_status)


def _defect(paths: Paths, error: Exception) -> Answer:
    """The trace goes to the log, which hides secrets; the terminal gets one line."""
    import logging  # noqa: PLC0415  # for what should never happen

    from trayapp.log import redact, start_logging, stop_logging  # noqa: PLC0415

    with suppress(OSError):
        start_logging(paths.log)
        logging.getLogger("trayapp").error("A command failed", exc_info=error)
        stop_logging()
    text = _("This is a defect of Trayapp: {error}. What was recorded is safe; the log says more.")
    return _not_done(Failure(text.format(error=redact(f"{type(error).__name__}: {error}"))))


def _print(answer: Answer, *, as_json: bool) -> int:
    lines = [_json(answer.value)] if as_json and answer.value is not None else answer.lines
    if lines and not _write(sys.stdout, "\n".join(lines)):
        return answer.exit_status or NOT_DONE
    return answer.exit_status


def _json(value: Mapping[str, JSON]) -> str:
    encoding = getattr(sys.stdout, "encoding", None) or ""
    knows_all = encoding.lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not knows_all, indent=2, default=dict)


def _write(stream: TextIO | None, text: str) -> bool:
    """Print it; False when it could not be kept (a full disk). A reader that has left is no error.

    What the terminal cannot show, would obey, or is half a character, becomes an escape.
    """
    if stream is None:  # closed by the caller
        return True
    try:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        stream.write(harmless(text) + "\n")
        stream.flush()
    except BrokenPipeError:
        let_go(stream)
    except OSError as error:
        let_go(stream)
        if stream is not sys.stderr:
            _write(sys.stderr, f"trayapp: {error}")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
