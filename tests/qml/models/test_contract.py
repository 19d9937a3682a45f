"""What holds for every model: shapes, types, gradients, copies, other backends, bad input."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch

from circuits import DensityMatrix, StateVector
from circuits.errors import ArgumentTypeError, DtypeError, ShapeError
from tests.qml.models.cases import every_model, every_quantum_model


def samples(model, *batch, dtype=torch.float64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*batch, model.in_features, generator=generator, dtype=dtype) + 0.1


@every_model
@pytest.mark.parametrize("batch", [(), (3,), (2, 3), (0,), (2, 0, 3)])
def test_any_leading_dimensions(make, batch):
    model = make()
    assert model(samples(model, *batch, dtype=torch.float32)).shape == (*batch, model.n_classes)


@every_model
def test_batches_equal_single_samples(make, dtype, tolerance):
    model = make(dtype=dtype)
    x = samples(model, 2, 3, dtype=dtype)
    y = model(x)
    assert y.dtype == dtype
    one_by_one = torch.stack([model(row) for row in x.reshape(6, -1)]).reshape(y.shape)
    torch.testing.assert_close(y, one_by_one, **tolerance)


@every_model
def test_single_precision_agrees_with_double(make):
    model = make(dtype=torch.float64)
    x = samples(model, 4)
    expected = model(x)
    torch.testing.assert_close(
        model.float()(x.float()), expected.float(), rtol=1e-3, atol=1e-4, check_dtype=True
    )


@every_model
def test_every_parameter_and_the_input_get_a_gradient(make):
    model = make(dtype=torch.float64, generator=3)
    x = samples(model, 16).requires_grad_()
    weights = torch.linspace(-1, 1, 16 * model.n_classes, dtype=x.dtype).reshape(16, -1)
    (weights * model(x)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        if name.startswith("layer.") and "qcnn" not in str(type(model)).lower():
            assert (parameter.grad.abs() > 1e-12).all(), name
        assert (parameter.grad.abs() > 1e-12).any(), name
    assert (x.grad.abs().sum(0) > 1e-12).all()


@every_model
def test_generator_decides_the_weights_and_reset_draws_anew(make):
    first, second = make(generator=5), make(generator=5)
    before = copy.deepcopy(first.state_dict())
    assert before.keys() == second.state_dict().keys()
    for name, value in second.state_dict().items():
        assert torch.equal(before[name], value), name
    first.reset_parameters()
    assert all((before[name] != value).any() for name, value in first.state_dict().items())
    first.reset_parameters(generator=8)
    second.reset_parameters(generator=8)
    for name, value in second.state_dict().items():
        assert torch.equal(first.state_dict()[name], value), name


@every_model
def test_copies_pickles_and_state_dicts(make):
    model = make()
    x = samples(model, 3, dtype=torch.float32)
    assert all(isinstance(value, torch.Tensor) for value in model.state_dict().values())
    assert list(model.state_dict()) == [name for name, _ in model.named_parameters()]
    stream = io.BytesIO()
    torch.save(model.state_dict(), stream)
    stream.seek(0)
    other = make()
    other.load_state_dict(torch.load(stream, weights_only=True))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), other):
        assert torch.equal(twin(x), model(x))
        assert {p.data_ptr() for p in twin.parameters()}.isdisjoint(
            p.data_ptr() for p in model.parameters()
        )


@every_model
def test_sizes_and_repr(make):
    model = make()
    assert model.out_features == model.n_classes
    assert model.n_parameters == sum(p.numel() for p in model.parameters())
    assert f"in_features={model.in_features}, n_classes={model.n_classes}" in repr(model)


@every_quantum_model
def test_another_backend_shares_the_parameters(make):
    model = make(dtype=torch.float64)
    x = samples(model, 4)
    other = model.with_backend(DensityMatrix())
    assert isinstance(other.layer.backend, DensityMatrix)
    assert isinstance(model.layer.backend, StateVector)
    torch.testing.assert_close(other(x), model(x), rtol=1e-10, atol=1e-11)
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert mine is theirs
    other(x).square().sum().backward()
    through_other = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(x).square().sum().backward()
    for mine, theirs in zip(model.parameters(), through_other, strict=True):
        torch.testing.assert_close(mine.grad, theirs, rtol=1e-7, atol=1e-10)


@every_quantum_model
def test_shots_approach_the_exact_values(make):
    model = make(dtype=torch.float64)
    x = samples(model, 2)
    sampled = model.with_backend(StateVector(), shots=200_000, generator=0)
    with torch.no_grad():
        assert not torch.equal(sampled(x), model(x))
        torch.testing.assert_close(sampled(x).softmax(-1), model(x).softmax(-1), rtol=0, atol=0.03)


@every_model
def test_wrong_input_is_named(make):
    model = make()
    d = model.in_features
    with pytest.raises(ShapeError, match=rf"\(\.\.\., {d}\), got \(2, {d + 1}\)"):
        model(torch.rand(2, d + 1))
    with pytest.raises(ShapeError, match=r"got \(\)"):
        model(torch.tensor(1.0))
    with pytest.raises(ArgumentTypeError, match=r"torch\.Tensor, got list"):
        model([1.0] * d)
    with pytest.raises(DtypeError, match=r"got torch\.int64\. Convert it"):
        model(torch.ones(2, d, dtype=torch.long))
