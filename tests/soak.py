"""A proof by chance: small in CI, at its full figure by `packaging/test --soak MINUTES`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Soak:
    """How often a proof is repeated. Each round's number is its seed, the same on every machine."""

    seconds: float | None
    """The share of this test of the soak's time; None in CI."""
    first: int
    """The first round of a soak: to go on where an earlier one has ended."""
    tell: Callable[[str], None]
    """Takes what was done, for the summary."""

    def rounds(self, what: str, *, ci: int, full: int) -> Iterator[int]:
        """Seeds: `ci` of them, or `full` (counted in `what`) until the time of a soak is over.

        A round that has begun is never cut short.
        """
        if self.seconds is None:
            yield from range(ci)
            return
        begun, done = time.monotonic(), 0
        while done < full and time.monotonic() - begun < self.seconds:
            yield self.first + done
            done += 1
        self.tell(f"{done} of {full} {what} in {time.monotonic() - begun:.0f} s")
