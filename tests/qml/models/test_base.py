"""What `with_backend` makes: a module that shares parameters and is otherwise one of its own."""

from __future__ import annotations

import pytest
import torch

from circuits import DensityMatrix, StateVector
from circuits.errors import ShapeError
from qml import HQKAN, QKAN, DataReuploading, DoublyStochasticAttention, QDSFormer, QKANLayer
from qml.models import DoublyStochasticCircuit

MODULES = {
    "reupload": (lambda: DataReuploading(4, 2, n_qubits=2, layers=1), (3, 4)),
    "qkan-layer": (lambda: QKANLayer(3, 2, reps=1), (3, 3)),
    "qkan": (lambda: QKAN([3, 2, 1], reps=1), (3, 3)),
    "hqkan": (lambda: HQKAN(5, 2, reps=1), (3, 5)),
    "circuit": (lambda: DoublyStochasticCircuit(2, layers=1), (3, 2, 2)),
    "attention": (lambda: DoublyStochasticAttention(4, 2, layers=1), (3, 2, 4)),
    "qdsformer": (lambda: QDSFormer(4, 2, patches=1, width=4, circuit_layers=1), (3, 4)),
}

every_module = pytest.mark.parametrize(("make", "shape"), MODULES.values(), ids=list(MODULES))


@every_module
def test_hooks_belong_to_one_of_both(make, shape):
    module, x = make(), torch.rand(shape)
    other = module.with_backend(StateVector())
    called = []
    handle = other.register_forward_hook(lambda *_: called.append("other"))
    module.register_forward_hook(lambda *_: called.append("module"))
    other(x)
    module(x)
    assert called == ["other", "module"]
    handle.remove()
    other(x)
    assert called == ["other", "module"]


@every_module
def test_a_compiled_module_does_not_answer_for_the_other(make, shape, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda call, **_: call)
    module, x = make(), torch.rand(shape)
    module.compile()
    other = module.with_backend(DensityMatrix(), shots=3, generator=1)
    exact, sampled = module(x), other(x)
    assert float((exact - sampled).detach().abs().max()) > 1e-4
    again = module.with_backend(DensityMatrix(), shots=3, generator=1)
    assert torch.equal(again(x), sampled)


def test_images_that_are_not_flat_come_with_their_remedy():
    model = HQKAN(12, 2)
    with pytest.raises(ShapeError, match=r"got \(5, 3, 2, 2\)\. Flatten .*`x\.flatten\(-3\)`"):
        model(torch.rand(5, 3, 2, 2))
    with pytest.raises(ShapeError, match=r"`x\.flatten\(-2\)`"):
        model(torch.rand(4, 3))
    with pytest.raises(ShapeError, match=r"got \(5, 4\)\. Build the model"):
        model(torch.rand(5, 4))
