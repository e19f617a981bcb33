"""`@dataclass(slots=True)` as the standard library has it, whose methods are made at first use.

To make them takes six compilations a class, which was half of the time until the icon was there,
and most classes make no object in a run. Any thread may be the first to use one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

_T = TypeVar("_T")

_SHOWN = ("__repr__", "__eq__")
_FROZEN = ("__hash__", "__setattr__", "__delattr__", "__getstate__", "__setstate__")
_VALUES = ("__match_args__", "__dataclass_fields__", "__dataclass_params__")
_OF_ANY_CLASS = ("__dict__", "__weakref__")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  # handed on
else:

    def dataclass(
        *, slots: bool, frozen: bool = False, kw_only: bool = False
    ) -> Callable[[type[_T]], type[_T]]:
        """A class with slots for what is annotated; `ClassVar` must be written so."""
        make = dataclasses.dataclass(slots=slots, frozen=frozen, kw_only=kw_only)
        methods = _SHOWN + _FROZEN if frozen else _SHOWN
        return lambda plain: _promised(plain, make, methods, kw_only=kw_only)


def _promised(
    plain: type[_T],
    make: Callable[[type[_T]], type[_T]],
    methods: tuple[str, ...],
    *,
    kw_only: bool,
) -> type[_T]:
    """The class with its slots, and a stand-in for each method that `make` would give it.

    Most objects are neither compared nor shown: to begin with they need `__init__` alone.
    """
    body = {name: value for name, value in vars(plain).items() if name not in _OF_ANY_CLASS}
    kinds: dict[str, str] = body.get("__annotations__", {})
    slots = tuple(name for name, kind in kinds.items() if not kind.startswith("ClassVar"))
    is_below = any("__dataclass_fields__" in vars(above) for above in plain.__mro__[1:])

    def keep() -> type[_T]:
        # Made anew each time: two threads may come at once, and either's methods will do.
        names = (*_VALUES, *methods, *(("__init__",) if is_below else ()))
        _hand_over(make(_twin(plain, dict(body))), promised, names)
        return promised

    def begin() -> type[_T]:
        if is_below:
            return keep()
        promised.__init__ = _init_of(  # type: ignore[method-assign]  # the stand-in has done
            promised, slots, body, kw_only=kw_only
        )
        return promised

    inside = {name: value for name, value in body.items() if name not in slots}
    inside["__slots__"] = slots
    inside |= {name: _stand_in(name, keep) for name in methods if inside.get(name) is None}
    if "__init__" not in body:
        inside["__init__"] = _stand_in("__init__", begin)
    inside |= {name: _Late(name, keep) for name in _VALUES}
    if "__hash__" not in methods:
        inside.setdefault("__hash__", None)  # what can change is no key
    promised = _twin(plain, inside)
    return promised


def _init_of(
    promised: type, slots: tuple[str, ...], body: dict[str, object], *, kw_only: bool
) -> Callable[..., None]:
    """`__init__` as the standard library's, of fields that stand in no class above.

    It makes two more methods with each of a frozen class, and this is all that most need: a third
    of the time in which a window shows itself went into them.
    """
    known: dict[str, object] = {}
    given, deeds = ["self"], []
    for name in slots:
        value, parameter = name, name
        known[f"_set_{name}"] = vars(promised)[name].__set__
        default = body.get(name, dataclasses.MISSING)
        if isinstance(default, dataclasses.Field):
            known[f"_make_{name}"], default = default.default_factory, default.default
            if known[f"_make_{name}"] is not dataclasses.MISSING:
                known[f"_none_{name}"] = default = object()
                value = f"_make_{name}() if {name} is _none_{name} else {name}"
        if default is not dataclasses.MISSING:
            known[f"_none_{name}"] = default
            parameter = f"{name}=_none_{name}"
        given.append(parameter)
        deeds.append(f" _set_{name}(self, {value})")
    if kw_only and slots:
        given.insert(1, "*")
    text = f"def __init__({', '.join(given)}):\n" + ("\n".join(deeds) or " pass")
    exec(text, known)  # noqa: S102  # our own text, as the standard library does
    made: Callable[..., None] = known["__init__"]  # type: ignore[assignment]  # just defined
    made.__qualname__ = f"{promised.__qualname__}.__init__"
    return made


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
