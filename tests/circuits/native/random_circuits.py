"""Random circuits for comparing the native engine with the torch engine, cheap to make."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from circuits import Circuit, PauliSum, inputs, weights
from circuits import gates as g
from circuits.simulators.measurement import Expectations
from circuits.simulators.native import NativeEngine
from circuits.simulators.torch_engine import TorchEngine
from tests.support.strategies import FIXED_SHAPE, random_unitary

N_INPUTS, N_WEIGHTS = 4, 12
OBSERVABLES = [
    PauliSum("Z0"),
    PauliSum({"X0 Y1": 0.5, "Z0 Z1": 1.0, "Y1": -0.3}),
    PauliSum({"X0 X1": 1.0, "": 0.7}),
    PauliSum("Y0 Y1"),
]


def random_circuit(rng: np.random.Generator, n_qubits: int, n_ops: int) -> Circuit:
    """Every kind of gate, with angles that are shared, per sample, both, constant or products."""
    x, w = inputs(N_INPUTS), weights(N_WEIGHTS)
    circuit = Circuit(n_qubits)

    def angle() -> object:
        one, other = w[rng.integers(N_WEIGHTS)], x[rng.integers(N_INPUTS)]
        choices = (one * other + 0.3, one, 2 * other, 0.7, one * w[0] - x[0] * x[1])
        return choices[rng.integers(len(choices))]

    def qubits(count: int) -> list[int]:
        return [int(q) for q in rng.permutation(n_qubits)[:count]]

    while len(circuit.ops) < n_ops:
        kind = rng.random()
        if kind < 0.15:
            k = int(rng.integers(1, min(3, n_qubits) + 1))
            label = "".join(rng.choice(list("XYZ"), k))
            circuit += [g.pauli_rotation(angle(), label, *qubits(k))]
        elif kind < 0.25:
            k = int(rng.integers(1, min(2, n_qubits) + 1))
            matrix = random_unitary(int(rng.integers(10**6)), 2**k)
            circuit += [g.unitary(matrix, *qubits(k))]
        elif kind < 0.55:
            circuit += [g.cx(*qubits(2))]
        else:
            name = FIXED_SHAPE[rng.integers(len(FIXED_SHAPE))]
            record = g.TABLE[name]
            if record.n_qubits is not None and record.n_qubits <= n_qubits:
                angles = [angle() for _ in range(record.n_angles)]
                circuit += [getattr(g, name)(*angles, *qubits(record.n_qubits))]
    # A fixed first use of every group, so that both engines take all of them.
    return circuit + Circuit(n_qubits, [g.rx(sum(x[1:], x[0]) * w.sum(), 0)])


def native(circuit: Circuit, x: Tensor, w: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
    """Values, and gradients by inputs and weights, of the native engine."""
    engine = NativeEngine(TorchEngine(circuit), circuit, OBSERVABLES)
    return engine.values(x, w), *engine.vjp(x, w, gradient)


def reference(circuit: Circuit, x: Tensor, w: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
    """The same of the torch engine."""
    engine = TorchEngine(circuit)
    measured = Expectations(OBSERVABLES, circuit.n_qubits)
    slopes = engine.adjoint(x, w, lambda state: measured.cotangent(state, gradient.T))
    return measured.values(engine.state(x, w)).T, *slopes
