"""Angle encodings: features as rotation angles, one or several per qubit."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from circuits import gates as g
from circuits.arguments import ROTATIONS, integer, numbers_for, one_of, width
from circuits.arguments import rotations as checked_rotations
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.gates.table import TABLE
from circuits.ops import Op
from circuits.symbols import inputs


def angle(
    n_features: int,
    *,
    rotation: str = "ry",
    n_qubits: int | None = None,
    scale: float | Sequence[float] = 1.0,
    hadamard: bool = False,
    name: str = "x",
) -> Circuit:
    """One rotation per feature: R(scale_j x_j) on qubit j.

    Args:
        n_features: Number of features d.
        rotation: rx, ry, rz or p. On |0> the last two change nothing but a phase: put them after
            other gates, or use `hadamard`.
        n_qubits: Number of qubits, at least d (the default); further qubits stay idle.
        scale: Factor of the features, one for all or one for each, so that `scale * x` is in
            radians.
        hadamard: Whether a Hadamard gate precedes each rotation.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`.

    Raises:
        KetworkError: If an argument is not valid, or there are too few qubits.

    >>> angle(2, rotation="rx", scale=0.5).ops
    (rx(0.5*x[0], 0), rx(0.5*x[1], 1))
    """
    d = integer(n_features, "n_features")
    gate = TABLE[one_of(rotation, ROTATIONS, "rotation")]
    n = width(n_qubits, d, f"{d} features", "Use `dense_angle` for several features per qubit.")
    factors = numbers_for(scale, d, "scale")
    x = inputs(d, name=name)
    first = [g.h(q) for q in range(d)] if hadamard else []
    return Circuit(n, first + [Op(gate, (q,), (factors[q] * x[q],)) for q in range(d)])


def dense_angle(
    n_features: int,
    *,
    rotations: str | tuple[str, ...] = ("ry", "rz"),
    order: str = "consecutive",
    n_qubits: int | None = None,
    scale: float | Sequence[float] = 1.0,
    name: str = "x",
) -> Circuit:
    """Several features per qubit, as successive rotations about different axes.

    With r rotations and n = ceil(d / r) used qubits, `order="consecutive"` puts features
    r q, ..., r q + r - 1 on qubit q; `order="split"` puts features q, n + q, 2 n + q, ... there
    (the "compact" encoding of Hur et al. is `rotations=("rx", "ry"), order="split"`).

    Args:
        n_features: Number of features d.
        rotations: Two or more of rx, ry, rz, p, applied in this order.
        order: `"consecutive"` or `"split"`.
        n_qubits: Number of qubits, at least ceil(d / r) (the default); further qubits stay idle.
        scale: Factor of the features, one for all or one for each.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`.

    Raises:
        KetworkError: If an argument is not valid, or there are too few qubits.

    References:
        LaRose and Coyle, Phys. Rev. A 102, 032420 (2020), arXiv:2003.01695, section II.B.

    >>> dense_angle(4).ops
    (ry(x[0], 0), ry(x[2], 1), rz(x[1], 0), rz(x[3], 1))
    """
    d = integer(n_features, "n_features")
    names = checked_rotations(rotations)
    if len(names) < 2 or any(a == b for a, b in itertools.pairwise(names)):
        raise InvalidArgumentError(
            f"Argument `rotations` must name at least two rotations, neighbours different, got "
            f"{names!r}: equal neighbours would add their angles."
        )
    one_of(order, ("consecutive", "split"), "order")
    used = -(-d // len(names))
    n = width(n_qubits, used, f"{d} features, {len(names)} per qubit", "")
    factors = numbers_for(scale, d, "scale")
    x = inputs(d, name=name)
    ops: list[Op] = []
    for k, gate in enumerate(names):
        for q in range(used):
            j = len(names) * q + k if order == "consecutive" else used * k + q
            if j < d:
                ops.append(Op(TABLE[gate], (q,), (factors[j] * x[j],)))
    return Circuit(n, ops)
