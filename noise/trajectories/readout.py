"""Readout errors in outcomes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from circuits.simulators.readout import Readout
from noise.trajectories.unravelling import uniform


def read_bits(
    bits: Tensor, qubits: Sequence[int], readout: Readout, generator: torch.Generator | None
) -> Tensor:
    """Outcomes uint8 `(..., k)` of the qubits as they are read."""
    wrong = [q for q in qubits if q in readout]
    if not wrong:
        return bits
    random = uniform((len(wrong), *bits.shape[:-1]), generator).to(bits.device)
    found = bits.clone()
    for row, q in zip(random, wrong, strict=True):
        column = bits[..., list(qubits).index(q)]
        one, zero = float(readout[q][0][1]), float(readout[q][1][0])
        flips = row < one + (zero - one) * column.double()
        found[..., list(qubits).index(q)] = column ^ flips.to(torch.uint8)
    return found
