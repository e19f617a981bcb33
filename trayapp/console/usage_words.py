"""The words of argparse itself, in the user's language."""

from __future__ import annotations

import argparse

from trayapp.i18n import _

N_ = str  # only marks them for the catalogue
WORDS = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("expected one argument"),
    N_("ignored explicit argument %r"),
    N_("not allowed with argument %s"),
    N_("invalid %(type)s value: %(value)r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
)
"""Those that a user of ours can meet."""


def speak() -> None:
    """Have argparse ask our catalogue: it would ask gettext for that of another domain."""
    vars(argparse)["_"] = _
