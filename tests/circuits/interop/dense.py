"""Dense matrices and random circuits that the converter tests compare with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from circuits import Circuit
from circuits import gates as g
from circuits.gates.record import controlled_matrix
from circuits.ops import Op
from circuits.symbols import Angle, Symbol

UNITARY_GATES = [name for name, gate in g.TABLE.items() if gate.block and name != "delay"]


def dense_unitary(circuit: Circuit, values: dict[Symbol, float] | None = None) -> np.ndarray:
    """The circuit's matrix, by Kronecker products and nothing else of the library's engines."""
    n = circuit.n_qubits
    total = np.eye(2**n, dtype=np.complex128)
    for op in circuit.ops:
        angles = torch.tensor([a.evaluate(values or {}) for a in op.angles], dtype=torch.float64)
        matrix = controlled_matrix(op.block(angles), op.n_controls).numpy()
        total = _spread(matrix, op.qubits, n) @ total
    return total


def _spread(matrix: np.ndarray, qubits: tuple[int, ...], n: int) -> np.ndarray:
    """Little-endian matrix on `qubits` as a matrix on n qubits, entry by entry."""
    others = [q for q in range(n) if q not in qubits]
    order = [*qubits, *others]
    big = np.kron(np.eye(2 ** len(others)), matrix)
    where = [sum((i >> k & 1) << q for k, q in enumerate(order)) for i in range(2**n)]
    result = np.zeros_like(big)
    result[np.ix_(where, where)] = big
    return result


def random_unitary(rng: np.random.Generator, dimension: int) -> np.ndarray:
    matrix = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
    return np.linalg.qr(matrix)[0]


def random_expression(rng: np.random.Generator, symbols: Sequence[Angle]) -> Angle:
    """A polynomial of up to three terms and degree two."""
    total = Angle(float(rng.normal()))
    for _ in range(int(rng.integers(1, 4))):
        a, b = rng.choice(len(symbols), 2)
        product = symbols[a] if rng.random() < 0.5 else symbols[a] * symbols[b]
        total = total + float(rng.normal()) * product
    return total


def random_op(rng: np.random.Generator, name: str, n: int, symbols: Sequence[Angle]) -> Op:
    """A gate of the table on random qubits; angles are numbers or random expressions."""
    gate = g.TABLE[name]
    assert gate.n_qubits is not None
    qubits = [int(q) for q in rng.permutation(n)[: gate.n_qubits]]
    angles = [
        random_expression(rng, symbols) if symbols else float(rng.uniform(-6, 6))
        for _ in range(gate.n_angles)
    ]
    return g.Constructor(name)(*angles, *qubits)


def random_special(rng: np.random.Generator, n: int, symbols: Sequence[Angle]) -> Op:
    """A Pauli rotation, a unitary, a barrier, or a gate with more controls."""
    kind = rng.integers(5)
    qubits = [int(q) for q in rng.permutation(n)]
    size = int(rng.integers(1, 3))
    theta = random_expression(rng, symbols) if symbols else float(rng.normal())
    if kind == 0:
        return g.pauli_rotation(theta, "".join(rng.choice(list("XYZ"), size)), *qubits[:size])
    if kind == 1:
        return g.unitary(random_unitary(rng, 2**size), *qubits[:size])
    if kind == 2:
        return g.barrier(*qubits[:size])
    names = [k for k in UNITARY_GATES if (g.TABLE[k].n_qubits or 9) + 2 <= n]
    op = random_op(rng, str(rng.choice(names)), n, symbols)
    free = [q for q in qubits if q not in op.qubits]
    if kind == 3:
        op = g.pauli_rotation(
            theta, "XZ"[:size], *[q for q in range(n) if q not in free[:2]][:size]
        )
    return g.controlled(op, *free[: int(rng.integers(1, 3))])


def random_circuit(
    seed: int, n: int = 5, length: int = 12, symbols: Sequence[Angle] = ()
) -> Circuit:
    """A circuit over the whole gate table."""
    rng = np.random.default_rng(seed)
    ops = [
        random_special(rng, n, symbols)
        if rng.random() < 0.3
        else random_op(rng, str(rng.choice(UNITARY_GATES)), n, symbols)
        for _ in range(length)
    ]
    return Circuit(n, ops)


def random_values(circuit: Circuit, seed: int) -> dict[Symbol, float]:
    rng = np.random.default_rng(seed)
    return {
        Symbol(group, k): float(rng.normal())
        for group in circuit.parameters
        for k in range(group.size)
    }
