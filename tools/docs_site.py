"""What the site of the docs needs beside its pages: the reference, made from the code.

MkDocs calls `on_page_markdown`: `python -m mkdocs build --strict`, or `make docs`.
"""

import inspect
import re
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, page: Any = None, **_: Any) -> str:
    """A page as the site shows it. A link to a file that is no page is its text alone."""
    up = page.file.src_uri.count("/") + 1 if page else 1  # folders from the page to outside docs/
    outside = re.compile(rf"\[([^\]]+)\]\((?:\.\./){{{up}}}[^)]*\)")
    marks = (("commands", commands), ("api", api), ("contributing", contributing))
    for mark, made in ((f"<!-- {name} -->", made) for name, made in marks):
        if mark in markdown:
            markdown = markdown.replace(mark, made())
    return outside.sub(r"\1", markdown)


def commands() -> str:
    """The help of each command, as its parser prints it."""
    from digits.__main__ import COMMANDS
    from digits.commands._flags import parser_of

    return "\n\n".join(
        f"### digits {name}\n\n```text\n{parser_of(name).format_help().strip()}\n```"
        for name in COMMANDS
    )


def contributing() -> str:
    """CONTRIBUTING.md without its title, its links as from a page of docs/."""
    _, _, text = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("\n")
    return re.sub(r"\]\((?:docs/)?", lambda m: "](" if "docs" in m[0] else "](../", text)


def api() -> str:
    """The signature and the docstring of every public name."""
    import digits

    named = [(f"digits.{name}", getattr(digits, name)) for name in digits.__all__]
    things = [(n, t) for n, t in named if callable(t)]
    parts = []
    for name, thing in things:
        parts.append(described(name, thing))
        if inspect.isclass(thing):
            members = [(k, v) for k, v in vars(thing).items() if is_shown(k, v)]
            parts += [described(f"{name}.{k}", v) for k, v in members]
    return "\n\n".join(parts)


def is_shown(name: str, member: Any) -> bool:
    """Whether a member of a public class is described: its methods, properties, and its call."""
    if isinstance(member, (property, cached_property)):
        return not name.startswith("_") and bool(inspect.getdoc(member))
    return inspect.isfunction(member) and (name == "__call__" or not name.startswith("_"))


def described(name: str, thing: Any) -> str:
    """One name: a heading, its signature, its docstring as it stands in the code."""
    try:
        is_function = inspect.isfunction(thing) or inspect.isclass(thing)
        signature = str(inspect.signature(thing)) if is_function else ""
    except ValueError:  # an exception takes what exceptions take
        signature = "(message)"
    text = inspect.getdoc(thing) or ""
    return f"### {name}\n\n```python\n{name}{signature}\n```\n\n```text\n{text}\n```"
