"""The whole night as one run: nothing is shown to readers unless all of it succeeded."""

from collections.abc import Collection

from lakehouse.tasks.export import export
from lakehouse.tasks.ingest import ingest
from lakehouse.tasks.maintain import maintain
from lakehouse.tasks.refresh import refresh
from lakehouse.tasks.run import Run
from lakehouse.tasks.score import score
from lakehouse.tasks.train import train


def night(run: Run, in_full: bool = False, accept_deletes: Collection[str] = ()) -> None:
    ingest(run, in_full, accept_deletes)
    refresh(run)
    score(run, promoted=train(run, when_due=True))
    export(run)
    # After the publication, so that what readers see is known, and a lake that can't be maintained keeps nothing from them.
    run.at_end.append(lambda: maintain(run, when_due=True))
