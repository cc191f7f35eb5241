"""The mutants of a module: each limit twice and half as large, each condition disabled."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mutant:
    """A change of one place: `new` for the bytes from `begin` to `end` of a module's source."""

    module: str
    where: str  # the function or constant around it
    old: str
    new: str
    begin: int
    end: int
    again: int = 1  # which of several that read alike

    @property
    def name(self) -> str:
        """What tells it from others, whatever lines are added around it."""
        count = f" #{self.again}" if self.again > 1 else ""
        return f"{self.module} | {self.where} | {self.old} -> {self.new}{count}"


def mutants_of(module: str, source: str) -> list[Mutant]:
    """All mutants of a module's source, in its order."""
    lines = [len(line) for line in source.encode().splitlines(keepends=True)]
    starts = [sum(lines[:k]) for k in range(len(lines))]
    found: list[Mutant] = []
    for where, node, new in changes(ast.parse(source)):
        assert node.end_lineno is not None and node.end_col_offset is not None
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        old = " ".join(source.encode()[begin:end].decode().split())
        found.append(Mutant(module, where, old, new, begin, end))
    names: dict[str, int] = {}
    for k, mutant in enumerate(sorted(found, key=lambda m: (m.begin, m.end, m.new))):
        names[mutant.name] = names.get(mutant.name, 0) + 1
        found[k] = replace(mutant, again=names[mutant.name])
    return found


def changes(tree: ast.Module) -> Iterator[tuple[str, ast.expr, str]]:
    """Where, the expression, and what it becomes: of limits and of rules."""
    for statement in tree.body:
        yield from limits(statement, "")
    around: dict[ast.AST, str] = {tree: ""}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            name = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else ""
            around[child] = ".".join(filter(None, [around[node], name]))
        for condition, disabled in rules(node):
            yield around[node], condition, disabled


def limits(statement: ast.stmt, inside: str) -> Iterator[tuple[str, ast.expr, str]]:
    """Each number that a module's or class's name gets, twice and half as large."""
    if isinstance(statement, ast.ClassDef):
        for inner in statement.body:
            yield from limits(inner, f"{statement.name}.")
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        where = inside + ", ".join(map(ast.unparse, targets))
        for node in ast.walk(statement.value):
            if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
                continue
            if isinstance(node.value, int | float):
                for new in moved(node.value):
                    yield where, node, repr(new)


def moved(value: float) -> tuple[float, float]:
    """Twice and half of a number; of 0, one more and one less."""
    if not value:
        return value + 1, value - 1
    half = value // 2 if isinstance(value, int) else value / 2
    return value * 2, half


def rules(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """The conditions of a node, and the constants that disable them."""
    if isinstance(node, ast.If | ast.IfExp):
        yield from disabled(node.test, "False")
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from disabled(test, "True")
    elif isinstance(node, ast.Return | ast.Assign) and is_predicate(node.value):
        yield from disabled(node.value, "False")


def is_predicate(value: ast.expr | None) -> bool:
    if isinstance(value, ast.BoolOp):
        return any(map(is_predicate, value.values))
    is_not = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    return isinstance(value, ast.Compare) or is_not


def disabled(test: ast.expr | None, alone: str) -> Iterator[tuple[ast.expr, str]]:
    """The parts of a condition with what takes each out: of an `and` True, of an `or` False."""
    if isinstance(test, ast.BoolOp):
        for part in test.values:
            yield from disabled(part, str(isinstance(test.op, ast.And)))
    elif test is not None and ast.unparse(test) not in ("TYPE_CHECKING", "__name__ == '__main__'"):
        yield test, alone
