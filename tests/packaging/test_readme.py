"""What the front page says can be typed, set and seen is what the program has."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

from command_words import commands

import trayapp
from trayapp.config import Settings
from trayapp.desktop.windows import WINDOWS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def typed() -> dict[str, str]:
    """By command, the lines that show it."""
    block = section("Command line").split("```")[1]
    lines = [line for line in block.splitlines() if line.startswith("trayapp ")]
    found: dict[str, str] = {}
    for line in lines:
        for name in re.findall(r"(?:^trayapp|\|) +([a-z]+)\b", line):
            found[name] = line
    return found


def test_every_command_is_there_and_no_option_that_is_none() -> None:
    shown = typed()
    window = shown.pop("window").rpartition(": ")[2]
    options = {one.name: {n for opt in one.options for n in opt.names} for one in commands("en")}
    assert set(shown) == set(options) - {""}
    for name, line in shown.items():
        assert set(re.findall(r"--[a-z-]+", line)) <= options[name], line
    assert set(window.split(", ")) <= set(WINDOWS)


def test_every_setting_is_there_with_its_default() -> None:
    block = section("Settings").split("```toml")[1].split("```")[0]
    assert tomllib.loads(block) == asdict(Settings())


def test_the_layers_are_those_that_are_checked() -> None:
    told = section("Architecture").split("```")[1]
    contract = PROJECT["tool"]["importlinter"]["contracts"][0]
    assert [one.split(" | ") for one in " ".join(told.split()).split(" → ")] == [
        layer.strip("()").split(" | ") for layer in contract["layers"]
    ]


def test_every_picture_and_every_place_within_the_page_exists() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    heads = re.findall(r"^## (.+)$", README, re.MULTILINE)
    anchors = {"#" + head.lower().replace(" ", "-") for head in heads}
    assert links
    for link in links:
        assert link in anchors if link.startswith("#") else (ROOT / link).is_file(), link


def test_the_version_in_what_is_typed_is_this_one() -> None:
    shown = re.findall(r"dist/trayapp[-_](\d[\d.]*\d)", README)
    assert set(shown) == {trayapp.__version__}
