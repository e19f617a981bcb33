"""What the about window tells: the package's own words, and what it runs on. Reads the package."""

from __future__ import annotations

import importlib.metadata
from typing import Self

from trayapp.config import APP_ID
from trayapp.i18n import _
from trayapp.light import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A page about the program."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What the installed package says of itself; empty where it says nothing."""

    licence: str = ""
    links: tuple[Link, ...] = ()

    @classmethod
    def installed(cls) -> Self:
        """This program's, as it is installed; a source tree may have none."""
        try:
            found = importlib.metadata.metadata(APP_ID)
        except importlib.metadata.PackageNotFoundError:
            return cls()
        parts = (text.partition(",") for text in found.get_all("Project-URL") or ())
        return cls(
            licence=next(iter(found.get_all("License-Expression") or ()), ""),
            links=tuple(Link(name.strip(), url.strip()) for name, _comma, url in parts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a support desk asks for; `sqlite` and `data_dir` only the running app knows."""

    version: str
    python: str
    tk: str
    system: str
    sqlite: str = ""
    data_dir: str = ""

    @property
    def versions(self) -> str:
        """Such as "Python 3.11.2 · Tk 8.6.13 · SQLite 3.40.1"."""
        parts = [f"Python {self.python}", f"Tk {self.tk}"]
        return " · ".join([*parts, f"SQLite {self.sqlite}"] if self.sqlite else parts)


def text_of(facts: Facts, package: Package) -> str:
    """All of it as text, for the clipboard."""
    lines = [f"Trayapp {facts.version}", facts.versions, facts.system]
    if facts.data_dir:
        lines.append(_("Data folder: {path}").format(path=facts.data_dir))
    if package.licence:
        lines.append(_("Licence: {name}").format(name=package.licence))
    return "\n".join([*lines, *(f"{link.name}: {link.url}" for link in package.links)])
