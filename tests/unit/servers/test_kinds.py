"""A kind that is loaded late says of itself what the real one says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trayapp.servers.kinds import HUBNITY, TIMETAGGER, LateKind


@pytest.mark.parametrize("late", [HUBNITY, TIMETAGGER], ids=lambda one: one.name)
def test_a_late_kind_is_described_as_the_real_one(late: LateKind) -> None:
    real = late.kind
    assert (late.name, late.label) == (real.name, real.label)
    assert (late.takes_password, late.takes_token) == (real.takes_password, real.takes_token)
    assert late.prefixes == real.prefixes
    assert late.kind is real


def test_the_app_is_loaded_without_any_server() -> None:
    found = "print(*[one for one in sys.modules if one in {'ssl', 'http.client', 'requests'}])"
    program = [sys.executable, "-c", f"import sys, trayapp.launch; {found}"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    assert done.stdout.split() == []
