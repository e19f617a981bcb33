from __future__ import annotations

import argparse
import inspect

import pytest

from trayapp import i18n
from trayapp.console.usage_words import WORDS, speak


@pytest.mark.parametrize("words", WORDS)
def test_these_are_words_that_argparse_asks_a_translation_for(words: str) -> None:
    asked = [f"_({quote}{words}{quote})" for quote in "'\""]
    assert any(one in inspect.getsource(argparse) for one in asked)


def test_argparse_asks_our_catalogue() -> None:
    speak()
    assert vars(argparse)["_"] is i18n._
