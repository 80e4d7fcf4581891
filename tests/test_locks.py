"""requirements/ has one version of all that setup.cfg asks for, with the hashes of its files."""

import configparser
import re
from collections import Counter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))


def packages(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by name."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=[a-z0-9])", re.sub(r"(?m)^(#|-r ).*\n", "", text))
    found = [(Requirement(block.split("\\")[0]), len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block))) for block in blocks if block]
    return {canonicalize_name(one.name): (str(one.specifier).removeprefix("=="), hashes) for one, hashes in found}


def asked_for(section: str) -> list[Requirement]:
    """By all options of a section of setup.cfg that name packages."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    options = ["install_requires"] if section == "options" else list(setup[section])
    return [Requirement(line) for option in options for line in setup[section][option].split()]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    without = [name for name, (_, hashes) in packages(lock).items() if not hashes]
    assert not without, f"run scripts/lock.sh: no hashes for {without}"


def test_what_setup_cfg_asks_for_is_locked_within_its_range() -> None:
    run = packages("run.txt")
    every = {name: found for lock in LOCKS for name, found in packages(lock).items()}
    wrong = [str(one) for one in asked_for("options") if not fits(one, run)]
    wrong += [str(one) for one in asked_for("options.extras_require") if not fits(one, every)]
    assert not wrong, f"run scripts/lock.sh: it is not locked, or not within its range: {wrong}"


def test_a_package_stands_in_one_lock() -> None:
    counts = Counter(name for lock in LOCKS for name in packages(lock))
    assert not [name for name, count in counts.items() if count > 1]


def test_delta_s_jar_has_the_version_of_the_locked_package() -> None:
    (jar,) = re.findall(r"io\.delta:delta-spark_(\d+\.\d+)_2\.13:(\S+)", (ROOT / "jars.txt").read_text(encoding="utf-8"))
    run = packages("run.txt")
    assert jar == (run["pyspark"][0].rpartition(".")[0], run["delta-spark"][0])


def fits(wanted: Requirement, locked: dict[str, tuple[str, int]]) -> bool:
    name = canonicalize_name(wanted.name)
    return name in locked and wanted.specifier.contains(locked[name][0])
