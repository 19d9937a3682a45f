"""Assertions that state a property. Each raises by itself; none returns anything to check."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
"""How far results may be from an exact reference, by the dtype they were computed in."""


def assert_unitary(matrix: np.ndarray, atol: float = 1e-12) -> None:
    """The matrix is square and U^dagger U = 1."""
    matrix = np.asarray(matrix)
    assert matrix.ndim == 2, matrix.shape
    assert matrix.shape[0] == matrix.shape[1], matrix.shape
    product = matrix.conj().T @ matrix
    np.testing.assert_allclose(product, np.eye(len(matrix)), rtol=0, atol=atol)


def assert_same_state(actual: Tensor | np.ndarray, expected: np.ndarray, atol: float) -> None:
    """Two state vectors agree, global phase included."""
    actual = np.asarray(actual)
    assert actual.shape == np.shape(expected), (actual.shape, np.shape(expected))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


def finite_differences(
    function: Callable[..., Tensor], arguments: Sequence[Tensor], step: float = 1e-5
) -> list[Tensor]:
    """Central differences of the sum of `function` with respect to each argument.

    The truncation error is step^2 / 6 times the third derivative, the rounding error about
    1e-16 / step: both below 1e-9 for circuits of a few gates in float64.
    """
    slopes = []
    for k, argument in enumerate(arguments):
        slope = torch.zeros_like(argument)
        for index in np.ndindex(*argument.shape):
            sides = []
            for sign in (1, -1):
                moved = argument.detach().clone()
                moved[index] += sign * step
                shifted = [*arguments[:k], moved, *arguments[k + 1 :]]
                with torch.no_grad():
                    sides.append(float(function(*shifted).sum()))
            slope[index] = (sides[0] - sides[1]) / (2 * step)
        slopes.append(slope)
    return slopes


def assert_gradients_match(
    function: Callable[..., Tensor], arguments: Sequence[Tensor], atol: float = 1e-6
) -> None:
    """Autograd agrees with finite differences for every argument.

    In float64. An argument that the function does not use fails.
    """
    leaves = [a.detach().clone().requires_grad_() for a in arguments]
    gradients = torch.autograd.grad(function(*leaves).sum(), leaves)
    for found, expected in zip(gradients, finite_differences(function, arguments), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=atol)


def assert_batch_consistent(
    function: Callable[[Tensor], Tensor], batch: Tensor, atol: float = 1e-12
) -> None:
    """Running a batch equals running its rows one by one; so do any leading dimensions."""
    together = function(batch)
    assert together.shape[0] == batch.shape[0]
    one_by_one = torch.stack([function(row) for row in batch])
    torch.testing.assert_close(together, one_by_one, rtol=0, atol=atol)
    nested = function(batch.reshape(1, batch.shape[0], 1, *batch.shape[1:]))
    assert nested.shape == (1, batch.shape[0], 1, *together.shape[1:])
    torch.testing.assert_close(nested.reshape(together.shape), together, rtol=0, atol=atol)


def assert_plausible(estimate: Tensor, truth: Tensor, error: Tensor, limit: float = 6.0) -> None:
    """Each estimate lies within `limit` standard errors of the truth.

    For normal errors the chance of a false alarm is 2e-9 per entry at the default limit. Entries
    with no error must be exact.
    """
    distance = (estimate - truth).abs()
    assert bool((distance <= limit * error + 1e-9).all()), (distance / error).max()
