"""The worked notebooks run from top to bottom; their numbers come from the data."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "docs" / "examples").glob("*.ipynb"))


def test_there_are_three():
    assert len(EXAMPLES) == 3


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_notebook_runs(path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not stored; the data are newer"
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    printed = [cell for cell in notebook.cells if cell.get("outputs")]
    assert len(printed) >= len([cell for cell in notebook.cells if cell.cell_type == "code"]) - 1
