"""What the app says about the account, and what an address gives away, as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from trayapp.control.messages import JSON
from trayapp.light import dataclass

_PLAIN = re.compile(r"\s*http://(?:[^/@\s]*@)?(?P<host>\[[^\]]*\]|[^/:\s?#]*)", re.IGNORECASE)
_THIS_MACHINE = re.compile(
    r"localhost\.?|.+\.localhost\.?|127(\.\d{1,3}){3}|\[::1\]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindChoice:
    """A kind of server one can sign in to."""

    name: str
    label: str
    takes_password: bool
    takes_token: bool

    @classmethod
    def read(cls, value: JSON) -> Self:
        fields = _object(value)
        return cls(
            name=text(fields, "name"),
            label=text(fields, "label") or text(fields, "name"),
            takes_password=fields.get("takes_password") is True,
            takes_token=fields.get("takes_token") is True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who is signed in, what of theirs waits, and where one could sign in instead."""

    kind: str
    label: str
    url: str
    user: str
    signed_in: bool
    pending: int
    failed: int
    earlier: int
    kinds: tuple[KindChoice, ...]

    @classmethod
    def read(cls, value: Mapping[str, JSON]) -> Self:
        """The answer to "account"; what it lacks is empty."""
        account = _object(value.get("account"))
        kinds = value.get("kinds")
        return cls(
            kind=text(account, "kind"),
            label=text(account, "label"),
            url=text(account, "url"),
            user=text(account, "user"),
            signed_in=value.get("signed_in") is True,
            pending=number(value, "pending"),
            failed=number(value, "failed"),
            earlier=number(value, "earlier"),
            kinds=tuple(map(KindChoice.read, kinds)) if isinstance(kinds, tuple) else (),
        )


def text(value: Mapping[str, JSON], name: str) -> str:
    """The text under this name, empty where there is none."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def number(value: Mapping[str, JSON], name: str) -> int:
    """The count under this name, 0 where there is none."""
    found = value.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def is_plain_http(url: str) -> bool:
    """Whether what is sent there could be read on the way: http, and not to this machine."""
    found = _PLAIN.match(url)
    return found is not None and _THIS_MACHINE.fullmatch(found["host"]) is None


def encrypted(url: str) -> str:
    """The same address by https."""
    return re.sub(r"^\s*http://", "https://", url, flags=re.IGNORECASE)


def host(url: str) -> str:
    """The part of an address that people recognise; the address itself where there is none."""
    return re.sub(r"^\s*[a-z]+://|[/?#].*$", "", url, flags=re.IGNORECASE).rpartition("@")[2]


def _object(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, Mapping) else {}
