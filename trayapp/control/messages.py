"""What crosses the control channel: one request, then replies; one JSON object per line.

Values only. Parsing is strict, and what was parsed is immutable: objects arrive as read-only
mappings, lists as tuples.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import timedelta
from types import MappingProxyType
from typing import NoReturn, Self, TypeAlias

from trayapp.i18n import _
from trayapp.light import dataclass
from trayapp.tracking.entry import MILLISECOND, Stamp, from_ms, to_ms

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

MAX_LINE_BYTES = 64 * 1024
MAX_TEXT_CHARACTERS = 8192
MAX_DEPTH = 16
_MAX_INTEGER = 2**63 - 1
_MAX_AT_MS = 253_402_300_799_999  # the last millisecond of the year 9999
_MAX_OFFSET_MS = 24 * 60 * 60 * 1000 - 1
_STAMP_FIELDS = frozenset({"at_ms", "offset_ms", "zone", "boot_id", "boot_ms"})
_NOTHING: Mapping[str, JSON] = MappingProxyType({})


class MessageError(ValueError):
    """A line, or a value that should become one, is not what the channel carries."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the running app; `stamp` is the time of the click, where it is one.

    A password may be among the arguments: no repr shows them.
    """

    name: str
    arguments: Mapping[str, JSON] = field(default_factory=lambda: _NOTHING, repr=False)
    stamp: Stamp | None = None

    def line(self) -> bytes:
        """The request as it is sent. Raises MessageError."""
        stamp = None if self.stamp is None else stamp_to_json(self.stamp)
        return _line({"name": self.name, "arguments": self.arguments, "stamp": stamp})

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """The request in `line`. Raises MessageError."""
        fields = _fields(_object(line), frozenset({"name", "arguments", "stamp"}))
        stamp = fields["stamp"]
        return cls(
            name=_text(fields, "name"),
            arguments=_mapping(fields["arguments"]),
            stamp=None if stamp is None else stamp_from_json(stamp),
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What the app answers: `message` is one sentence for the user, `value` what programs read.

    `changed` is False for a command that found everything so already.
    """

    ok: bool
    message: str = ""
    changed: bool = False
    value: Mapping[str, JSON] = field(default_factory=lambda: _NOTHING)

    def line(self) -> bytes:
        """The reply as it is sent. Raises MessageError."""
        return _line(
            {"ok": self.ok, "message": self.message, "changed": self.changed, "value": self.value}
        )

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """The reply in `line`. Raises MessageError."""
        fields = _fields(_object(line), frozenset({"ok", "message", "changed", "value"}))
        return cls(
            ok=_truth(fields, "ok"),
            message=_text(fields, "message"),
            changed=_truth(fields, "changed"),
            value=_mapping(fields["value"]),
        )


def stamp_to_json(stamp: Stamp) -> Mapping[str, JSON]:
    """The stamp on whole milliseconds."""
    return {
        "at_ms": to_ms(stamp.at),
        "offset_ms": stamp.offset // MILLISECOND,
        "zone": stamp.zone,
        "boot_id": stamp.boot_id,
        "boot_ms": stamp.boot // MILLISECOND,
    }


def stamp_from_json(value: JSON) -> Stamp:
    """The stamp that `stamp_to_json` made. Raises MessageError."""
    fields = _fields(_mapping(value), _STAMP_FIELDS)
    offset_ms = _integer(fields, "offset_ms", least=-_MAX_OFFSET_MS, most=_MAX_OFFSET_MS)
    boot_ms = _integer(fields, "boot_ms", least=0, most=_MAX_AT_MS)
    return Stamp(
        at=from_ms(_integer(fields, "at_ms", least=0, most=_MAX_AT_MS)),
        offset=timedelta(milliseconds=offset_ms),
        zone=_text(fields, "zone"),
        boot_id=_text(fields, "boot_id"),
        boot=timedelta(milliseconds=boot_ms),
    )


def _line(message: Mapping[str, JSON]) -> bytes:
    # Frozen first: what cannot be received is not sent either.
    text = json.dumps(_frozen(message), ensure_ascii=False, separators=(",", ":"), default=dict)
    line = text.encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise MessageError(_("The message is too long."))
    return line


def _object(line: bytes) -> Mapping[str, JSON]:
    if len(line) > MAX_LINE_BYTES:
        raise MessageError(_("The message is too long."))
    try:
        raw: object = json.loads(
            line.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise MessageError(_("The message is nested too deeply.")) from error
    except MessageError:
        raise
    except ValueError as error:  # no JSON, no UTF-8, or an integer of thousands of digits
        raise MessageError(_("The message is no JSON in UTF-8.")) from error
    return _mapping(_frozen(raw))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MessageError(_("The message has a field twice."))
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise MessageError(_("The message has a number that is none: {name}.").format(name=name))


def _frozen(value: object, depth: int = 0) -> JSON:
    """`value` checked and without anything that could be changed later."""
    if depth > MAX_DEPTH:
        raise MessageError(_("The message is nested too deeply."))
    if isinstance(value, Mapping):
        return MappingProxyType({_key(k): _frozen(v, depth + 1) for k, v in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_frozen(item, depth + 1) for item in value)
    return _scalar(value)


def _scalar(value: object) -> JSON:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _checked_text(value)
    if isinstance(value, int) and abs(value) <= _MAX_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise MessageError(_("The message has a value that cannot be sent."))


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise MessageError(_("The message has a field whose name is no text."))
    return _checked_text(key)


def _checked_text(text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        raise MessageError(_("A text in the message is too long."))
    try:
        text.encode()
    except UnicodeEncodeError as error:  # a lone surrogate: half a character, or no UTF-8
        raise MessageError(_("A text in the message is no valid Unicode.")) from error
    return text


def _mapping(value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping):
        raise MessageError(_("The message lacks an object where one belongs."))
    return value


def _fields(message: Mapping[str, JSON], names: frozenset[str]) -> Mapping[str, JSON]:
    if message.keys() != names:
        wanted = ", ".join(sorted(names))
        raise MessageError(
            _("The message needs exactly these fields: {names}.").format(names=wanted)
        )
    return message


def _text(fields: Mapping[str, JSON], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise _wrong_type(name)
    return value


def _truth(fields: Mapping[str, JSON], name: str) -> bool:
    value = fields[name]
    if not isinstance(value, bool):
        raise _wrong_type(name)
    return value


def _integer(fields: Mapping[str, JSON], name: str, *, least: int, most: int) -> int:
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong_type(name)
    return value


def _wrong_type(name: str) -> MessageError:
    return MessageError(
        _("The message's field “{name}” has a value it cannot have.").format(name=name)
    )
