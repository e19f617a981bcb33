"""The log: one rotating file, closed to others, with the thread's name and never a secret.

Log names, counts and reasons, never a payload. May be used from any thread; blocks as long as
writing one line to the disk does.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import re
import stat
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

MAX_BYTES = 1_000_000
BACKUPS = 5
HIDDEN = "***"

_FORMAT = "%(asctime)s %(levelname)s [%(threadName)s] %(name)s: %(message)s"
_KEPT_SECRETS = 64
_COMMANDING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SHORTEST_SECRET = 4

_SENSITIVE = r"(?:token|passwords?|passwd|secrets?|authorization|api[-_]?key|cookie|credentials?)"
_SENSITIVE_KEY = re.compile(rf"[\w.-]*{_SENSITIVE}", re.IGNORECASE)
_QUOTED = r"""b?"(?:\\.|[^"\\])*"?|b?'(?:\\.|[^'\\])*'?|\\+(["']).*?(?:\\+\2|$)"""
_PATTERNS = (
    # Headers as they go over the wire: everything to the end of the line.
    (
        re.compile(
            r"((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*)(?![\s\"'\\])[^\r\n]+",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
    # key: value, key=value, "key": "value", ('key', 'value'), also with the quotes escaped.
    (
        re.compile(
            rf"""({_SENSITIVE}(?:\s*[:=]\s*|\\*["']\s*[:=,]\s*))"""
            rf"""(?:{_QUOTED}|(?:(?:Bearer|Basic)\s+)?[^\s,;&}}\])"']+)""",
            re.IGNORECASE | re.DOTALL,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(Bearer\s+)[^\s\"',;]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}"), HIDDEN),  # a JWT begins with {" in base64
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{HIDDEN}@"),
)

_secrets: tuple[str, ...] = ()
_handler: logging.Handler | None = None


def conceal(secret: str) -> None:
    """Keep this very value out of the log from now on, wherever it may turn up."""
    global _secrets  # noqa: PLW0603  # replaced as a whole, so that readers need no lock
    if len(secret) >= _SHORTEST_SECRET and secret not in _secrets:
        # Also as an address carries it: servers quote the URL they refuse.
        forms = dict.fromkeys((secret, quote(secret, safe="")))
        _secrets = (*_secrets, *forms)[-_KEPT_SECRETS:]


def redact(text: str) -> str:
    """`text` without secrets: concealed values, values of keys like "token", Bearer, JWT."""
    # A short one may be part of a longer one, whose rest would then stay.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def start_logging(path: Path, *, level: int = logging.INFO) -> None:
    """Write every record of `level` or above to `path`. Raises OSError when that cannot be.

    Call once, from the thread that composes the program; a second call moves the log.
    """
    global _handler  # noqa: PLW0603  # the root logger is one per process, and so is this
    handler = _PrivateFileHandler(path)
    stop_logging()
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    _handler = handler


def stop_logging() -> None:
    """Close the log file; harmless when none is open."""
    global _handler  # noqa: PLW0603  # see start_logging
    if _handler is None:
        return
    root = logging.getLogger()
    root.removeHandler(_handler)
    root.setLevel(logging.WARNING)
    with contextlib.suppress(OSError):  # a full disk takes no last line; the file is closed anyway
        _handler.close()
    _handler = None


class _PrivateFileHandler(logging.FileHandler):
    """Files of mode 0600, also after a rotation; every record is redacted before it is written.

    `logging.handlers` rotates as well, and loads six modules that we have no use for.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8")
        self.setFormatter(_UtcFormatter(_FORMAT))
        self._complained = False

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)  # an older file may have been open to others
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def emit(self, record: logging.LogRecord) -> None:
        safe = _redacted(record)
        try:
            if self._is_full(len(self.format(safe))):
                self._rotate()
        except OSError:
            self.handleError(record)
        super().emit(safe)

    def _is_full(self, more: int) -> bool:
        if self.stream is None:  # after a rotation that failed; the line to come opens it
            return False
        is_file = stat.S_ISREG(os.fstat(self.stream.fileno()).st_mode)
        return is_file and self.stream.seek(0, os.SEEK_END) + more >= MAX_BYTES

    def _rotate(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = None
        names = [self.baseFilename, *(f"{self.baseFilename}.{n + 1}" for n in range(BACKUPS))]
        for newer, older in reversed(list(pairwise(names))):
            with contextlib.suppress(FileNotFoundError):
                Path(newer).replace(older)
        self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  # inherited name
        # The inherited one prints the record for every failed line: a full disk fails all of them.
        if not self._complained and sys.stderr is not None:
            self._complained = True
            error = sys.exc_info()[1]
            sys.stderr.write(f"trayapp: cannot write the log {self.baseFilename}: {error}\n")


class _UtcFormatter(logging.Formatter):
    """Times as ISO 8601 in UTC, to the millisecond."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        at = datetime.fromtimestamp(record.created, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _redacted(record: logging.LogRecord) -> logging.LogRecord:
    """A copy whose texts are final and clean: message, traceback, stack."""
    safe = copy.copy(record)
    # Continuation lines are indented: a reason from a server cannot look like a line of ours.
    safe.msg = _shown(redact(_message(record)))
    safe.args = None
    if record.exc_info and record.exc_info[0] is not None:
        safe.exc_text = _shown(redact(logging.Formatter().formatException(record.exc_info)))
    elif record.exc_text:
        safe.exc_text = _shown(redact(record.exc_text))
    if record.stack_info:
        safe.stack_info = redact(record.stack_info)
    return safe


def _shown(text: str) -> str:
    """Indented where it goes on, and nothing in it that a terminal would obey."""
    escaped = _COMMANDING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return escaped.replace("\n", "\n    ")


def _message(record: logging.LogRecord) -> str:
    args = record.args
    if isinstance(args, Mapping):  # "%(token)s": once filled in, the value has lost its name
        args = {key: HIDDEN if _SENSITIVE_KEY.fullmatch(str(key)) else args[key] for key in args}
    try:
        return str(record.msg) % args if args else str(record.msg)
    except Exception as error:  # noqa: BLE001  # whatever a stranger's __str__ raises: log at least that
        return f"{record.msg!s} (its arguments cannot be shown: {type(error).__name__})"
