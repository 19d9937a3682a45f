"""Every notebook runs with tiny settings, and is stored as a person wants to read it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("ipykernel", reason="notebooks need the extra 'notebooks'")
pytest.importorskip("nbclient", reason="notebooks need the extra 'notebooks'")
nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra 'notebooks'")

from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from notebooks.execute import FOLDER, METADATA, execute
from tests.notebooks.settings import SETTINGS, replace_settings

PATHS = sorted(FOLDER.glob("*.ipynb"))
OPTIONAL = ("gymnasium", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "pennylane")
ABSOLUTE = re.compile(r"(?<![\w/:.<\]])/[A-Za-z_][\w.-]*/[\w.-]|\b[A-Z]:\\")

each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell):
    """What a cell says, in its source and its outputs."""
    yield cell.source
    for output in cell.get("outputs", ()):
        yield output.get("text", "")
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield content


def test_there_are_settings_for_every_notebook():
    assert {path.stem for path in PATHS} == set(SETTINGS) != set()


@each
def test_runs_with_tiny_settings(path, tmp_path):
    notebook = read(path)
    for name in OPTIONAL:
        if any(re.search(rf"^(from|import) {name}\b", c.source, re.M) for c in notebook.cells):
            pytest.importorskip(name, reason=f"{path.name} uses the optional package {name}")
    execute(replace_settings(notebook, SETTINGS[path.stem]), tmp_path, timeout=300)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_cell_is_noticed(tmp_path):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(new_notebook(cells=[new_code_cell("1 / 0")]), tmp_path)


@pytest.mark.parametrize(
    ("source", "tags"), [("EPOCHS = 10", []), ("EPOCHS, SHOTS = 10, 20", ["settings"])]
)
def test_settings_that_do_not_fit_are_noticed(source, tags):
    notebook = new_notebook(cells=[new_code_cell(source, metadata={"tags": tags})])
    with pytest.raises(AssertionError, match="settings"):
        replace_settings(notebook, "EPOCHS = 1")


@each
def test_is_stored_with_the_outputs_of_one_run(path):
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


@each
def test_is_small_and_says_nothing_about_the_machine(path):
    notebook = read(path)
    assert path.stat().st_size < 1.5 * 2**20
    assert notebook.metadata == METADATA
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    found = [text for cell in notebook.cells for text in texts(cell) if ABSOLUTE.search(text)]
    assert not found


@pytest.mark.parametrize(
    ("text", "absolute"),
    [
        ("open('/home/ann/data.csv')", True),
        ("/usr/lib/x.py:3: UserWarning", True),
        (r'"C:\data"', True),
        ("https://arxiv.org/abs/2008.08605", False),
        ("a / b, x[0]/2", False),
    ],
)
def test_absolute_paths_are_recognised(text, absolute):
    assert bool(ABSOLUTE.search(text)) == absolute
