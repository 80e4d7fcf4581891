"""Which trials a seed gives: every border once before any comes twice, and between them random places of every kind of fault."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.faults.site import Start
from tests.faults.trial import Kind, Trial

# In turn. More of what is judged: kills at any moment and at every border.
TURN: tuple[Kind, ...] = ("border", "time", "border", "lost", "border", "full", "time", "border", "database", "line", "border", "twice")
# Only when asked for: such a night needs jars of its own, and takes several times as long.
ASKED_FOR: tuple[Kind, ...] = ("bucket",)
# A night of the small shop makes at least so many requests; what begins later than its last one disturbs nothing.
REQUESTS = 6000
FULL_PLACES = ("lake", "vault", "export", "mlflow", "tmp")
STARTS_IN_TURN: tuple[Start, ...] = ("second", "first", "due")


def trials(seed: int, facts: Mapping[Start, Mapping[str, Any]], kinds: Sequence[str] = ()) -> Iterator[Trial]:
    """Without end; the first N of N + 1 are the first N. `facts`: what is known of the undisturbed nights; `kinds`: only these."""
    turn = [kind for kind in (*TURN, *ASKED_FOR) if (kind in kinds if kinds else kind in TURN)]
    borders = {kind: _borders(random.Random(f"{seed} {kind}"), facts, kind) for kind in ("border", "lost")}
    number = 0
    while True:
        kind, rng = turn[number % len(turn)], random.Random(f"{seed} {number}")
        start = rng.choice(list(facts))
        if kind in ("border", "lost"):
            start, where = next(borders[kind])
        else:
            where = _where(kind, rng, facts[start])
        yield Trial(f"{seed}-{number:03} {kind} {start} {where}", kind, start, where)
        number += 1


def _borders(rng: random.Random, facts: Mapping[Start, Mapping[str, Any]], kind: str) -> Iterator[tuple[Start, str]]:
    """All borders of all nights, shuffled; then again."""
    places = [f"{place}:{{}}" for place in ("before", "after")] if kind == "border" else ["{}"]
    every = [(start, place.format(number)) for start, known in facts.items() for number in range(len(known["borders"])) for place in places]
    while True:
        yield from rng.sample(every, len(every))


def _where(kind: Kind, rng: random.Random, known: Mapping[str, Any]) -> str:
    if kind == "time":
        return f"{rng.random():.3f}"
    if kind == "line":
        return str(rng.randrange(1, len(known["lines"])))
    if kind == "twice":
        return f"{rng.choice((0, 0, 0.5, 3, 10))}"
    if kind == "database":
        return f"{rng.choice(('cut', 'reset', 'stall'))}:{rng.randrange(100, 60_000)}:{rng.choice((1, 2, 1_000_000))}"
    if kind == "bucket":
        fault = rng.choice(("unavailable", "lost", "truncated", "slow"))
        # A night that is slow all the time takes an hour.
        victims = rng.choice((1, 3, 30, 100 if fault == "slow" else 1_000_000_000))
        return f"{fault}:{rng.randrange(REQUESTS)}:{victims}"
    place = rng.choice([place for place in FULL_PLACES if known["wrote"][place] > 0])
    return f"{place}:{int(rng.random() * 0.95 * known['wrote'][place])}"
