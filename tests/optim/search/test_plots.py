"""Pictures of searches: what they show, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from circuits.errors import InvalidArgumentError
from optim.problems import Problem
from optim.search.crlqas import CRLQAS
from optim.search.plots import plot_circuit, plot_energy, plot_rewards
from tests.optim.search.support import FIELD, Guesses


def test_energy_shows_the_error_of_each_search() -> None:
    results = [Guesses().run(FIELD, budget=10, seed=seed) for seed in (1, 2)]
    figure = plot_energy(results)
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    for line, result in zip(axes.lines, results, strict=False):
        rows = result.history["best"]
        steps = [row["candidates"] for row in rows]
        np.testing.assert_array_equal(line.get_xdata()[:-1], steps)
        np.testing.assert_allclose(line.get_ydata()[:-1], [row["error"] for row in rows])
    assert axes.lines[-1].get_ydata()[0] == 1.6e-3
    assert plot_energy(results[0]).axes[0].get_title() == "field"


def test_rewards_show_episodes_and_tests() -> None:
    result = CRLQAS(max_gates=4, hidden=(8,), batch_size=8, test_every=2).run(
        FIELD, budget=40, seed=0
    )
    figure = plot_rewards(result)
    reward, gates, energy = figure.axes
    episodes = result.history["episodes"]
    np.testing.assert_allclose(reward.lines[0].get_ydata(), [row["reward"] for row in episodes])
    np.testing.assert_allclose(energy.lines[-1].get_ydata(),
                               [row["energy"] for row in result.history["tests"]])  # fmt: skip
    assert gates.get_ylabel() == "gates"
    figure.canvas.draw()


def test_circuit_is_drawn() -> None:
    result = Guesses().run(FIELD, budget=2, seed=0)
    assert isinstance(plot_circuit(result), Figure)


def test_what_cannot_be_shown_raises() -> None:
    result = Guesses().run(FIELD, budget=2, seed=0)
    other = Guesses().run(Problem("other", FIELD.hamiltonian), budget=2, seed=0)
    with pytest.raises(InvalidArgumentError, match="no episodes"):
        plot_rewards(result)
    for bad in ([], [result, other]):
        with pytest.raises(InvalidArgumentError, match="of one problem"):
            plot_energy(bad)
