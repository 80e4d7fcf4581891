"""The notebooks run from top to bottom on a lake of the demo shop, and are stored without what they showed."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from tests.support.demo_lake import DemoLake

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_A_CELL = 300
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


@every_notebook
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    cells = [cell for cell in _read(path).cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count is not None] == []


@pytest.mark.spark
@pytest.mark.database
@every_notebook
def test_a_notebook_runs_on_the_demo_lake(path: Path, demo_lake: DemoLake, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in demo_lake.environment.items():
        monkeypatch.setenv(variable, value)
    notebook = _read(path)
    # A cell that fails raises CellExecutionError, with the cell and its traceback.
    NotebookClient(notebook, timeout=SECONDS_A_CELL, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any(output.output_type == "execute_result" for output in shown), "a notebook that shows nothing"
