"""The catalogues are complete, current and compiled; the language is the one asked for."""

from __future__ import annotations

import gettext
import io
import re
import string
from datetime import date
from pathlib import Path

import catalogues
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from trayapp import i18n

RERUN = "run packaging/messages"


def ids(catalogue: Catalog) -> set[tuple[str | None, str | tuple[str, ...]]]:
    """Every text with its context, if it has one."""
    return {
        (message.context, message.id if isinstance(message.id, str) else tuple(message.id))
        for message in catalogue
        if message.id
    }


@pytest.fixture(scope="module")
def source() -> Catalog:
    return catalogues.extract()


@pytest.fixture(scope="module")
def russian() -> Catalog:
    return catalogues.read("ru")


def test_every_text_of_the_source_is_in_the_template_and_no_other(source: Catalog) -> None:
    with catalogues.TEMPLATE.open("rb") as file:
        template = read_po(file)
    assert ids(template) == ids(source), RERUN


def test_every_text_of_the_source_is_in_the_russian_catalogue_and_no_other(
    source: Catalog, russian: Catalog
) -> None:
    assert ids(russian) == ids(source), RERUN
    assert not russian.obsolete, RERUN


def test_the_extraction_sees_single_and_plural_texts_and_contexts(source: Catalog) -> None:
    assert (None, "Not tracking") in ids(source)
    assert (None, ("{count} waiting", "{count} waiting")) in ids(source)
    assert {("menu", "Stop"), (None, "Stop")} <= ids(source)


def test_the_russian_catalogue_is_complete_and_nothing_in_it_is_doubtful(russian: Catalog) -> None:
    assert catalogues.unfinished(russian) == []


@pytest.mark.parametrize(
    ("message", "is_done"),
    [
        pytest.param(Message("a", "а"), True, id="translated"),
        pytest.param(Message("a", ""), False, id="empty"),
        pytest.param(Message("a", "а", flags={"fuzzy"}), False, id="fuzzy"),
        pytest.param(Message(("a", "b"), ("а", "б", "в")), True, id="all forms"),
        pytest.param(Message(("a", "b"), ("а", "б", "")), False, id="a form is missing"),
    ],
)
def test_what_is_unfinished_is_found(message: Message, *, is_done: bool) -> None:
    catalogue = Catalog(locale="ru")
    catalogue[message.id] = message
    assert (catalogues.unfinished(catalogue) == []) is is_done


def test_russian_plurals_have_three_forms(russian: Catalog) -> None:
    assert russian.num_plurals == 3
    plurals = [message for message in russian if message.pluralizable]
    assert plurals
    assert {len(message.string or ()) for message in plurals} == {3}


def test_the_compiled_catalogue_is_that_of_the_translations(russian: Catalog) -> None:
    fresh = gettext.GNUTranslations(io.BytesIO(catalogues.compiled(russian)))
    with catalogues.mo_path("ru").open("rb") as file:
        kept = gettext.GNUTranslations(file)
    assert texts(kept) == texts(fresh), RERUN


def texts(translations: gettext.GNUTranslations) -> dict[object, str]:
    """All but the header, which names the version of the tool."""
    catalogue: dict[object, str] = vars(translations)["_catalog"]
    return {key: text for key, text in catalogue.items() if key}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_translations_have_the_placeholders_of_their_originals(russian: Catalog) -> None:
    for message in russian:
        if not message.id:
            continue
        wanted = placeholders(message.id if isinstance(message.id, str) else message.id[1])
        given = message.string or ""
        for form in (given,) if isinstance(given, str) else given:
            assert placeholders(form) == wanted, message.id


def edges(text: str) -> tuple[str, str, str]:
    """The blanks around it, and the mark it ends with."""
    mark = text.rstrip()[-1:]
    return (
        text[: len(text) - len(text.lstrip())],
        text[len(text.rstrip()) :],
        mark if mark in ".…?:" else "",
    )


def test_translations_begin_and_end_as_their_originals(russian: Catalog) -> None:
    for message in russian:
        if not message.id or message.context == "month":  # shortened with a dot in Russian
            continue
        wanted = edges(message.id if isinstance(message.id, str) else message.id[1])
        given = message.string or ""
        for form in (given,) if isinstance(given, str) else given:
            assert edges(form) == wanted, message.id


@pytest.mark.parametrize(
    ("english", "stem"),
    [
        pytest.param("keyring", "связк", id="keyring"),
        pytest.param("remove duplicates", "удалить повторы", id="duplicates"),
        pytest.param("unencrypted", "без шифрования", id="unencrypted"),
        pytest.param("your hours are safe", "ваши часы в сохранности", id="safe"),
        pytest.param("“retry all”", "«повторить все»", id="retry all"),
        pytest.param("failed tasks", "с ошибкой", id="failed tasks"),
    ],
)
def test_a_thing_has_one_name_in_russian(english: str, stem: str, russian: Catalog) -> None:
    found = [
        message
        for message in russian
        # "gnome-keyring" is a name.
        if isinstance(message.id, str) and re.search(rf"(?<!-){english}", message.id.lower())
    ]
    assert found
    for message in found:
        assert stem in str(message.string).lower(), message.id


