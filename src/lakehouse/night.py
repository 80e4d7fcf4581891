"""The night on one page: its stages, in their order. Commands, launchers, the plan and the tasks on Databricks follow from it.

Functions are named as module:function, so that looking at this page imports nothing, and everything may look at it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Stage:
    """A part of the night that is a command of its own too.

    `function` is called with the RunContext and the values of `options`. `due` (of a RunContext) says why a night does it, or nothing; the
    command asks only with --when-due. `outlook` (of a Lake, its History and a run date) says what the plan says of it. `help` is the
    command's.
    """

    name: str
    help: str
    function: str
    options: tuple[str, ...] = ()
    due: str = ""
    outlook: str = ""
    judged_first: bool = False
    after_publication: bool = False


def found(place: str) -> Any:
    """What is named module:name, as a function."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


NIGHT = (
    Stage(
        "ingest",
        "Mirror the shops' databases, and land vendors' files (settings drop_root, outbox_root), in bronze and vault.\n\n"
        "Deleted in a database is deleted here. A bad file is left out, answered, and does not stop the run.",
        "lakehouse.stages.ingest:ingest",
        options=("in_full", "accept_deletes"),
    ),
    Stage(
        "refresh",
        "Build silver and gold from the published bronze: only what inputs, code or settings changed.",
        "lakehouse.stages.refresh:refresh",
    ),
    Stage(
        "train",
        "Train with conf/als.yaml, log to MLflow; the alias `champion` moves only if the gate passes.",
        "lakehouse.stages.train:train",
        due="lakehouse.stages.train:due",
        outlook="lakehouse.stages.training.training_due:outlook",
        judged_first=True,
    ),
    Stage("score", "Write the champion's candidates and everybody's lists to recommendations.*.", "lakehouse.stages.score:score"),
    Stage(
        "export",
        "Write the packs of all campaigns (conf/campaigns) that are due, from the published lists.",
        "lakehouse.stages.export:export",
        outlook="lakehouse.stages.export:outlook",
    ),
    # After the publication, so that what readers see is known, and a lake that can't be maintained keeps nothing from them.
    Stage(
        "maintain",
        "Keep the lake quick and small: put small files together, sum up logs, delete old files and old rows of ops.\n\n"
        "Readers see the same rows before and after. Everything stays that is published, that a step has still to read, or that a "
        "champion was trained on; other versions can't be read any more 7 days after they were superseded. The ledger keeps 400 days, and "
        "of each step the last success. The night does this when it is due (setting maintain_every_days); by hand it is done at once.",
        "lakehouse.stages.maintain:maintain",
        due="lakehouse.stages.maintain:due",
        outlook="lakehouse.stages.maintain:outlook",
        after_publication=True,
    ),
)


# The last task of a workflow whose tasks are stages in processes of their own: it shows what all of them did (`runs/workflow.py`).
PUBLISH = "publish"


# What schedulers start. Who types another command sees on the terminal what became of it.
SCHEDULED = ("night", *(stage.name for stage in NIGHT), PUBLISH)


EVERY_NIGHT = {PUBLISH, *(stage.name for stage in NIGHT if not stage.due)}


def heals(command: str, failed: str, done: Collection[str] = ()) -> bool:
    """Whether a success of `command` shows that a failed run of the command `failed` is past: the night is all of its stages.

    `done` has the names of what it did: a stage that was not due shows nothing.
    """
    return command == failed or (command == "night" and (failed in EVERY_NIGHT or (failed in SCHEDULED and failed in done)))
