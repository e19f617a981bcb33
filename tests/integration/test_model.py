"""Clicks, weather, hands on the server, kills and clocks in any order: compared with the model."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.model_machine import (
    FAULTS,
    ModelMachine,
    PlainModelMachine,
)
from tests.integration.model_mutants import BESIDE_IT, MUTANTS
from tests.soak import Soak
from trayapp.demo.proxy import SAY_429_SECONDS, Fault, Pass
from trayapp.tracking.tracker import Pause, Start

MACHINES = (ModelMachine, PlainModelMachine)
_EXAMPLES, _STEPS = 80, 25
_PLAIN = settings(
    max_examples=_EXAMPLES,
    stateful_step_count=_STEPS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
_QUICK = settings(
    _PLAIN,
    max_examples=400,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    verbosity=Verbosity.quiet,
)


@pytest.mark.soak(25)
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("machine", MACHINES)
def test_nothing_is_lost_doubled_or_timed_anew_whatever_happens_in_whatever_order(
    machine: type[ModelMachine], soak: Soak
) -> None:
    for round_ in soak.rounds("rounds of 80 examples", ci=1, full=150):
        chosen = _PLAIN if soak.seconds is None else settings(_PLAIN, derandomize=False)
        run_state_machine_as_test(seed(round_)(_fresh(machine)), settings=chosen)


def _fresh(machine: type[ModelMachine]) -> type[ModelMachine]:
    """A seed stays with the class it was given to."""
    return type(machine.__name__, (machine,), {})


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", MUTANTS)
def test_the_same_machine_catches_a_program_that_is_wrong(name: str) -> None:
    parts, words = MUTANTS[name]
    left_out = dict.fromkeys(BESIDE_IT.get(name, ()))
    wrong = type("Wrong", (ModelMachine,), {"parts": parts, **left_out})
    with pytest.raises(AssertionError, match=words):
        run_state_machine_as_test(wrong, settings=_QUICK)


def test_what_waits_where_nobody_was_signed_in_keeps_no_closed_gate_busy() -> None:
    machine = ModelMachine()
    try:
        machine.begin("")
        machine.click([Start("A")], 1, 1)
        machine.sign_in_or_out("ann")
        machine.click([Start("B")], 1, 1)
        machine.weather([SAY_429_SECONDS], for_ever=True)
        machine.rest()  # it ends
        assert machine.world.houses[""].complaints({}, set()), "nothing came to the server inside"
    finally:
        machine.teardown()


@pytest.mark.parametrize("fault", FAULTS[1:], ids=repr)
def test_the_status_follows_trouble_to_its_end(fault: Fault) -> None:
    machine = ModelMachine()
    try:
        for step in _steps_of_trouble(machine, fault):
            step()
            machine.everything_is_as_the_model_says()
        assert machine.world.status.all_sent
    finally:
        machine.teardown()


def _steps_of_trouble(machine: ModelMachine, fault: Fault) -> list[Callable[[], None]]:
    """All is well, then one click and more of them meet trouble, then all is well again."""
    assert fault != Pass()
    return [
        lambda: machine.begin("ann"),
        lambda: machine.click([Start("A")], 1, 1),
        machine.rest,
        lambda: machine.weather([fault], for_ever=True),
        lambda: machine.click([Pause()], 1, 1),
        *[machine.one_step] * 4,
        lambda: machine.live(8000),
        machine.rest,
        lambda: machine.click([Start("B")], 1, 1),
        machine.rest,
        lambda: machine.live(8000),
        machine.rest,
        lambda: machine.weather([], for_ever=False),
        *[lambda: machine.live(8000)] * 2,
        machine.rest,
        lambda: machine.sign_in_or_out("ann"),
        machine.retry_all,
        *[machine.one_step] * 8,
        lambda: machine.live(8000),
    ]
