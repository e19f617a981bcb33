"""What may not stand in the program's text at all, looked for in every file of it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import trayapp

ROOT = Path(__file__).parents[2]
PROGRAM = Path(trayapp.__file__).parent


def _is_python(path: Path) -> bool:
    if path.suffix == ".py":
        return True
    return not path.suffix and path.is_file() and b"python" in path.read_bytes().split(b"\n")[0]


FILES = [
    path
    for folder in (PROGRAM, ROOT / "packaging")
    for path in sorted(folder.rglob("*"))
    if _is_python(path)
]

BUILTINS = {"eval", "exec", "compile", "__import__", "breakpoint"}
MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "yaml", "jsonpickle", "telnetlib"}
CALLS = {
    "os.system",
    "os.popen",
    "os.spawnl",
    "os.spawnv",
    "os.tempnam",
    "tempfile.mktemp",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "ssl._create_unverified_context",
    "ssl.wrap_socket",
    "shutil.unpack_archive",
}
NAMES = {"CERT_NONE", "InsecureRequestWarning", "disable_warnings"}
CHECKS = {"check_hostname", "verify"}
SAFETY = re.compile(r"S\d*")
STARTS = {"run", "Popen", "call", "check_call", "check_output"}


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(source: str) -> list[str]:
    """What is wrong with a program's text."""
    return [f"{line}: {what}" for node in ast.walk(ast.parse(source)) for line, what in _of(node)]


def _of(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call):
        yield from ((node.lineno, what) for what in _of_call(node))
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        names = {getattr(node, "module", None) or "", *(alias.name for alias in node.names)}
        bad = [name for name in names if name.split(".")[0] in MODULES]
        yield from ((node.lineno, f"import {name}") for name in bad)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield node.lineno, node.attr
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            is_check = isinstance(target, ast.Attribute) and target.attr in {
                "check_hostname",
                "verify",
            }
            if is_check and _is_false(node.value):
                yield node.lineno, "a check that is switched off"


def _of_call(node: ast.Call) -> Iterator[str]:
    name = _dotted(node.func)
    if name in BUILTINS or name in CALLS:
        yield name
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if "shell" in given and not _is_false(given["shell"]):
        yield "shell"
    if "verify" in given and _is_false(given["verify"]):
        yield "verify=False"
    if name.startswith("subprocess.") and name.rpartition(".")[2] in STARTS:
        first = node.args[0] if node.args else given.get("args")
        if first is None or isinstance(first, (ast.Constant, ast.JoinedStr, ast.BinOp)):
            yield "a command that is no list"


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_nothing_dangerous_stands_in_the_program() -> None:
    assert len(FILES) > 150
    found = {path: faults(path.read_text(encoding="utf-8")) for path in FILES}
    assert {path.name: words(what) for path, what in found.items() if what} == {
        # `__init__` of our own classes, as the standard library makes it: of their fields' names.
        "light.py": ["exec"],
    }


def words(found: Sequence[str]) -> list[str]:
    """What was found, without the lines it stands in."""
    return [one.partition(": ")[2] for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run('ls', shell=True)",
        "subprocess.Popen(['ls'], shell=flag)",
        "subprocess.run(f'ls {x}')",
        "subprocess.check_output('ls ' + x)",
        "eval(x)",
        "exec(x)",
        "import pickle",
        "from marshal import loads",
        "import yaml.loader",
        "os.system(x)",
        "tempfile.mktemp()",
        "requests.get(x, verify=False)",
        "session.verify = False",
        "context.check_hostname = False",
        "context.verify_mode = ssl.CERT_NONE",
    ],
)
def test_each_danger_would_be_found(text: str) -> None:
    assert faults(text)


def test_what_is_sound_is_not_complained_about() -> None:
    text = "subprocess.run(['ls'], shell=False)\nre.compile(x)\nsession.verify = True\nself.eval(x)"
    assert faults(text) == []


def test_every_exception_from_a_rule_of_safety_has_its_reason() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"noqa: *S\d+(?! *[,S\d]*(  # | - )\w)", line)
    ]
    assert found == []


def test_a_rule_of_safety_is_switched_off_for_tests_only() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"][
        "lint"
    ]
    off = {"everywhere": lint["ignore"], **lint["per-file-ignores"]}
    found = {
        where: [rule for rule in rules if SAFETY.fullmatch(rule)] for where, rules in off.items()
    }
    assert "S" in lint["select"]
    assert {where: rules for where, rules in found.items() if rules} == {
        "tests/**": ["S101", "S106"]
    }
