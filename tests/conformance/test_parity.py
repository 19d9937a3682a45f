"""Every backend gives the same answers: shapes, order, dtypes, and values within stated bounds."""

from __future__ import annotations

import pytest
import torch

from circuits.errors import UnsupportedOperationError
from tests.conformance import parity
from tests.conformance.parity import (
    COMPARISONS,
    OBSERVED,
    PROPAGATION,
    SAMPLED,
    SHOTS,
    WAYS,
    Way,
    answers,
    bound,
    frequency_bound,
    questions,
)

_EXACT = [way for way in [*WAYS, PROPAGATION] if way.exact is not None]
_MEASURED = [way for way in WAYS if way.shots]

each_exact = pytest.mark.parametrize("way", _EXACT, ids=lambda way: way.name)
each_measured = pytest.mark.parametrize("way", _MEASURED, ids=lambda way: way.name)
each_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@each_exact
@each_dtype
def test_exact_values(way, dtype):
    asked = questions(None, dtype)
    truth = answers()
    chosen = [0, 1, 3, 4] if way is PROPAGATION else range(len(asked))  # it has no other bases
    found = way.make().run([asked[k] for k in chosen])
    atol = way.exact if dtype is torch.float64 else 5e-6
    for result, k in zip(found, chosen, strict=True):
        assert result.values.dtype == dtype
        assert result.values.device == truth[k].device
        assert result.variances is None
        assert result.samples is None
        torch.testing.assert_close(result.values.double(), truth[k], rtol=0, atol=atol)


@each_measured
@each_dtype
def test_estimates_and_samples(way, dtype):
    """Within Hoeffding's bound; the false-alarm rate of the whole suite is 1e-6."""
    check_measured(way, dtype, way.make())


def check_measured(way: Way, dtype: torch.dtype, backend) -> None:
    """Runs all questions with shots and compares the answers with the truth."""
    asked = questions(SHOTS, dtype, 11 if way.seeded else None)
    truth = answers()
    found = backend.run(asked)
    assert len(found) == len(asked)
    for position in (0, 3, 4):
        result, request, exact = found[position], asked[position], truth[position]
        assert result.values.shape == result.variances.shape == exact.shape
        assert result.values.dtype == result.variances.dtype == dtype
        assert result.samples is None
        assert bool(torch.isfinite(result.variances).all())
        for column, observable in enumerate(request.observables):
            error = (result.values[:, column].double() - exact[:, column]).abs().max()
            assert error <= bound(observable, SHOTS), (position, column)
    for position in (1, 2):
        result, request, exact = found[position], asked[position], truth[position]
        k = len(request.qubits)
        assert result.samples.shape == (request.points, SHOTS, k)
        assert result.samples.dtype == torch.uint8
        assert result.values is None
        seen = frequencies(result.samples)
        assert (seen - exact).abs().max() <= frequency_bound(SHOTS), position
    assert all(result.metadata["shots"] == SHOTS for result in found)


def frequencies(samples):
    """Relative frequencies `(points, 2**k)`; bit i of an outcome is column i."""
    k = samples.shape[-1]
    index = (samples.long() << torch.arange(k)).sum(-1)
    return torch.stack([(index == outcome).double().mean(1) for outcome in range(2**k)], dim=1)


def test_propagation_refuses_shots():
    with pytest.raises(UnsupportedOperationError, match="shots"):
        PROPAGATION.make().run(questions(10)[:1])


def test_the_truth_is_not_symmetric():
    """Swapped qubits, reversed bits or a wrong sign would be seen by every backend's bounds."""
    truth = answers()
    limit = bound(OBSERVED[0], SHOTS)
    values = truth[0]
    assert (values[:, 0] - values[:, 4]).abs().max() > 2 * limit
    assert (values[:, 1].abs() > 2 * limit).any()
    assert (values[:, 4].abs() > 2 * limit).any()
    assert (values[0] - values[2]).abs().max() > 2 * limit
    swapped = truth[2].reshape(-1, 2, 2).transpose(1, 2).reshape(-1, 4)
    assert (truth[2] - swapped).abs().max() > 2 * frequency_bound(SHOTS)


def test_the_false_alarm_rate_is_what_is_stated():
    """Every comparison of a sampled number gets the same share of 1e-6."""
    each = 3 * len(OBSERVED) * 2 + 2 * 2 + 2 * 8 + 2 * 2 ** len(SAMPLED)
    both_dtypes = 2 * len(_MEASURED) * each
    service = 2 * each  # the tests of parity through the service, and with noise
    noisy = 7 * 2 * 4 + 4 * 8
    assert both_dtypes + service + noisy <= COMPARISONS
    assert COMPARISONS * parity.DELTA <= 1e-6
