"""Matrices of whole circuits, column by column, for the tests of ansatz families."""

from __future__ import annotations

import torch

from circuits import Circuit
from circuits import gates as g


def unitary_of(circuit: Circuit, w: torch.Tensor | None = None) -> torch.Tensor:
    """Matrix `(*batch, 2**n, 2**n)`: column j is the image of basis state j."""
    n = circuit.n_qubits
    columns = []
    for j in range(2**n):
        start = Circuit(n, [g.x(q) for q in range(n) if j >> q & 1])
        columns.append((start + circuit).statevector(w=w))
    return torch.stack(columns, dim=-1)


def random_weights(circuit: Circuit, seed: int = 0) -> torch.Tensor:
    """Weights of the circuit's one group, uniform in [-pi, pi]."""
    (group,) = circuit.weight_groups
    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand(group.shape, generator=generator, dtype=torch.float64)
    return (2 * uniform - 1) * torch.pi
