"""The hash of everything but its inputs that decides what a step writes: code, declarations, parameters."""

import dis
import hashlib
from functools import cache
from importlib.util import find_spec
from types import CodeType

PACKAGE = "lakehouse"
# What a build says on the way, on a screen or in logs, is nothing that it writes.
NOT_WRITTEN = "lakehouse.io.host"


def fingerprint(module: str, *values: object) -> str:
    """64 hex digits of the sources of a module and of all modules of this package that it imports, and of the values' repr."""
    text = "\n".join([*(source(name) for name in sorted(imported(module))), *map(repr, values)])
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def imported(module: str) -> frozenset[str]:
    """The module and, followed to the end, the modules of this package that it imports, but for those that only say what is done."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for other in _imports(name) if other not in found and not _is_only_said(other)]
    return frozenset(found)


def _is_only_said(module: str) -> bool:
    return module == NOT_WRITTEN or module.startswith(f"{NOT_WRITTEN}.")


@cache
def source(module: str) -> str:
    """The module's source text, also from a zip."""
    spec = find_spec(module)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(module)
    return spec.loader.get_source(module) or ""  # type: ignore[attr-defined, no-any-return]


@cache
def _imports(module: str) -> frozenset[str]:
    """By the bytecode. Python 3.11 before 3.11.8 may raise SystemError where two threads make syntax trees (CPython issue 106905)."""
    names: set[str] = set()
    waiting, package = [compile(source(module), module, "exec")], ""
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        for step in dis.get_instructions(code):
            if step.opname == "IMPORT_NAME":
                package = step.argval
                names.add(package)
            elif step.opname == "IMPORT_FROM" and package.startswith(PACKAGE) and _exists(f"{package}.{step.argval}"):
                # `from package import module` names a module, `from module import thing` does not.
                names.add(f"{package}.{step.argval}")
    return frozenset(name for name in names if name == PACKAGE or name.startswith(PACKAGE + "."))


@cache
def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
