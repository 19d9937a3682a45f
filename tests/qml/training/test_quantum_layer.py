"""The loop, checkpoints and estimators with a circuit inside."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from circuits import Circuit, inputs, weights
from circuits import gates as g
from qml.layer import QuantumLayer
from qml.sklearn import TorchClassifier
from qml.training import fit, load_checkpoint

from .problems import assert_same_state, blobs


def hybrid(n_features=2, n_outputs=3, *, n_qubits=2, shots=None, seed=None):
    """A linear layer, a small circuit, a linear layer."""
    x, w = inputs(n_qubits), weights(n_qubits)
    circuit = Circuit(n_qubits, [g.ry(x[q], q) for q in range(n_qubits)])
    circuit += [g.cx(q, q + 1) for q in range(n_qubits - 1)]
    circuit += [g.ry(w[q], q) for q in range(n_qubits)]
    layer = QuantumLayer(circuit, shots=shots, generator=seed)
    return nn.Sequential(nn.Linear(n_features, n_qubits), layer, nn.Linear(n_qubits, n_outputs))


@pytest.mark.parametrize("shots", [None, 50])
def test_a_hybrid_network_learns_and_resumes(tmp_path, dtype, shots):
    data, validation = blobs(dtype=dtype), blobs(30, dtype=dtype, seed=1)
    options = {"epochs": 4, "lr": 0.1, "seed": 0, "progress": False, "restore_best": True}

    def build(seed):
        torch.manual_seed(seed)
        return hybrid(shots=shots, seed=None if shots is None else seed).to(dtype)

    whole = build(1)
    result = fit(whole, data, validation, **options)
    assert result.losses[-1] < result.losses[0]
    stop = [lambda record, model: record.epoch == 2]
    fit(build(1), data, validation, out=tmp_path, callbacks=stop, **options)
    second = build(2)
    fit(second, data, validation, out=tmp_path, resume=True, **options)
    assert_same_state(second, whole)
    assert_same_state(load_checkpoint(tmp_path / "model.ckpt").load_into(build(3)), whole)


def test_a_hybrid_network_as_an_estimator():
    x, y = blobs(classes=2)
    names = [("left", "right")[label] for label in y]
    model = TorchClassifier(
        hybrid, module__n_qubits=3, epochs=25, lr=0.1, dtype=torch.float64, random_state=0
    )
    assert model.fit(x.numpy(), names).score(x.numpy(), names) > 0.9
    assert model.module_[1].in_features == 3
