"""What the icon has to say about a status."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fakes import START
from trayapp.desktop.badge import MANY, Colour, IconKey, icon_key
from trayapp.sync.status import Link, SyncStatus
from trayapp.tracking.entry import TrackerState


def key(colour: Colour, count: int = 0, *, offline: bool = False) -> IconKey:
    return IconKey(TrackerState.STOPPED, colour, count, offline)


OFF = Link.OFFLINE
TABLE = [
    pytest.param(SyncStatus(as_of=START), key(Colour.GREY), id="nothing ever sent"),
    pytest.param(SyncStatus(as_of=START, last_delivery_at=START), key(Colour.GREEN), id="all sent"),
    pytest.param(SyncStatus(as_of=START, link=OFF), key(Colour.GREY), id="offline, none waits"),
    pytest.param(SyncStatus(as_of=START, pending=3), key(Colour.AMBER, 3), id="three wait"),
    pytest.param(
        SyncStatus(as_of=START, pending=3, last_delivery_at=START, link=Link.SERVER_TROUBLE),
        key(Colour.AMBER, 3),
        id="server in trouble is not offline",
    ),
    pytest.param(SyncStatus(as_of=START, doubtful=2), key(Colour.AMBER, 1), id="only doubtful"),
    pytest.param(
        SyncStatus(as_of=START, possible_doubles=2, last_delivery_at=START),
        key(Colour.AMBER, 1),
        id="only possible doubles",
    ),
    pytest.param(
        SyncStatus(as_of=START, pending=1, link=OFF), key(Colour.AMBER, 1, offline=True), id="off"
    ),
    pytest.param(
        SyncStatus(as_of=START, pending=10, link=Link.UNTRUSTED),
        key(Colour.AMBER, MANY, offline=True),
        id="a certificate nobody trusts is as good as offline",
    ),
    pytest.param(
        SyncStatus(as_of=START, pending=7, failed=2), key(Colour.RED, 2), id="failed before waiting"
    ),
    pytest.param(
        SyncStatus(as_of=START, pending=7, failed=2, link=OFF),
        key(Colour.RED, 2, offline=True),
        id="failed, others wait for the network",
    ),
    pytest.param(
        SyncStatus(as_of=START, failed=2, link=OFF), key(Colour.RED, 2), id="failed, none waits"
    ),
    pytest.param(
        SyncStatus(as_of=START, pending=7, failed=10, link=OFF),
        key(Colour.RED, MANY),
        id="no link mark beside a wide failed plate: together they hide the shape",
    ),
]


@pytest.mark.parametrize(("status", "expected"), TABLE)
def test_the_icon_tells_what_sync_does(status: SyncStatus, expected: IconKey) -> None:
    assert icon_key(status) == expected


@pytest.mark.parametrize("tracker", TrackerState)
def test_the_icon_tells_what_the_tracker_does(tracker: TrackerState) -> None:
    assert icon_key(SyncStatus(as_of=START, tracker=tracker)).tracker is tracker


@pytest.mark.parametrize(("pending", "failed"), [(1, 0), (0, 1)])
def test_ten_look_like_ninety_nine_but_not_like_nine(pending: int, failed: int) -> None:
    nine, ten, many = (
        icon_key(SyncStatus(as_of=START, pending=pending * n, failed=failed * n))
        for n in (9, 10, 99)
    )

    assert ten == many
    assert nine != ten


def test_the_key_is_known_without_pillow() -> None:
    program = "import sys, trayapp.desktop.badge; sys.exit('PIL' in sys.modules)"

    ended = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603  # ours

    assert ended.returncode == 0
