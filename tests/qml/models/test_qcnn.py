"""QCNN: the paper's parameter counts, independent constructions, readout, bad arguments."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import circuits
from circuits import Probabilities
from circuits.ansatz import BLOCKS
from circuits.errors import KetworkError
from qml import QCNN, QuantumLayer

PAPER = {
    "TTN": 12, "U5": 36, "U6": 36, "U9": 12, "U13": 24, "U14": 24, "U15": 18, "SO4": 24, "SU4": 51,
}  # fmt: skip


@pytest.mark.parametrize(("block", "total"), PAPER.items())
def test_parameter_counts_of_the_paper(block, total):
    assert QCNN(block=block).n_parameters == total
    assert QCNN(block=block, pooling=False).n_parameters == total - 6
    assert QCNN(block=block, chain=True).n_parameters == total - 6
    assert set(PAPER) == set(BLOCKS)


def test_su4_by_hand_in_pennylane():
    qp = pytest.importorskip("pennylane")
    model = QCNN(256, 2, dtype=torch.float64, generator=0)
    x = torch.rand(256, dtype=torch.float64)
    weight = model.layer.weight.detach().numpy()

    def convolution(w, a, b):
        qp.U3(*w[0:3], wires=a)
        qp.U3(*w[3:6], wires=b)
        qp.CNOT(wires=[a, b])
        qp.RY(w[6], wires=a)
        qp.RZ(w[7], wires=b)
        qp.CNOT(wires=[b, a])
        qp.RY(w[8], wires=a)
        qp.CNOT(wires=[a, b])
        qp.U3(*w[9:12], wires=a)
        qp.U3(*w[12:15], wires=b)

    def pooling(w, control, target):
        qp.CRZ(w[0], wires=[control, target])
        qp.PauliX(wires=control)
        qp.CRX(w[1], wires=[control, target])

    @qp.qnode(qp.device("default.qubit", wires=8))
    def network():
        # Our qubit 0 is the least significant bit of an index, PennyLane's first wire the most.
        qp.AmplitudeEmbedding(x.numpy(), wires=range(7, -1, -1), normalize=True)
        for a, b in [(0, 7), (0, 1), (2, 3), (4, 5), (6, 7), (1, 2), (3, 4), (5, 6)]:
            convolution(weight[0, :15], a, b)
        for control, target in [(1, 0), (3, 2), (5, 4), (7, 6)]:
            pooling(weight[0, 15:], control, target)
        for a, b in [(0, 6), (0, 2), (4, 6), (2, 4)]:
            convolution(weight[1, :15], a, b)
        for control, target in [(2, 0), (6, 4)]:
            pooling(weight[1, 15:], control, target)
        convolution(weight[2, :15], 0, 4)
        pooling(weight[2, 15:], 0, 4)
        return qp.probs(wires=4)

    np.testing.assert_allclose(model(x).exp().detach().numpy(), network(), atol=1e-12)


@pytest.mark.parametrize("encoding", ["angle", "dense"])
def test_a_chain_of_u9_by_hand_in_qiskit(encoding):
    qiskit = pytest.importorskip("qiskit")
    from qiskit.quantum_info import Statevector

    size = {"angle": 8, "dense": 16}[encoding]
    model = QCNN(size, 2, block="U9", chain=True, encoding=encoding, dtype=torch.float64)
    x = torch.rand(size, dtype=torch.float64)
    weight = model.layer.weight.detach().numpy()
    circuit = qiskit.QuantumCircuit(8)
    for q in range(8):
        if encoding == "angle":
            circuit.ry(float(x[q]), q)
        else:
            circuit.rx(float(x[q]), q)
            circuit.ry(float(x[8 + q]), q)
    first = [(0, 1), (2, 3), (4, 5), (6, 7), (1, 2), (3, 4), (5, 6)]
    for stage, pairs in enumerate([first, [(2, 3), (4, 5)], [(3, 4)]]):
        for a, b in pairs:
            circuit.h([a, b])
            circuit.cz(a, b)
            circuit.rx(float(weight[stage, 0]), a)
            circuit.rx(float(weight[stage, 1]), b)
    expected = Statevector(circuit).probabilities([4])
    np.testing.assert_allclose(model(x).exp().detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3, 4, 10])
def test_logits_are_joint_probabilities_of_the_readout(n_classes):
    model = QCNN(256, n_classes, block="U15", dtype=torch.float64)
    x = torch.rand(3, 256, dtype=torch.float64)
    joint = QuantumLayer(model.layer.circuit, Probabilities(model.readout), dtype=torch.float64)
    with torch.no_grad():
        joint.weight.copy_(model.layer.weight)
    torch.testing.assert_close(model(x).exp(), joint(x)[:, :n_classes], rtol=1e-9, atol=1e-12)


def test_readout_qubits_leave_the_network_last():
    assert QCNN(256, 2).readout == (4,)
    assert QCNN(256, 4).readout == (4, 0)
    assert set(QCNN(256, 10).readout) == {0, 2, 4, 6}
    assert QCNN(256, 4, chain=True).readout == (4, 3)


@pytest.mark.parametrize("sharpness", [1.0, 2.0, 8.0])
def test_sharpness_multiplies_the_logits(sharpness):
    plain = QCNN(16, dtype=torch.float64)
    sharp = QCNN(16, sharpness=sharpness, dtype=torch.float64)
    sharp.load_state_dict(plain.state_dict())
    x = torch.rand(5, 16, dtype=torch.float64)
    torch.testing.assert_close(sharp(x), sharpness * plain(x))


def test_an_impossible_outcome_stays_finite(dtype):
    model = QCNN(2, block="TTN", encoding="angle", pooling=False, dtype=dtype)
    with torch.no_grad():
        model.layer.weight.zero_()
    x = torch.zeros(1, 2, dtype=dtype, requires_grad=True)
    logits = model(x)
    assert logits[0, 0].abs() < 1e-5
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize(
    ("arguments", "n_qubits", "in_features"),
    [
        ({}, 8, 256),
        ({"encoding": "angle"}, 8, 8),
        ({"encoding": "dense"}, 8, 16),
        ({"n_qubits": 4}, 4, 16),
        ({"in_features": 30}, 8, 30),
        ({"in_features": 30, "chain": True}, 6, 30),
        ({"in_features": 3, "encoding": "angle"}, 4, 3),
        ({"in_features": 2}, 2, 2),
    ],
)
def test_sizes_that_are_not_given(arguments, n_qubits, in_features):
    model = QCNN(**arguments, block="TTN")
    assert (model.n_qubits, model.in_features) == (n_qubits, in_features)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_features": 257, "n_qubits": 8}, "at most 256 features on 8 qubits"),
        ({"in_features": 9, "n_qubits": 8, "encoding": "angle"}, "angle encoding takes at most 8"),
        ({"n_qubits": 6}, "power of two"),
        ({"n_qubits": 5, "chain": True}, "even"),
        ({"chain": True, "pooling": True}, "chain has no pooling"),
        ({"block": "SU5"}, "'SO4', 'SU4', got 'SU5'"),
        ({"encoding": "basis"}, "'amplitude', 'angle', 'dense'"),
        ({"n_classes": 1}, "`n_classes` must be at least 2"),
        ({"in_features": 4, "n_classes": 5}, "2 qubits have 4 outcomes"),
        ({"in_features": 0}, "`in_features` must be at least 1"),
        ({"chain": "no"}, "`chain` must be True or False"),
        ({"pooling": 1}, "`pooling` must be True or False"),
        ({"sharpness": 0.0}, "`sharpness` must be positive"),
        ({"in_features": 2**40}, "at most 1048576 are supported"),
        ({"sharpness": float("nan")}, "`sharpness` must be finite"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(KetworkError, match=message):
        QCNN(**arguments)


def test_a_sample_without_norm_is_refused():
    with pytest.raises(KetworkError):
        QCNN(16)(torch.zeros(2, 16))


@pytest.mark.parametrize(
    "options",
    [{"n_qubits": 4}, {"in_features": 11, "n_classes": 3}, {"in_features": 4, "encoding": "angle"}],
)
def test_the_circuit_of_a_sample_on_aer(options):
    pytest.importorskip("qiskit_aer")
    model = QCNN(**options, generator=1, dtype=torch.float64)
    x = torch.rand(model.in_features, dtype=torch.float64) + 0.1
    chances = QuantumLayer(model.circuit(x), Probabilities(model.readout), backend=circuits.Aer())()
    kept = chances[: model.n_classes]
    torch.testing.assert_close(kept.log(), model(x).detach(), rtol=0, atol=1e-9)
    with pytest.raises(KetworkError, match=r"one sample \("):
        model.circuit(x.expand(2, -1))


def test_amplitudes_that_are_data_are_refused_by_aer():
    pytest.importorskip("qiskit_aer")
    with pytest.raises(KetworkError, match="amplitudes that depend on symbols"):
        QCNN(4).with_backend(circuits.Aer())(torch.rand(2, 4))
