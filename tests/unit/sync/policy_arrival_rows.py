"""Rows of the specification's table: what arrived, what conflicts, no network, what is in doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.unit.sync.policy_support import (
    ALL_REFUSED,
    ALREADY,
    BROKEN,
    CONFLICT,
    DOUBTED,
    EVERYBODY,
    FAILED,
    HEAD,
    HEADLESS,
    HOUR,
    LOCKED,
    MINUTE,
    NOW,
    OFFLINE,
    OTHERS_HEAD,
    OURS,
    RESET,
    SECOND,
    SENT,
    TASK,
    TIMED_OUT,
    UNTRUSTED,
    WORDS,
    Row,
    gate,
    situation,
    was,
)
from trayapp.queue.task import Doubt, GateKind, Refusal
from trayapp.sync.outcome import Absent, Delivered, Removed, Unasked
from trayapp.sync.policy import Fate

ARRIVAL_ROWS: dict[str, Row] = {
    # -- it arrived, or it is gone ---------------------------------------------------------
    "delivered": Row(outcome=Delivered(), fate=Fate.SETTLED, heals=True),
    "delivered-opens-every-gate": Row(
        outcome=Delivered(), at=situation(gate=was(GateKind.OFFLINE)), fate=Fate.SETTLED, heals=True
    ),
    "delivered-forgets-the-refusal": Row(
        outcome=Delivered(),
        at=situation(refusal=Refusal(entry_id="b", words=WORDS)),
        fate=Fate.SETTLED,
        heals=True,
    ),
    "removed": Row(outcome=Removed("HTTP 404: no such entry"), fate=Fate.REMOVED),
    "removed-keeps-the-trouble": Row(
        outcome=Removed("HTTP 404: no such entry"),
        at=situation(gate=HEADLESS),
        fate=Fate.REMOVED,
        gate=HEADLESS,
    ),
    # -- already so, conflict, ours --------------------------------------------------------
    "already-so-is-looked-at": Row(
        outcome=ALREADY, cause="conflict", reason=ALREADY.reason, doubt=SENT
    ),
    "already-so-after-a-look": Row(
        outcome=ALREADY,
        at=situation(task=replace(TASK, sends=1)),
        status=FAILED,
        cause="conflict",
    ),
    "already-so-says-the-look": Row(
        outcome=ALREADY,
        at=situation(task=DOUBTED, looked=True),
        status=FAILED,
        cause="conflict",
    ),
    "conflict": Row(outcome=CONFLICT, status=FAILED, cause="conflict"),
    "conflict-clears-the-doubt": Row(
        outcome=CONFLICT, at=situation(task=DOUBTED, looked=True), status=FAILED, cause="conflict"
    ),
    "ours": Row(outcome=OURS, status=FAILED, count=1, cause="internal"),
    "ours-keeps-the-doubt": Row(
        outcome=OURS,
        at=situation(task=DOUBTED, gate=HEADLESS),
        status=FAILED,
        count=1,
        cause="internal",
        doubt=SENT,
        gate=HEADLESS,
    ),
    # -- offline, untrusted ----------------------------------------------------------------
    "offline": Row(
        outcome=OFFLINE,
        cause="network",
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason),
    ),
    "offline-still": Row(
        outcome=OFFLINE,
        at=situation(gate=was(GateKind.OFFLINE, tries=3)),
        cause="network",
        gate=gate(GateKind.OFFLINE, 80 * SECOND, reason=OFFLINE.reason, tries=4, since=HOUR),
    ),
    "offline-keeps-the-attempts-and-a-looks-doubt": Row(
        outcome=OFFLINE,
        at=situation(task=replace(DOUBTED, retry_count=4, looks=1), looked=True),
        count=4,
        cause="network",
        doubt=SENT,
        looks=1,
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason),
    ),
    "offline-in-trouble": Row(
        outcome=OFFLINE,
        at=situation(gate=HEAD),
        cause="network",
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason),
    ),
    "untrusted": Row(
        outcome=UNTRUSTED,
        cause="network",
        gate=gate(GateKind.UNTRUSTED, 5 * SECOND, reason=UNTRUSTED.reason),
    ),
    # -- the keyring is locked -------------------------------------------------------------
    "locked": Row(outcome=LOCKED, gate=gate(GateKind.LOCKED, 5 * SECOND, reason=LOCKED.reason)),
    "locked-still": Row(
        outcome=LOCKED,
        at=situation(gate=was(GateKind.LOCKED, tries=3), task=replace(TASK, retry_count=4)),
        count=4,
        gate=gate(GateKind.LOCKED, MINUTE, reason=LOCKED.reason, tries=4, since=HOUR),
    ),
    "locked-leaves-what-was-known": Row(
        outcome=LOCKED,
        at=situation(task=replace(DOUBTED, looks=1), looked=True),
        cause="network",
        doubt=SENT,
        looks=1,
        gate=gate(GateKind.LOCKED, 5 * SECOND, reason=LOCKED.reason),
    ),
    # -- doubtful --------------------------------------------------------------------------
    "doubtful-reset": Row(outcome=RESET, cause="network", due=SECOND, doubt=SENT),
    "doubtful-timed-out": Row(outcome=TIMED_OUT, cause="network", due=10 * SECOND, doubt=SENT),
    "doubtful-answered": Row(outcome=BROKEN, cause="server_trouble", due=SECOND, doubt=SENT),
    "doubtful-again-uses-an-attempt": Row(
        outcome=TIMED_OUT,
        at=situation(task=replace(TASK, sends=1)),
        count=1,
        cause="network",
        due=MINUTE,
        doubt=SENT,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=TIMED_OUT.reason, task_id=7),
    ),
    "doubtful-the-fifth-time-fails": Row(
        outcome=BROKEN,
        at=situation(task=replace(TASK, sends=5, retry_count=4), gate=HEAD),
        status=FAILED,
        count=5,
        cause="server_trouble",
        doubt=SENT,
        gate=gate(
            GateKind.SERVER_TROUBLE, timedelta(), reason=BROKEN.reason, task_id=7, since=HOUR
        ),
    ),
    "doubtful-look-is-offline": Row(
        outcome=RESET,
        at=situation(task=DOUBTED, looked=True),
        cause="network",
        doubt=SENT,
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=RESET.reason),
    ),
    "doubtful-look-answered-is-trouble": Row(
        outcome=BROKEN,
        at=situation(task=DOUBTED, looked=True),
        count=1,
        cause="server_trouble",
        due=MINUTE,
        doubt=SENT,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=BROKEN.reason, task_id=7),
    ),
    "doubtful-head-is-looked-for-first": Row(
        outcome=BROKEN,
        at=situation(gate=replace(HEAD, by_server=True)),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
        gate=replace(HEAD, due_at=NOW + SECOND),
    ),
    "doubtful-other-entry": Row(
        outcome=BROKEN,
        at=situation(gate=OTHERS_HEAD),
        cause="server_trouble",
        due=10 * SECOND,
        doubt=SENT,
        gate=replace(OTHERS_HEAD, seeks_other=False),
    ),
    "doubtful-in-common-trouble": Row(
        outcome=BROKEN,
        at=situation(gate=HEADLESS),
        cause="server_trouble",
        due=10 * SECOND,
        doubt=SENT,
        gate=gate(
            GateKind.SERVER_TROUBLE,
            4 * MINUTE,
            reason=BROKEN.reason,
            tries=3,
            task_id=7,
            since=HOUR,
        ),
    ),
    "doubtful-probe-of-a-dead-network": Row(
        outcome=RESET,
        at=situation(gate=was(GateKind.OFFLINE, tries=1)),
        cause="network",
        due=SECOND,
        doubt=SENT,
        gate=gate(GateKind.OFFLINE, 20 * SECOND, reason=RESET.reason, tries=2, since=HOUR),
    ),
    "doubtful-answer-opens-an-offline-gate": Row(
        outcome=BROKEN,
        at=situation(gate=was(GateKind.OFFLINE)),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
    ),
    "doubtful-where-all-is-refused": Row(
        outcome=BROKEN,
        at=situation(gate=ALL_REFUSED, refusal=EVERYBODY),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=BROKEN.reason, tries=1, task_id=7),
        refusal=EVERYBODY,
    ),
    "doubtful-told-when-to-ask-again": Row(
        outcome=replace(BROKEN, retry_after=HOUR),
        cause="server_trouble",
        due=HOUR,
        doubt=SENT,
        gate=gate(GateKind.THROTTLED, HOUR, reason=BROKEN.reason, by_server=True),
    ),
    "doubtful-head-told-when-to-ask-again": Row(
        outcome=replace(BROKEN, retry_after=HOUR),
        at=situation(gate=HEAD),
        cause="server_trouble",
        due=HOUR,
        doubt=SENT,
        gate=replace(HEAD, due_at=NOW + HOUR, by_server=True),
    ),
    "doubtful-told-at-once-waits-its-own-time": Row(
        outcome=replace(BROKEN, retry_after=timedelta()),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
        gate=gate(GateKind.THROTTLED, SECOND, reason=BROKEN.reason, by_server=True),
    ),
    "unasked": Row(outcome=Unasked(), fate=Fate.UNASKED),
    "unasked-changes-no-gate": Row(
        outcome=Unasked(),
        at=situation(gate=was(GateKind.OFFLINE), refusal=EVERYBODY),
        fate=Fate.UNASKED,
        gate=was(GateKind.OFFLINE),
        refusal=EVERYBODY,
    ),
    # -- absent ----------------------------------------------------------------------------
    "absent-once": Row(
        outcome=Absent(),
        at=situation(task=DOUBTED, looked=True, repeatable=False),
        reason=DOUBTED.reason,
        cause="network",
        due=10 * SECOND,
        doubt=SENT,
        looks=1,
    ),
    "absent-twice": Row(
        outcome=Absent(),
        at=situation(task=replace(DOUBTED, looks=1), looked=True, repeatable=False),
        reason=DOUBTED.reason,
        cause="network",
        resends=True,
    ),
    "absent-where-it-may-be-repeated": Row(
        outcome=Absent(),
        at=situation(task=DOUBTED, looked=True),
        reason=DOUBTED.reason,
        cause="network",
    ),
    "absent-of-unknown-doubt": Row(
        outcome=Absent(),
        at=situation(task=replace(TASK, doubt=Doubt.UNKNOWN), looked=True, repeatable=False),
        reason="",
        due=10 * SECOND,
        doubt=Doubt.UNKNOWN,
        looks=1,
    ),
}
