"""A call of the program and its answer, as values; the exit statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trayapp.light import dataclass

if TYPE_CHECKING:
    from trayapp.clock import Clock
    from trayapp.config import Paths, Settings
    from trayapp.control.messages import JSON, Reply
    from trayapp.tracking.entry import Stamp

DONE, NOT_DONE, USAGE, SIGNED_OUT, NOT_REACHABLE, SOME_FAILED = range(6)

ASK_SECONDS = 5.0
"""How long the app may take to answer; it writes to the disk, and never waits for a server."""
GREET_SECONDS = 0.5


class Options:
    """What was typed; argparse fills it in. No dataclass: so many fields take a millisecond."""

    command: str | None = None
    no_tray: bool = False
    json: bool = False
    check: bool = False
    project: str | None = None
    note: str | None = None
    at: str | None = None
    entry: str | None = None
    started: str | None = None
    stopped: str | None = None
    by_clock: bool = False
    ids: Sequence[int] = ()
    all: bool = False
    wait: bool = False
    screenshots: Path | None = None
    server: str = ""
    url: str = ""
    user: str = ""
    password_stdin: bool = False
    token_stdin: bool = False
    allow_http: bool = False
    send_earlier: bool = False
    keep_earlier: bool = False
    send: bool = False
    keep: bool = False
    window: str = ""
    in_window: bool = False
    file: Path = Path()
    undo: bool = False
    duplicates: bool = False
    yes: bool = False
    save: Path | None = None
    csv: bool = False
    first_day: str | None = None
    last_day: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the program: what was typed, when, and where everything is."""

    options: Options
    stamp: Stamp
    clock: Clock
    paths: Paths
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command prints: lines for people, or the value that `--json` shows."""

    value: Mapping[str, JSON] | None = None
    lines: Sequence[str] = ()
    exit_status: int = DONE


class Failure(Exception):  # noqa: N818  # an answer, not a defect
    """The command could not be done; the text is one line: what, why, and what to do."""

    def __init__(self, text: str, exit_status: int = NOT_DONE) -> None:
        super().__init__(text)
        self.text = text
        self.exit_status = exit_status


def told(reply: Reply, hint: str = "") -> Answer:
    """A reply as an answer, with one more line where there is more to say."""
    lines = [part for part in (reply.message, hint) if part]
    value = {**reply.value, "changed": reply.changed, "message": " ".join(lines)}
    return Answer(value=value, lines=lines)
