"""The kernels against the torch engine on random circuits over the whole gate table.

A few hundred are part of every test run; `KETWORK_FUZZ=5000 pytest tests/circuits/native` compares
thousands.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from circuits import Circuit, _native, weights
from circuits import gates as g
from circuits.gates import TABLE
from circuits.simulators.native import native_support
from tests.circuits.native.random_circuits import (
    N_INPUTS,
    N_WEIGHTS,
    n_values,
    native,
    random_circuit,
    random_observed,
    reference,
)
from tests.support.strategies import FIXED_SHAPE

if _native.kernels() is None:
    pytest.skip("the native engine was not built", allow_module_level=True)

TRIALS = int(os.environ.get("KETWORK_FUZZ", "300"))
SEEDS = 10
TOLERANCE = {torch.float64: 1e-10, torch.float32: 5e-3}


def compare(seed: int, trials: int) -> None:
    """Values and gradients by inputs and weights, with and without kept states."""
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int, dtype: torch.dtype) -> torch.Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64).to(dtype) + 0.1

    for trial in range(trials):
        n = int(rng.integers(2, 9)) if trial % 8 else int(rng.integers(9, 13))
        dtype = (torch.float64, torch.float32)[trial % 2]
        circuit = random_circuit(rng, n, int(rng.integers(1, 30)), preparation=rng.random() < 0.2)
        observed = random_observed(rng, n, probabilities=rng.random() < 0.4)
        batch = int(rng.choice([1, 2, 5, 9, 20]))
        x = draw(batch, N_INPUTS, dtype=dtype)
        w = draw(batch if trial % 3 == 0 else 1, N_WEIGHTS, dtype=dtype)
        gradient = draw(batch, n_values(observed), dtype=dtype) - 0.5
        expected = reference(circuit, x, w, gradient, observed)
        for keep in (False, True):
            found = native(circuit, x, w, gradient, observed, keep=keep)
            torch.testing.assert_close(
                found,
                expected,
                rtol=TOLERANCE[dtype],
                atol=TOLERANCE[dtype],
                msg=lambda text, t=trial, c=circuit: f"trial {t}: {c.ops}\n{text}",
            )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_circuits(seed: int) -> None:
    compare(seed, -(-TRIALS // SEEDS))


@pytest.mark.parametrize("name", FIXED_SHAPE)
@pytest.mark.parametrize("n_controls", [0, 1, 2])
def test_the_kernels_know_every_gate_with_every_number_of_controls(
    name: str, n_controls: int
) -> None:
    record = TABLE[name]
    assert record.n_qubits is not None
    w = weights(max(record.n_angles, 1))
    op = getattr(g, name)(*w[: record.n_angles], *range(record.n_qubits))
    others = range(record.n_qubits, record.n_qubits + n_controls)
    if n_controls:
        op = g.controlled(op, *others)
    circuit = Circuit(record.n_qubits + n_controls + 1, [op])
    assert native_support(circuit) == ""


def test_controlled_pauli_rotations_are_known() -> None:
    op = g.controlled(g.pauli_rotation(weights(1)[0], "XYZI", 0, 1, 2, 3), 4, 5)
    assert native_support(Circuit(6, [op])) == ""
