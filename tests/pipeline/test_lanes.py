"""Steps run side by side as far as they don't need each other."""

from collections.abc import Callable
from threading import Barrier, Event, Lock, Thread, current_thread

import pytest

from lakehouse.flow import GOLD, SILVER, Step
from lakehouse.pipeline.lanes import Beside, run_steps
from lakehouse.table import LONG, Column, Table

SECONDS = 20


def table(name: str) -> Table:
    return Table(name=f"silver.{name}", grain="a row", key=("id",), columns=(Column("id", LONG, "id"),))


def step(name: str, *reads: str) -> Step:
    return Step(writes=table(name), build=lambda *_: None, reads=tuple(map(table, reads)))  # type: ignore[arg-type, return-value]


class Log:
    """What began and what was done, in order."""

    def __init__(self, work: Callable[[Step], None] = lambda step: None) -> None:
        self.events: list[str] = []
        self.failed: list[str] = []
        self._work, self._lock = work, Lock()

    def run(self, step: Step) -> None:
        self._say(f"begin {step.name}")
        self._work(step)
        self._say(f"end {step.name}")

    def _say(self, event: str) -> None:
        with self._lock:
            self.events.append(event)

    def at(self, event: str) -> int:
        return self.events.index(event)


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_every_step_of_the_flow_runs_once_and_after_those_that_write_its_inputs(lanes: int) -> None:
    log, steps = Log(), (*SILVER, *GOLD)
    run_steps(log.run, steps, lanes, lambda step: None)
    assert sorted(log.events) == sorted(f"{what} {step.name}" for step in steps for what in ("begin", "end"))
    written = {step.name for step in steps}
    late = [
        (step.name, read.name)
        for step in steps
        for read in step.inputs
        if read.name in written and log.at(f"end {read.name}") > log.at(f"begin {step.name}")
    ]
    assert late == []


def test_one_lane_keeps_the_order_of_the_flow_in_the_callers_thread() -> None:
    threads = set[Thread]()
    log, steps = Log(lambda step: threads.add(current_thread())), (*SILVER, *GOLD)
    run_steps(log.run, steps, 1, lambda step: None)
    assert threads == {current_thread()}
    assert log.events == [f"{what} {step.name}" for step in steps for what in ("begin", "end")]


def waiting(barrier: Barrier) -> None:
    barrier.wait(SECONDS)


def test_two_steps_that_do_not_need_each_other_are_at_work_at_the_same_time() -> None:
    both = Barrier(2)
    run_steps(Log(lambda step: waiting(both)).run, (step("a"), step("b")), 2, lambda step: None)
    assert not both.broken


def test_a_step_waits_for_the_one_that_writes_its_input_also_where_a_lane_is_free() -> None:
    begun = Event()

    def work(of: Step) -> None:
        if of.name == "silver.b":
            begun.set()
        else:
            begun.wait(0.3)

    log = Log(work)
    run_steps(log.run, (step("a"), step("b", "a")), 2, lambda step: None)
    assert log.events == ["begin silver.a", "end silver.a", "begin silver.b", "end silver.b"]


def test_after_a_failure_none_begins_and_the_one_at_work_comes_to_its_end() -> None:
    begun, failing = Event(), Event()

    def work(of: Step) -> None:
        if of.name == "silver.a":
            begun.wait(SECONDS)
            failing.set()
            raise ValueError("a is broken")
        begun.set()
        failing.wait(SECONDS)

    log = Log(work)
    with pytest.raises(ValueError, match="a is broken"):
        run_steps(log.run, (step("a"), step("b"), step("c", "a"), step("d", "b"), step("e")), 2, lambda step: log.failed.append(step.name))
    assert log.failed == ["silver.a"]
    assert sorted(log.events) == ["begin silver.a", "begin silver.b", "end silver.b"]


def test_what_is_done_beside_is_taken_once_with_its_error() -> None:
    beside = Beside[int]()
    assert beside.take() is None
    beside.start(lambda: 1)
    assert (beside.take(), beside.take()) == (1, None)
    beside.start(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        beside.take()
