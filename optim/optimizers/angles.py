"""The angles of a circuit as functions of its weights, and the circuit as a function of them."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from circuits import Circuit, Op, PauliSum, weights
from circuits.errors import InvalidArgumentError

Array = NDArray[np.float64]


def pauli_of(op: Op) -> PauliSum | None:
    """P of a rotation exp(-i t P / 2), or `None` if the gate is none."""
    generator = op.gate.generators[0] if op.gate.generators else {}
    label = op.pauli or "".join(generator)
    rotation = op.name == "pauli_rotation" or list(generator.values()) == [0.5]
    if op.is_channel or not rotation or op.gate.n_controls or len(op.angles) != 1:
        return None
    letters = zip(label, op.qubits, strict=True)
    return PauliSum(" ".join(f"{letter}{q}" for letter, q in letters if letter != "I"))


def angles_at(circuit: Circuit, point: Array) -> tuple[Array, Array]:
    """The angles that vary `(m,)` of the circuit at a point, and their derivatives `(m, n)`."""
    if point.shape != (circuit.n_weights,):
        raise InvalidArgumentError(
            f"Argument `parameters` must have {circuit.n_weights} entries, got {point.size}."
        )
    constants, terms = _polynomials(circuit)
    values, slopes = constants.copy(), np.zeros((len(constants), len(point)))
    for slot, coefficient, places in terms:
        values[slot] += coefficient * math.prod(point[k] for k in places)
        for turn, place in enumerate(places):
            others = places[:turn] + places[turn + 1 :]
            slopes[slot, place] += coefficient * math.prod(point[k] for k in others)
    return values, slopes


@functools.lru_cache(maxsize=32)
def _polynomials(circuit: Circuit) -> tuple[Array, list[tuple[int, float, tuple[int, ...]]]]:
    """Constants `(m,)` of the angles that vary, and their terms: (angle, coefficient, weights)."""
    first, size = {}, 0
    for group in circuit.weight_groups:
        first[group] = size
        size += group.size
    varied = [angle for op in circuit.ops for angle in op.angles if not angle.is_constant]
    terms = [
        (slot, coefficient, tuple(first[s.group] + s.index for s in product))
        for slot, angle in enumerate(varied)
        for coefficient, product in angle.terms
    ]
    return np.array([angle.constant for angle in varied]), terms


@functools.lru_cache(maxsize=32)
def flattened(circuit: Circuit) -> tuple[Circuit, bool]:
    """The circuit with a weight of its own for each angle that varies.

    Returns:
        The circuit, and whether all angles that vary are of Pauli rotations.
    """
    varied = [angle for op in circuit.ops for angle in op.angles if not angle.is_constant]
    if not varied:
        return circuit, True
    symbols, rotations = iter(weights(len(varied), name="angle")), True
    ops = []
    for op in circuit.ops:
        fresh = tuple(a if a.is_constant else next(symbols) for a in op.angles)
        rotations &= fresh == op.angles or pauli_of(op) is not None
        ops.append(replace(op, angles=fresh))
    return Circuit(circuit.n_qubits, ops), rotations
