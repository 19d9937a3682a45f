from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from circuits import encodings, errors


def test_bits_become_basis_states_without_any_phase():
    circuit = encodings.basis(3, n_qubits=4)
    for bits in itertools.product((0.0, 1.0), repeat=3):
        expected = np.zeros(16)
        expected[sum(int(b) << q for q, b in enumerate(bits))] = 1
        state = circuit.statevector(torch.tensor(bits, dtype=torch.float64))
        np.testing.assert_allclose(state.numpy(), expected, atol=1e-15)


@pytest.mark.parametrize(("d", "n"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_amplitudes_are_the_normalised_padded_features(d, n):
    x = torch.linspace(-1, 2, d, dtype=torch.float64) + 0.1
    circuit = encodings.amplitude(d)
    assert circuit.n_qubits == n
    padded = np.pad(x.numpy(), (0, 2**n - d))
    expected = padded / np.linalg.norm(padded)
    np.testing.assert_allclose(circuit.statevector(x).numpy(), expected, atol=1e-14)


def test_more_qubits_than_needed_stay_zero():
    state = encodings.amplitude(2, 3).statevector(torch.tensor([3.0, 4.0], dtype=torch.float64))
    np.testing.assert_allclose(state.numpy(), [0.6, 0.8, 0, 0, 0, 0, 0, 0], atol=1e-15)


def test_blocks_are_products_of_amplitude_encodings():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0], dtype=torch.float64)
    circuit = encodings.block_amplitude(5, [[0, 2], [1]])
    first = np.array([1.0, 2, 3, 4]) / np.sqrt(30)
    expected = np.zeros(8)
    for j in range(4):
        expected[(j & 1) | (j >> 1) << 2] = first[j]
    np.testing.assert_allclose(circuit.statevector(x).numpy(), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("d", "blocks", "message"),
    [
        (4, [[0, 1], [1]], "each once"),
        (4, [[0], [2]], "0 to n-1"),
        (4, [[0, 1], []], "not empty"),
        (9, [[0, 1], [2]], "between 5 and 6"),
        (4, [[0, 1], [2]], "between 5 and 6"),
        (4, [], "0 to n-1"),
    ],
)
def test_bad_blocks(d, blocks, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        encodings.block_amplitude(d, blocks)
