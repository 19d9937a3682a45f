from __future__ import annotations

import numpy as np
import pytest

from circuits import ansatz, errors
from tests.circuits.ansatz.unitaries import random_weights


@pytest.mark.parametrize(
    ("n", "layers", "ranges", "gate"),
    [(1, 2, None, "cx"), (2, 3, None, "cx"), (4, 5, None, "cx"), (4, 2, [3, 2], "cz")],
)
def test_agrees_with_pennylane(n, layers, ranges, gate):
    qp = pytest.importorskip("pennylane")
    circuit = ansatz.strongly_entangling(n, layers, ranges=ranges, gate=gate)
    w = random_weights(circuit)

    @qp.qnode(qp.device("default.qubit", wires=n))
    def reference():
        imprimitive = {"cx": qp.CNOT, "cz": qp.CZ}[gate]
        qp.StronglyEntanglingLayers(w.numpy(), range(n), ranges=ranges, imprimitive=imprimitive)
        return qp.state()

    reversed_wires = np.asarray(reference()).reshape([2] * n).transpose().ravel()
    np.testing.assert_allclose(circuit.statevector(w=w).numpy(), reversed_wires, atol=1e-12)


def test_counts():
    circuit = ansatz.strongly_entangling(3, 2, name="theta")
    assert circuit.parameters[0].shape == (2, 3, 3)
    assert circuit.parameters[0].name == "theta"
    pairs = [op.qubits for op in circuit.ops if op.name == "cx"]
    assert pairs == [(0, 1), (1, 2), (2, 0), (0, 2), (1, 0), (2, 1)]


@pytest.mark.parametrize("ranges", [[1], [1, 3], [1, 2, 1]])
def test_bad_ranges(ranges):
    with pytest.raises(errors.InvalidArgumentError, match="ranges"):
        ansatz.strongly_entangling(3, 2, ranges=ranges)


def test_gate_with_angle_raises():
    with pytest.raises(errors.InvalidArgumentError, match="at most 0 angle"):
        ansatz.strongly_entangling(3, 2, gate="crx")
