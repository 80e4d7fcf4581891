"""The contract of stages: what a stage of a run gets, and what it gives back.

A stage is a function of a RunContext (and of a command's options) to a StageResult. `orchestrator.py` reads the results. It
alone audits, publishes, tells, and does what comes after publication. One thing a stage does itself, through `recording.record`: the
ledger's row of a step is written as soon as its table is, so that a run that is killed later does not do the step again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from lakehouse.incident import Incident
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.host.held_lock import HeldLock
from lakehouse.night import NIGHT, Stage, found
from lakehouse.ops.ledger import Ledger
from lakehouse.pipeline.pinned_tables import PinnedTables
from lakehouse.recommend.params import Params
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.table import Table


@dataclass(frozen=True)
class RunContext:
    """What a stage works with. `published`: what readers saw when the run began. `heads`: what the stage reads, that is what earlier
    stages of the run wrote, else what is published. `lock`: the lake's, which the run holds. `rules`: of all files of conf/rules."""

    run_id: str
    run_date: date
    started_at: datetime
    settings: Settings
    store: DeltaStore
    ledger: Ledger
    params: Params
    key: str
    published: Mapping[str, TableVersion] = field(default_factory=dict)
    heads: Mapping[str, TableVersion] = field(default_factory=dict)
    lock: HeldLock = field(default_factory=HeldLock)
    rules: Rules = field(default_factory=Rules)

    @property
    def spark(self) -> SparkSession:
        """The session of the run."""
        return self.store.spark

    @property
    def list_rules(self) -> Rules:
        """Those that decide what is on the lists of the run date."""
        return self.rules.on(self.run_date).of_lists()

    @property
    def staging(self) -> str:
        """Where copies of source tables are while they are landed: under the vault, and gone afterwards."""
        return f"{self.settings.vault_root}/_staging"

    def read(self, table: Table) -> DataFrame:
        """The declared columns of the version that the run works with."""
        return PinnedTables(self.store, self.heads).read(table)

    def head(self, table: Table) -> TableVersion:
        """The version that the run works with. DataError (65) if the table has to be there and is not."""
        return PinnedTables(self.store, self.heads).head(table)


@dataclass(frozen=True)
class StageCall:
    """A stage of one run. `act` does it. `due` says why it is done now, or nothing if it is not to be done.

    `judged_first`: what was written before must have been judged. `after_publication`: it is done when readers see what the run wrote.
    """

    name: str
    act: "Callable[[RunContext], StageResult]"
    due: Callable[[RunContext], str] | None = None
    judged_first: bool = False
    after_publication: bool = False

    @staticmethod
    def of(stage: Stage, options: Mapping[str, Any], when_due: bool) -> "StageCall":
        """A stage of the page with the values of the options that it has."""
        act, mine = found(stage.function), {name: options[name] for name in stage.options}
        due = found(stage.due) if stage.due and when_due else None
        return StageCall(stage.name, lambda run: act(run, **mine), due, stage.judged_first, stage.after_publication)


def calls_of_the_night(options: Mapping[str, Any] | None = None) -> list[StageCall]:
    """All stages, those that have to be due only when they are. Options that are not given have the values of the command."""
    values = {"in_full": False, "accept_deletes": (), **(options or {})}
    return [StageCall.of(stage, values, when_due=True) for stage in NIGHT]


@dataclass(frozen=True)
class AfterPublication:
    """Something that shows a stage's work outside of the lake, as a model's alias or a campaign pack: done when all is published.

    `function` is named as module:function, and the arguments are what JSON holds, so that another process can do it. It is called with
    the context and the arguments, and must be safe to repeat.
    """

    function: str
    arguments: Mapping[str, Any]

    @staticmethod
    def of(function: Callable[..., None], **arguments: Any) -> "AfterPublication":
        """The call of a function at module level. `arguments` have to be what JSON can hold."""
        return AfterPublication(f"{function.__module__}:{function.__name__}", arguments)

    def do(self, run: RunContext) -> None:
        """Import the function and call it."""
        found(self.function)(run, **self.arguments)


@dataclass(frozen=True)
class StageResult:
    """What a stage did.

    `outputs`: by a table's name the version that it wrote or found up to date; they are judged and published. `unpublished`: versions
    that later stages of the run read and that no reader sees, as the model that becomes the champion at the end. `alarms`: what is
    wrong without a reason to stop. `cleared`: keys of incidents that it looked for and did not find. `text`: for who typed the command.
    """

    outputs: Mapping[str, TableVersion] = field(default_factory=dict)
    unpublished: Mapping[str, TableVersion] = field(default_factory=dict)
    alarms: tuple[Incident, ...] = ()
    cleared: frozenset[str] = frozenset()
    after: tuple[AfterPublication, ...] = ()
    text: str = ""

    def to_json(self) -> str:
        """The result for another process."""
        return json.dumps({**asdict(self), "cleared": sorted(self.cleared)})

    @staticmethod
    def from_json(text: str) -> "StageResult":
        """What `to_json` wrote."""
        said = json.loads(text)
        return StageResult(
            outputs={name: TableVersion(**head) for name, head in said["outputs"].items()},
            unpublished={name: TableVersion(**head) for name, head in said["unpublished"].items()},
            alarms=tuple(Incident(**alarm) for alarm in said["alarms"]),
            cleared=frozenset(said["cleared"]),
            after=tuple(AfterPublication(**action) for action in said["after"]),
            text=said["text"],
        )


class StageStopped(Exception):
    """A stage failed after it had done something: its cause is the failure. The orchestrator takes the result and raises the cause."""

    def __init__(self, done: StageResult) -> None:
        super().__init__()
        self.done = done


@contextmanager
def having_done(result: StageResult) -> Iterator[None]:
    """What a stage has done already is not lost if the rest of it fails: its alarms are told all the same."""
    try:
        yield
    except BaseException as failure:
        raise StageStopped(result) from failure


def both(first: StageResult, second: StageResult) -> StageResult:
    """Of two that one stage did, one after the other."""
    return StageResult(
        {**first.outputs, **second.outputs},
        {**first.unpublished, **second.unpublished},
        (*first.alarms, *second.alarms),
        first.cleared | second.cleared,
        (*first.after, *second.after),
        "\n".join(filter(None, [first.text, second.text])),
    )
