"""Readout error: conventions, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from circuits import errors
from noise import NoiseModel
from noise.model.readout import read_probabilities

ASYMMETRIC = [[0.98, 0.02], [0.07, 0.93]]


def test_rows_are_prepared_states_and_columns_what_is_read() -> None:
    matrix = NoiseModel().add_readout(ASYMMETRIC, 2).readout[2]
    read = read_probabilities(
        torch.tensor([0.0, 1.0], dtype=torch.float64), torch.tensor(matrix)[None]
    )
    assert read.tolist() == pytest.approx([0.07, 0.93])


def test_each_qubit_is_read_on_its_own() -> None:
    rng = np.random.default_rng(1)
    flips = rng.uniform(0, 0.3, (3, 2))
    matrices = np.array([[[1 - a, a], [b, 1 - b]] for a, b in flips])
    probabilities = rng.dirichlet(np.ones(8), size=2)
    whole = np.kron(matrices[2], np.kron(matrices[1], matrices[0]))
    found = read_probabilities(torch.tensor(probabilities), torch.tensor(matrices))
    np.testing.assert_allclose(found.numpy(), probabilities @ whole, atol=1e-15)


def test_several_qubits_may_share_a_matrix_and_the_last_call_counts() -> None:
    model = NoiseModel().add_readout(ASYMMETRIC, [0, 1]).add_readout(np.eye(2), 1)
    assert np.array_equal(model.readout[0], ASYMMETRIC)
    assert np.array_equal(model.readout[1], np.eye(2))


@pytest.mark.parametrize(
    ("matrix", "error", "text"),
    [
        (
            [[0.98, 0.07], [0.02, 0.93]],
            errors.InvalidArgumentError,
            "columns do sum to 1.*transpos",
        ),
        ([[0.9, 0.2], [0.1, 0.7]], errors.InvalidArgumentError, "Rows of"),
        ([[1.1, -0.1], [0, 1]], errors.InvalidArgumentError, r"\[0, 1\]"),
        ([[np.nan, 1], [0, 1]], errors.NonFiniteError, "finite"),
        (np.eye(4), errors.ShapeError, r"\(2, 2\)"),
        (0.1, errors.ShapeError, r"\(2, 2\)"),
        ("noisy", errors.InvalidArgumentError, "numbers"),
    ],
)
def test_bad_matrices(matrix: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        NoiseModel().add_readout(matrix, 0)
