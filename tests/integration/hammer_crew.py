"""The crew of a hammering: menu, windows, command line, other processes, and those who watch."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace

from tests.integration.hammer import ASK_SECONDS, MENU, Hammer, failed_ids
from tests.integration.hammer_books import COUNTED, Counts, Told, snapshot_complaints
from tests.integration.program import ROOT, trayapp
from trayapp.commands import CLICKS, click_request, edit_request
from trayapp.control.client import ControlClient, Subscription
from trayapp.control.messages import JSON, Request
from trayapp.desktop.menu import Action, Choice
from trayapp.discards import discard_request, undo_request
from trayapp.queue.reader import QueueReader
from trayapp.sync.resolve import Keep
from trayapp.sync.snapshot import read_status
from trayapp.tracking.corrections import Edit

_OTHERS = (Action.RETRY_ALL, Action.FAILED_TASKS, Action.KEEP_RUNNING, Action.SIGN_IN)


class Menu:
    """Clicks as the tray's thread posts them; nobody answers, so only a start is sure to count."""

    def __init__(self, hammer: Hammer) -> None:
        self._hammer = hammer
        self._dice = random.Random(1)  # noqa: S311  # a repeatable story
        self._numbers = itertools.count()

    def __call__(self) -> None:
        hammer, dice = self._hammer, self._dice
        if dice.random() < 0.1:
            hammer.app._on_action(dice.choice(_OTHERS))
            return
        name = dice.choice(CLICKS)
        if name == "start":
            project = f"{MENU} {next(self._numbers)}"
            hammer.app._on_action(Choice(Action.START_CHOSEN, project))
        else:
            hammer.app._on_action(Action(name))
        recorded = True if name == "start" else None
        hammer.told.append(Told(MENU, name, hammer.clock.newest, recorded))


class Clicker:
    """Clicks in one way after another, each in a zone of its own; `press` tells what came of it."""

    def __init__(
        self, hammer: Hammer, who: str, press: Callable[[str, str, str | None], tuple[bool, str]]
    ) -> None:
        self._hammer, self._who, self._press = hammer, who, press
        self._dice = random.Random(who)  # noqa: S311  # a repeatable story
        self._numbers = itertools.count()

    def __call__(self) -> None:
        name, number = self._dice.choice(CLICKS), next(self._numbers)
        zone = f"{self._who}-{number}"
        project = self._dice.choice((f"{self._who} {number}", "Same")) if name == "start" else None
        recorded, words = self._press(name, zone, project)
        if words.startswith("Resumed"):  # a start of what is paused
            name = "resume"
        self._hammer.told.append(Told(self._who, name, zone, recorded))


def window_clicker(hammer: Hammer, who: str) -> Clicker:
    """Clicks over the channel."""

    def press(name: str, zone: str, project: str | None) -> tuple[bool, str]:
        stamp = replace(hammer.clock.stamp(), zone=zone)
        reply = hammer.ask(click_request(name, stamp, project=project))
        return reply.changed, reply.message

    return Clicker(hammer, who, press)


