"""Runs things at the same time: steps that do not need each other, and one piece of work in the background of a run."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Thread
from typing import Generic, TypeVar

from lakehouse.flow import Step

T = TypeVar("T")


def run_steps(run: Callable[[Step], object], steps: Sequence[Step], lanes: int, failed: Callable[[Step], None]) -> None:
    """Run all steps, at most `lanes` of them at a time. A step begins when those that write its inputs are done, earlier steps first.

    After a failure no further step begins, and the running ones are waited for. Then `failed` gets the step that failed, and its error is
    raised. With one lane the steps run in the caller's thread, so that an interruption does not wait for a long step.
    """
    if lanes == 1:
        for step in steps:
            run(step)
        return
    left, running = list(steps), dict[Future[object], Step]()
    with ThreadPoolExecutor(lanes) as pool:
        while left or running:
            unwritten = {step.name for step in (*left, *running.values())}
            for step in [step for step in left if _can_begin(step, unwritten)][: lanes - len(running)]:
                left.remove(step)
                running[pool.submit(run, step)] = step
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            broken = [(running[future], error) for future in done if (error := future.exception()) is not None]
            if broken:
                break
            for future in done:
                del running[future]
        else:
            return
    step, error = broken[0]
    failed(step)
    raise error


def _can_begin(step: Step, unwritten: Collection[str]) -> bool:
    return not any(table.name in unwritten for table in step.inputs)


class Beside(Generic[T]):
    """One piece of work at a time in a background thread. A process that ends does not wait for it."""

    def __init__(self) -> None:
        self._at_work: Future[T] | None = None

    def start(self, work: Callable[[], T]) -> None:
        """Begin the work. The result of earlier work must have been taken before."""
        assert self._at_work is None
        future = Future[T]()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        self._at_work = future
        Thread(target=run, daemon=True).start()

    def take(self) -> T | None:
        """Wait for the work and give its result, or raise its error. None if there is no work, or if its result was taken already."""
        if self._at_work is None:
            return None
        future, self._at_work = self._at_work, None
        return future.result()
