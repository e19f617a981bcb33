"""Way: how a server is reached, and what every request to it says; found out once.

Load late: needs requests. May be used on several threads at once; does not block.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Self

import requests
from requests.adapters import BaseAdapter

from trayapp.light import dataclass

_PLAIN = re.compile(r"[\w/-]+", re.ASCII)
"""A path that goes out as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a request needs besides itself: to find it out anew would double its time.

    `base` is `base_url` as it goes out; proxies and certificates are the environment's.
    """

    session: requests.Session
    adapter: BaseAdapter
    base_url: str
    base: str
    proxies: Mapping[str, str] = field(repr=False)  # may name a password
    verify: bool | str

    @classmethod
    def find(cls, session: requests.Session, base_url: str) -> Self:
        """Ask the environment. Raises what requests raises for an address that is none."""
        merged = session.merge_environment_settings(base_url, {}, None, None, None)
        base = address_of(base_url)
        return cls(
            session=session,
            adapter=session.get_adapter(base),
            base_url=base_url,
            base=base.rstrip("/"),
            proxies=merged["proxies"],
            verify=True if merged["verify"] is None else merged["verify"],
        )

    def address(self, path: str, query: Mapping[str, str] | None) -> str:
        """Of a path below the base, in ASCII and quoted."""
        if query is None and _PLAIN.fullmatch(path):
            return self.base + path
        return address_of(self.base_url + path, query)

    def ask(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: io.BytesIO | None,
        *,
        wait: tuple[float, float],
    ) -> requests.Response:
        """Send it, and read the answer's head."""
        # By hand: a session would merge cookies and settings anew, and read the address again.
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url = method, address
        prepared.headers = headers  # type: ignore[assignment]  # below, a plain one is copied
        prepared.body = body  # type: ignore[assignment]  # a stream will do
        # The adapter itself: a session would look for redirects and keep cookies.
        return self.adapter.send(
            prepared, stream=True, timeout=wait, verify=self.verify, proxies=self.proxies
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """The headers that every request with this token has, in this session. No repr tells it."""

    session: requests.Session
    access: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, session: requests.Session, access: str, ours: Mapping[str, str]) -> Self:
        """The session's and ours. Raises what requests raises for what no header may hold."""
        prepared = requests.PreparedRequest()
        prepared.prepare_headers({**session.headers, **ours})
        return cls(session, access, dict(prepared.headers))


def address_of(url: str, query: Mapping[str, str] | None = None) -> str:
    """An address as it goes out. Raises what requests raises for what is none."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, query)
    return str(prepared.url)
