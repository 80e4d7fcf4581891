"""The house's plan: imports run one way, outside libraries have one door each, importing starts no JVM."""

import ast
import subprocess
import sys
import time
from collections import Counter
from configparser import ConfigParser
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "lakehouse"
# From the ground up; a module imports from its own row or from those before it. A room of `io` is a room of its own.
ROWS = [
    ("errors",),
    ("table", "checksum", "expressions", "arrow_frames", "parameters", "scope", "fingerprint"),
    ("incident", "sample_keys", "spark_sql", "night", "experiment"),
    ("checks",),
    ("sources",),
    ("privacy",),
    ("io.config",),
    ("io.s3",),
    ("io.host",),
    ("io.files", "io.packs"),
    ("io.delta",),
    ("io.spark", "io.mysql"),
    ("io.postgres",),
    ("ops",),
    ("io.mlflow", "io.alerts", "io.quality"),
    ("bronze",),
    ("silver",),
    ("gold",),
    ("recommend",),
    ("export",),
    ("flow",),
    ("pipeline",),
    ("lake",),
    ("runs",),
    ("stages",),
    ("inspect",),
    ("backtest",),
    ("demo",),
    ("cli",),
]
LEVEL = {name: level for level, row in enumerate(ROWS) for name in row}
ONE_DOOR = {
    "mlflow": {"io/mlflow/model_registry.py", "io/mlflow/experiments.py"},
    "pymysql": {"io/mysql/shop_database.py", "io/mysql/replica.py"},
    "psycopg": {"io/postgres/postgres_database.py"},
    "deltalake": {"io/delta/delta_files.py", "io/delta/delta_tidy.py"},
    "duckdb": {"io/delta/delta_files.py"},
    "sqlglot": {"spark_sql/parsing.py"},
    "great_expectations": {"io/quality/suites.py", "io/quality/expectations.py", "io/quality/data_docs.py"},
    "boto3": {"io/s3/s3_objects.py"},
    "phonenumbers": {"privacy/phones.py"},
    "email_validator": {"privacy/emails.py"},
    "rich": {"io/host/terminal.py"},
    "prometheus_client": {"io/alerts/metrics_file.py"},
}
MODULES = sorted(SRC.rglob("*.py"))

# Private attributes of PySpark that are objects of the JVM, and the context that only a classic session has.
IN_THE_JVM = {"_jvm", "_jsparkSession", "_jsc", "_jdf", "_sc", "sparkContext", "SparkContext", "_active_spark_context"}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "lakehouse":
                names |= {f"lakehouse.{alias.name}" for alias in node.names}
    return names


def part(module: str) -> str:
    """The row's name for a module of this package."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2]) if parts[:1] == ["io"] else parts[0] if parts else ""


def module_of(path: Path) -> str:
    return ".".join(["lakehouse", *path.relative_to(SRC).with_suffix("").parts])


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent != SRC or p.stem != "__init__"], ids=lambda p: str(p.relative_to(SRC)))
def test_imports_run_one_way(path: Path) -> None:
    own = part(module_of(path))
    above = {name for name in imports(path) if name.startswith("lakehouse.") and LEVEL[part(name)] > LEVEL[own]}
    assert not above, f"{own} must not know {above}"


@pytest.mark.parametrize("library", ONE_DOOR)
def test_an_outside_library_has_one_door(library: str) -> None:
    users = {str(p.relative_to(SRC)) for p in MODULES if any(n == library or n.startswith(library + ".") for n in imports(p))}
    # The demo shop is a tool of its own beside the product: it fills a database that it started itself.
    assert {user for user in users if not user.startswith("demo/")} == ONE_DOOR[library]


def test_only_one_module_reaches_into_the_jvm() -> None:
    """Spark Connect has none, and that of Databricks has other classes."""
    users = set()
    for path in MODULES:
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {node.attr if isinstance(node, ast.Attribute) else node.id for node in tree if isinstance(node, ast.Attribute | ast.Name)}
        if names & IN_THE_JVM or any(name.startswith("delta.") for name in imports(path)):
            users.add(str(path.relative_to(SRC)))
    assert users == {"io/spark/classic_session.py"}


def test_no_import_runs_in_a_circle() -> None:
    """Neither between modules nor between rooms, which are the folders."""
    known = {module_of(path): path for path in MODULES if path.name != "__init__.py"}
    between = {name: {other for other in each_import(path) if other in known and other != name} for name, path in known.items()}
    TopologicalSorter(between).prepare()
    rooms: dict[Path, set[Path]] = {}
    for name, others in between.items():
        own = room(known[name])
        rooms.setdefault(own, set()).update(found for other in others if (found := room(known[other])) != own)
    TopologicalSorter(rooms).prepare()


def room(path: Path) -> Path:
    """The folder; a module that lies on top is a room of its own."""
    return path if path.parent == SRC else path.parent


def each_import(path: Path) -> set[str]:
    """The modules: of `from lakehouse.io.host import logs` it is `lakehouse.io.host.logs`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_room_is_crowded() -> None:
    """Layers with a module a table may have more."""
    counts = Counter(path.parent.relative_to(SRC).as_posix() for path in MODULES)
    assert {room: count for room, count in counts.items() if count > 15} == {"silver": counts["silver"]}


def test_every_room_is_installed() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    rooms = {".".join(["lakehouse", *path.parent.relative_to(SRC).parts]) for path in MODULES}
    assert set(setup["options"]["packages"].split()) == {*rooms, "lakehouse.conf"}


def test_io_knows_no_concrete_table() -> None:
    for path in (SRC / "io").rglob("*.py"):
        assert not {part(name) for name in imports(path)} & {"silver", "gold", "bronze", "recommend"}, path


def test_a_table_module_takes_no_build_of_another() -> None:
    for path in [*(SRC / "silver").glob("*.py"), *(SRC / "gold").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("lakehouse.silver", "lakehouse.gold")):
                assert "build" not in {alias.name for alias in node.names}, path


def test_modules_are_small() -> None:
    lengths = [len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES if p.name != "__init__.py"]
    assert median(lengths) < 150
    assert max(lengths) < 260


def test_importing_the_flow_starts_no_jvm() -> None:
    code = "import lakehouse.flow, pyspark; assert pyspark.SparkContext._active_spark_context is None and pyspark.SparkContext._jvm is None"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_help_is_given_without_heavy_libraries() -> None:
    code = "import sys; from lakehouse.cli import main; main(['--help']); print([m for m in ('pyspark', 'mlflow') if m in sys.modules])"
    start = time.monotonic()
    found = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert found.stdout.splitlines()[-1] == "[]", f"after {time.monotonic() - start:.1f} s"
    assert "night" in found.stdout


def test_no_two_files_of_tests_have_one_name() -> None:
    # pytest knows them by it, but in packages: the second one would not be collected.
    files = (path for path in Path(__file__).parent.rglob("test_*.py") if not (path.parent / "__init__.py").exists())
    assert [name for name, times in Counter(path.name for path in files).items() if times > 1] == []
