"""The problem and the circuits that the tests of `minimize` share."""

from __future__ import annotations

import numpy as np

from circuits import Circuit, FlatCircuit, weights
from circuits import gates as g
from optim.problems import transverse_field_ising

PROBLEM = transverse_field_ising(3, field=0.8)


def flat_circuit(seed: int = 0) -> FlatCircuit:
    random = np.random.default_rng(seed)
    flat = FlatCircuit(3)
    for _ in range(2):
        for q in range(3):
            flat.append("ry", q, angle=random.uniform(-1, 1))
        flat.append("cx", 0, 1)
        flat.append("cx", 1, 2)
    for q in range(3):
        flat.append("ry", q, angle=random.uniform(-1, 1))
    return flat


def tied_circuit() -> Circuit:
    """Alternating-operator ansatz: two weights per layer, each shared by all gates of its kind."""
    w = weights(2, 2)
    circuit = Circuit(3, [g.h(q) for q in range(3)])
    for layer in range(2):
        circuit += [g.rzz(2 * w[layer, 0], q, q + 1) for q in range(2)]
        circuit += [g.rx(2 * w[layer, 1], q) for q in range(3)]
    return circuit
