"""Readout errors and idle qubits in observables and probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from circuits.errors import ResourceLimitError
from circuits.pauli import PauliSum

_MOST_TERMS = 2**14

Readout = Mapping[int, np.ndarray]
"""[[P(0|0), P(1|0)], [P(0|1), P(1|1)]] of qubits."""


def read_observable(observable: PauliSum, readout: Readout, new: Mapping[int, int]) -> PauliSum:
    """The observable on the simulated qubits that has the value which is read.

    A letter P on a qubit with readout error is read as a + b P, a = P(0|1) - P(1|0) and
    b = 1 - P(0|1) - P(1|0). On a qubit that is not simulated, thus in |0>, Z is 1, X and Y are 0.

    Args:
        observable: What is measured.
        readout: The confusions.
        new: The simulated qubits and their numbers.

    Raises:
        ResourceLimitError: If there are more than 2^14 terms: each asymmetric readout error of a
            qubit doubles the terms that act on it.
    """
    found: dict[tuple[int, int], float] = {}
    for x_mask, z_mask, coefficient in observable.terms:
        parts = {(0, 0): float(np.real(coefficient))}
        for q in range((x_mask | z_mask).bit_length()):
            x, z = x_mask >> q & 1, z_mask >> q & 1
            if x or z:
                parts = _times_letter(parts, _letter(x, z, readout.get(q), new.get(q)))
        for key, value in parts.items():
            found[key] = found.get(key, 0.0) + value
        if len(found) > _MOST_TERMS:
            raise ResourceLimitError(
                f"Readout errors turn the observable into more than {_MOST_TERMS} Pauli strings "
                "(each qubit with P(1|0) != P(0|1) doubles the strings on it). Estimate it from "
                "`shots`."
            )
    return PauliSum.from_masks([(x, z, c) for (x, z), c in found.items()] or [(0, 0, 0.0)])


def _letter(
    x: int, z: int, confusion: np.ndarray | None, place: int | None
) -> dict[tuple[int, int], float]:
    one, zero = (
        (0.0, 0.0) if confusion is None else (float(confusion[0][1]), float(confusion[1][0]))
    )
    constant, kept = zero - one, 1 - one - zero
    if place is None:
        return {(0, 0): constant + kept * (not x)}
    letter = {(x << place, z << place): kept}
    return {**letter, (0, 0): constant} if constant else letter


def _times_letter(
    parts: dict[tuple[int, int], float], letter: dict[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    return {
        (x | gx, z | gz): value * factor
        for (x, z), value in parts.items()
        for (gx, gz), factor in letter.items()
    }


def read_probabilities(
    values: Tensor, qubits: Sequence[int], readout: Readout, new: Mapping[int, int]
) -> Tensor:
    """Probabilities `(rows, 2**k)` of what is read on `qubits`, the first least significant.

    Args:
        values: `(rows, 2**j)`: probabilities of the simulated ones of the qubits.
        qubits: The k measured qubits.
        readout: The confusions.
        new: The simulated qubits and their numbers.
    """
    rows = len(values)
    active = sum(q in new for q in qubits)
    state = values.reshape(rows, *[2] * active)  # axes: row, last qubit, ..., first qubit
    for position, q in enumerate(qubits):
        axis = state.dim() - position
        if q not in new:
            state = torch.stack([state, torch.zeros_like(state)], dim=axis)
        else:
            axis -= 1
        if q in readout:
            matrix = torch.as_tensor(readout[q].copy()).to(values)
            state = (state.movedim(axis, -1) @ matrix).movedim(-1, axis)
    return state.reshape(rows, -1)
