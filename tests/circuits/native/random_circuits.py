"""Random circuits for comparing the native engine with the torch engine, cheap to make."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from circuits import Circuit, PauliSum, Probabilities, inputs, weights
from circuits import gates as g
from circuits.gradients.methods import measurement_of
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

Observed = tuple[PauliSum, ...] | Probabilities


def random_circuit(
    rng: np.random.Generator, n_qubits: int, n_ops: int, *, preparation: bool = False
) -> Circuit:
    """Every kind of gate, with angles that are shared, per sample, both, constant or products.

    Args:
        rng: Source of randomness.
        n_qubits: Number of qubits.
        n_ops: Number of gates.
        preparation: Whether to start from inputs as amplitudes.
    """
    x, w = inputs(N_INPUTS), weights(N_WEIGHTS)
    circuit = Circuit(n_qubits)

    def angle() -> object:
        one, other = w[rng.integers(N_WEIGHTS)], x[rng.integers(N_INPUTS)]
        choices = (one * other + 0.3, one, 2 * other, 0.7, one * w[0] - x[0] * x[1])
        return choices[rng.integers(len(choices))]

    def qubits(count: int) -> list[int]:
        return [int(q) for q in rng.permutation(n_qubits)[:count]]

    def some_gate() -> g.Op | None:
        kind = rng.random()
        if kind < 0.15:
            k = int(rng.integers(1, min(3, n_qubits) + 1))
            label = "".join(rng.choice(list("IXYZ"), k))
            return g.pauli_rotation(angle(), label, *qubits(k))
        if kind < 0.25:
            k = int(rng.integers(1, min(2, n_qubits) + 1))
            return g.unitary(random_unitary(int(rng.integers(10**6)), 2**k), *qubits(k))
        if kind < 0.5:
            return g.cx(*qubits(2))
        record = g.TABLE[FIXED_SHAPE[rng.integers(len(FIXED_SHAPE))]]
        if record.n_qubits is None or record.n_qubits > n_qubits:
            return None
        angles = [angle() for _ in range(record.n_angles)]
        found: g.Op = getattr(g, record.name)(*angles, *qubits(record.n_qubits))
        return found

    if preparation:
        chosen = qubits(int(rng.integers(1, n_qubits + 1)))
        first = [x[k % N_INPUTS] if k < 6 else 0.0 for k in range(2 ** len(chosen))]
        if rng.random() < 0.3:  # more than bare inputs: the kernels leave it to torch
            first[0] = 0.5 * x[0] + 0.2
        circuit += [g.state_preparation(first, *chosen)]
    while len(circuit.ops) < n_ops:
        op = some_gate()
        if op is None:
            continue
        free = [q for q in range(n_qubits) if q not in op.qubits]
        if free and op.qubits and rng.random() < 0.2:
            op = g.controlled(op, *free[: int(rng.integers(1, 3))])
        circuit += [op]
    # A fixed first use of every group, so that both engines take all of them.
    return circuit + Circuit(n_qubits, [g.rx(sum(x[1:], x[0]) * w.sum(), 0)])


def random_observed(rng: np.random.Generator, n_qubits: int, *, probabilities: bool) -> Observed:
    """Observables, or probabilities of some qubits in any order."""
    if not probabilities:
        return tuple(OBSERVABLES)
    kept = rng.permutation(n_qubits)[: int(rng.integers(1, n_qubits + 1))]
    return Probabilities(tuple(int(q) for q in kept))


def n_values(observed: Observed) -> int:
    """Number of values per sample."""
    return 2 ** len(observed.qubits or ()) if isinstance(observed, Probabilities) else len(observed)


def native(
    circuit: Circuit,
    x: Tensor,
    w: Tensor,
    gradient: Tensor,
    observed: Observed = tuple(OBSERVABLES),
    *,
    keep: bool = False,
) -> tuple[Tensor, ...]:
    """Values, and gradients by inputs and weights, of the native engine.

    Args:
        circuit: The circuit.
        x: Inputs.
        w: Weights.
        gradient: Gradient of the loss by the values.
        observed: What is measured.
        keep: Whether the gradient starts from the states that the forward run kept.
    """
    engine = NativeEngine(TorchEngine(circuit), circuit, observed)
    found = engine.forward(x, w, keep=keep)
    assert found.finite
    assert (found.kept is not None) == keep
    by_inputs, by_weights = engine.vjp(x, w, gradient, found.kept)
    assert by_inputs is not None
    return found.values, by_inputs, by_weights


def reference(
    circuit: Circuit,
    x: Tensor,
    w: Tensor,
    gradient: Tensor,
    observed: Observed = tuple(OBSERVABLES),
) -> tuple[Tensor, ...]:
    """The same of the torch engine."""
    engine = TorchEngine(circuit)
    measured = measurement_of(observed, circuit.n_qubits)
    slopes = engine.adjoint(x, w, lambda state: measured.cotangent(state, gradient.T))
    return measured.values(engine.state(x, w)).T, *slopes
