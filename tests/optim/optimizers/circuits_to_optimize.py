"""Circuits that the tests of optimizers share."""

from __future__ import annotations

import torch

from circuits import Circuit, PauliSum, weights
from circuits import gates as g

HAMILTONIAN = PauliSum({"ZZI": 0.7, "IXX": -0.4, "YIZ": 0.3, "IIX": 0.5, "III": 0.2})


def plain() -> Circuit:
    """Every weight is the angle of one rotation."""
    w = weights(3, 3)
    circuit = Circuit(3)
    for layer, make in enumerate((g.ry, g.rx, g.rz)):
        circuit += [make(w[layer, q], q) for q in range(3)]
        circuit += [g.cx(0, 1), g.cz(1, 2), g.h(0)]
    return circuit


def tied() -> Circuit:
    """Weights that are shared, scaled, controlled, and one that is not used."""
    w = weights(5)
    gates = [g.ry(w[0], 0), g.rx(w[0] + 0.3, 1), g.ry(2 * w[1], 2), g.cx(0, 1), g.rz(-w[0], 1)]
    gates += [g.crx(w[2], 0, 2), g.rzz(w[3], 1, 2), g.ry(w[3] / 2, 0), g.cx(1, 2), g.ry(0.4, 1)]
    return Circuit(3, gates)


def energy_of(circuit: Circuit, parameter: torch.Tensor) -> torch.Tensor:
    """The exact energy, differentiable."""
    return circuit.expectation(HAMILTONIAN, w=parameter)[0]


def start(
    circuit: Circuit, seed: int = 3, dtype: torch.dtype = torch.float64
) -> torch.nn.Parameter:
    """A parameter with random values for the circuit's only group of weights."""
    random = torch.Generator().manual_seed(seed)
    shape = circuit.weight_groups[0].shape
    return torch.nn.Parameter((torch.rand(shape, generator=random) * 4 - 2).to(dtype))