@pytest.mark.parametrize(
    ("english", "word"),
    [
        pytest.param("Start timer", "Старт трекера", id="start"),
        pytest.param("Pause", "Пауза", id="pause"),
        pytest.param("Resume", "Возобновление", id="resume"),
        pytest.param("Stop", "Остановка", id="stop"),
        pytest.param("Retry all", "Повторить все", id="retry all"),
        pytest.param("Reason", "Причина ошибки", id="reason"),
        pytest.param("Attempts: {count} / {most}", "Попыток: {count} / {most}", id="attempts"),
        pytest.param("Created", "Создано", id="created"),
        pytest.param("Last attempt", "Последняя попытка", id="last attempt"),
        pytest.param(
            "Reason was not stored (older task)",
            "Причина ошибки не сохранена (старая задача)",
            id="no reason",
        ),
    ],
)
def test_the_words_users_know_stay(english: str, word: str) -> None:
    i18n.use_language("ru")
    assert i18n._(english) == word


def test_updating_twice_changes_nothing(
    source: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = catalogues.po_path("ru").read_bytes()
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    path = catalogues.po_path("ru")
    path.parent.mkdir(parents=True)
    path.write_bytes(kept)
    catalogues.update("ru", source)
    assert path.read_bytes() == kept, RERUN


def test_a_new_text_is_named_as_untranslated(
    source: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    left = catalogues.update("ru", source)
    assert len(left) == len(source)
    assert {"Not tracking", "Stop", "Stop [menu]"} <= set(left)


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        pytest.param({}, "Pause", id="nothing set"),
        pytest.param({"LANG": "ru_RU.UTF-8"}, "Пауза", id="LANG"),
        pytest.param({"LANG": "C.UTF-8"}, "Pause", id="C"),
        pytest.param({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU"}, "Пауза", id="LC_MESSAGES"),
        pytest.param({"LC_ALL": "en_GB.UTF-8", "LC_MESSAGES": "ru"}, "Pause", id="LC_ALL"),
        pytest.param({"LANGUAGE": "ru:en", "LANG": "en_US.UTF-8"}, "Пауза", id="LANGUAGE"),
        pytest.param({"LANGUAGE": "de:ru"}, "Пауза", id="the second wish"),
        pytest.param({"LANGUAGE": "de:en_US:ru"}, "Pause", id="English before Russian"),
        pytest.param({"LANGUAGE": "", "LANG": "ru_RU.UTF-8"}, "Пауза", id="empty means unset"),
        pytest.param({"LANG": "xx_YY.UTF-8"}, "Pause", id="a language we do not speak"),
    ],
)
def test_the_environment_chooses_the_language(
    variables: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    i18n.use_language()
    assert i18n._("Pause") == word


def test_a_language_in_the_settings_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    i18n.use_language("ru")
    assert i18n._("Pause") == "Пауза"
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    i18n.use_language("en")
    assert i18n._("Pause") == "Pause"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        pytest.param(0, "{count} ошибок", id="none"),
        pytest.param(1, "{count} ошибка", id="one"),
        pytest.param(2, "{count} ошибки", id="two"),
        pytest.param(5, "{count} ошибок", id="five"),
        pytest.param(12, "{count} ошибок", id="twelve"),
        pytest.param(101, "{count} ошибка", id="a hundred and one"),
    ],
)
def test_russian_chooses_the_form_by_the_count(count: int, words: str) -> None:
    i18n.use_language("ru")
    assert i18n.ngettext("{count} failed", "{count} failed", count) == words


@pytest.mark.parametrize(
    ("language", "in_the_menu", "elsewhere"),
    [
        pytest.param("en", "Resume", "Resume", id="English"),
        pytest.param("ru", "Продолжить", "Возобновление", id="Russian"),
    ],
)
def test_a_word_may_differ_by_its_context(language: str, in_the_menu: str, elsewhere: str) -> None:
    i18n.use_language(language)
    assert (i18n.pgettext("menu", "Resume"), i18n._("Resume")) == (in_the_menu, elsewhere)


@pytest.mark.parametrize(
    ("language", "number", "words"),
    [("en", 0.04, "0.0"), ("en", 12.25, "12.2"), ("ru", 0.06, "0,1"), ("ru", 1234.0, "1234,0")],
)
def test_a_decimal_is_written_as_the_language_does(
    language: str, number: float, words: str
) -> None:
    i18n.use_language(language)
    assert i18n.tenths(number) == words


@pytest.mark.parametrize(
    ("language", "day", "with_year", "words"),
    [
        pytest.param("en", date(2026, 1, 8), False, "8 Jan", id="English"),
        pytest.param("en", date(2025, 12, 31), True, "31 Dec 2025", id="English with the year"),
        pytest.param("ru", date(2026, 1, 8), False, "8 янв.", id="Russian"),
        pytest.param("ru", date(2026, 5, 9), False, "9 мая", id="Russian, a short month"),
        pytest.param("ru", date(2025, 9, 30), True, "30 сент. 2025", id="Russian with the year"),
    ],
)
def test_a_day_is_written_as_the_language_does(
    language: str, day: date, *, with_year: bool, words: str
) -> None:
    i18n.use_language(language)
    assert i18n.day_words(day, with_year=with_year) == words


def test_what_the_system_says_of_a_file_is_said_in_the_language(tmp_path: Path) -> None:
    i18n.use_language("ru")
    with pytest.raises(OSError, match="No such file") as caught:
        (tmp_path / "nothing").read_bytes()
    assert i18n.system_words(caught.value) == "Нет такого файла или каталога"
    assert i18n.system_words(OSError("odd")) == "odd"
    assert i18n.system_words(OSError()) == "OSError"
