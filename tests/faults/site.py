"""A small shop, a lake after one night, a day of trade after it, and what undisturbed nights make of that: made once, kept."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from lakehouse.demo.store.server import Server, start
from lakehouse.demo.vendor_files import write_files
from lakehouse.demo.world.truth import read_state
from tests.support.demo_lake import PASSWORD, lake_for
from tests.support.demo_shop import Shop, make_shop

ROOT = Path(__file__).parents[2]
# A night on an empty lake; one after a day of trade; the same with a training.
Start = Literal["first", "second", "due"]
STARTS: dict[Start, dict[str, str]] = {"first": {}, "second": {}, "due": {"LAKEHOUSE_TRAIN_EVERY_DAYS": "1"}}
TRADE, RUN_DATE, BASE_DATE = date(2026, 11, 16), "2026-11-17", "2026-11-16"
# The places that a night writes to. The last one is for scratch files.
PLACES = ("lake", "vault", "export", "outbox", "mlflow", "tmp")
LIMIT = 600


@dataclass(frozen=True)
class Night:
    """How a night ended: its exit code (negative: the signal that killed it), what it said, how long it took."""

    code: int
    log: str
    seconds: float

    @property
    def last_line(self) -> str:
        return (self.log.strip().splitlines() or [""])[-1]


@dataclass(frozen=True)
class Site:
    """Where everything is. Nights always work in `work`, since MLflow remembers absolute paths."""

    folder: Path
    server: Server

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def begin(self, start: Start) -> None:
        """The work folder as the night finds it."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        for place in PLACES:
            self.fill(place, start)

    def fill(self, place: str, start: Start) -> None:
        """One place as the night finds it."""
        if start == "first" or place == "tmp":
            (self.work / place).mkdir(exist_ok=True)
        else:
            shutil.copytree(self.folder / "base" / place, self.work / place, dirs_exist_ok=True)

    def environment(self, start: Start, port: int | None = None, **changes: str) -> dict[str, str]:
        """The variables of a night; `port` is another door to the database."""
        scratch = self.work / "tmp"
        spark = {
            "spark.driver.memory": "2g",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            # As many nights as processors: what optimises one takes the time of another.
            "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
            f" -XX:ReservedCodeCacheSize=256m -Djava.io.tmpdir={scratch}",
        }
        own = {name: value for name, value in os.environ.items() if not name.startswith("LAKEHOUSE_")}
        roots = {f"LAKEHOUSE_{name.upper()}_ROOT": str(self.work / name) for name in ("lake", "vault", "export", "outbox")}
        return {
            **own,
            **roots,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "TMPDIR": str(scratch),
            "LAKEHOUSE_DROP_ROOT": str(self.folder / "drop"),
            "LAKEHOUSE_TRACKING_URI": f"sqlite:///{self.work}/mlflow/mlflow.db",
            "LAKEHOUSE_PSEUDONYM_KEY": f"file:{self.folder / 'pseudonym.key'}",
            "LAKEHOUSE_SPARK": json.dumps(spark),
            "LAKEHOUSE_SHOPS__NL__URL": f"jdbc:mysql://127.0.0.1:{port or self.server.port}/faults",
            "LAKEHOUSE_SHOPS__NL__USER": "faults_reader",
            "LAKEHOUSE_SHOPS__NL__PASSWORD": "env:SHOP_PASSWORD",
            "LAKEHOUSE_SHOPS__NL__LEGAL_GROUND": "existing_customers",
            "LAKEHOUSE_SHOPS__NL__PREFIX": "wp_",
            "LAKEHOUSE_SHOPS__NL__TIME_ZONE": "Europe/Amsterdam",
            "LAKEHOUSE_SHOPS__NL__SOCKET_TIMEOUT_SECONDS": "4",
            "SHOP_PASSWORD": PASSWORD,
            **STARTS[start],
            **changes,
        }

    def start_night(self, start: Start, *, fault: str = "", run_date: str = RUN_DATE, **changes: Any) -> "subprocess.Popen[str]":
        """A night in a process group of its own. With a fault it is started by the driver that numbers borders (driver.py)."""
        program = ["-m", "tests.faults.driver"] if fault else ["-c", "from lakehouse.cli import main; main()"]
        environment = {**self.environment(start, **changes), "FAULT": fault}
        (self.work / "tmp").mkdir(exist_ok=True)
        command = [sys.executable, *program, "night", "--run-date", run_date]
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def night(self, start: Start, **options: Any) -> Night:
        """A whole night, to its end."""
        begin = time.monotonic()
        with self.start_night(start, **options) as process:
            try:
                log = process.communicate(timeout=LIMIT)[1]
            except BaseException:
                os.killpg(process.pid, 9)
                raise
        return Night(process.returncode, log, time.monotonic() - begin)

    def reference(self, start: Start) -> Path:
        """Where the undisturbed night's work is kept, beside `seconds`, its `borders`, and what it wrote to each place."""
        return self.folder / f"reference-{start}"

    def facts(self, start: Start) -> dict[str, Any]:
        return dict(json.loads((self.reference(start) / "facts.json").read_text()))


