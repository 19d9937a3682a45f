"""Frequencies of parameters, and minima along them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import Circuit, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from optim.optimizers import Wave, waves_of
from optim.optimizers.trigonometric import wave_of
from tests.optim.optimizers.circuits_to_optimize import HAMILTONIAN, plain, tied


@pytest.mark.parametrize(
    ("frequencies", "expected"),
    [
        ([], (1.0, 0)),
        ([1.0], (1.0, 1)),
        ([2.5], (2.5, 1)),
        ([0.5, 1.0], (0.5, 2)),
        ([1.0, 2.0, 3.0], (1.0, 3)),
        ([0.3, 0.7, 1.0, 1.3], (0.1, 13)),
        ([2 / 3, 1.0], (1 / 3, 3)),
    ],
)
def test_common_divisors(frequencies, expected):
    wave = wave_of(frequencies)
    assert wave.base == pytest.approx(expected[0])
    assert wave.harmonics == expected[1]


@pytest.mark.parametrize("frequencies", [[1.0, math.pi], [1.0, 1000.0], [-1.0], [float("nan")]])
def test_no_common_divisor(frequencies):
    with pytest.raises(InvalidArgumentError, match=r"[Ff]requencies"):
        wave_of(frequencies)


def test_waves_of_circuits():
    assert waves_of(plain()) == (Wave(1.0, 1),) * 9
    # w0 in three rotations; 2 w1; crx has gaps 1/2 and 1; w3 with factors 1 and 1/2; w4 unused
    expected = (Wave(1.0, 3), Wave(2.0, 1), Wave(0.5, 2), Wave(0.5, 3), Wave(1.0, 0))
    assert waves_of(tied()) == expected


@pytest.mark.parametrize("seed", range(3))
def test_energies_are_these_waves(seed):
    """Values at the offsets predict the energy anywhere along each parameter."""
    circuit = tied()
    rng = np.random.default_rng(seed)
    point = rng.uniform(-3, 3, 5)
    for k, wave in enumerate(waves_of(circuit)):

        def along(shifts: np.ndarray, k: int = k) -> np.ndarray:
            points = np.tile(point, (len(shifts), 1))
            points[:, k] += shifts
            return circuit.expectation(HAMILTONIAN, w=torch.from_numpy(points))[:, 0].numpy()

        values = along(wave.offsets)
        there = rng.uniform(-7, 7, 20)
        orders = np.arange(wave.harmonics + 1)
        terms = wave.coefficients(values) * np.exp(1j * np.outer(there * wave.base, orders))
        np.testing.assert_allclose(terms.real.sum(1), along(there), atol=1e-10)
        shift, least = wave.minimum(values)
        grid = along(np.linspace(0, 2 * np.pi / wave.base, 2000))
        assert least <= grid.min() + 1e-9
        assert along(np.array([shift]))[0] == pytest.approx(least, abs=1e-9)
        assert abs(shift) <= np.pi / wave.base + 1e-9


@given(
    st.integers(1, 6),
    st.floats(0.1, 3),
    st.lists(st.floats(-1, 1), min_size=13, max_size=13),
)
def test_minimum_is_global(harmonics, base, numbers):
    """Against a fine grid, for any trigonometric polynomial."""
    c = np.array(numbers[: harmonics + 1]) + 1j * np.array(numbers[-harmonics - 1 :])
    c[0] = c[0].real

    def function(t: np.ndarray) -> np.ndarray:
        return (c * np.exp(1j * base * np.outer(t, np.arange(harmonics + 1)))).real.sum(1)

    wave = Wave(base, harmonics)
    shift, least = wave.minimum(function(wave.offsets))
    grid = function(np.linspace(-np.pi / base, np.pi / base, 4001))
    assert least <= grid.min() + 1e-9
    assert function(np.array([shift]))[0] == pytest.approx(least, abs=1e-8)


w = weights(2)


@pytest.mark.parametrize(
    "gate",
    [
        g.rx(w[0] * w[1], 0),
        g.rx(w[0] ** 2, 0),
        g.rx(w[0] * inputs(1)[0], 0),
        g.depolarizing(w[0], 0),
    ],
)
def test_no_fixed_frequencies(gate):
    with pytest.raises(UnsupportedOperationError, match="no trigonometric polynomial"):
        waves_of(Circuit(1, [gate]))
