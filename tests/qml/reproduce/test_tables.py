"""Every table runs at smoke scale, and its entries are of the sizes that it claims."""

from __future__ import annotations

import math

import pytest

from qml.models import QCNN, GradualReplacement, HamiltonianEmbedding, HQNNParallel
from qml.reproduce import TABLES, reproduce
from qml.reproduce.tables.qcnn import GRIDS
from qml.reproduce.tables.qkan_function import network, points, target

SLACK = 0.2
"""By how much a twin's number of parameters may differ at smoke scale, where models are tiny."""


@pytest.mark.parametrize("name", TABLES)
def test_every_table_runs(name, tmp_path, monkeypatch):
    monkeypatch.setattr("qml.reproduce.run.save_table", lambda summary, path: None)
    monkeypatch.setattr("qml.reproduce.run.save_curves", lambda summary, path: None)
    table = TABLES[name]
    summary = reproduce(table, tmp_path, scale="smoke")
    for entry in table.entries():
        cell = summary.cells[entry.name]
        assert cell.values
        assert all(math.isfinite(value) and value >= 0 for value in cell.values)
        if table.metric == "accuracy":
            assert all(value <= 1 for value in cell.values)
        assert cell.trainings
        assert cell.parameters > 0
    text = (tmp_path / "table.md").read_text()
    assert table.title in text
    assert "1 epochs" not in text
    assert "1 steps" not in text
    if any("of digits" in how for cell in summary.cells.values() for how in cell.trainings):
        assert "embedded digits" in text


@pytest.mark.parametrize("name", TABLES)
def test_published_numbers_have_sources_and_scales_have_texts(name):
    table = TABLES[name]
    assert set(table.scales) == {"smoke", "small", "paper"}
    for entry in table.entries():
        if entry.published is not None:
            assert len(entry.published.source) > 20
            assert entry.published.value > 0
            assert table.metric == "loss" or entry.published.value <= 1


def test_parameters_are_those_of_the_papers_and_of_the_twins(tmp_path):
    summary = reproduce(TABLES["qkan-mnist"], tmp_path, scale="smoke")
    found = {name: cell.parameters for name, cell in summary.cells.items()}
    assert found == {"qkan": 1884, "mlp": 1934}
    for model in (
        HamiltonianEmbedding(784, 8, layers=20),
        GradualReplacement(784, 10, level=2),
        HQNNParallel(784, 10),
    ):
        twin = model.classical_twin()
        assert abs(twin.n_parameters / model.n_parameters - 1) < 0.07
    for block in ("TTN", "U15", "SO4", "U5", "SU4"):
        size = QCNN(256, 2, block=block).n_parameters
        assert abs(2 * (GRIDS[size] ** 2 + 1) / size - 1) < SLACK


def test_the_function_and_its_network():
    x, x_test = points(3)
    assert x.shape == x_test.shape == (1000, 2)
    assert float(x.abs().max()) <= 1
    assert not (x[:, None] == x_test[None]).all(-1).any()
    value = math.exp(math.sin(math.pi * float(x[5, 0])) + float(x[5, 1]) ** 2)
    assert float(target(x)[5, 0]) == pytest.approx(value)
    assert network(20, 0).n_parameters == 1275
