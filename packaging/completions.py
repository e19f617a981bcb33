"""Completions for bash, zsh and fish, written from the parser.

Our own, for they are a list of words each; the usual generator knows no fish.

Usage: python packaging/completions.py bash|zsh|fish
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from command_words import Command, Option, commands


def completion(shell: str) -> str:
    """What this shell reads."""
    program, *others = commands("en")
    return _SHELLS[shell](program, others)


def _bash(program: Command, others: list[Command]) -> str:
    names = " ".join(command.name for command in others)
    cases = "\n".join(
        f"    {command.name}) words='{_names(command)}' files='{_file_words(command)}' ;;"
        for command in others
    )
    values = " | ".join(_with_value(others))
    return f"""\
# bash completion for trayapp

_trayapp() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command='' one
  for one in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
    [[ $one == -* ]] || {{ command=$one; break; }}
  done
  local words='{_names(program)} {names}' files=''
  case $command in
{cases}
  esac
  COMPREPLY=()
  if [[ " $files " == *" $before "* || ( $files == *operand* && $word != -* ) ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    return
  fi
  case $before in
    {values}) return ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}
complete -F _trayapp trayapp
"""


def _names(command: Command) -> str:
    return " ".join(name for option in command.options for name in option.names)


def _file_words(command: Command) -> str:
    """The options a file follows; `operand` where one is taken without."""
    options = [name for option in command.options if option.is_file for name in option.names]
    return " ".join([*options, *(["operand"] if command.takes_file else [])])


def _with_value(others: list[Command]) -> list[str]:
    return sorted(
        {name for one in others for option in one.options if option.value for name in option.names}
    )


def _zsh(program: Command, others: list[Command]) -> str:
    described = "\n".join(
        f"    {_quoted(f'{command.name}:{_short(command.text)}')}" for command in others
    )
    cases = "\n".join(_zsh_case(command) for command in others)
    options = " ".join(_zsh_options(program))
    return f"""\
#compdef trayapp

_trayapp() {{
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
{described}
  )
  _arguments -C {options} '1:command:->command' '*::argument:->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
{cases}
      esac
      ;;
  esac
}}

_trayapp "$@"
"""


def _zsh_case(command: Command) -> str:
    specs = list(_zsh_options(command))
    if command.operands:
        specs.append(f"'*:{command.operands[0]}:{'_files' if command.takes_file else ' '}'")
    return f"        {command.name}) _arguments {' '.join(specs)} ;;"


def _zsh_options(command: Command) -> Iterator[str]:
    for option in command.options:
        text = _short(option.text).replace("[", r"\[").replace("]", r"\]").replace(":", r"\:")
        value = f":{option.value}:{'_files' if option.is_file else ' '}" if option.value else ""
        for name in option.names:
            yield _quoted(f"{name}[{text}]{value}" if text else f"{name}{value}")


def _fish(program: Command, others: list[Command]) -> str:
    lines = ["# fish completion for trayapp", "complete -c trayapp -f"]
    at_first = "__fish_use_subcommand"
    lines += [_fish_option(option, at_first) for option in program.options]
    for command in others:
        within = f"__fish_seen_subcommand_from {command.name}"
        text = _quoted(_short(command.text))
        lines.append(f"complete -c trayapp -n {at_first} -a {command.name} -d {text}")
        lines += [_fish_option(option, within) for option in command.options]
        lines += [f"complete -c trayapp -n {_quoted(within)} -F"] if command.takes_file else []
    return "\n".join(lines) + "\n"


def _fish_option(option: Option, condition: str) -> str:
    names = " ".join(
        f"-l {name.removeprefix('--')}" if name.startswith("--") else f"-s {name[1:]}"
        for name in option.names
    )
    value = (" -r -F" if option.is_file else " -x") if option.value else ""
    text = f" -d {_quoted(_short(option.text))}" if option.text else ""
    return f"complete -c trayapp -n {_quoted(condition)} {names}{value}{text}"


def _short(text: str) -> str:
    return text.split(". ", maxsplit=1)[0].rstrip(".")


def _quoted(text: str) -> str:
    """For all three shells; none of our texts needs an apostrophe of its own."""
    return "'" + text.replace("'", "’") + "'"


_SHELLS: Mapping[str, Callable[[Command, list[Command]], str]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}


if __name__ == "__main__":
    sys.stdout.write(completion(sys.argv[1]))
