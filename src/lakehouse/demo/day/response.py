"""What campaigns do to the customers of a demo shop: some come once more, for what they were shown. Pure; the uplift is planted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lakehouse.demo.day.packs import Sent
from lakehouse.demo.world.baskets import Baskets
from lakehouse.demo.world.goods import Good
from lakehouse.demo.world.world import World

# Of all mails: what the mail tool tells of them, in turn and each of what is left by the one before.
DELIVERED, OPENED, CLICKED = 0.98, 0.4, 0.2
# Message id, event, address, time, campaign: as in the mail tool's file.
Event = tuple[str, str, str, str, str]


def caused(world: World, goods: Mapping[int, Good], sent: Sequence[Sent], day: int, uplift: float, rng: np.random.Generator) -> World:
    """The world with no baskets but those that campaigns add on that day.

    A person comes on a day with the chance 1 / gap_days. Each campaign that reached the person adds `uplift` times that chance (0.2: a
    fifth), and the basket is one or two of the products that it showed. Its orders are placed as all others are (`place_orders`).
    """
    number_of = {good.product_id: number for number, good in goods.items()}
    visits = [visit for each in sent for visit in _visits(world, each.picks, number_of, uplift, rng)]
    visits.sort(key=lambda visit: (visit[1], visit[0]))
    person, second, lines = zip(*visits, strict=True) if visits else ((), (), ())
    first_line = np.concatenate([[0], np.cumsum([len(products) for products in lines], dtype=np.int64)])
    baskets = Baskets(
        _whole(person),
        np.full(len(visits), day),
        _whole(second),
        first_line,
        _whole([product for products in lines for product in products]),
        np.array([_has_bought(world, who, number, day) for who, _, products in visits for number in products], dtype=bool),
    )
    # What becomes of these orders is drawn anew.
    return replace(world, plan=replace(world.plan, seed=int(rng.integers(1 << 31))), baskets=baskets)


def feedback(sent: Sequence[Sent], day: date, rng: np.random.Generator) -> Iterator[Event]:
    """What the mail tool reports of each mail: delivered or bounced (it may be tried again), and whether it was opened and clicked."""
    for each in sent:
        for (person, email), draw in zip(sorted(each.emails.items()), rng.random((len(each.emails), 3)).tolist(), strict=True):
            heard = ["delivered" if draw[0] < DELIVERED else "bounced_soft"]
            if draw[0] < DELIVERED and draw[1] < OPENED:
                heard += ["opened", *(["clicked"] if draw[2] < CLICKED else [])]
            for hour, event in enumerate(heard, start=8):
                yield f"{each.campaign}-{day}-{person}", event, email, f"{day}T{hour:02}:00:00Z", each.campaign


def _visits(
    world: World, picks: Mapping[int, tuple[int, ...]], number_of: Mapping[int, int], uplift: float, rng: np.random.Generator
) -> Iterator[tuple[int, int, list[int]]]:
    """Person, second of the day and products of each basket that is added."""
    persons = sorted(picks)
    chances = uplift / world.people.gap_days[persons]
    for person, chance, draw in zip(persons, chances.tolist(), rng.random((len(persons), 4)).tolist(), strict=True):
        shown = [number_of[product] for product in picks[person] if product in number_of]
        if draw[0] < chance and shown:
            first = int(draw[1] * len(shown))
            second = [shown[(first + 1) % len(shown)]] if len(shown) > 1 and draw[2] < 0.5 else []
            yield person, 9 * 3600 + int(draw[3] * 13 * 3600), [shown[first], *second]


def _has_bought(world: World, person: int, product: int, day: int) -> bool:
    baskets = world.baskets
    for basket in np.flatnonzero((baskets.person == person) & (baskets.day < day)).tolist():
        if product in baskets.line_product[baskets.first_line[basket] : baskets.first_line[basket + 1]]:
            return True
    return False


def _whole(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
