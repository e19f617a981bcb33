"""In a language nobody speaks, menu, icon and notices say nothing that was never translated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from tests import pseudo
from tests.unit.desktop import menus
from trayapp import i18n
from trayapp.desktop.icon_words import icon_words
from trayapp.desktop.menu import Item, Row, Submenu, TrayView, tray_view
from trayapp.desktop.notices import Notice, NoticeRules, closed_foreign_notice
from trayapp.sync.cause import Cause
from trayapp.sync.status import ClockOffer, FailedCause, Link, RetryResult, SyncStatus

HOUR = timedelta(hours=1)
OFFER = ClockOffer(
    entry_id="e1", step=HOUR, started_at=menus.NOW - HOUR, stopped_at=menus.NOW, is_whole=True
)
OTHERS = {
    "GAP": replace(menus.RUNNING, gap_since=menus.NOW - HOUR),
    "OFFER": replace(menus.RUNNING, clock_offer=OFFER),
    "SKEW": replace(menus.RUNNING, clock_skew=3 * HOUR),
    "DOUBTS": replace(menus.WAITING, doubtful=2, possible_doubles=1),
    "LATER": replace(menus.WAITING, next_attempt_at=menus.NOW + 30 * HOUR),
    "ALL SENT": replace(menus.RUNNING, last_delivery_at=menus.NOW, link=Link.ONLINE),
    "MANY": replace(menus.SIGNED_IN, projects=tuple(str(number) for number in range(30))),
}
STATUSES = OTHERS | {name: one for name, one in vars(menus).items() if isinstance(one, SyncStatus)}
SAID_BY_USER = (
    "Website",
    "front page",
    "front",
    "a_b",
    "Shop",
    "shop",
    "App",
    "eve",
    "anna@x.org",
    "hubnity.example",
    "bob @ https://kimai.example",
)
REASON = "403: 4-0-3"  # the server's own words are those of the server


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    i18n._current = pseudo.Pseudo()
    yield
    i18n.use_language("en")


def texts(rows: tuple[Row, ...]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, Item | Submenu):
            yield row.label
        if isinstance(row, Submenu):
            yield from texts(row.rows)


def shown(view: TrayView) -> list[str]:
    return [view.title, view.label, icon_words(view.icon), *texts(view.rows)]


def left(found: list[str]) -> list[tuple[str, list[str]]]:
    """The texts that needed a translator and had none, and which words of them."""
    return [(one, bad) for one in found if (bad := pseudo.untranslated(one, SAID_BY_USER))]


@pytest.mark.parametrize("link", Link)
def test_the_menu_says_nothing_that_was_never_translated(link: Link) -> None:
    for name, status in STATUSES.items():
        found = shown(tray_view(replace(status, link=link), zone=UTC))
        assert any(pseudo.OPEN in one for one in found)
        assert left(found) == [], name


def notices() -> Iterator[Notice]:
    """Everything that is ever said unasked."""
    for count in (1, 2):
        for cause in Cause:
            failed = FailedCause(cause=cause, count=count, reason=REASON)
            one = replace(menus.FAILED, failed_causes=(failed,), failed=count, own_failed=count)
            yield from said(one)
        for sent, still, waiting in ((3, 0, 0), (1, count, 0), (0, count, count), (0, 0, count)):
            result = RetryResult(
                number=1, sent=sent, failed=still, waiting=waiting, reason=REASON if still else ""
            )
            yield from said(menus.RUNNING, replace(menus.RUNNING, retry=result))
    for link in Link:
        waiting_long = replace(menus.WAITING, link=link)
        yield from said(waiting_long, replace(waiting_long, as_of=menus.NOW + 9 * HOUR))
    for status in STATUSES.values():
        yield from said(status)
    yield from said(replace(menus.RUNNING, removed=2))
    yield from said(menus.FAILED, OTHERS["ALL SENT"])
    yield from NoticeRules(waiting_after=HOUR, zone=UTC).on_no_host()
    yield closed_foreign_notice(pseudo.pseudo("closed"))


def said(*statuses: SyncStatus) -> list[Notice]:
    rules = NoticeRules(waiting_after=HOUR, zone=UTC)
    return [notice for status in statuses for notice in rules.on_status(status)]


def test_notices_say_nothing_that_was_never_translated() -> None:
    found = list(notices())
    kinds = {notice.key for notice in found}
    assert kinds >= {f"failed-{cause}" for cause in Cause}
    assert len(kinds) > len(Cause) + 8, sorted(kinds)
    assert left([text for notice in found for text in (notice.title, notice.body)]) == []
