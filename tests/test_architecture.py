"""The house's plan: imports run one way, outside libraries have one door each, importing starts no JVM."""

import ast
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "lakehouse"
# From the ground up; a module imports from its own row or from those before it.
ROWS = [
    ("errors",),
    ("table", "checksum", "expressions", "frames", "parameters", "scope", "fingerprint", "incident", "sample_keys", "spark_sql", "night"),
    ("quality",),
    ("sources",),
    ("privacy",),
    ("io",),
    ("bronze", "loading"),
    ("silver",),
    ("gold",),
    ("recommend",),
    ("export",),
    ("flow",),
    ("decision", "lake", "declared"),
    ("pinned", "recording"),
    ("runner", "lanes"),
    ("tasks",),
    ("demo",),
    ("cli",),
]
LEVEL = {name: level for level, row in enumerate(ROWS) for name in row}
ONE_DOOR = {
    "mlflow": {"io/model_registry.py", "io/experiments.py"},
    "pymysql": {"io/shop_database.py", "io/replica.py"},
    "deltalake": {"io/delta_files.py", "io/delta_tidy.py"},
    "duckdb": {"io/delta_files.py"},
    "sqlglot": {"spark_sql/parsing.py"},
    "great_expectations": {"io/expectations.py", "io/data_docs.py"},
    "boto3": {"io/s3_files.py"},
    "prometheus_client": {"io/metrics_file.py"},
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
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent != SRC or p.stem != "__init__"], ids=lambda p: str(p.relative_to(SRC)))
def test_imports_run_one_way(path: Path) -> None:
    own = path.relative_to(SRC).parts[0].removesuffix(".py")
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
    assert users == {"io/classic_session.py"}


def test_io_knows_no_concrete_table() -> None:
    for path in (SRC / "io").glob("*.py"):
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
