"""Remove from a module's syntax tree what changes no result: bare strings, and what is only said to a log.

A bare string is a docstring or the description below a field. A statement that calls a logger is dropped
whole where it has no effect but its line; where it may have one (it calls a function of ours, or uses an
iterator up), only its words are blanked. Comments and layout are in no syntax tree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
VALUES_OF_ONE = frozenset({"len", "float", "int", "str", "repr", "round", "abs", "bool", "type"})
VALUES_OF_MANY = frozenset(
    {"sum", "min", "max", "any", "all", "sorted", "list", "tuple", "set", "dict", "map", "zip", "enumerate"}
)
METHODS_THAT_READ = frozenset(
    {"items", "keys", "values", "sum", "mean", "min", "max", "item", "detach", "as_posix", "format"}
)
BODIES = ("body", "orelse", "finalbody")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
EFFECTS = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.Lambda)


def blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """Yield every list of statements of a tree, those within others too."""
    owners: list[ast.AST] = [tree]
    while owners:
        owner = owners.pop()
        for field in BODIES:
            block = getattr(owner, field, None)
            if isinstance(block, list):
                yield block
                owners += block
        owners += getattr(owner, "handlers", ())
        owners += getattr(owner, "cases", ())


def drop_words(tree: ast.Module) -> None:
    """Drop bare strings and log lines from a tree, in place.

    Parameters
    ----------
    tree
        Syntax tree of a module. Names count as loggers where nothing but ``logging.getLogger`` ever gives
        them a value in it.
    """
    imported = any(
        alias.name == "logging"
        for block in blocks(tree)
        for statement in block
        if isinstance(statement, ast.Import)
        for alias in statement.names
    )
    loggers = _logger_names(list(ast.walk(tree))) if imported else frozenset()
    for block in blocks(tree):
        block[:] = [statement for statement in block if not _says_only(statement, loggers)]


def _logger_names(nodes: list[ast.AST]) -> frozenset[str]:
    """Return the names that can only be loggers, ``logging`` among them, and blank what they are called."""
    made: list[ast.Name] = []
    for node in nodes:
        if isinstance(node, ast.Assign) and _makes_logger(node.value):
            made += [target for target in node.targets if isinstance(target, ast.Name)]
            _blank(node.value, whole=True)
    known = {id(target) for target in made}
    bound = {name for node in nodes if id(node) not in known for name in _names_bound(node)}
    if "logging" in bound:
        return frozenset()
    return frozenset({"logging", *(target.id for target in made)} - bound)


def _names_bound(node: ast.AST) -> list[str]:
    """Return the names that a node gives a value to, but for the module ``logging`` under its own name."""
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store) else []
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        plain = isinstance(node, ast.Import)
        names = [(alias.name, alias.asname or alias.name) for alias in node.names]
        return [own for name, own in names if not (plain and name == own == "logging")]
    named = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.ExceptHandler,
        ast.MatchAs,
        ast.MatchStar,
    )
    return [node.name] if isinstance(node, named) and node.name else []


def _makes_logger(node: ast.AST) -> bool:
    """Return whether an expression is a call of ``logging.getLogger``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "getLogger"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "logging"
    )


def _says_only(statement: ast.stmt, loggers: frozenset[str]) -> bool:
    """Return whether a statement may be dropped; blank the words of a log line that may not."""
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
        return False
    logger = value.func.value
    if value.func.attr not in LEVELS or not (isinstance(logger, ast.Name) and logger.id in loggers):
        return False
    arguments = [*value.args, *(keyword.value for keyword in value.keywords)]
    if all(_is_pure(argument) for argument in arguments):
        return True
    for argument in arguments:
        _blank(argument)
    return False


def _is_pure(node: ast.AST) -> bool:
    """Return whether an expression has a value and no effect; attributes and items are read without."""
    if isinstance(node, EFFECTS) or (isinstance(node, ast.Call) and not _only_reads(node)):
        return False
    return all(_may_repeat(one) for one in _iterated(node)) and all(map(_is_pure, ast.iter_child_nodes(node)))


def _only_reads(call: ast.Call) -> bool:
    """Return whether a call is one of those known to compute a value from others."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in VALUES_OF_ONE or function.id in VALUES_OF_MANY
    return isinstance(function, ast.Attribute) and (
        function.attr in METHODS_THAT_READ or (function.attr == "join" and _is_text(function.value))
    )


def _iterated(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what an expression goes through: an iterator among it would be used up."""
    if isinstance(node, COMPREHENSIONS):
        yield from (generator.iter for generator in node.generators)
    elif isinstance(node, ast.Starred):
        yield node.value
    elif isinstance(node, ast.Call) and (
        (isinstance(node.func, ast.Name) and node.func.id in VALUES_OF_MANY)
        or (isinstance(node.func, ast.Attribute) and node.func.attr == "join")
    ):
        several = isinstance(node.func, ast.Name) and node.func.id in {"min", "max"} and len(node.args) > 1
        is_map = isinstance(node.func, ast.Name) and node.func.id == "map"
        yield from [] if several else node.args[1:] if is_map else node.args


def _may_repeat(node: ast.expr) -> bool:
    """Return whether going through a node surely uses nothing up: a fresh value or a constant's name."""
    if isinstance(node, ast.Name):
        return node.id.isupper()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {"items", "keys", "values"}
    fresh = (ast.Call, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, *COMPREHENSIONS)
    return isinstance(node, fresh)


def _blank(node: ast.AST, *, whole: bool = False) -> None:
    """Empty the texts in an expression that only a log sees; what an unknown function is given stays."""
    if isinstance(node, EFFECTS) or (isinstance(node, ast.Call) and not whole and not _only_reads(node)):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node.value = ""
    for child in ast.iter_child_nodes(node):
        _blank(child)


def _is_text(node: ast.AST) -> bool:
    """Return whether a node is a text constant."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
