"""Pictures of a table stay readable, however many entries it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from qml.reproduce import Outcome, Row, Table, reproduce
from qml.reproduce.plots import save_curves, save_table
from qml.reproduce.run import Summary
from tests.qml.reproduce.tiny import entry


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    figures: list[Figure] = []
    monkeypatch.setattr("qml.reproduce.plots._save", lambda figure, path: figures.append(figure))
    return figures


def summary(tmp_path: Path, n_rows: int, epochs: int, seeds: dict[int, float]) -> Summary:
    def train(job: Any) -> Outcome:
        value = seeds[job.seed]
        return Outcome(value, 3, 1.0, (value,) * epochs)

    rows = [Row(f"r{k}", entry(f"network-{k}-of-many-with-a-name", train)) for k in range(n_rows)]
    return reproduce(Table("t", "A title", "R", tuple(rows)), tmp_path, seeds=tuple(seeds))


@pytest.mark.parametrize("n_rows", [1, 12, 30])
def test_the_legend_leaves_the_curves_their_room(
    tmp_path: Path, drawn: list[Figure], n_rows: int
) -> None:
    save_curves(summary(tmp_path, n_rows, 4, {0: 0.5}), tmp_path / "x.png")
    figure = drawn[-1]
    figure.canvas.draw()
    (axes,) = figure.axes
    assert len(axes.lines) == n_rows
    assert axes.get_position().height > 0.6
    assert axes.get_position().width > 0.3


def test_one_epoch_has_one_tick(tmp_path: Path, drawn: list[Figure]) -> None:
    save_curves(summary(tmp_path, 2, 1, {0: 0.5}), tmp_path / "x.png")
    (axes,) = drawn[-1].axes
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]


def test_no_accuracy_above_one_is_drawn(tmp_path: Path, drawn: list[Figure]) -> None:
    save_table(summary(tmp_path, 2, 1, {0: 0.2, 1: 1.0}), tmp_path / "x.png")
    (axes,) = drawn[-1].axes
    assert axes.get_xlim()[0] >= -0.02
    assert axes.get_xlim()[1] <= 1.02
