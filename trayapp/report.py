"""The report for a support desk: one text, without secrets and without what somebody works on.

Pure; may be called from any thread. Its labels are English, as those of the log and of `--json`
are: whoever reads it need not share the user's language. It is sent nowhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from trayapp.control.messages import JSON
from trayapp.light import dataclass
from trayapp.log import HIDDEN, redact
from trayapp.queue.task import Gate, SyncTask
from trayapp.sync.diagnosis import Diagnosis
from trayapp.sync.status import SyncStatus
from trayapp.sync.words import one_line

MOST_TASKS = 50
MOST_LOG_LINES = 100
_MOST_IDS = 100
_MOST_REASONS = 5
_SHORTEST_TEXT = 4
_SECOND = timedelta(seconds=1)
_TOLD = frozenset({"event", "entry", "at", "id", "kind", "entryId", "timeEntryId"})
"""Fields of a payload that say nothing about the user's work."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OPAQUE = re.compile(r"(?<![\w./+=~-])[\w./+=~-]{16,}")
_SEPARATORS = re.compile(r"[./]")
_PATTERNS = (
    # The log's own rule ends at the first @, but a password may hold one.
    (re.compile(r"(://)[^/\s\"']*@"), rf"\1{HIDDEN}@"),
    (re.compile(r"([?&][\w.%-]+=)[^&\s#\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(Basic\s+)[A-Za-z0-9+/=_-]{8,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"\b(token|password|passwd|secret|key)(\s+[(\"'“«]?)(?=\S*\d)[^\s(),;]+", re.IGNORECASE
        ),
        rf"\1\2{HIDDEN}",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the program runs on. `home` and `user` are there to be left out."""

    version: str
    python: str
    system: str
    desktop: tuple[tuple[str, str], ...]
    home: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that goes into a report; `tasks` are the newest failed ones, oldest first."""

    as_of: datetime
    machine: Machine
    status: SyncStatus
    app_runs: bool
    gate: Gate | None
    diagnosis: Diagnosis
    tasks: Sequence[SyncTask]
    log_lines: Sequence[str]


def report_text(found: Findings) -> str:
    """The whole report."""
    sections = {
        "Program": _program(found),
        "Tracker": _tracker(found.status),
        "Sync": _sync(found),
        "Causes": _causes(found.diagnosis),
        f"Failed tasks (the newest {len(found.tasks)} of {found.diagnosis.count})": (
            line for task in found.tasks for line in _task(task)
        ),
        f"Log (the last {len(found.log_lines)} lines)": map(cleaned, found.log_lines),
    }
    lines = [
        f"Trayapp report of {_iso(found.as_of)}",
        "Left out: passwords, tokens, notes, projects, names. Sent nowhere: pass it on yourself.",
    ]
    for title, body in sections.items():
        lines += ["", f"== {title}", *(list(body) or ["(nothing)"])]
    return _without_names("\n".join(lines) + "\n", found)


def cleaned(text: str) -> str:
    """A foreign text without anything that could be a secret, on one line."""
    text = redact(one_line(text))
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _OPAQUE.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    """A long run of letters and digits may be a token; an id of ours is none."""
    text = _UUID.sub("", found[0])
    for part in _SEPARATORS.split(text):
        is_mixed = any(c.isdigit() for c in part) and any(c.isalpha() for c in part)
        if len(part) >= 16 and is_mixed:  # noqa: PLR2004  # as the pattern has it
            return HIDDEN
    return found[0]


# -- sections ------------------------------------------------------------------------------


def _program(found: Findings) -> Iterator[str]:
    machine = found.machine
    yield f"version: {machine.version}"
    yield f"python: {machine.python}"
    yield f"system: {machine.system}"
    yield from (f"{name}: {value}" for name, value in machine.desktop)
    yield f"app runs: {_yes(found.app_runs)}"


def _tracker(status: SyncStatus) -> Iterator[str]:
    yield f"state: {status.tracker.value}"
    if status.entry is not None:
        yield f"entry: {status.entry.id}"
        yield f"started: {_iso(status.entry.started_at)}"
        yield f"worked: {status.entry.worked // _SECOND} s"
        yield f"clock step: {status.entry.clock_step // _SECOND} s"
    if status.clock_skew is not None:
        yield f"clock skew: {status.clock_skew // _SECOND} s (ahead of the server's, minus: behind)"
    if status.gap_since is not None:
        yield f"not watched since: {_iso(status.gap_since)}"


def _sync(found: Findings) -> Iterator[str]:
    status, account = found.status, found.status.account
    yield f"pending: {status.pending} (of this account {status.own_pending})"
    yield f"failed: {status.failed} (of this account {status.own_failed})"
    yield f"doubtful: {status.doubtful}, possible doubles: {status.possible_doubles}"
    yield f"other accounts that have something waiting: {len(status.elsewhere)}"
    yield f"link: {status.link.value}"
    yield f"reason: {cleaned(status.reason or '-')}"
    yield f"waiting since: {_iso(status.waiting_since)}"
    yield f"next attempt: {_iso(status.next_attempt_at)}"
    yield f"last delivery: {_iso(status.last_delivery_at)}"
    yield f"account: {account.kind}, {_host(account.url)}, {_initial(account.user)}"
    if found.gate is not None:
        gate = found.gate
        yield f"gate: {gate.kind.value} since {_iso(gate.since)}, due {_iso(gate.due_at)}"
        yield f"gate's tries: {gate.tries}, time named by the server: {_yes(gate.by_server)}"
        yield f"gate's reason: {cleaned(gate.reason)}"


def _causes(diagnosis: Diagnosis) -> Iterator[str]:
    for group in diagnosis.groups:
        yield f"{group.cause.value}: {group.count} ({_ids(group.task_ids)})"
        yield f"  clicked: {_iso(group.span.first_at)} to {_iso(group.span.last_at)}"
        for reason in group.reasons[:_MOST_REASONS]:
            yield f"  {len(reason.task_ids)} x {cleaned(reason.text) or '(no reason stored)'}"
        if len(group.reasons) > _MOST_REASONS:
            yield f"  {len(group.reasons) - _MOST_REASONS} other reasons"
    if diagnosis.duplicates is not None:
        yield f"duplicates: {diagnosis.duplicates.count} ({_ids(diagnosis.duplicates.task_ids)})"


def _task(task: SyncTask) -> Iterator[str]:
    yield (
        f"#{task.id} {cleaned(task.kind)} entry {cleaned(task.entry_id) or '-'},"
        f" attempts {task.retry_count}, doubt {task.doubt.value}, cause {task.cause or '-'},"
        f" created {_iso(task.created_at)}, last attempt {_iso(task.last_retry_at)}"
    )
    yield f"  reason: {cleaned(task.reason) or '-'}"
    yield f"  payload: {_payload(task.payload)}"


def _ids(task_ids: Sequence[int]) -> str:
    shown = ", ".join(f"#{one}" for one in task_ids[:_MOST_IDS])
    return f"{shown}, …" if len(task_ids) > _MOST_IDS else shown


def _iso(at: datetime | None) -> str:
    if at is None:
        return "-"
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _yes(so: bool) -> str:  # noqa: FBT001  # one thing to say
    return "yes" if so else "no"


def _host(url: str) -> str:
    """Scheme and host: what else an address holds may be a secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "no address"


def _initial(user: str) -> str:
    return f"{user[0]}… ({len(user)} characters)" if user else "no user name"


# -- payloads and names --------------------------------------------------------------------


def _payload(text: str) -> str:
    """Its fields; what they say about the user's work only by its length."""
    value = _parsed(text)
    if not isinstance(value, dict):
        return _length(text)
    return ", ".join(_field(name, item) for name, item in value.items()) or "{}"


def _parsed(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _field(name: str, value: object) -> str:
    if value is None or isinstance(value, bool):
        return f"{cleaned(name)}: {json.dumps(value)}"
    if name in _TOLD and isinstance(value, str):
        return f"{name}: {cleaned(value)}"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"{cleaned(name)}: {_length(text)}"


def _length(text: str) -> str:
    return f"{len(text)} characters"


def _without_names(text: str, found: Findings) -> str:
    """Whatever turned up somewhere in a reason or the log: the home, the user, notes, projects."""
    texts = sorted(_texts_of_work(found), key=len, reverse=True)
    for one in texts:
        text = text.replace(one, f"[{_length(one)}]")
    for home in (found.machine.home, found.machine.home.replace("/", "%2F")):
        if len(home) > 1:
            text = text.replace(home, "~")
    for user in (found.status.account.user, found.machine.user):
        if len(user) >= _SHORTEST_TEXT:
            text = re.sub(rf"(?<!\w){re.escape(user)}(?!\w)", f"{user[0]}…", text)
    return text


def _texts_of_work(found: Findings) -> set[str]:
    """Notes and projects that we know of; a very short one could be any word."""
    status = found.status
    texts = [status.last_project, status.last_note, *status.projects]
    texts += [part for one in status.recent for part in (one.project, one.note)]
    texts += [text for task in found.tasks for text in _work_in(_parsed(task.payload))]
    forms = {form for text in texts for form in (text, one_line(text), cleaned(text))}
    return {form for form in forms if len(form) >= _SHORTEST_TEXT and form != HIDDEN}


def _work_in(payload: object) -> Iterable[str]:
    fields: Mapping[str, JSON] = payload if isinstance(payload, dict) else {}
    return [item for name, item in fields.items() if name not in _TOLD and isinstance(item, str)]
