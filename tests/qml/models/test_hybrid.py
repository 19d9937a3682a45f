"""The hybrid classifier, its two ablations, and the perceptron they are made of."""

from __future__ import annotations

import pytest
import torch

from circuits.errors import KetworkError
from qml import MLP, HybridClassifier


@pytest.mark.parametrize(
    ("d", "c", "n", "layers"), [(64, 10, 8, 2), (64, 10, 4, 1), (4, 3, 2, 5), (30, 2, 3, 1)]
)
def test_the_twin_has_nearly_as_many_parameters(d, c, n, layers):
    model = HybridClassifier(d, c, n_qubits=n, layers=layers)
    surplus = model.classical_twin().n_parameters - model.n_parameters
    assert 0 <= surplus <= d + c
    circuit = sum(p.numel() for p in model.layer.parameters())
    assert circuit == 4 * n * layers
    assert model.without_circuit().n_parameters == model.n_parameters - circuit


def test_without_circuit_is_the_same_network_with_the_identity():
    model = HybridClassifier(5, 3, n_qubits=2, layers=2, dtype=torch.float64)
    other = model.without_circuit(generator=1)
    with torch.no_grad():
        for mine, theirs in ((model.encoder, other.layers[0]), (model.head, other.layers[2])):
            theirs.load_state_dict(mine.state_dict())
    model.layer = torch.nn.Identity()
    x = torch.rand(4, 5, dtype=torch.float64)
    assert torch.equal(model(x), other(x))


def test_ablations_take_a_generator_and_the_dtype():
    model = HybridClassifier(5, 3, n_qubits=2, layers=1, dtype=torch.float64)
    for make in (model.without_circuit, model.classical_twin):
        first, second = make(generator=4), make(generator=4)
        assert isinstance(first, MLP)
        assert first.activation == "tanh"
        for a, b in zip(first.parameters(), second.parameters(), strict=True):
            assert a.dtype == torch.float64
            assert torch.equal(a, b)


def test_the_perceptron_by_hand():
    model = MLP(3, 2, [4], activation="relu", dtype=torch.float64)
    x = torch.rand(5, 3, dtype=torch.float64) - 0.5
    first, _, last = model.layers
    hidden = (x @ first.weight.T + first.bias).clamp_min(0)
    torch.testing.assert_close(model(x), hidden @ last.weight.T + last.bias)
    assert first.weight.abs().max() <= 3**-0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(3, 2, [4, 0]), r"`hidden\[1\]` must be at least 1"),
        (lambda: MLP(3, 2, 4, activation="sine"), "'relu', 'tanh', 'gelu'"),
        (lambda: MLP(3, 1), "`n_classes` must be at least 2"),
        (lambda: MLP(3, 2, dtype=torch.complex64), "real floating-point dtype"),
        (lambda: HybridClassifier(3, 2, n_qubits=0, layers=1), "`n_qubits` must be at least 1"),
        (lambda: HybridClassifier(3, 2, n_qubits=2, layers=0), "`layers` must be at least 1"),
        (lambda: HybridClassifier(3.5, 2, n_qubits=2, layers=1), "`in_features` must be an integ"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(KetworkError, match=message):
        make()
