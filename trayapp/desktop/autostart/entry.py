"""The text of a desktop entry: read, change a few keys, quote a command. Pure.

What else is in a file is the user's or another tool's, and is kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_GROUP = "[Desktop Entry]"
_PAIR = re.compile(r"(?P<key>[A-Za-z0-9-]+)[ \t]*=[ \t]*(?P<value>.*?)[ \t\r]*")
_PLAIN = re.compile(r"[A-Za-z0-9_@+:,./-]+")
_QUOTED_ONLY = re.compile(r'(["`$\\])')
_VALUE_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_VALUE_ESCAPED = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_WORD = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"]+)', re.DOTALL)


def keys_of(text: str) -> dict[str, str]:
    """The keys of the main group and their values, as they are written."""
    found = {}
    for line in _main_group(_lines(text)):
        if pair := _PAIR.fullmatch(line):
            found[pair["key"]] = pair["value"]
    return found


def changed(text: str, changes: Mapping[str, str | None]) -> str:
    """`text` with these values in its main group; None takes a key away."""
    lines = _lines(text) or [_GROUP]
    if _GROUP not in lines:
        lines = [_GROUP, *lines]
    start = lines.index(_GROUP) + 1
    group = list(_main_group(lines))
    kept = [line for line in group if _key(line) not in changes]
    while kept and not kept[-1].strip():
        kept.pop()
    added = [f"{key}={value}" for key, value in changes.items() if value is not None]
    rest = lines[start + len(group) :]
    return "\n".join([*lines[:start], *kept, *added, *([""] if rest else []), *rest]) + "\n"


def _lines(text: str) -> list[str]:
    """Not `splitlines`: a path may hold what ends a line elsewhere."""
    return re.split(r"\r?\n", re.sub(r"\r?\n\Z", "", text)) if text else []


def _main_group(lines: Sequence[str]) -> Sequence[str]:
    if _GROUP not in lines:
        return ()
    start = lines.index(_GROUP) + 1
    end = next((n for n in range(start, len(lines)) if lines[n].startswith("[")), len(lines))
    return lines[start:end]


def _key(line: str) -> str:
    pair = _PAIR.fullmatch(line)
    return pair["key"] if pair else ""


def value(text: str) -> str:
    """A text as the value of a key."""
    return "".join(_VALUE_ESCAPES.get(letter, letter) for letter in text)


def command(words: Sequence[str]) -> str:
    """A command as the value of the key Exec."""
    return value(" ".join(_quoted(word) for word in words))


def _quoted(word: str) -> str:
    word = word.replace("%", "%%")  # a single one is the mark of a field
    if _PLAIN.fullmatch(word.replace("%", "")):
        return word
    return '"' + _QUOTED_ONLY.sub(r"\\\1", word) + '"'


def words_of(written: str) -> tuple[str, ...]:
    """The words of a command, without its fields; none when it cannot be read."""
    line = re.sub(r"\\(.)", lambda found: _VALUE_ESCAPED.get(found[1], found[0]), written)
    if _WORD.sub("", line).strip():
        return ()
    found = []
    for word in _WORD.finditer(line):
        if word["quoted"] is not None:
            found.append(re.sub(r"\\(.)", r"\1", word["quoted"], flags=re.DOTALL))
        elif not re.fullmatch("%[a-zA-Z]", word["plain"]):
            found.append(word["plain"])
    return tuple(word.replace("%%", "%") for word in found)
