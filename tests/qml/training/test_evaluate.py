"""predict, evaluate, and the functions of logits."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from circuits import errors
from qml.training import classes, evaluate, predict, probabilities

from .problems import blobs, mlp


@given(st.integers(1, 40), st.integers(1, 50))
def test_batches_do_not_change_the_result(n, batch_size):
    model = mlp()
    x, y = blobs(n)
    model.eval()
    expected = model(x).detach()
    model.train()
    torch.testing.assert_close(predict(model, x, batch_size=batch_size), expected)
    scores = evaluate(model, x, y, batch_size=batch_size)
    loss = nn.functional.cross_entropy(expected, y)
    assert scores.loss == pytest.approx(loss.item(), rel=1e-10)
    assert scores.accuracy == pytest.approx((expected.argmax(1) == y).double().mean().item())
    assert scores.samples == n


def test_modes_return_even_after_an_error():
    model = mlp()
    model[1].eval()
    with pytest.raises(RuntimeError):
        predict(model, torch.zeros(3, 7, dtype=torch.float64))
    assert [module.training for module in model] == [True, False, True, True, True]


def test_outputs_carry_no_gradient():
    assert not predict(mlp(), blobs()[0]).requires_grad


@pytest.mark.parametrize("shape", [(5, 1), (5,)])
def test_one_logit(shape):
    logits = torch.tensor([-2.0, -0.1, 0.0, 0.1, 2.0], dtype=torch.float64).reshape(shape)
    assert classes(logits).tolist() == [0, 0, 0, 1, 1]
    p = probabilities(logits)
    torch.testing.assert_close(p[:, 1], 1 / (1 + torch.exp(-logits.flatten())))
    torch.testing.assert_close(p.sum(1), torch.ones(5, dtype=torch.float64))


def test_many_logits():
    logits = torch.tensor([[0.0, 1.0, 0.5], [3.0, 1.0, 2.0]], dtype=torch.float64)
    assert classes(logits).tolist() == [1, 0]
    torch.testing.assert_close(
        probabilities(logits), logits.exp() / logits.exp().sum(1, keepdim=True)
    )


def test_bad_arguments():
    x, y = blobs()
    with pytest.raises(errors.InvalidArgumentError, match="batch_size"):
        predict(mlp(), x, batch_size=0)
    with pytest.raises(errors.ShapeError, match="n >= 1"):
        predict(mlp(), x[:0])
    with pytest.raises(errors.ArgumentTypeError, match="tensor"):
        predict(mlp(), x.tolist())
    with pytest.raises(errors.ShapeError, match="equally many"):
        evaluate(mlp(), x, y[:3])
    with pytest.raises(errors.ShapeError, match="one row per sample"):
        evaluate(nn.Flatten(0), x, y)
