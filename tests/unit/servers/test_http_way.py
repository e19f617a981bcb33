"""Way: what is found out once for many requests is what each would have found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from urllib3 import HTTPConnectionPool

from trayapp.servers.http import bearer
from trayapp.servers.http_session import BoundedAdapter, new_session
from trayapp.servers.http_way import Shown, Way, address_of

URL = "http://hours.invalid:8080/api/entries"


@pytest.fixture
def adapter() -> Iterator[BoundedAdapter]:
    adapter = BoundedAdapter()
    yield adapter
    adapter.close()


def pool(
    adapter: BoundedAdapter, url: str, proxies: dict[str, str], *, verify: bool = True
) -> HTTPConnectionPool:
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    found = adapter.get_connection_with_tls_context(request, verify, proxies)
    assert isinstance(found, HTTPConnectionPool)
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/entries/8f14e45f-ceea-467f-9d2b-0c1c6b2b1d7e/events/1_2",
        "/entries/Größe und mehr",
        "/entries/a%2Fb/%zz",
        "/entries/../other?x=1#there",
    ],
)
@pytest.mark.parametrize(
    "base",
    ["http://hours.invalid", "HTTP://Hours.Invalid:80/api", "https://größe.invalid/ä pi"],
)
def test_an_address_is_what_requests_makes_of_it(base: str, path: str) -> None:
    way = Way.find(new_session(), base)
    assert way.address(path, None) == address_of(base + path)
    assert way.address(path, {"q": "ä b"}) == address_of(base + path, {"q": "ä b"})


def test_no_repr_tells_a_token_or_a_proxys_password() -> None:
    session = new_session()
    session.proxies = {"http": "http://me:canary@proxy.invalid"}
    way = Way.find(session, URL)
    shown = Shown.of(session, "canary", bearer("canary"))
    assert (way.proxies["http"], shown.headers["Authorization"]) == (
        "http://me:canary@proxy.invalid",
        "Bearer canary",
    )
    adapter = session.get_adapter(URL)
    assert isinstance(adapter, BoundedAdapter)
    pool(adapter, URL, dict(way.proxies))
    assert adapter._found is not None
    assert "canary" not in repr((way, shown, adapter._found))
    session.close()


class TestTheConnections:
    def test_are_found_once(self, adapter: BoundedAdapter) -> None:
        proxies: dict[str, str] = {}
        assert pool(adapter, URL, proxies) is pool(adapter, URL + "/1", proxies)

    def test_are_others_for_another_address(self, adapter: BoundedAdapter) -> None:
        urls = (URL, "http://hours.invalid:80/", "https://hours.invalid:8080/", "http://other/")
        proxies: dict[str, str] = {}
        found = [pool(adapter, url, proxies) for url in urls]
        assert [(one.scheme, one.host, one.port) for one in found] == [
            ("http", "hours.invalid", 8080),
            ("http", "hours.invalid", 80),
            ("https", "hours.invalid", 8080),
            ("http", "other", 80),
        ]

    def test_are_others_through_a_proxy(self, adapter: BoundedAdapter) -> None:
        through = {"http": "http://proxy.invalid:3128"}
        plain, proxied = pool(adapter, URL, {}), pool(adapter, URL, through)
        assert (plain.proxy, str(proxied.proxy)) == (None, "http://proxy.invalid:3128")
        assert pool(adapter, URL, {}) is plain

    def test_are_others_with_other_certificates(self, adapter: BoundedAdapter) -> None:
        proxies: dict[str, str] = {}
        url = "https://hours.invalid/"
        checked = pool(adapter, url, proxies)
        assert pool(adapter, url, proxies, verify=False) is not checked

    def test_are_new_after_they_were_given_up(self, adapter: BoundedAdapter) -> None:
        proxies: dict[str, str] = {}
        first = pool(adapter, URL, proxies)
        adapter.close()
        assert pool(adapter, URL, proxies) is not first
