"""Makes dist/: the wheel, and from it lakehouse-<version>.zip for `spark-submit --py-files`. The same tree gives the same bytes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parents[1]
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    # setuptools would also pack what an earlier build left.
    for folder in ("build", "dist"):
        shutil.rmtree(ROOT / folder, ignore_errors=True)
    options = ["-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "-w", "dist"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "."], cwd=ROOT, check=True, env=environment)
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    (wheel,) = (ROOT / "dist").glob("*.whl")
    target = wheel.with_name("-".join(wheel.name.split("-")[:2]) + ".zip")
    with ZipFile(wheel) as packed, ZipFile(target, "w") as zipped:
        names = sorted(name for name in packed.namelist() if name.startswith("lakehouse/"))
        modules = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py")}
        if left_out := modules - set(names):
            sys.exit(f"not in the wheel, list their packages in setup.cfg: {', '.join(sorted(left_out))}")
        for name in names:
            zipped.writestr(ZipInfo(name, LONG_AGO), packed.read(name), ZIP_DEFLATED)
    print(f"{wheel.relative_to(ROOT)}\n{target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
