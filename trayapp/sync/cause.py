"""Cause: the one word for why a task failed, or waits. Light to load: every status has it."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a task failed, or waits; the value is the finding's name on the command line."""

    SIGNED_OUT = "signed_out"
    WRONG_ADDRESS = "wrong_address"
    SERVER_TROUBLE = "server_trouble"
    NETWORK = "network"
    REFUSED = "refused"
    CONFLICT = "conflict"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


TROUBLE = (Cause.SERVER_TROUBLE, Cause.NETWORK)
"""Causes that use up attempts: a task that failed for one heals with the next delivery."""
