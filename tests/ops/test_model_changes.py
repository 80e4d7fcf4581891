"""Which champion came before which, from the changes that were recorded."""

import os
import pwd
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.model_changes import (
    GATE,
    PROMOTE,
    ROLLBACK,
    ModelChange,
    champion_before,
    model_changes,
    record_model_change,
    system_user,
)

FIRST = ModelChange(datetime(2026, 11, 16, 3, tzinfo=UTC), "a", None, "1", GATE, "ndcg 0.2 beats popularity 0.1", "night")


def changes(*steps: tuple[str | None, str, str]) -> list[ModelChange]:
    return [
        replace(
            FIRST, changed_at=FIRST.changed_at + timedelta(days=day), run_id=f"run {day}", from_version=before, to_version=to, kind=kind
        )
        for day, (before, to, kind) in enumerate(steps)
    ]


GATES = [(None, "1", GATE), ("1", "2", GATE), ("2", "3", GATE)]


@pytest.mark.parametrize(
    ("steps", "champion", "before"),
    [
        ([], "1", None),
        (GATES[:1], "1", None),
        (GATES, "3", "2"),
        # A second rollback goes one further back, a third finds nothing.
        ([*GATES, ("3", "2", ROLLBACK)], "2", "1"),
        ([*GATES, ("3", "2", ROLLBACK), ("2", "1", ROLLBACK)], "1", None),
        # What was taken back does not come again after a new champion.
        ([*GATES, ("3", "2", ROLLBACK), ("2", "4", GATE)], "4", "2"),
        ([*GATES, ("3", "2", ROLLBACK), ("2", "4", GATE), ("4", "2", ROLLBACK)], "2", "1"),
        # An older version by hand is a change forth: back is where it came from.
        ([*GATES, ("3", "1", PROMOTE)], "1", "3"),
        ([*GATES, ("3", "1", PROMOTE), ("1", "3", ROLLBACK)], "3", "2"),
        # The first row of a lake that had a champion before changes were recorded.
        ([("7", "8", GATE)], "8", "7"),
        # The alias was moved elsewhere, or a run was killed before its row.
        (GATES, "9", "3"),
        ([*GATES[:1], ("5", "6", GATE)], "6", "5"),
        ([*GATES[:1], ("5", "6", GATE), ("6", "5", ROLLBACK)], "5", "1"),
    ],
)
def test_the_champion_before_is_the_one_that_was_not_taken_back(
    steps: list[tuple[str | None, str, str]], champion: str, before: str | None
) -> None:
    assert champion_before(changes(*steps), champion) == before


def test_changes_come_back_as_they_were_written_oldest_first(store: DeltaStore) -> None:
    assert model_changes(store) == []
    first, second = changes(*GATES[:2])
    record_model_change(store, second)
    record_model_change(store, first)
    found = model_changes(store)
    assert [replace(change, changed_at=change.changed_at.replace(tzinfo=UTC)) for change in found] == [first, second]


def test_the_user_is_that_of_the_process_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, "somebody else")
    assert system_user() == pwd.getpwuid(os.getuid()).pw_name

    def nameless(_: int) -> object:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nameless)
    assert system_user() == str(os.getuid())
