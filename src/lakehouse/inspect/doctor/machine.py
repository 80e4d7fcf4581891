"""What a night needs of this machine: Java, jars, room on disks. Each check gives a line of what it found, and notes below it."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from pyspark.sql import is_remote

from lakehouse.errors import MAKE_ROOM, ConfigError, WriteError
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta import delta_files
from lakehouse.io.host.disks import LITTLE, nearest, places_of
from lakehouse.io.spark.session import jars

# What Spark 4 runs on at least.
JAVA = 17
INSTALL_JAVA = "install Java 17 (Debian: openjdk-17-jre-headless), and set JAVA_HOME where there are several"
INSTALL_JARS = "run `make install` in the project's folder"
DELTA_JAR = re.compile(r"delta-spark_(\d+\.\d+)_2\.13-([\d.]+)\.jar$")


def check_java() -> str:
    """Which Java Spark would start. ConfigError (2) if there is none, or if it is too old for Spark."""
    if is_remote() or "SPARK_REMOTE" in os.environ:
        return "that of the Spark Connect server"
    home = os.environ.get("JAVA_HOME")
    program = shutil.which(f"{home}/bin/java" if home else "java")
    if program is None:
        raise ConfigError(f"no Java found{f' in JAVA_HOME={home}' if home else ''}", INSTALL_JAVA)
    found = java_version(Path(program).resolve().parents[1])
    if found and int(found.split(".")[0]) < JAVA:
        raise ConfigError(f"Java {found} is too old for Spark, which needs {JAVA}", INSTALL_JAVA)
    return found or f"{program}, which does not tell its version"


def java_version(home: Path) -> str:
    """As `17.0.15`, from the file `release` that an installation of Java has; "" if it has none. Starting Java would take longer."""
    release = home / "release"
    told = re.search(r'(?m)^JAVA_VERSION="([\d._]+)', release.read_text(encoding="utf-8")) if release.is_file() else None
    return told[1] if told else ""


def check_jars(settings: Settings) -> str:
    """How many jars, and Delta's version. ConfigError (2) if one that jars.txt names is missing, or if Delta's is for other libraries."""
    if is_remote() or "SPARK_REMOTE" in os.environ:
        return "those of the Spark Connect server"
    paths = [Path(path) for path in jars(settings)]
    listed = paths[0].parents[1] / "jars.txt"
    wanted = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    names = [path.name for path in paths]
    if missing := missing_jars(names, wanted):
        raise ConfigError(f"jars are missing: {', '.join(missing)}", INSTALL_JARS)
    delta = next((match for name in names if (match := DELTA_JAR.search(name))), None)
    libraries = version("pyspark").rpartition(".")[0], version("delta-spark")
    if delta is None or delta.groups() != libraries:
        found = "is missing" if delta is None else f"{delta[2]} for Spark {delta[1]} is there"
        raise ConfigError(f"the jar of Delta {libraries[1]} for Spark {libraries[0]} is needed, and {found}", INSTALL_JARS)
    return f"{len(names)}, Delta {delta[2]} for Spark {delta[1]}"


def missing_jars(names: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """Coordinates, as `org.mariadb.jdbc:mariadb-java-client:3.5.6`, without a file among those names."""
    coordinates = [line.strip() for line in wanted if line.strip() and not line.startswith("#")]
    return [each for each in coordinates if not any(name.endswith("{1}-{2}.jar".format(*each.split(":"))) for name in names)]


def check_disks(settings: Settings) -> str:
    """Room where runs write on this machine, a place for each disk. WriteError (73) for a disk without any."""
    places: dict[int, str] = {}
    for place in places_of(settings):
        places.setdefault(nearest(place).stat().st_dev, place)
    free = {place: shutil.disk_usage(nearest(place)).free for place in places.values()}
    needed = lake_bytes(settings.lake_root) if delta_files.is_local(settings.lake_root) and not settings.catalog else 0
    return "\n".join(room(free, {settings.lake_root: needed}))


def room(free: Mapping[str, int], needed: Mapping[str, int]) -> list[str]:
    """What to say of free bytes by place, if building all tables of a place anew writes so many bytes."""
    for place, found in free.items():
        if found < LITTLE:
            raise WriteError(f"no room on the disk of {place}: {size(found)} free", MAKE_ROOM)
    tight = [place for place, found in free.items() if found < needed.get(place, 0)]
    notes = [f"{place}: a night that builds all tables anew writes {size(needed[place])}, {size(free[place])} are free" for place in tight]
    return [", ".join(f"{size(found)} free at {place}" for place, found in free.items()), *notes]


def lake_bytes(root: str) -> int:
    """Bytes of the files of all tables as they are now: what a lake's tables take that are built in full beside the old ones."""
    tables = (delta_files.opened(str(log.parent)) for log in Path(root).glob("*/*/_delta_log"))
    return sum(sum(delta_files.file_sizes(table)) for table in tables if table is not None)


def size(count: int) -> str:
    """As `640 MB`, `77.9 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
