"""Records: the row format of SQLite's files, decoded from bytes. Pure.

What was cut off at the end is None, or a shorter text; bytes that are no UTF-8 become U+FFFD.
"""

from __future__ import annotations

import struct

Value = int | float | str | bytes | None

_MOST_COLUMNS = 100
_SIGNED_64 = 1 << 63
_NINTH = 8
_FLOAT = 7
_ZERO, _ONE = 8, 9
_FIRST_BYTES = 12
_WIDTHS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, _FLOAT: 8}
"""How many bytes the values of each serial type take; from 12 on, the type tells it itself."""


def varint(raw: bytes, at: int) -> tuple[int, int]:
    """The number at this place, and the place behind it. Raises IndexError."""
    value = 0
    for step in range(_NINTH):
        byte = raw[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004  # the bit that says that more follows
            return value, at + step + 1
    value = value << 8 | raw[at + _NINTH]
    return value - 2 * _SIGNED_64 if value >= _SIGNED_64 else value, at + _NINTH + 1


def decoded(payload: bytes) -> tuple[Value, ...]:
    """The values of a row. Raises ValueError or IndexError for what is none."""
    end, at = varint(payload, 0)
    if not at <= end <= len(payload):
        msg = "a header longer than its row"
        raise ValueError(msg)
    types: list[int] = []
    while at < end:
        serial, at = varint(payload, at)
        types.append(serial)
    if at != end or len(types) > _MOST_COLUMNS:
        msg = "a header that no row of ours has"
        raise ValueError(msg)
    values: list[Value] = []
    for serial in types:
        width = _width(serial)
        values.append(_value(serial, payload[at : at + width]))
        at += width
    return tuple(values)


def _width(serial: int) -> int:
    if serial < 0 or serial in {10, 11}:
        msg = "a type that does not exist"
        raise ValueError(msg)
    return (serial - _FIRST_BYTES) // 2 if serial >= _FIRST_BYTES else _WIDTHS.get(serial, 0)


def _value(serial: int, raw: bytes) -> Value:
    if serial >= _FIRST_BYTES:
        return raw.decode(errors="replace") if serial % 2 else raw
    if serial in {_ZERO, _ONE}:
        return serial - _ZERO
    if len(raw) < _WIDTHS.get(serial, 1):
        return None  # NULL, or cut off
    if serial == _FLOAT:
        return float(struct.unpack(">d", raw)[0])
    return int.from_bytes(raw, signed=True)
