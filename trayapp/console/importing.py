"""import: the tasks of an older database, brought over by this process; the running app is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import cast

from trayapp.console.call import GREET_SECONDS, USAGE, Answer, Call, Failure
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import JSON, Request
from trayapp.i18n import _
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueError


def import_older(call: Call) -> Answer:
    """Bring it over, and say what came, what did not, and why. Raises Failure."""
    from trayapp.app import surroundings  # noqa: PLC0415  # once in the life of a database
    from trayapp.headless import bring_over  # noqa: PLC0415
    from trayapp.transfer.importing import UserNeededError  # noqa: PLC0415
    from trayapp.transfer.old_file import ImportRefusedError  # noqa: PLC0415

    where = surroundings(call.paths, call.settings, call.clock)
    try:
        summary = bring_over(where, call.options.file, call.options.user)
    except ImportRefusedError as error:
        raise Failure(str(error)) from error
    except UserNeededError as error:
        words = str(error) + " " + _("On the command line that is --user ID.")
        raise Failure(words, USAGE) from error
    except QueueError as error:
        text = _("The import broke off: {reason}. What came is safe; import again for the rest.")
        raise Failure(in_words(text, error)) from error
    with suppress(ChannelError):
        ControlClient(call.paths.channel_dir).ask(Request("wake"), GREET_SECONDS)
    value = cast("Mapping[str, JSON]", summary.to_json())
    lines: Sequence[str] = summary.lines()
    return Answer(value=value, lines=lines)
