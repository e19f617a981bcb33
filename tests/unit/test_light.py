"""Light dataclasses: what the standard library's do, they do; only later."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib
import inspect
import pkgutil
import threading
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

import pytest

import trayapp
from trayapp import light

T = TypeVar("T")
MADE = "__dataclass_fields__"


def is_made(cls: type) -> bool:
    return isinstance(vars(cls)[MADE], dict)


@light.dataclass(frozen=True, slots=True)
class Spot:
    x: int
    y: int = 2
    names: list[str] = dataclasses.field(default_factory=list, compare=False, repr=False)
    kind: ClassVar[str] = "spot"

    def moved(self) -> Spot:
        return dataclasses.replace(self, x=self.x + 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Plain:
    x: int
    y: int = 2
    names: list[str] = dataclasses.field(default_factory=list, compare=False, repr=False)
    kind: ClassVar[str] = "spot"


@light.dataclass(frozen=True, slots=True)
class Tall(Spot):
    height: int = 3


@light.dataclass(slots=True, kw_only=True)
class Open:
    x: int = 1


@light.dataclass(frozen=True, slots=True)
class Box(Generic[T]):
    inside: T

    def __str__(self) -> str:
        return f"[{self.inside}]"


@light.dataclass(frozen=True, slots=True)
class Own:
    """It compares and shows itself as it likes."""

    x: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 7

    def __repr__(self) -> str:
        return "own"


class Below(Spot):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()


FIRST: dict[str, Callable[[type[Spot]], object]] = {
    "making": lambda cls: cls(1),
    "fields": dataclasses.fields,
    "matching": lambda cls: cls.__match_args__,
    "hashing": lambda cls: cls.__hash__(cls(1)),
}


def fresh() -> type[Spot]:
    """A class that nobody has used."""

    @light.dataclass(frozen=True, slots=True)
    class Fresh(Spot):
        z: int = 0

    assert not is_made(Fresh)
    return Fresh


def test_it_is_as_the_standard_librarys() -> None:
    Spot(1)
    assert vars(Spot).keys() - {"moved"} == vars(Plain).keys() - {"__weakref__"}
    assert Spot.__slots__ == Plain.__slots__
    assert repr(Spot(1)) == repr(Plain(1)).replace("Plain", "Spot")
    assert Spot.__match_args__ == Plain.__match_args__
    assert [one.name for one in dataclasses.fields(Spot)] == ["x", "y", "names"]
    assert hash(Spot(1)) == hash(Plain(1))
    assert Spot(1) == Spot(1, 2, ["a"]) != Spot(2)
    assert Spot.kind == "spot"
    assert dataclasses.is_dataclass(Spot)
    assert dataclasses.asdict(Spot(1)) == {"x": 1, "y": 2, "names": []}
    assert (Spot.__name__, Spot.__qualname__, Spot.__module__) == ("Spot", "Spot", __name__)


def test_a_value_stays_as_it_is() -> None:
    spot = Spot(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        spot.x = 3  # type: ignore[misc]  # that is what is tried
    with pytest.raises(dataclasses.FrozenInstanceError):
        del spot.x
    assert spot.moved() == Spot(2)
    assert copy.copy(spot) == spot
    assert not hasattr(spot, "__dict__")


def test_what_can_change_is_no_key() -> None:
    one = Open()
    one.x = 5
    assert one == Open(x=5)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    with pytest.raises(TypeError, match="positional"):
        Open(5)  # type: ignore[call-arg]  # that is what is tried


def test_what_is_below_another_has_all_of_it() -> None:
    tall = Tall(1, height=9)
    assert (tall.x, tall.y, tall.height, tall.moved()) == (1, 2, 9, Tall(2, height=9))
    assert vars(Tall)["__slots__"] == ("height",)
    match tall:
        case Tall(x, y):
            assert (x, y) == (1, 2)


def test_a_class_below_may_ask_for_what_it_replaced() -> None:
    assert Below(1) == Below(1) != Below(2)
    assert hash(Below(1)) == hash(Below(1))


def test_what_the_class_says_itself_is_kept() -> None:
    assert Own(1) == Own(2)
    assert (hash(Own(1)), repr(Own(1)), str(Box(3))) == (7, "own", "[3]")


@pytest.mark.parametrize("use", FIRST.values(), ids=FIRST)
def test_whatever_is_used_first_makes_the_methods(use: Callable[[type[Spot]], object]) -> None:
    cls = fresh()
    use(cls)
    assert is_made(cls)


def test_many_threads_may_come_first() -> None:
    cls, count = fresh(), 8
    begin = threading.Barrier(count)
    found: list[Spot] = []

    def come() -> None:
        begin.wait()
        found.append(cls(1))

    threads = [threading.Thread(target=come) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [cls(1)] * count


def test_the_wrong_arguments_are_refused_at_the_first_call_too() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        fresh()()  # type: ignore[call-arg]  # that is what is tried


def test_a_class_without_fields_takes_nothing() -> None:
    @light.dataclass(frozen=True, slots=True, kw_only=True)
    class Nothing:
        """Only itself."""

    assert Nothing() == Nothing()


def all_of_ours() -> list[type]:
    """The light classes of the whole program but for what loads a toolkit."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(trayapp.__path__, "trayapp."):
        if module.name.endswith("__main__") or module.name.startswith("trayapp.desktop"):
            continue
        for one in vars(importlib.import_module(module.name)).values():
            if isinstance(one, type) and isinstance(vars(one).get("__dataclass_fields__"), LATE):
                found[f"{one.__module__}.{one.__qualname__}"] = one
    return list(found.values())


LATE = (light._Late, dict)


def test_all_of_ours_are_made_with_the_arguments_the_standard_library_would_have() -> None:
    classes = all_of_ours()
    assert len(classes) > 100, len(classes)
    for cls in classes:
        with contextlib.suppress(TypeError):
            cls(no_such_field=1)
        own = dict(inspect.signature(cls).parameters)
        fields = [one for one in dataclasses.fields(cls) if one.init]
        assert sorted(own) == sorted(one.name for one in fields), cls
        for one in fields:
            given = own[one.name]
            assert (given.kind is given.KEYWORD_ONLY) == one.kw_only, (cls, one)
            is_made = one.default_factory is not dataclasses.MISSING
            if is_made or one.default is dataclasses.MISSING:
                assert (given.default is given.empty) != is_made, (cls, one)
            else:
                assert given.default is one.default, (cls, one)
        positional = [one.name for one in fields if not one.kw_only]
        assert [name for name in own if name in positional] == positional, cls
