"""The next day of a demo shop, with what its campaigns sent that morning, and the mail tool's file about it in the evening."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from lakehouse.demo.day.day import simulate_day
from lakehouse.demo.day.packs import sent_packs
from lakehouse.demo.day.response import feedback
from lakehouse.demo.store.server import Server
from lakehouse.demo.vendor_files import write_file
from lakehouse.demo.world.truth import State
from lakehouse.sources.other_feeds import MAIL_FEEDBACK


def live_next_day(folder: Path, server: Server, state: State, uplift: float) -> tuple[date, dict[str, int]]:
    """The day, and how many things changed, by kind of change.

    The packs are those in `<folder>/export` that were made as of the shop's last day; whom they reach comes more often by the share
    `uplift`. The file is in `<folder>/drop`.
    """
    truth, day = folder / "truth", state.today + timedelta(days=1)
    sent = sent_packs(folder / "export", truth, state.today)
    counts = simulate_day(server, state.database, day=day, seed=state.plan.seed, truth=truth, sent=sent, uplift=uplift)
    events = list(feedback(sent, day, np.random.default_rng([state.plan.seed, day.toordinal(), 15])))
    if events:
        write_file(folder / "drop", MAIL_FEEDBACK, day, events)
    return day, counts