@contextmanager
def outside_clicker(hammer: Hammer, who: str) -> Iterator[Clicker]:
    """Clicks past the app, by a process of its own."""
    with subprocess.Popen(  # our own program
        [sys.executable, "-m", "tests.integration.hammer_clicker"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, back = process.stdin, process.stdout

        def press(name: str, zone: str, project: str | None) -> tuple[bool, str]:
            to.write(json.dumps([name, zone, project]) + "\n")
            to.flush()
            changed, message = json.loads(back.readline())
            return bool(changed), str(message)

        yield Clicker(hammer, who, press)
    assert process.returncode == 0


class CommandLine:
    """One command after the other, each a process; found again by the zone of its machine."""

    def __init__(self, hammer: Hammer, who: str, zone: str) -> None:
        self._hammer, self._who, self._zone = hammer, who, zone
        self._dice = random.Random(who)  # noqa: S311  # a repeatable story
        self._numbers = itertools.count()

    def __call__(self) -> None:
        dice = self._dice
        name = dice.choice((*CLICKS, "pause", "resume", "status", "failed", "retry"))
        typed = [name, f"{self._who} {next(self._numbers)}"] if name == "start" else [name]
        ran = trayapp(*typed, "--json", env={"TZ": self._zone})
        assert ran.status == 0 or (ran.status == 1 and name in CLICKS), ran
        if name == "status":
            self._hammer.wrong += shape_complaints(ran.json)
        elif name in CLICKS:
            recorded = ran.status == 0 and ran.json["changed"] is True
            self._hammer.told.append(Told(self._who, name, self._zone, recorded))


def shape_complaints(shape: Mapping[str, JSON]) -> list[str]:
    """Where what `status --json` prints contradicts itself."""
    unsent = sum(int(str(shape[name])) for name in ("pending", "failed"))
    rules = {
        "waits since never, or for nothing": (shape["waiting_since"] is None) == (unsent == 0),
        "an entry while stopped, or none while not": (shape["entry"] is None)
        == (shape["tracker"] == "stopped"),
        "more in doubt than unsent": int(str(shape["doubtful"])) <= unsent,
        "all sent, but something is not": not (shape["all_sent"] and unsent),
        "the app runs": shape["app_runs"] is True,
    }
    return [f"{rule}: {shape}" for rule, holds in rules.items() if not holds]


class FailedWindow:
    """What the window of the failed tasks asks for; a refusal is an answer."""

    def __init__(self, hammer: Hammer) -> None:
        self._hammer = hammer
        self._dice = random.Random(2)  # noqa: S311  # a repeatable story
        self._numbers = itertools.count()
        self._discarded: tuple[int, ...] = ()

    def __call__(self) -> None:
        number = next(self._numbers)
        ids = failed_ids(self._hammer.paths, self._dice.randint(1, 4))
        stamp = replace(self._hammer.clock.stamp(), zone=f"corrections-{number}")
        edit = Edit("", note=f"note {number}")
        keep = self._dice.choice(tuple(Keep))
        request = self._dice.choice(
            (
                Request("retry", {"ids": ids}),
                Request("retry", {"ids": None}),
                Request("cancel_retry"),
                discard_request(ids, look=True),
                discard_request(ids),
                discard_request(None),
                undo_request(self._discarded),
                Request("resolve", {"ids": ids, "keep": keep}),
                edit_request("edit", stamp, edit),
                edit_request("undo", stamp, Edit("")),
                edit_request("delete", stamp, Edit("")),
                edit_request("fix", stamp, edit, task_ids=ids),
                Request("account"),
                Request("wake"),
                Request("show"),
                Request("nonsense"),
            )
        )
        reply = self._hammer.ask(request)
        self._hammer.done[f"{request.name}{'' if reply.ok else ' refused'}"] += 1
        if request.name == "discard" and reply.changed:
            told = reply.value["ids"]
            assert isinstance(told, tuple)
            self._discarded = tuple(one for one in told if isinstance(one, int))


class Onlooker:
    """A window that is told of each change, for a while; then it is opened anew."""

    def __init__(self, hammer: Hammer) -> None:
        self._hammer = hammer
        self._answers: Subscription | None = None
        self.seen: list[Mapping[str, JSON]] = []
        hammer.leaving.append(self._leave)

    def _leave(self) -> None:
        if self._answers is not None:
            self._answers.close()

    def __call__(self) -> None:
        client = ControlClient(self._hammer.paths.channel_dir)
        with client.subscribe(Request("watch"), ASK_SECONDS) as self._answers:
            told = [reply.value for reply in itertools.islice(self._answers, 20)]
        versions = [int(str(value["version"])) for value in told]
        if any(later != earlier + 1 for earlier, later in itertools.pairwise(versions)):
            self._hammer.wrong.append(f"an onlooker missed something: {versions}")
        self.seen += told

    def complaints(self) -> list[str]:
        """Where it was told something else than the icon showed at that moment."""
        shown = self._hammer.faces.shown
        found = []
        for value in self.seen:
            status = shown[int(str(value["version"])) - 1]
            wanted = {
                "version": value["version"],
                "failed": status.failed,
                "pending": status.pending,
                "retrying": status.retrying,
            }
            found += [] if dict(value) == wanted else [f"{dict(value)} is not {wanted}"]
        return found


class Auditor:
    """Reads the status as everybody does, and compares it with the rows themselves.

    Where nothing was written between two looks at the rows, both show the same moment.
    """

    def __init__(self, hammer: Hammer) -> None:
        self._hammer = hammer
        self._thread: int | None = None

    @contextmanager
    def at_work(self) -> Iterator[Callable[[], None]]:
        """Its connections, closed in the end."""
        database = self._hammer.paths.database
        uri = f"{database.as_uri()}?mode=ro"
        reader = QueueReader(database)
        try:
            with closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as rows:
                yield lambda: self._look(reader, rows)
        finally:
            reader.close()

    def _look(self, reader: QueueReader, rows: sqlite3.Connection) -> None:
        hammer = self._hammer
        (before,) = rows.execute("PRAGMA data_version").fetchone()
        status = read_status(reader, hammer.clock.now())
        counted = rows.execute(COUNTED).fetchone()
        (after,) = rows.execute("PRAGMA data_version").fetchone()
        hammer.wrong += snapshot_complaints(status)
        if before != after:
            return
        hammer.done["compared with the rows"] += 1
        says, has = Counts.of_status(status), Counts(*counted)
        if status.entry is None:
            has = replace(has, newest_entry="")
        if says != has:
            hammer.wrong.append(f"the status says {says}, the rows {has}")


class Pulse:
    """Whether the main thread still does its jobs."""

    def __init__(self, hammer: Hammer) -> None:
        self._hammer = hammer

    def __call__(self) -> None:
        done = threading.Event()
        self._hammer.app.post(done.set)
        while not done.wait(0.05) and not self._hammer.watchdog.bitten.is_set():
            pass