def open_site(folder: Path) -> Site:
    """The site with its server, which runs then."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return Site(folder, start(folder / "mariadb"))


def prepare(site: Site, starts: Iterable[Start]) -> None:
    """Make what is missing: the shop, its first night, and the undisturbed nights."""
    made = site.folder / "made"
    if not made.exists() or made.read_text() != code_hash():
        print(f"{site.folder.name}: making a shop, its first night, and an undisturbed one of each kind: some minutes", flush=True)
        _make(site)
        made.write_text(code_hash())
    for each in starts:
        if not site.reference(each).exists():
            _make_reference(site, each)
            known = site.facts(each)
            print(f"{site.folder.name}: {each} night: {known['seconds']:.0f} s, {len(known['borders'])} borders", flush=True)


def code_hash() -> str:
    """Of what the nights run: other code makes other lakes."""
    files = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "conf").glob("*.yaml"))]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _make(site: Site) -> None:
    """The shop, its vendors' files, a night, a day of trade and the files of that day."""
    folder = site.folder
    (folder / "made").unlink(missing_ok=True)
    for name in ("base", "drop", "truth", *(f"reference-{name}" for name in STARTS)):
        shutil.rmtree(folder / name, ignore_errors=True)
    shop = make_shop(site.server, "faults", folder / "truth")
    lake_for(shop, folder)
    (folder / "pseudonym.key").write_text("0123456789abcdef" * 4)
    # One of an order that the day of trade touches, one of an order that stays as it is.
    for number in (30, 700):
        _break_a_line(shop, number)
    write_files(folder / "drop", folder / "truth", read_state(folder / "truth"))
    site.begin("first")
    _need_success(site.night("first", run_date=BASE_DATE), "the first night")
    (site.work / "tmp").rename(folder / "tmp-of-base")
    shutil.rmtree(folder / "tmp-of-base")
    site.work.rename(folder / "base")
    shop.live_day(TRADE)
    write_files(folder / "drop", folder / "truth", read_state(folder / "truth"))


def _break_a_line(shop: Shop, number: int) -> None:
    """It goes to quarantine: its quantity is no number."""
    items = "wp_woocommerce_order_items i join wp_wc_orders o on o.id = i.order_id and o.type = 'shop_order'"
    newest = f"select order_item_id from {items} where order_item_type = 'line_item' order by order_item_id desc limit 1 offset {number}"
    shop.rows(
        "update wp_woocommerce_order_itemmeta set meta_value = '?' where meta_key = '_qty' and order_item_id = %s", shop.number(newest)
    )


def _make_reference(site: Site, start: Start) -> None:
    site.begin(start)
    before = {place: _size(site.work / place) for place in PLACES}
    night = site.night(start, fault="count")
    _need_success(night, f"the undisturbed {start} night")
    borders = (site.work / "tmp" / "borders").read_text().splitlines()
    wrote = {place: _size(site.work / place) - before[place] for place in PLACES}
    facts = {"seconds": night.seconds, "borders": borders, "wrote": wrote, "lines": night.log.splitlines()}
    (site.work / "facts.json").write_text(json.dumps(facts, indent=1))
    shutil.rmtree(site.work / "tmp")
    site.work.rename(site.reference(start))


def _need_success(night: Night, what: str) -> None:
    if night.code != 0:
        raise RuntimeError(f"{what} failed with {night.code}:\n{night.log}")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
