"""One Aer quantum error to a channel and back."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, Reset
from qiskit.circuit.library import IGate, PauliGate, XGate, YGate, ZGate
from qiskit.quantum_info import Kraus as QiskitKraus
from qiskit.quantum_info import SuperOp
from qiskit_aer.noise import PauliError, PauliLindbladError, QuantumError, pauli_error
from qiskit_aer.noise.errors.base_quantum_error import QuantumChannelInstruction

from circuits.gates.channels import anticommuting
from circuits.gates.transfer import of_kraus
from circuits.ops import Op
from noise.channels import Channel, PauliChannel, PauliLindblad, PauliTransferMatrix
from noise.representations import ptm_to_kraus

_LETTERS = {IGate: "I", XGate: "X", YGate: "Y", ZGate: "Z"}
_RESET = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 0]]], dtype=np.complex128)
_TINY = 1e-16


# === from Aer ===


def to_channel(error: Any) -> Channel:
    """The channel of an Aer error: Pauli errors as probabilities, all else as a transfer matrix.

    Args:
        error: A `QuantumError`, `PauliError` or `PauliLindbladError`.
    """
    if isinstance(error, PauliLindbladError):
        # Aer's labels have qubit 0 on the right, and its generator is that of `PauliLindblad`.
        rates = _by_label(error.generators.to_labels(), error.rates)
        return PauliLindblad({label: float(r) for label, r in rates.items()})
    if isinstance(error, PauliError):
        return _pauli_channel(error.paulis.to_labels(), error.probabilities)
    labels = [_label(circuit) for circuit in error.circuits]
    if all(label is not None for label in labels):
        return _pauli_channel([label or "" for label in labels], error.probabilities)
    total = sum(
        p * _transfer(circuit)
        for circuit, p in zip(error.circuits, error.probabilities, strict=True)
    )
    return PauliTransferMatrix(total)


def _pauli_channel(labels: Sequence[str], probabilities: Sequence[float]) -> Channel:
    found = _by_label(labels, probabilities)
    kept = {label: p for label, p in found.items() if set(label) != {"I"}}
    return PauliChannel(kept or {"X" + "I" * (len(labels[0]) - 1): 0.0})


def _by_label(labels: Sequence[str], numbers: Sequence[float]) -> dict[str, float]:
    """Sums by label, character k on qubit k."""
    found: dict[str, float] = {}
    for label, number in zip(labels, numbers, strict=True):
        found[label[::-1]] = found.get(label[::-1], 0.0) + float(number)
    return found


def _label(circuit: QuantumCircuit) -> str | None:
    """Qiskit's label of a circuit of at most one Pauli per qubit; `None` for any other."""
    letters = ["I"] * circuit.num_qubits
    for instruction in circuit.data:
        qubits = [circuit.find_bit(q).index for q in instruction.qubits]
        operation = instruction.operation
        if isinstance(operation, PauliGate):
            own = operation.params[0][::-1]
        else:
            own = _LETTERS.get(getattr(operation, "base_class", type(operation)), "")
        if not own or any(letters[q] != "I" for q in qubits):
            return None
        for q, letter in zip(qubits, own, strict=True):
            letters[q] = letter
    return "".join(reversed(letters))


def _transfer(circuit: QuantumCircuit) -> np.ndarray:
    """Pauli transfer matrix of an error circuit."""
    n = circuit.num_qubits
    total = np.eye(4**n)
    for instruction in circuit.data:
        qubits = [circuit.find_bit(q).index for q in instruction.qubits]
        total = _embedded(_instruction(instruction.operation), qubits, n) @ total
    return total


def _instruction(operation: Any) -> np.ndarray:
    if isinstance(operation, Reset):
        return of_kraus(_RESET)
    if isinstance(operation, QuantumChannelInstruction):
        channel = to_channel(operation._quantum_error)
        return channel.transfer().numpy()
    if operation.name == "kraus":
        return of_kraus(np.stack([np.asarray(k) for k in operation.params]))
    if hasattr(operation, "to_matrix"):
        return of_kraus(np.asarray(operation.to_matrix())[None])
    return of_kraus(np.stack(QiskitKraus(SuperOp(operation)).data))


def _embedded(matrix: np.ndarray, qubits: Sequence[int], n: int) -> np.ndarray:
    """A transfer matrix on some of n qubits as one on all; base-4 digits, qubit 0 the lowest."""
    k = len(qubits)
    if list(qubits) == list(range(n)):
        return matrix
    columns = np.eye(4**n).reshape([4] * n + [-1])
    axes = [n - 1 - q for q in reversed(qubits)]
    moved = np.moveaxis(columns, axes, range(k))
    out = (matrix @ moved.reshape(4**k, -1)).reshape(moved.shape)
    return np.moveaxis(out, range(k), axes).reshape(4**n, 4**n)


# === to Aer ===


def to_error(ops: Sequence[Op], qubits: Sequence[int]) -> QuantumError:
    """One Aer error for channels that follow each other after a gate.

    Args:
        ops: The channels, with numbers as strengths, in the order in which they act.
        qubits: Qubits of the gate, in its order.
    """
    if len(qubits) > 1 and all(len(op.qubits) == 1 for op in ops):
        parts = [_of_transfer(_product(ops, [q])) for q in qubits]
        return functools.reduce(lambda low, high: low.expand(high), parts)
    return _of_transfer(_product(ops, qubits))


def _product(ops: Sequence[Op], qubits: Sequence[int]) -> np.ndarray:
    """Transfer matrix of those ops that act on the qubits."""
    where = {q: k for k, q in enumerate(qubits)}
    total = np.eye(4 ** len(qubits))
    for op in ops:
        if all(q in where for q in op.qubits):
            angles = torch.tensor([float(a) for a in op.angles], dtype=torch.float64)
            own = op.transfer(angles).numpy()
            total = _embedded(own, [where[q] for q in op.qubits], len(qubits)) @ total
    return total


def _of_transfer(matrix: np.ndarray) -> QuantumError:
    n = (len(matrix).bit_length() - 1) // 2
    if np.count_nonzero(matrix - np.diag(np.diagonal(matrix))) == 0:
        return _pauli_error(np.diagonal(matrix), n)
    operators = ptm_to_kraus(torch.tensor(matrix)).numpy()
    return QuantumError([(Instruction("kraus", n, 0, list(operators)), 1.0)])


def _pauli_error(multipliers: np.ndarray, n: int) -> QuantumError:
    """The error of a diagonal transfer matrix: probabilities by the inverse sign transform."""
    labels = ["".join("IXYZ"[index // 4**k % 4] for k in range(n)) for index in range(4**n)]
    signs = 1.0 - 2.0 * anticommuting(" ".join(labels), n)
    probabilities = signs.T @ multipliers / 4**n
    kept = {a[::-1]: max(float(p), 0.0) for a, p in zip(labels, probabilities, strict=True)}
    total = math.fsum(kept.values())
    return pauli_error([(a, p / total) for a, p in kept.items() if p > _TINY])
