"""The texts themselves: plural forms, quotation marks, dots, blanks, and the letter ё."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import catalogues
import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message

COUNTS = (1, 2, 5, 11, 21, 22, 25, 111)
CATEGORIES = ("one", "few", "many")
NOUNS = [
    ("задача", "задачи", "задач"),
    ("задачу", "задачи", "задач"),
    ("задачи", "задач", "задач"),
    ("событие", "события", "событий"),
    ("запись", "записи", "записей"),
    ("записи", "записях", "записях"),
    ("нажатие", "нажатия", "нажатий"),
    ("нажатия", "нажатий", "нажатий"),
    ("ошибка", "ошибки", "ошибок"),
    ("строка", "строки", "строк"),
    ("секунда", "секунды", "секунд"),
    ("секунду", "секунды", "секунд"),
    ("секунды", "секунд", "секунд"),
    ("день", "дня", "дней"),
    ("дубль", "дубля", "дублей"),
    ("сообщение", "сообщения", "сообщений"),
]
"""After a number, in the cases that our sentences put them in."""
STEMS = re.compile(
    r"\b(задач|событи|запис[ьия]|нажати|ошибк(?!ой)|ошибок|строк|секунд|де?н[ьяе]|дубл|сообщени)\w*"
)
WITHOUT_YO = re.compile(
    r"\b(еще|ее|идет|ждет|придет|остается|берет|дает|ведет|найдет|начнется|произойдет|учтен|отменен"
    r"|отклонен|сохранен|удален|изменен|введен|возвращен|поврежден|включен|счет|отчет|объем|трех"
    r"|четырех)\b",
    re.IGNORECASE,
)
"""Words of ours that are wrong so."""


def texts(catalogue: Catalog) -> Iterator[tuple[Message, str]]:
    """Every form of every translation."""
    for message in catalogue:
        if message.id:
            yield from ((message, one) for one in _forms(message.string))


def _forms(found: str | Sequence[str] | None) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else tuple(found or ())


def originals(catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        if message.id:
            yield from _forms(message.id)


@pytest.fixture(scope="module")
def english() -> list[str]:
    return list(originals(catalogues.extract()))


@pytest.fixture(scope="module")
def russian() -> Catalog:
    return catalogues.read("ru")


@pytest.fixture(scope="module")
def spoken(russian: Catalog) -> gettext.GNUTranslations:
    return gettext.GNUTranslations(io.BytesIO(catalogues.compiled(russian)))


@dataclass(frozen=True, slots=True)
class Plural:
    """A counted text, and its forms by category."""

    one: str
    many: str
    context: str | None
    forms: Mapping[str, str]


def plurals(catalogue: Catalog) -> list[Plural]:
    """Those that are translated; that all are is another test's."""
    found = []
    for message in catalogue:
        forms = _forms(message.string)
        if message.id and message.pluralizable and all(forms):
            one, many = _forms(message.id)
            by_category = dict(zip(CATEGORIES, forms, strict=True))
            found.append(Plural(one, many, message.context, by_category))
    return found


# -- plural forms --------------------------------------------------------------------------


def test_every_counted_text_takes_the_form_that_the_language_asks_for(
    russian: Catalog, spoken: gettext.GNUTranslations
) -> None:
    category = Locale("ru").plural_form
    assert [category(count) for count in COUNTS] == [
        *("one", "few", "many", "many"),
        *("one", "few", "many", "many"),
    ]
    for text in plurals(russian):
        for count in COUNTS:
            found = (
                spoken.npgettext(text.context, text.one, text.many, count)
                if text.context
                else spoken.ngettext(text.one, text.many, count)
            )
            assert found == text.forms[category(count)], (text.one, count)


def test_a_counted_noun_is_bent_as_its_number_asks(russian: Catalog) -> None:
    bent = 0
    for text in plurals(russian):
        nouns = tuple(_counted(form) for form in text.forms.values())
        if all(nouns):
            bent += 1
            assert nouns in NOUNS, text.one
    assert bent > 30


def _counted(form: str) -> str:
    """The noun that is counted: the first of those we know in the words after the number."""
    _before, number, after = form.partition("{count}")
    if not number:
        _before, number, after = form.partition("{seconds}")
    found = STEMS.search(" ".join(after.split()[:2]))
    return found.group(0) if found else ""


def test_each_form_says_its_number_where_the_plural_does(russian: Catalog) -> None:
    number = re.compile(r"\{(count|seconds|waiting|done|failed)\}")
    for text in plurals(russian):
        for form in text.forms.values():
            # 21 is a "one" in Russian: that form must neither spell the number out nor drop it.
            assert set(number.findall(form)) == set(number.findall(text.many)), text.one


# -- signs ---------------------------------------------------------------------------------


def test_english_quotes_are_curly_and_open_before_they_close(english: list[str]) -> None:
    for text in english:
        assert '"' not in text, text
        assert not re.search(r"(?<!\w)'|'(?!\w)", text.replace("s' ", "")), text
        assert _is_paired(text, "“", "”"), text


def test_russian_quotes_are_guillemets(russian: Catalog) -> None:
    for message, text in texts(russian):
        assert not re.search(r'["“”„]', text), message.id
        assert _is_paired(text, "«", "»"), message.id


def _is_paired(text: str, opening: str, closing: str) -> bool:
    marks = [sign for sign in text if sign in {opening, closing}]
    return marks == [opening, closing] * (len(marks) // 2)


def test_three_dots_are_one_sign_and_stand_close(english: list[str], russian: Catalog) -> None:
    for text in (*english, *(text for _message, text in texts(russian))):
        assert "..." not in text, text
        assert not re.search(r"\s…", text), text


def test_no_blank_is_doubled_or_stands_before_a_mark(english: list[str], russian: Catalog) -> None:
    for text in (*english, *(text for _message, text in texts(russian))):
        assert not re.search(r"\S  +\S", text), text
        assert not re.search(r"\s[,.;:?!](\s|$)", text), text


def test_what_ends_a_sentence_inside_ends_the_last_one_too(english: list[str]) -> None:
    inside = re.compile(r"[.!?] [A-ZА-Я“«]")
    for text in english:
        if inside.search(text):
            assert text.rstrip()[-1] in ".!?…:}”", text


def test_russian_writes_yo(russian: Catalog) -> None:
    for message, text in texts(russian):
        assert not WITHOUT_YO.search(text), (message.id, text)


def test_a_dash_between_russian_words_is_a_dash(russian: Catalog) -> None:
    for message, text in texts(russian):
        assert not re.search(r"[а-яё] - [а-яё]", text), message.id
