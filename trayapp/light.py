"""`@dataclass(slots=True)` as the standard library has it, whose methods are made at first use.

To make them takes six compilations a class, which was half of the time until the icon was there,
and most classes make no object in a run. Any thread may be the first to use one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

_T = TypeVar("_T")

_METHODS = ("__init__", "__repr__", "__eq__")
_BEGIN = ("__init__", "__match_args__", "__dataclass_fields__")
_FROZEN = ("__hash__", "__setattr__", "__delattr__")
_VALUES = ("__match_args__", "__dataclass_fields__", "__dataclass_params__")
_MORE = ("__getstate__", "__setstate__")
_OF_ANY_CLASS = ("__dict__", "__weakref__")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  # handed on
else:

    def dataclass(
        *, slots: bool, frozen: bool = False, kw_only: bool = False
    ) -> Callable[[type[_T]], type[_T]]:
        """A class with slots for what is annotated; `ClassVar` must be written so."""
        make = dataclasses.dataclass(slots=slots, frozen=frozen, kw_only=kw_only)
        begin = dataclasses.dataclass(
            slots=slots, frozen=frozen, kw_only=kw_only, repr=False, eq=False
        )
        methods = _METHODS + _FROZEN if frozen else _METHODS
        return lambda plain: _promised(plain, make, begin, methods)


def _promised(
    plain: type[_T],
    make: Callable[[type[_T]], type[_T]],
    begin: Callable[[type[_T]], type[_T]],
    methods: tuple[str, ...],
) -> type[_T]:
    """The class with its slots, and a stand-in for each method that `make` would give it.

    `begin` makes what an object needs to begin with: most are neither compared nor shown.
    """
    body = {name: value for name, value in vars(plain).items() if name not in _OF_ANY_CLASS}

    def keep() -> type[_T]:
        # Made anew each time: two threads may come at once, and either's methods will do.
        _hand_over(make(_twin(plain, dict(body))), promised, (*_VALUES, *_MORE, *methods))
        return promised

    def start() -> type[_T]:
        _hand_over(begin(_twin(plain, dict(body))), promised, (*_BEGIN, *_MORE))
        return promised

    kinds: dict[str, str] = body.get("__annotations__", {})
    slots = tuple(name for name, kind in kinds.items() if not kind.startswith("ClassVar"))
    inside = {name: value for name, value in body.items() if name not in slots}
    inside["__slots__"] = slots
    inside |= {name: _stand_in(name, keep) for name in methods if inside.get(name) is None}
    if "__init__" not in body:
        inside["__init__"] = _stand_in("__init__", start)
    inside |= {name: _Late(name, keep) for name in _VALUES}
    if "__hash__" not in methods:
        inside.setdefault("__hash__", None)  # what can change is no key
    promised = _twin(plain, inside)
    return promised


def _twin(plain: type[_T], body: dict[str, object]) -> type[_T]:
    twin: type[_T] = type(plain)(plain.__name__, plain.__bases__, body)  # type: ignore[misc]  # its own
    twin.__qualname__ = plain.__qualname__
    return twin


def _hand_over(made: type, promised: type, names: Iterable[str]) -> None:
    for name in names:
        if name in vars(made):
            setattr(promised, name, vars(made)[name])


def _stand_in(name: str, keep: Callable[[], type]) -> Callable[..., object]:
    def method(self: object, /, *given: object, **named: object) -> object:
        return getattr(keep(), name)(self, *given, **named)

    return method


class _Late:
    """What a class knows about itself, once it is asked."""

    def __init__(self, name: str, keep: Callable[[], type]) -> None:
        self._name = name
        self._keep = keep

    def __get__(self, one: object, owner: type) -> object:
        return getattr(self._keep(), self._name)
