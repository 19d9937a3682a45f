"""Fractional powers of ops, for `pow(0.5) @ gate`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from circuits import gates as g
from circuits.errors import UnsupportedOperationError
from circuits.gates.record import controlled_matrix
from circuits.ops import Op
from circuits.symbols import Angle

_PHASES = {
    "z": ("p", math.pi),
    "s": ("p", math.pi / 2),
    "sdg": ("p", -math.pi / 2),
    "t": ("p", math.pi / 4),
    "tdg": ("p", -math.pi / 4),
    "cz": ("cp", math.pi),
    "cs": ("cp", math.pi / 2),
    "csdg": ("cp", -math.pi / 2),
}
_MAX_QUBITS = 3


def fractional_power(ops: list[Op], exponent: float) -> list[Op]:
    """A product of ops raised to a power that is not an integer.

    Rotations and phases multiply their angle by the exponent. Other products become the principal
    power of their matrix (eigenphases taken from (-pi, pi]).

    Raises:
        UnsupportedOperationError: If the product is no single rotation and has symbols or acts on
            more than three qubits.
    """
    if len(ops) == 1:
        [op] = ops
        if op.gate.inverse == "negate":
            return [replace(op, angles=(op.angles[0] * exponent,))]
        if op.name in _PHASES:
            name, angle = _PHASES[op.name]
            return [Op(g.TABLE[name], op.qubits, (Angle(angle * exponent),))]
    qubits = sorted({q for op in ops for q in op.qubits})
    if not all(angle.is_constant for op in ops for angle in op.angles):
        raise UnsupportedOperationError("a fractional power needs a gate without input parameters")
    if not 1 <= len(qubits) <= _MAX_QUBITS:
        raise UnsupportedOperationError(
            f"a fractional power is supported on 1 to {_MAX_QUBITS} qubits, got {len(qubits)}"
        )
    return [g.unitary(_principal_power(product_matrix(ops, qubits), exponent), *qubits)]


def op_matrix(op: Op) -> np.ndarray:
    """Matrix `(2**k, 2**k)` of an op without symbols on its k qubits."""
    angles = torch.tensor([angle.constant for angle in op.angles], dtype=torch.float64)
    return controlled_matrix(op.block(angles), op.n_controls).numpy()


def product_matrix(ops: list[Op], qubits: list[int]) -> np.ndarray:
    """Matrix `(2**n, 2**n)` of ops without symbols; `qubits[0]` is the least significant bit."""
    n = len(qubits)
    place = {q: k for k, q in enumerate(qubits)}
    columns = np.eye(2**n, dtype=np.complex128).reshape([2] * n + [-1])
    for op in ops:
        if op.kind in ("barrier", "delay"):
            continue
        axes = [n - 1 - place[q] for q in reversed(op.qubits)]
        front = range(len(axes))
        moved = np.moveaxis(columns, axes, front)
        product = op_matrix(op) @ moved.reshape(2 ** len(axes), -1)
        columns = np.moveaxis(product.reshape(moved.shape), front, axes)
    return columns.reshape(2**n, 2**n)


def _principal_power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """U^s = V diag(e^{i s phi}) V^dagger with eigenphases phi in (-pi, pi]."""
    from scipy.linalg import schur

    triangle, vectors = schur(matrix, output="complex")
    phases = np.angle(np.diag(triangle))
    phases = np.where(phases < -np.pi + 1e-9, np.pi, phases)
    return np.asarray((vectors * np.exp(1j * exponent * phases)) @ vectors.conj().T)
