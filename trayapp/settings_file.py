"""The settings file as somebody wrote it: a few values change, all else in it stays.

Comments, order and line ends are the user's. The new text is read back before it is kept.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = "str | int | float | bool"

_MODE = 0o600
_SETTING = re.compile(
    r"""(?P<before>\s*(?P<quote>["']?)(?P<name>[A-Za-z0-9_-]+)(?P=quote)\s*=\s*)"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"']+)"""
    r"""(?P<after>\s*(?:\#.*)?)""",
    re.DOTALL,
)


class CannotChangeError(Exception):
    """The file cannot be changed from here: nothing was written."""


def change(path: Path, changes: Mapping[str, Value]) -> None:
    """Have these values in the file, which is replaced as a whole and is the user's alone.

    Raises CannotChangeError for a file that is no TOML or written in a way we do not know, OSError.
    """
    try:
        old = path.read_bytes().decode()
    except FileNotFoundError:
        old = ""
    except UnicodeDecodeError as error:
        raise CannotChangeError(str(error)) from error
    new = changed(old, changes)
    if new != old:
        _replace(path, new)


def changed(text: str, changes: Mapping[str, Value]) -> str:
    """The text with these values in their places, new ones at its end. Raises CannotChangeError."""
    lines, missing = [], dict(changes)
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):  # other letters end no line in TOML
        content = line.rstrip("\r\n")
        found = _SETTING.fullmatch(content)
        if found and found["name"] in missing:
            value = _toml(missing.pop(found["name"]))
            lines.append(found["before"] + value + found["after"] + line[len(content) :])
        else:
            lines.append(line)
    if missing and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    end = "\r\n" if text.endswith("\r\n") else "\n"
    made = "".join([*lines, *(f"{name} = {_toml(value)}{end}" for name, value in missing.items())])
    _check(text, made, changes)
    return made


def _toml(value: Value) -> str:
    # JSON writes texts, numbers and truths as TOML reads them, but for this letter.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check(old: str, new: str, changes: Mapping[str, Value]) -> None:
    import tomllib  # noqa: PLC0415  # with the first change

    try:
        is_meant = tomllib.loads(new) == {**tomllib.loads(old), **changes}
    except (ValueError, RecursionError) as error:
        raise CannotChangeError(str(error)) from error
    if not is_meant:
        msg = "the value does not stand on a line of its own"
        raise CannotChangeError(msg)


def _replace(path: Path, text: str) -> None:
    """All of it or nothing; a link stays one: it may lead to where the user keeps their files."""
    real = path.resolve()
    real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = real.with_name(f".{real.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        fresh.unlink()
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(real)
    finally:
        fresh.unlink(missing_ok=True)
