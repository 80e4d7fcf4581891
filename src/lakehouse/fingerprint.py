"""The hash of everything but its inputs that decides what a step writes: code, declarations, parameters."""

import ast
import hashlib
from functools import cache
from importlib.util import find_spec

PACKAGE = "lakehouse"


def fingerprint(module: str, *values: object) -> str:
    """64 hex digits of the sources of a module and of all modules of this package that it imports, and of the values' repr."""
    text = "\n".join([*(source(name) for name in sorted(imported(module))), *map(repr, values)])
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def imported(module: str) -> frozenset[str]:
    """The module and, followed to the end, the modules of this package that it imports."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for other in _imports(name) if other not in found]
    return frozenset(found)


@cache
def source(module: str) -> str:
    """The module's source text, also from a zip."""
    spec = find_spec(module)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(module)
    return spec.loader.get_source(module) or ""  # type: ignore[attr-defined, no-any-return]


@cache
def _imports(module: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names a module, `from module import thing` does not.
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name for name in below if node.module.startswith(PACKAGE) and _exists(name)} | {node.module}
    return frozenset(name for name in names if name == PACKAGE or name.startswith(PACKAGE + "."))


@cache
def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
