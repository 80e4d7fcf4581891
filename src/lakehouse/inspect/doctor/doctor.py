"""Is everything there that a night needs? One line per finding, with what to do about a problem, and what is worth a look."""

import grp
import os
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path

from lakehouse.errors import ConfigError, LakehouseError
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.inspect.doctor import database, machine, shop
from lakehouse.inspect.doctor import lake as of_lake
from lakehouse.inspect.text_tables import RowFormat, as_rows
from lakehouse.io.alerts.alert_sinks import named
from lakehouse.io.config.secrets import open_secrets, resolve
from lakehouse.io.config.settings import Settings, load_settings
from lakehouse.io.files.file_backends import drop_folder
from lakehouse.io.host.s3_lock import prove
from lakehouse.io.s3.s3_objects import QUICK, S3Objects
from lakehouse.io.spark.classic_session import blas_name
from lakehouse.io.spark.session import is_small_lake, size_told, spark_session
from lakehouse.lake import Lake
from lakehouse.ops import pseudonym_key


@dataclass(frozen=True)
class Finding:
    """What a check says: `state` is ok, note or problem. Only a problem has something to do and an exit code."""

    state: str
    check: str
    found: str
    todo: str = ""
    exit_code: int = 0

    @property
    def line(self) -> str:
        """One line of text for a terminal."""
        return f"{self.state:<8} {self.check}: {self.found}" + (f" -> {self.todo}" if self.todo else "")


def doctor(env: str, output: RowFormat = RowFormat.TABLE) -> int:
    """Print the findings; 0 if nothing stands in the way of a night, else the exit code of the first problem.

    As a table each is a line that is printed as soon as it is known.
    """
    return report(_checks(load_settings(env)), output)


def _checks(settings: Settings) -> list[tuple[str, Callable[[], str]]]:
    """Of each the name, and what gives a line of what it found, and notes below it."""
    lake = cache(lambda: Lake(settings))
    checks: list[tuple[str, Callable[[], str]]] = [
        ("folders", lambda: _folders(settings)),
        ("disks", lambda: machine.check_disks(settings)),
        ("java", machine.check_java),
        ("jars", lambda: machine.check_jars(settings)),
        ("spark", lambda: _spark(settings)),
        ("catalog", lambda: of_lake.check_catalogs(settings)),
        ("runs", lambda: of_lake.check_runs(lake())),
    ]
    checks.append(("pseudonym key", lambda: _key(lake())))
    checks.append(("alerts", lambda: _alerts(settings)))
    checks.append(("campaigns", _campaigns))
    checks += [(f"shop {code}", lambda code=code: shop.check(code, settings.shops[code])) for code in settings.shops]  # type: ignore[misc]
    checks += [(f"database {code}", lambda code=code: database.check(code, settings.databases[code])) for code in settings.databases]  # type: ignore[misc]
    return checks


def report(checks: Iterable[tuple[str, Callable[[], str]]], output: RowFormat) -> int:
    """Print what each check finds. The exit code of the first problem; 0 if there is none."""
    findings: list[Finding] = []
    for name, check in checks:
        told = _findings(name, check)
        findings += told
        if output == RowFormat.TABLE:
            print("\n".join(finding.line for finding in told), flush=True)
    if output != RowFormat.TABLE:
        names = [field.name for field in fields(Finding)]
        print(as_rows(names, [list(astuple(finding)) for finding in findings], output))
    return next((finding.exit_code for finding in findings if finding.exit_code), 0)


def _findings(name: str, check: Callable[[], str]) -> list[Finding]:
    try:
        found, *notes = check().splitlines()
    except LakehouseError as error:
        return [Finding("problem", name, str(error), error.todo, error.exit_code)]
    return [Finding("ok", name, found), *(Finding("note", name, note) for note in notes)]


def _folders(settings: Settings) -> str:
    if settings.drop_root and not drop_folder(settings.drop_root).is_there():
        raise ConfigError(f"drop_root {settings.drop_root} can't be read", "make or mount it, or leave out the setting")
    found = check_roots(settings)
    if settings.lock == "s3":
        prove(settings.lake_root)
    return found


def check_roots(settings: Settings) -> str:
    """The roots that a night writes to. ConfigError (2) for one that it can't, or the error of a bucket that is away or refuses."""
    roots = [settings.lake_root, settings.vault_root, settings.export_root, *filter(None, [settings.outbox_root])]
    for root in (root for root in roots if root.startswith(("s3://", "s3a://"))):
        S3Objects(root, QUICK).check()
    for root in (root for root in roots if "://" not in root):
        nearest = next(path for path in (Path(root).resolve(), *Path(root).resolve().parents) if path.exists())
        if not os.access(nearest, os.W_OK):
            raise ConfigError(f"{root} cannot be written", "change the rights of the folder or the setting")
    if settings.export_group is not None:
        try:
            grp.getgrnam(settings.export_group)
        except KeyError:
            raise ConfigError(f"there is no group {settings.export_group} on this machine", "make it or correct export_group") from None
    return ", ".join(roots)


def _spark(settings: Settings) -> str:
    is_small = is_small_lake(settings)
    spark = spark_session(settings, is_small=is_small)
    held = f"{size_told(is_small)}, up to {settings.small_rows} rows are held by the driver"
    return f"{spark.version}, UTC, {_blas(blas_name(spark))}; {held}"


def _blas(name: str | None) -> str:
    if name is None:
        return "BLAS that of the server"
    native = "native" if "JNI" in name else "Java only: training takes about 1.75 times as long; install libopenblas0-pthread"
    return f"BLAS {name.rsplit('.', 1)[-1]} ({native})"


def _key(lake: Lake) -> str:
    """Whether it can be read and is this lake's, and who else can read it."""
    reference = lake.settings.pseudonym_key or f"file:{lake.settings.vault_root}.key"
    if pseudonym_key.is_made(lake.settings, lake.store):
        return f"{reference}, which the first run makes"
    pseudonym_key.check_key(lake.settings, lake.store)
    return "\n".join([reference, *open_secrets([reference])])


def _alerts(settings: Settings) -> str:
    """Addresses and keys can be read; nothing is sent."""
    references = [reference for sink in settings.alerts for reference in sink.secrets]
    for reference in references:
        resolve(reference)
    told = ", ".join(name for name, _ in named(settings.alerts)) or "none: nobody is told"
    return "\n".join([told, *open_secrets(references)])


def _campaigns() -> str:
    """They fit their profiles and texts."""
    declared = read_campaigns().campaigns.values()
    return ", ".join(f"{each.name} ({each.profile})" for each in declared) or "none: nothing is exported"
