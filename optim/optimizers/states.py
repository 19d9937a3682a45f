"""Final states of a circuit at many points."""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray

from circuits import Circuit, FlatCircuit
from circuits.flat import GATES

Array = NDArray[np.float64]


def states_of(flat: Circuit, points: Array) -> NDArray[np.complex128]:
    """Final states: from the kernels where they have all gates.

    Args:
        flat: Circuit whose k-th angle that varies is its k-th weight (see `flattened`).
        points: Angles `(k, m)`.

    Returns:
        `(k, 2**n)`, up to a phase that all points share.
    """
    fast = _on_kernels(flat)
    if fast is None:
        return np.asarray(flat.statevector(w=torch.from_numpy(points)).numpy())
    gates, varied = fast
    table = np.tile(gates.angles, (len(points), 1))
    table[:, varied] = points
    return np.asarray(gates.statevector(table).numpy())


@functools.lru_cache(maxsize=32)
def _on_kernels(flat: Circuit) -> tuple[FlatCircuit, list[int]] | None:
    """The circuit for the kernels, and which of its angles vary."""
    gates, varied = FlatCircuit(flat.n_qubits), []
    for op in flat.ops:
        if op.name == "barrier":
            continue
        if op.name not in GATES or len(op.angles) > 1:
            return None
        if op.angles and not op.angles[0].is_constant:
            varied.append(gates.n_angles)
        angle = op.angles[0].constant if op.angles else None
        gates.append(op.name, *op.qubits, angle=angle)
    return gates, varied
