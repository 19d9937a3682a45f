"""Aer's channels as Pauli transfer matrices, by way of superoperators; and random circuits."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from qiskit.quantum_info import SuperOp

from circuits import Circuit, Op
from circuits import gates as g

PAULIS = np.array([np.eye(2), [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


@functools.cache
def _columns(n_qubits: int) -> np.ndarray:
    """Pauli strings as stacked columns `(d^2, 4^k)`, the digit of qubit 0 the lowest."""
    strings = [np.eye(1)]
    for _ in range(n_qubits):
        strings = [np.kron(high, low) for high in PAULIS for low in strings]
    return np.stack([matrix.ravel(order="F") for matrix in strings], axis=1)


def transfer_of_aer(error: Any) -> np.ndarray:
    """R[i, j] = Tr(P_i E(P_j)) / d of a Qiskit channel or Aer error."""
    columns = _columns(error.num_qubits)
    return (columns.conj().T @ SuperOp(error).data @ columns).real / 2**error.num_qubits


def device(name: str) -> Any:
    """A fake device of qiskit-ibm-runtime."""
    from qiskit_ibm_runtime import fake_provider

    return getattr(fake_provider, name)()


def product(ops: tuple[Op, ...], qubits: tuple[int, ...]) -> np.ndarray:
    """Transfer matrix of channels in a row, each on one of the qubits or on all of them."""
    total = np.eye(4 ** len(qubits))
    for op in ops:
        angles = torch.tensor([float(a) for a in op.angles], dtype=torch.float64)
        own = op.transfer(angles).numpy()
        if len(op.qubits) < len(qubits):
            below = qubits.index(op.qubits[0])
            own = np.kron(np.kron(np.eye(4 ** (len(qubits) - 1 - below)), own), np.eye(4**below))
        total = own @ total
    return total


def random_native_circuit(seed: int, n: int, n_ops: int, pairs: list[tuple[int, int]]) -> Circuit:
    """Gates rz, sx, x and cx on the given ordered pairs."""
    rng = np.random.default_rng(seed)
    ops: list[Op] = []
    for _ in range(n_ops):
        q = int(rng.integers(n))
        pair = pairs[int(rng.integers(len(pairs)))]
        ops.append([g.rz(float(rng.normal()), q), g.sx(q), g.x(q), g.cx(*pair)][rng.integers(4)])
    return Circuit(n, ops)
