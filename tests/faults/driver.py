"""A night whose borders are numbered: every commit, every rename, every call that changes the registry, every line of progress.

`FAULT` is `count` (write the borders' names to $TMPDIR/borders), `kill:before:K`, `kill:after:K` (this process group dies at the
K-th border) or `lost:K` (what the border does is done, then an error is raised as if its answer had got lost).
"""

import functools
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

REGISTRY = {
    "mlflow.store.tracking.sqlalchemy_store": (
        *("create_experiment", "create_run", "update_run_info", "log_batch", "log_inputs", "set_tag", "create_logged_model"),
        "finalize_logged_model",
    ),
    "mlflow.store.model_registry.sqlalchemy_store": (
        *("create_registered_model", "create_model_version", "set_registered_model_alias", "set_model_version_tag"),
    ),
}
COMMITS = ("replace", "append", "replace_where", "_merge")
FILES = ("keep_file", "delete_folder")


class LostAnswer(OSError):
    """The connection broke after the other side had done what it was asked."""


class Borders:
    """Counts borders, and lets the fault happen at its own."""

    def __init__(self, fault: str) -> None:
        kind, *rest = fault.split(":")
        self._kind, self._place, self._number = kind, rest[0] if len(rest) > 1 else "after", int(rest[-1]) if rest else -1
        self._count, self._lock = 0, threading.Lock()
        self._names = Path(tempfile.gettempdir()) / "borders"

    def wrap(self, owner: Any, attribute: str, name: Callable[..., str | None]) -> None:
        """`name` gives the border's name from the call's arguments; None if this call is none."""
        inner = getattr(owner, attribute)

        @functools.wraps(inner)
        def outer(*arguments: Any, **options: Any) -> Any:
            called = name(*arguments, **options)
            if called is None:
                return inner(*arguments, **options)
            number = self._next(f"{attribute} {called}")
            if number == self._number and self._kind == "kill" and self._place == "before":
                _die()
            result = inner(*arguments, **options)
            if number == self._number and self._kind == "kill":
                _die()
            if number == self._number and self._kind == "lost":
                raise LostAnswer("connection reset")
            return result

        setattr(owner, attribute, outer)

    def _next(self, name: str) -> int:
        with self._lock:
            number, self._count = self._count, self._count + 1
            if self._kind == "count":
                with self._names.open("a") as file:
                    file.write(f"{name}\n")
        return number


def _die() -> None:
    os.killpg(os.getpgid(0), signal.SIGKILL)


def wrap_all(borders: Borders) -> None:
    """The heavy libraries are imported for this, so that the lock is not tried as early as in a plain night."""
    import importlib

    from lakehouse.io.delta.delta_store import DeltaStore
    from lakehouse.io.host import logs

    for commit in COMMITS:
        borders.wrap(DeltaStore, commit, lambda _store, name, *_, **__: getattr(name, "name", name))
    for change in FILES:
        borders.wrap(DeltaStore, change, lambda _store, path, *_: Path(path).name)
    for module, methods in REGISTRY.items():
        store = importlib.import_module(module).SqlAlchemyStore
        for method in methods:
            if hasattr(store, method):
                borders.wrap(store, method, lambda *_, **__: "")
    work = str(Path(tempfile.gettempdir()).parent)
    for rename in ("rename", "replace"):
        borders.wrap(os, rename, lambda _old, new, **__: Path(new).name if str(new).startswith(work) else None)
    borders.wrap(logs, "info", lambda *said, **_: said[0].split("  ")[0])


if __name__ == "__main__":
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from lakehouse.cli import main

    wrap_all(Borders(os.environ["FAULT"]))
    main(sys.argv[1:])
