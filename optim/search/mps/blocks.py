"""A matrix product state of bond dimension 2 as two-qubit blocks of CNOTs and rotations."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from circuits.errors import SolverError
from optim.search.candidate import Placed

Matrix = NDArray[Any]
Shape = tuple[str, tuple[int, ...]]  # name of a gate, and which of the block's qubits

_RESIDUAL = 1e-8
_TRIES = 60
_DIGITS = 10  # to which angles are rounded, so that they do not depend on a machine's last bits

_PAULI = {
    "rx": np.array([[0, 1], [1, 0]], dtype=complex),
    "ry": np.array([[0, -1j], [1j, 0]], dtype=complex),
    "rz": np.array([[1, 0], [0, -1]], dtype=complex),
}
_CNOT = np.eye(4)[[0, 3, 2, 1]]  # the first qubit, the less significant one, controls


def sequential_gates(tensors: Sequence[Matrix], order: Sequence[int]) -> list[Placed]:
    """Gates that prepare a right-canonical matrix product state from |0...0>.

    Block k acts on the sites k and k + 1: it takes the left bond from the first, leaves the
    physical index there and the right bond on the second.

    Args:
        tensors: `(left bond, 2, right bond)`, isometries from left to right, bonds of at most 2.
        order: The qubit of each site.

    Raises:
        SolverError: If no angles were found (they exist).
    """
    gates: list[Placed] = []
    for place, tensor in enumerate(tensors):
        low, _, high = tensor.shape
        if low == high == 1:
            gates += fitted(tensor.reshape(1, 2).T, [order[place]])
        elif place == len(tensors) - 2 and high > 1:
            block = np.einsum("asb,btc->atsc", tensor, tensors[-1])
            return gates + fitted(_padded(block), order[place:])
        else:  # the right bond is the more significant bit
            gates += fitted(_padded(tensor.transpose(0, 2, 1)), order[place : place + 2])
    return gates


def fitted(isometry: Matrix, qubits: Sequence[int]) -> list[Placed]:
    """Gates of an isometry from the first qubit, or from |0>, to one or two qubits.

    The input stands on the first qubit and the second is |0>. With real numbers only ry is used;
    an isometry of one qubit into two takes two CNOTs, a state one.

    Args:
        isometry: `(2, 1)`, `(4, 1)` or `(4, 2)`; first qubit least significant.
        qubits: The qubits.

    Raises:
        SolverError: If no angles were found.
    """
    gates = _template(isometry, bool(np.isrealobj(isometry) or not np.any(isometry.imag)))
    columns = list(range(isometry.shape[1]))

    def residual(angles: Matrix) -> Matrix:
        found = _matrix(gates, angles, len(isometry))[:, columns]
        phase = np.exp(1j * np.angle(np.vdot(found, isometry)))  # a global phase is free
        turned = found * phase - isometry
        return np.concatenate([turned.real.ravel(), turned.imag.ravel()])

    generator = np.random.default_rng(0)
    n_angles = sum(name != "cx" for name, _ in gates)
    for _ in range(_TRIES):
        start = generator.uniform(-np.pi, np.pi, n_angles)
        found = scipy.optimize.least_squares(residual, start, method="lm", xtol=1e-13, ftol=1e-13)
        if np.linalg.norm(found.fun) < _RESIDUAL:
            angles = iter(np.round(found.x, _DIGITS).tolist())
            return [
                Placed(
                    name, tuple(qubits[q] for q in acted), None if name == "cx" else next(angles)
                )
                for name, acted in gates
            ]
    raise SolverError(
        f"No angles were found for the isometry {isometry.tolist()} in {_TRIES} attempts."
    )


def _template(isometry: Matrix, real: bool) -> list[Shape]:
    """Gates with angles to be found, none of them redundant."""
    cnot: Shape = ("cx", (0, 1))
    any_turn: list[Shape] = [
        (axis, (q,)) for q in (0, 1) for axis in (("ry",) if real else ("rz", "ry", "rz"))
    ]
    one_qubit = any_turn[: len(any_turn) // 2]
    if len(isometry) == 2:  # a state
        return one_qubit[-2:]
    if isometry.shape[1] == 1:
        return [("ry", (0,)), cnot, *any_turn]
    first = [*one_qubit, ("ry", (1,))] if real else [*one_qubit, ("ry", (1,)), ("rz", (1,))]
    between = [("ry", (0,)), ("ry" if real else "rz", (1,))]
    return [*first, cnot, *between, cnot, *any_turn]


def _matrix(gates: list[Shape], angles: Matrix, size: int) -> Matrix:
    """The product of the gates, the first qubit least significant."""
    parts, rest = [], iter(angles)
    for name, qubits in gates:
        if name == "cx":
            parts.append(_CNOT)
            continue
        half = next(rest) / 2
        turn = np.cos(half) * np.eye(2) - 1j * np.sin(half) * _PAULI[name]
        if size == 4:
            turn = np.kron(np.eye(2), turn) if qubits == (0,) else np.kron(turn, np.eye(2))
        parts.append(turn)
    return functools.reduce(lambda product, part: part @ product, parts)


def _padded(block: Matrix) -> Matrix:
    """`(left, high, low)` as an isometry `(4, left)`, missing values of the right bond being 0."""
    whole = np.zeros((block.shape[0], 2, 2), dtype=block.dtype)
    flat = block.reshape(block.shape[0], block.shape[1], -1)
    whole[:, : flat.shape[1], : flat.shape[2]] = flat
    return whole.reshape(block.shape[0], 4).T
