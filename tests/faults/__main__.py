"""`make faults N=50 SEED=1`: that many trials, each of them once; ends with 1 if one of them differed from an undisturbed night.

Everything is in `.faults/`: the shop and its reference nights, and `results.jsonl` with a line for each trial that was done. Started
again it goes on where it was stopped. Where the code has changed since, the nights are made and the trials done anew.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from tests.faults.full_disk import can_mount, in_own_namespace
from tests.faults.plan import STARTS_IN_TURN, TURN, trials
from tests.faults.site import Site, code_hash, open_site
from tests.faults.trial import Result, Trial, run


def main() -> int:
    options = _options()
    site = open_site(options.folder, STARTS_IN_TURN)
    results = options.folder / "results.jsonl"
    planned = list(islice(trials(options.seed, {start: site.facts(start) for start in STARTS_IN_TURN}, options.kinds), options.trials))
    if options.only:
        (trial,) = (trial for trial in planned if trial.name == options.only)
        _write(results, trial, run(site, trial))
        return 0
    done = {line["name"]: line for line in _done(results)}
    if any(trial.kind == "full" for trial in planned) and not can_mount():
        print("full disks can't be tried here: neither may this user mount nor make a namespace (unshare --map-root-user)", file=sys.stderr)
        planned = [trial for trial in planned if trial.kind != "full"]
    for number, trial in enumerate(planned, start=1):
        if trial.name not in done:
            _try(site, trial, options, results)
            done = {line["name"]: line for line in _done(results)}
            line = done[trial.name]
            say = "; ".join(line["problems"]) or "as undisturbed"
            print(f"{number:4}/{len(planned)} {trial.name:<45} ended {line['disturbed']:>3}  {line['seconds']:5.1f} s  {say}", flush=True)
    return _summary([done[trial.name] for trial in planned])


def _try(site: Site, trial: Trial, options: argparse.Namespace, results: Path) -> None:
    if trial.kind == "full":
        here = ["-m", "tests.faults", "--folder", str(options.folder), "--seed", str(options.seed), "--trials", str(options.trials)]
        kinds = ["--kinds", *options.kinds] if options.kinds else []
        in_own_namespace(*here, *kinds, "--only", trial.name)
    else:
        _write(results, trial, run(site, trial))


def _write(results: Path, trial: Trial, result: Result) -> None:
    with results.open("a") as file:
        file.write(json.dumps({**asdict(trial), **asdict(result), "code": code_hash(), "at": int(time.time())}) + "\n")


def _done(results: Path) -> Iterator[dict[str, Any]]:
    """Of this code, the latest result of each trial last."""
    lines = results.read_text().splitlines() if results.exists() else []
    yield from (line for line in map(json.loads, lines) if line["code"] == code_hash())


def _summary(lines: list[dict[str, Any]]) -> int:
    counts, wrong = Counter(str(line["kind"]) for line in lines), [line for line in lines if line["problems"]]
    print(f"{len(lines)} trials ({', '.join(f'{kind} {count}' for kind, count in sorted(counts.items()))}): {len(wrong)} differed")
    for line in wrong:
        print(f"  {line['name']}: {line['problems']}")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=[], choices=sorted(set(TURN)), help="only these kinds of faults")
    parser.add_argument("--folder", type=Path, default=Path(".faults"))
    parser.add_argument("--only", help=argparse.SUPPRESS)  # one of them, where it may mount
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
