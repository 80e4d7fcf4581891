"""A step's fingerprint follows the code it imports and its parameters, and nothing else."""

import gc
import sys
from collections.abc import Iterator
from datetime import date
from importlib import invalidate_caches
from pathlib import Path
from threading import Thread

import pytest

from lakehouse import fingerprint as fingerprints
from lakehouse.fingerprint import fingerprint, imported, source
from lakehouse.flow import STEPS
from lakehouse.parameters import ShopRules

MODULES = {
    "__init__.py": "",
    "recipe.py": "from parcel.flour import weight\nimport json\n",
    "flour.py": "from parcel import mill\nweight = 1\n",
    "mill.py": "stones = 2\n",
    "oven.py": "heat = 3\n",
}


@pytest.fixture
def parcel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package in which `recipe` imports `flour`, that imports `mill`; nobody imports `oven`."""
    folder = tmp_path / "parcel"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(fingerprints, "PACKAGE", "parcel")
    _forget()
    yield folder
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "parcel"]:
        del sys.modules[name]
    invalidate_caches()
    imported.cache_clear()
    source.cache_clear()


@pytest.mark.parametrize("changed", ["recipe.py", "flour.py", "mill.py"])
def test_a_change_in_the_module_or_in_any_that_it_imports_changes_the_fingerprint(parcel: Path, changed: str) -> None:
    before = fingerprint("parcel.recipe")
    (parcel / changed).write_text(MODULES[changed] + "more = 1\n")
    _forget()
    assert fingerprint("parcel.recipe") != before


def test_what_a_build_only_says_is_none_of_its_fingerprint(parcel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "NOT_WRITTEN", "parcel.oven")
    (parcel / "recipe.py").write_text("from parcel import oven\nfrom parcel.flour import weight\n")
    _forget()
    assert imported("parcel.recipe") == {"parcel", "parcel.recipe", "parcel.flour", "parcel.mill"}


def test_no_step_depends_on_how_lines_of_progress_look() -> None:
    assert not {name for step in STEPS for name in imported(step.build.__module__) if name.startswith("lakehouse.io.host")}


def test_a_change_in_a_module_that_is_not_imported_does_not(parcel: Path) -> None:
    before = fingerprint("parcel.recipe")
    (parcel / "oven.py").write_text("heat = 4\n")
    _forget()
    assert fingerprint("parcel.recipe") == before
    assert imported("parcel.recipe") == {"parcel", "parcel.recipe", "parcel.flour", "parcel.mill"}


def test_silver_orders_hangs_on_its_helpers_and_source_but_not_on_gold() -> None:
    names = imported("lakehouse.silver.orders")
    assert {"lakehouse.silver.orders", "lakehouse.silver.order_rows", "lakehouse.expressions", "lakehouse.table"} <= names
    assert {"lakehouse.parameters", "lakehouse.sources.source"} <= names
    assert not [name for name in names if name.startswith(("lakehouse.gold", "lakehouse.io", "lakehouse.recommend"))]


def test_a_module_imported_by_name_from_its_package_is_followed() -> None:
    # evaluation says `from lakehouse.recommend import baselines`.
    assert {"lakehouse.recommend.evaluation.baselines", "lakehouse.gold.product_popularity"} <= imported(
        "lakehouse.recommend.evaluation.judge"
    )


def test_a_changed_value_changes_the_fingerprint_and_an_equal_one_does_not() -> None:
    def of(*values: object) -> str:
        return fingerprint("lakehouse.silver.orders", *values)

    shops = (ShopRules("nl", "Europe/Amsterdam"),)
    found = [
        of(),
        of(shops),
        of((ShopRules("nl", "Europe/Paris"),)),
        of((ShopRules("nl", "Europe/Amsterdam", ("completed",)),)),
        of(shops, date(2026, 7, 1)),
        of(shops, date(2026, 7, 2)),
        of("1"),
        of(1),
    ]
    assert len(set(found)) == len(found)
    assert of((ShopRules("nl", "Europe/Amsterdam"),)) == of(shops)
    assert len(of()) == 64


def test_a_build_does_not_depend_on_contracts_of_files_that_it_does_not_use() -> None:
    """Else a comment in one of them would build silver.orders anew."""
    contracts = {f"lakehouse.sources.{name}" for name in ("mobile_app", "wholesalers", "other_feeds", "feeds")}
    assert {step.name for step in STEPS if contracts & imported(step.build.__module__)} <= {
        "ops.unmatched_products",
        "silver.wholesale_offers",
    }


def test_several_threads_may_ask_at_once() -> None:
    """Python 3.11.7 raised SystemError where two threads made syntax trees and one of them collected garbage."""
    before, wrong, every = gc.get_threshold(), list[BaseException](), sys.getswitchinterval()

    class Litter:
        def __del__(self) -> None:
            sum(range(200))

    def ask() -> None:
        for _ in range(60):
            litter = Litter()
            litter.itself = litter  # type: ignore[attr-defined]
            try:
                fingerprints._imports.__wrapped__("lakehouse.cli")
            except SystemError as error:
                wrong.append(error)

    gc.set_threshold(50, 2, 2)
    sys.setswitchinterval(5e-5)
    try:
        threads = [Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        sys.setswitchinterval(every)
    assert wrong == []
