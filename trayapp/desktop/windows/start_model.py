"""What the start window offers to type, from what was typed so far. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Self, TypeVar

from trayapp.control.messages import JSON
from trayapp.light import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Past:
    """What was tracked before."""

    note: str
    project: str

    @property
    def label(self) -> str:
        """The note first: that is what is typed."""
        return " – ".join(part for part in (self.note, self.project) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What was tracked before, newest first, and the server's projects.

    `binds`: only those can be tracked; `needed`: nothing can without one. `next` is where the next
    part of the list begins, 0 when there is none.
    """

    history: tuple[Past, ...] = ()
    projects: tuple[str, ...] = ()
    binds: bool = False
    needed: bool = False
    next: int = 0

    @classmethod
    def read(cls, value: Mapping[str, JSON]) -> Self:
        """The answer to "choices"; what it lacks is empty."""
        following = value.get("next")
        return cls(
            history=tuple(_pasts(value.get("history"))),
            projects=tuple(_texts(value.get("projects"))),
            binds=value.get("binds") is True,
            needed=value.get("needed") is True,
            next=following if isinstance(following, int) else 0,
        )

    def joined(self, more: Choices) -> Choices:
        """With the next part of the list."""
        return replace(self, projects=self.projects + more.projects, next=more.next)

    def takes(self, project: str) -> bool:
        """Whether this project can be tracked; as long as parts of the list lack, the app knows."""
        if not project:
            return not self.needed
        folded = project.casefold()
        known = any(one.casefold() == folded for one in self.projects)
        return known or not self.binds or bool(self.next)

    def pasts_for(self, typed: str) -> tuple[Past, ...]:
        """What was tracked before and goes with what is typed."""
        named = (one for one in self.history if one.note or one.project)
        return tuple(_ranked(named, typed, lambda one: (one.note, one.project)))

    def projects_for(self, typed: str) -> tuple[str, ...]:
        """Projects that go with what is typed, those tracked before first."""
        before = [one.project for one in self.history if one.project]
        known = dict.fromkeys([*before, *self.projects])
        return tuple(_ranked(known, typed, lambda one: (one,)))


def _ranked(found: Iterable[T], typed: str, texts_of: Callable[[T], Sequence[str]]) -> list[T]:
    """Those in which all typed words are; what begins so first, else in the order given."""
    wanted = typed.strip().casefold()
    ranked: list[tuple[int, T]] = []
    for one in found:
        texts = [text.casefold() for text in texts_of(one)]
        if all(any(word in text for text in texts) for word in wanted.split()):
            ranked.append((_rank(texts, wanted), one))
    return [one for _rank_of, one in sorted(ranked, key=lambda pair: pair[0])]


def _rank(texts: Sequence[str], wanted: str) -> int:
    if any(text.startswith(wanted) for text in texts):
        return 0
    if any(f" {wanted}" in text for text in texts):
        return 1
    return 2


def _pasts(value: JSON) -> list[Past]:
    return [Past(*texts) for one in _items(value) if len(texts := _texts(one)) == _PAST_TEXTS]


_PAST_TEXTS = 2


def _texts(value: JSON) -> list[str]:
    return [one for one in _items(value) if isinstance(one, str)]


def _items(value: JSON) -> Sequence[JSON]:
    return value if isinstance(value, tuple | list) else ()
