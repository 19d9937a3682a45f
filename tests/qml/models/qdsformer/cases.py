"""Circuits by their definition, with dense matrices."""

from __future__ import annotations

import functools

import numpy as np
import torch
from scipy.linalg import expm
from torch import nn

from qml.models.qdsformer import DoublyStochasticCircuit

PAULI = {
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0 + 0j, -1]),
}


def on(letters: str, qubits: tuple[int, ...], n: int) -> np.ndarray:
    """A Pauli string on n qubits, qubit 0 the least significant."""
    factors = [np.eye(2, dtype=complex) for _ in range(n)]
    for letter, qubit in zip(letters, qubits, strict=True):
        factors[qubit] = PAULI[letter]
    return functools.reduce(np.kron, reversed(factors))


def checkerboard(angles: np.ndarray, axes: str, layers: int) -> np.ndarray:
    """Blocks of four angles on (0, 1), (2, 3), ..., then on (1, 2), (3, 4), ..., layer by layer.

    `axes[q]` is the Pauli of the rotations of qubit q.
    """
    n = len(axes)
    total = np.eye(2**n, dtype=complex)
    left = iter(angles)
    for _ in range(layers):
        for q in [*range(0, n - 1, 2), *range(1, n - 1, 2)]:
            first, second, third, fourth = (next(left) for _ in range(4))
            turns = first * on(axes[q], (q,), n) + second * on(axes[q + 1], (q + 1,), n)
            pairs = third * on("XX", (q, q + 1), n) + fourth * on("ZZ", (q, q + 1), n)
            total = expm(-0.5j * pairs) @ expm(-0.5j * turns) @ total
    return total


def alternating(data: tuple[int, ...], n: int) -> str:
    """Y at even distances from the first data qubit, X at odd ones."""
    return "".join("YX"[(q - data[0]) % 2] for q in range(n))


def stochastic(unitary: np.ndarray, data: tuple[int, ...]) -> np.ndarray:
    """P_ij: the mean over the other qubits' states before, and the sum over those after."""
    size, tokens = len(unitary), 2 ** len(data)
    found = np.zeros((tokens, tokens))
    index = [sum(((s >> q) & 1) << k for k, q in enumerate(data)) for s in range(size)]
    for row in range(size):
        for column in range(size):
            found[index[row], index[column]] += abs(unitary[row, column]) ** 2
    return found * tokens / size


def injected(circuit: DoublyStochasticCircuit, scores: torch.Tensor) -> np.ndarray:
    """Theta times the scores, repeated in turn; the number of tokens is a power of two."""
    theta = circuit.theta.detach().double().numpy()
    return theta * np.resize(scores.numpy().ravel(), theta.shape)


class Flat(nn.Module):
    """A circuit as a layer of flattened matrices."""

    def __init__(self, circuit: DoublyStochasticCircuit) -> None:
        super().__init__()
        self.circuit = circuit
        self.in_features = self.out_features = circuit.n_tokens**2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = self.circuit.n_tokens
        found: torch.Tensor = self.circuit(x.unflatten(-1, (size, size))).flatten(-2)
        return found
