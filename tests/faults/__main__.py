"""`make faults N=50 SEED=1`: that many trials, each of them once; ends with 1 if one of them differed from an undisturbed night.

Everything is in `.faults/`: for each processor a shop and its reference nights, and `results.jsonl` with a line for each trial that was
done. Started again it goes on where it was stopped. Where the code has changed since, the nights are made and the trials done anew.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

from tests.faults.full_disk import can_mount
from tests.faults.plan import ASKED_FOR, STARTS_IN_TURN, TURN, trials
from tests.faults.site import Site, code_hash, open_site, prepare
from tests.faults.trial import Trial, run, run_where_it_may_mount

# A night keeps one processor busy, whatever it is told; more of them at once want memory.
AT_ONCE = min(os.cpu_count() or 1, 4)


def main() -> int:
    options = _options()
    sites = [open_site(options.folder / f"site-{number}") for number in range(1, AT_ONCE + 1)]
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        list(pool.map(lambda site: prepare(site, STARTS_IN_TURN), sites))
        facts = {start: sites[0].facts(start) for start in STARTS_IN_TURN}
        planned = _possible(list(islice(trials(options.seed, facts, options.kinds), options.trials)))
        lines = []
        for number, line in enumerate(_tried(pool, planned, sites, Results(options.folder / "results.jsonl")), start=1):
            lines.append(line)
            say = "; ".join(line["problems"]) or "as undisturbed"
            print(f"{number:4}/{len(planned)} {line['name']:<45} ended {line['disturbed']:>3}  {line['seconds']:5.1f} s  {say}", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    return _summary(lines)


def _tried(pool: ThreadPoolExecutor, planned: Sequence[Trial], sites: Sequence[Site], results: "Results") -> Iterator[dict[str, Any]]:
    """The line of each trial, in their order; each is run at a site that is free, if it was not done before."""
    free: SimpleQueue[Site] = SimpleQueue()
    for site in sites:
        free.put(site)

    def line_of(trial: Trial) -> dict[str, Any]:
        if trial.name not in results.lines:
            site = free.get()
            results.add(trial, site)
            free.put(site)
        return results.lines[trial.name]

    return pool.map(line_of, planned)


class Results:
    """What trials of this code gave, by their names; kept in a file."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, Lock()
        self.lines = {line["name"]: line for line in self._kept()}

    def add(self, trial: Trial, site: Site) -> None:
        """Run the trial at the site and keep its line; and what its night said, if something was wrong."""
        result = (run_where_it_may_mount if trial.kind == "full" else run)(site, trial)
        found = asdict(result)
        log = found.pop("log")
        if result.problems:
            (self._file.parent / f"{trial.name}.log").write_text(log)
        line = {**asdict(trial), **found, "site": site.folder.name, "code": code_hash(), "at": int(time.time())}
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.lines[trial.name] = line

    def _kept(self) -> Iterator[dict[str, Any]]:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        yield from (line for line in map(json.loads, lines) if line["code"] == code_hash())


def _possible(planned: Sequence[Trial]) -> Sequence[Trial]:
    if can_mount() or all(trial.kind != "full" for trial in planned):
        return planned
    print("full disks can't be tried here: neither may this user mount nor make a namespace (unshare --map-root-user)", file=sys.stderr)
    return [trial for trial in planned if trial.kind != "full"]


def _summary(lines: Sequence[dict[str, Any]]) -> int:
    counts, wrong = Counter(str(line["kind"]) for line in lines), [line for line in lines if line["problems"]]
    print(f"{len(lines)} trials ({', '.join(f'{kind} {count}' for kind, count in sorted(counts.items()))}): {len(wrong)} differed")
    for line in wrong:
        print(f"  {line['name']}: {line['problems']}")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=[], choices=sorted({*TURN, *ASKED_FOR}), help="only these kinds of faults")
    parser.add_argument("--folder", type=Path, default=Path(".faults"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
