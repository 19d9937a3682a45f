"""Data re-uploading: closed forms, an independent construction, slots, bad arguments."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits.errors import InvalidArgumentError, KetworkError
from qml import DataReuploading
from qml.models import reuploading_circuit


def test_one_qubit_one_layer_in_closed_form():
    model = DataReuploading(1, 2, n_qubits=1, layers=1, dtype=torch.float64)
    groups = model.layer.weight
    with torch.no_grad():
        groups["scale"].fill_(1.3)
        groups["offset"].fill_(0.2)
        groups["weight"].copy_(torch.tensor([[[0.7], [0.4]]]))
    x = torch.linspace(-3, 3, 9, dtype=torch.float64)[:, None]
    angle = 1.3 * x + 0.2
    # RY(b) turns the Bloch vector (sin a cos z, sin a sin z, cos a) about y.
    expected = torch.cos(angle) * np.cos(0.4) - torch.sin(angle) * np.cos(0.7) * np.sin(0.4)
    torch.testing.assert_close(model.layer(x), expected)
    logits = expected @ model.head.weight.T + model.head.bias
    torch.testing.assert_close(model(x), logits)


def test_two_layers_by_hand_in_qiskit():
    qiskit = pytest.importorskip("qiskit")
    from qiskit.quantum_info import SparsePauliOp, Statevector

    model = DataReuploading(3, 2, n_qubits=3, layers=2, slots=2, dtype=torch.float64)
    x = torch.rand(3, dtype=torch.float64).numpy()
    scale, offset, weight = (
        model.layer.weight[name].detach().numpy() for name in ("scale", "offset", "weight")
    )
    circuit = qiskit.QuantumCircuit(3)
    for layer in range(2):
        for s, gate in enumerate((circuit.ry, circuit.rz)):
            for q in range(3):
                feature = x[(2 * q + s) % 3]
                gate(scale[layer, q, s] * feature + offset[layer, q, s], q)
        for a, b in ((0, 1), (1, 2), (2, 0)):
            circuit.cz(a, b)
        for q in range(3):
            circuit.rz(weight[layer, 0, q], q)
            circuit.ry(weight[layer, 1, q], q)
    state = Statevector(circuit)
    expected = [
        state.expectation_value(SparsePauliOp.from_sparse_list([("Z", [q], 1)], 3)).real
        for q in range(3)
    ]
    values = model.layer(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(values, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("d", "n", "slots", "expected"),
    [
        (5, 2, None, 5),
        (16, 4, None, 8),
        (4, 4, None, 2),
        (2, 4, None, 2),
        (6, 2, 3, 3),
        (3, 1, None, 3),
    ],
)
def test_every_layer_sees_every_feature(d, n, slots, expected):
    model = DataReuploading(d, 2, n_qubits=n, layers=3, slots=slots)
    assert model.layer.weight["scale"].shape == (3, n, expected)
    assert model.n_parameters == 3 * n * (2 * expected + 2) + 2 * (n + 1)
    one_layer = reuploading_circuit(d, n, 1, slots=slots)
    seen = {
        symbol.index
        for op in one_layer.ops
        for angle in op.angles
        for _, product in angle.terms
        for symbol in product
        if symbol.group.kind == "input"
    }
    assert seen == set(range(d))


def test_all_features_on_every_qubit():
    circuit = reuploading_circuit(3, 2, 1, slots=3)
    for qubit in (0, 1):
        used = [
            symbol.index
            for op in circuit.ops
            if op.qubits == (qubit,)
            for angle in op.angles
            for _, product in angle.terms
            for symbol in product
            if symbol.group.kind == "input"
        ]
        assert used == [0, 1, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slots": 1}, "`slots` must be at least 3"),
        ({"layers": 0}, "`layers` must be at least 1"),
        ({"n_qubits": 0}, "`n_qubits` must be at least 1"),
        ({"rotations": "rz"}, "begin with 'rx' or 'ry'"),
        ({"rotations": ("ry", "rq")}, "'rq'"),
        ({"entangler": "star"}, "`entangler` must be one of"),
        ({"layers": 10**7}, "10000000 layers of 2 qubits with 5 features each"),
        ({"dtype": torch.int64}, "real floating-point dtype"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(KetworkError, match=message):
        DataReuploading(5, 3, **{"n_qubits": 2, "layers": 2, **options})


def test_bad_sizes_are_named():
    with pytest.raises(InvalidArgumentError, match="`in_features`"):
        DataReuploading(0, 3, n_qubits=2, layers=2)
    with pytest.raises(InvalidArgumentError, match="`n_classes` must be at least 2"):
        DataReuploading(5, 1, n_qubits=2, layers=2)
