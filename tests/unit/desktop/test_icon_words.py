"""The icon in words, for those who hear the screen and for a menu bar without colours."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tests.unit.desktop import menus
from trayapp import i18n
from trayapp.desktop.badge import MANY, Colour, IconKey, icon_key
from trayapp.desktop.icon_words import bar_words, icon_words
from trayapp.sync.status import Link, SyncStatus
from trayapp.tracking.entry import TrackerState

SENT = replace(menus.RUNNING, last_delivery_at=menus.NOW, link=Link.ONLINE)


@pytest.mark.parametrize(
    ("status", "words", "beside"),
    [
        pytest.param(menus.FRESH, "Not tracking, nothing to send yet", "", id="fresh"),
        pytest.param(SENT, "Running, all sent", "1:24", id="all sent"),
        pytest.param(menus.WAITING, "Running, 3 waiting, offline", "1:24 · offline", id="offline"),
        pytest.param(menus.FAILED, "Running, 1 failed, offline", "1:24 · 1 failed", id="failed"),
        pytest.param(
            replace(menus.PAUSED, failed=100, own_failed=100),
            "Paused, 9+ failed",
            "1:24 · 9+ failed",
            id="many",
        ),
    ],
)
def test_words_say_what_shape_colour_plate_and_mark_say(
    status: SyncStatus, words: str, beside: str
) -> None:
    assert icon_words(icon_key(status)) == words
    assert bar_words(status) == beside


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_pictures_that_differ_have_words_that_differ(language: str) -> None:
    i18n.use_language(language)
    keys = [
        IconKey(tracker, colour, count, offline)
        for tracker, colour, count, offline in product(
            TrackerState, Colour, range(MANY + 1), (False, True)
        )
        if (count > 0) is (colour in {Colour.AMBER, Colour.RED})
    ]
    assert len({icon_words(key) for key in keys}) == len(keys)
