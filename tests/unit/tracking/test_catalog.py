from __future__ import annotations

import pytest

from trayapp.tracking.catalog import Catalog, Project

WEBSITE = Project(id="p-1", name="Website")
APP = Project(id="p-2", name="App")
TWIN = Project(id="p-3", name="app")
LISTED = Catalog(projects=(WEBSITE, APP), binds=True)


@pytest.mark.parametrize("text", ["Website", "website", "WEBSITE", "p-1"])
def test_a_project_is_found_by_id_or_name_in_any_case(text: str) -> None:
    assert LISTED.takes(text)
    assert LISTED.name_of(text) == "Website"


def test_an_unknown_project_is_not_taken_where_there_is_a_list() -> None:
    assert not LISTED.takes("Garden")
    assert LISTED.name_of("Garden") == "Garden"


def test_any_project_is_taken_where_there_is_none() -> None:
    assert Catalog().takes("Garden")
    assert Catalog().takes("")
    assert Catalog(projects=(WEBSITE,)).takes("Garden")


def test_none_is_taken_unless_one_is_needed() -> None:
    assert LISTED.takes("")
    assert not Catalog(projects=(WEBSITE,), binds=True, needed=True).takes("")


def test_names_that_differ_in_case_alone_are_told_apart_by_their_letters() -> None:
    catalog = Catalog(projects=(APP, TWIN), binds=True)
    assert (catalog.name_of("App"), catalog.name_of("app")) == ("App", "app")
    assert not catalog.takes("APP")
