"""Print a script with which a shell completes commands, flags and their values."""

import sys

from digits.commands._flags import Parser, parser_of
from digits.spec import pretrained_dir

SHELLS = ("bash", "zsh", "fish")
COMMANDS = ("train", "learn", "tune", "predict", "evaluate", "optimize", "serve", "completion")

BASH = """\
_digits() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} known=
    if [ "$COMP_CWORD" -eq 1 ]; then known='{commands}'; else
        case "${{COMP_WORDS[1]}} $before" in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$known" -- "$word"))
}}
complete -o default -F _digits digits
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n"


def main(argv: list[str] | None = None) -> int:
    parser = Parser("completion", description=__doc__)
    parser.add_argument("shell", choices=SHELLS)
    shell = parser.parse_args(sys.argv[1:] if argv is None else argv).shell
    print({"bash": bash, "zsh": lambda: ZSH + bash(), "fish": fish}[shell](), end="")
    return 0


def flags(command: str) -> dict[str, tuple[str, ...]]:
    """The flags of a command, each with the values that are known."""
    found = {}
    for action in parser_of(command)._actions:
        values = tuple(map(str, action.choices or ()))
        if action.dest == "model":
            values = tuple(sorted(p.stem for p in pretrained_dir().glob("[!_]*.onnx")))
        for name in action.option_strings or ("",):
            if name.startswith("--") or not name:
                found[name] = values
    return found


def bash() -> str:
    """For bash; zsh understands it as well."""
    cases = []
    for command in COMMANDS:
        known = flags(command)
        cases += [f"'{command} {name}') known='{' '.join(v)}';;" for name, v in known.items() if v]
        words = " ".join([*filter(None, known), *known.get("", ())])
        cases.append(f"'{command} '*) known='{words}';;")
    indented = "\n".join(" " * 12 + case for case in cases)
    return BASH.format(commands=" ".join(COMMANDS), cases=indented)


def fish() -> str:
    """For fish."""
    lines = [f"complete -c digits -n __fish_use_subcommand -a '{' '.join(COMMANDS)}'"]
    for command in COMMANDS:
        begin = f"complete -c digits -n '__fish_seen_subcommand_from {command}'"
        for name, values in flags(command).items():
            flag = f" -l {name[2:]}" if name else ""
            lines.append(begin + flag + (f" -xa '{' '.join(values)}'" if values else ""))
    return "\n".join(lines) + "\n"
