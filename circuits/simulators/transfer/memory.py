"""The check that Pauli vectors fit in memory, made before anything is allocated."""

from __future__ import annotations

import math

import torch

from circuits.errors import ResourceLimitError
from circuits.simulators.memory import physical_memory


def check_vectors(n_qubits: int, vectors: float, dtype: torch.dtype) -> None:
    """Refuse a run whose Pauli vectors would not fit in this machine's memory.

    Args:
        n_qubits: Number of qubits that are simulated.
        vectors: How many vectors are alive at once.
        dtype: Of the vectors.

    Raises:
        ResourceLimitError: With the size needed and the size there is.
    """
    size = 4**n_qubits * vectors * (4 if dtype == torch.float32 else 8)
    total = physical_memory()
    if size > total:
        raise ResourceLimitError(
            f"The Pauli vector of {n_qubits} qubits has 4^{n_qubits} entries, and this run needs "
            f"about {size / 2**30:.3g} GiB; this machine has {total / 2**30:.3g} GiB. Use fewer "
            "qubits or smaller batches, noise.Trajectories or noise.PauliPropagation."
        )


def vectors_of_gradient(n_steps: int, workers: int) -> float:
    """Vectors alive in the kernels: two times the root of the number of steps per worker."""
    return workers * (2 * math.sqrt(n_steps) + 6)
