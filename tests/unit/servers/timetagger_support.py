"""What the tests of TimeTaggerServer share: kinds of clicks, a first second, what has arrived."""

from __future__ import annotations

import json

from tests.contract.stages import Courier
from tests.timetagger_house import House
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
NINE = 1_767_862_800


def delivered(house: House, *kinds: EventKind) -> Courier:
    """Clicks that have arrived."""
    courier = house.courier()
    for kind in kinds:
        courier.click(kind)
        courier.deliver()
    house.requests()
    return courier


def as_json(value: object) -> str:
    return json.dumps(value)
