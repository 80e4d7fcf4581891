"""The zip for `spark-submit --py-files`, as `make dist` makes it."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make_archive(folder: Path) -> Path:
    """Made from a copy of the project: another process of the tests may make it at the same time."""
    copy = folder / "lakehouse"
    left_out = shutil.ignore_patterns(".*", "jars", "dist", "build", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=left_out)
    subprocess.run([sys.executable, "scripts/dist.py"], cwd=copy, check=True, capture_output=True)
    (found,) = (copy / "dist").glob("lakehouse-*.zip")
    return found
