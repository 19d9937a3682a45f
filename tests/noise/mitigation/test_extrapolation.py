"""Extrapolators are exact on their own family, carry gradients and errors, and refuse early."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from circuits.errors import ArgumentTypeError, InvalidArgumentError, NonFiniteError
from noise.mitigation.extrapolation import (
    EXTRAPOLATORS,
    AdaptiveExponential,
    Exponential,
    Fallback,
    Linear,
    NeuralExtrapolator,
    PolyExponential,
    Polynomial,
    Richardson,
    as_extrapolator,
    check_factors,
    richardson_coefficients,
)
from noise.mitigation.extrapolation.adaptive import BEST_STEP
from tests.support.properties import assert_gradients_match

FACTORS = torch.tensor([1.0, 2.0, 3.5, 5.0], dtype=torch.float64)
SIZE = st.floats(-1, 1)
NAMES = sorted(EXTRAPOLATORS)

each = pytest.mark.parametrize("name", NAMES)


def read(extrapolator, values, variances=None, factors=FACTORS):
    return extrapolator.extrapolate(factors, values, variances)


def decay(a, b, c, factors=FACTORS):
    return (a + b * np.exp(-c * factors.numpy()))[:, None]


def tensor(array) -> torch.Tensor:
    return torch.as_tensor(np.asarray(array), dtype=torch.float64)


class TestOwnFamilies:
    @given(st.integers(1, 3), st.lists(SIZE, min_size=4, max_size=4), st.booleans())
    def test_polynomials(self, degree, coefficients, weighted):
        powers = FACTORS[:, None] ** torch.arange(degree + 1)
        values = powers @ tensor(coefficients[: degree + 1])
        variances = torch.tensor([0.1, 0.4, 0.2, 0.9]).double() if weighted else None
        found = read(Polynomial(degree), values, variances)
        assert float(found.values) == pytest.approx(coefficients[0], abs=1e-10)

    def test_a_line_is_the_polynomial_of_degree_1(self):
        values = torch.rand(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        assert torch.equal(read(Linear(), values).values, read(Polynomial(1), values).values)
        expected = np.polyfit(FACTORS.numpy(), values.numpy(), 1)[1]
        np.testing.assert_allclose(read(Linear(), values).values, expected, rtol=0, atol=1e-12)

    @given(st.lists(st.floats(1, 9), min_size=2, max_size=5, unique=True))
    def test_richardson_in_closed_form(self, factors):
        assume(min(abs(a - b) for a in factors for b in factors if a != b) > 0.1)
        found = richardson_coefficients(tensor(factors))
        expected = [
            math.prod(other / (other - mine) for other in factors if other != mine)
            for mine in factors
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        vandermonde = np.vander(factors, increasing=True)
        np.testing.assert_allclose(found, np.linalg.inv(vandermonde)[0], rtol=1e-5, atol=1e-6)

    def test_richardson_at_1_3_5(self):
        coefficients = richardson_coefficients(tensor([1, 3, 5]))
        assert coefficients.tolist() == [15 / 8, -10 / 8, 3 / 8]

    @given(st.floats(-0.5, 0.5), st.floats(0.01, 1), st.sampled_from([1, -1]), st.floats(0.01, 0.8))
    def test_exponential_with_its_asymptote(self, a, size, sign, c):
        found = read(Exponential(a), tensor(decay(a, sign * size, c)))
        assert bool(found.valid.all())
        assert float(found.values) == pytest.approx(a + sign * size, abs=1e-8)

    @given(st.floats(-0.5, 0.5), st.floats(0.05, 1), st.sampled_from([1, -1]), st.floats(0.05, 0.8))
    def test_exponential_without_its_asymptote(self, a, size, sign, c):
        found = read(Exponential(None), tensor(decay(a, sign * size, c)))
        assert bool(found.valid.all())
        assert float(found.values) == pytest.approx(a + sign * size, abs=1e-5)

    def test_three_equidistant_values_in_closed_form(self):
        """v1, v2, v3 at f, f + h, f + 2h: the ratio of differences is exp(-c h)."""
        factors = tensor([1, 3, 5])
        v = tensor([0.8, 0.6, 0.5])
        ratio = (0.5 - 0.6) / (0.6 - 0.8)
        expected = 0.8 + (0.8 - 0.6) / (1 - ratio) * (ratio**-0.5 - 1)
        found = Exponential(None).extrapolate(factors, v)
        assert float(found.values) == pytest.approx(expected, abs=1e-10)

    @given(SIZE, st.floats(-0.4, 0), st.floats(-0.03, 0.03), st.sampled_from([1, -1]))
    def test_poly_exponential(self, start, slope, bend, sign):
        logs = start + slope * FACTORS + bend * FACTORS**2
        values = 0.25 + sign * logs.exp()
        found = read(PolyExponential(2, 0.25), values)
        assume(bool(found.valid))
        assert float(found.values) == pytest.approx(0.25 + sign * math.exp(start), abs=1e-8)

    def test_degree_1_is_the_exponential(self):
        values = tensor([[0.8, -0.5], [0.7, -0.45], [0.5, -0.3], [0.45, -0.33]])
        torch.testing.assert_close(
            read(PolyExponential(1), values).values, read(Exponential(), values).values
        )


class TestRobustness:
    @each
    @given(st.lists(st.floats(-1, 1), min_size=4, max_size=4), st.booleans())
    def test_never_nan_nor_huge(self, name, values, sampled):
        data = tensor(values).requires_grad_()
        variances = (1 - data.detach() ** 2) / 100 if sampled else None
        found = read(as_extrapolator(name), data, variances)
        assert bool(found.values.isfinite())
        (slope,) = torch.autograd.grad(found.values, data)
        assert bool(slope.isfinite().all())
        if sampled:
            assert bool(found.variances.isfinite())
            assert float(found.variances) >= 0
        if "exponential" in name:
            line = abs(float(read(Linear(), data.detach(), variances).values))
            assert abs(float(found.values.detach())) <= max(line, 8 * 2.0 + 1) + 1e-9

    @each
    @pytest.mark.parametrize("value", [0.0, 0.7, -1.0])
    def test_without_noise_nothing_changes(self, name, value):
        found = read(as_extrapolator(name), torch.full((4, 3), value, dtype=torch.float64))
        torch.testing.assert_close(
            found.values, torch.full((3,), value, dtype=torch.float64), rtol=0, atol=1e-12
        )

    @each
    def test_odd(self, name):
        values = tensor([[0.8, 0.2], [0.6, 0.15], [0.45, -0.1], [0.4, -0.15]])
        extrapolator = as_extrapolator(name)
        torch.testing.assert_close(
            read(extrapolator, -values).values, -read(extrapolator, values).values
        )

    def test_values_that_cross_the_asymptote_are_a_line(self):
        values = tensor([[0.3, 0.3], [0.1, 0.2], [-0.1, 0.1], [-0.2, 0.05]])
        found = read(Exponential(), values)
        assert found.valid.tolist() == [False, True]
        line = read(Linear(), values).values
        assert found.values[0] == line[0]
        assert found.values[1] != line[1]

    def test_values_that_do_not_level_off_are_a_line(self):
        straight, turning = tensor([0.9, 0.8, 0.65, 0.5]), tensor([0.9, 0.85, 0.6, 0.1])
        for values in (straight, turning):
            found = read(Exponential(None), values)
            assert not bool(found.valid)
            assert found.values == read(Linear(), values).values

    def test_a_signal_that_is_lost_is_not_enlarged(self):
        values = tensor(decay(0, 0.5, 2.5)[:, 0])
        assert not bool(read(Exponential(), values).valid)
        assert bool(read(Exponential(), tensor(decay(0, 0.5, 1.9)[:, 0])).valid)

    def test_float32(self):
        values = tensor(decay(0.1, 0.6, 0.3)).float()
        for name in NAMES:
            found = read(as_extrapolator(name), values, factors=FACTORS.float())
            assert found.values.dtype == torch.float32
            double = read(as_extrapolator(name), values.double()).values
            torch.testing.assert_close(found.values.double(), double, rtol=0, atol=2e-3)


class TestBatchesAndGradients:
    @each
    def test_a_batch_is_a_loop(self, name):
        generator = torch.Generator().manual_seed(4)
        values = torch.rand(4, 5, 3, dtype=torch.float64, generator=generator) * 2 - 1
        variances = torch.rand(4, 5, 3, dtype=torch.float64, generator=generator) / 100
        together = read(as_extrapolator(name), values, variances)
        assert together.values.shape == together.variances.shape == together.valid.shape == (5, 3)
        for i in range(5):
            alone = read(as_extrapolator(name), values[:, i, 1], variances[:, i, 1])
            torch.testing.assert_close(together.values[i, 1], alone.values)
            torch.testing.assert_close(together.variances[i, 1], alone.variances)

    @each
    @pytest.mark.parametrize("weighted", [False, True])
    def test_gradients(self, name, weighted):
        values = tensor(np.concatenate([decay(0.02, 0.6, 0.3), decay(0, -0.8, 0.15)], axis=1))
        values[1] += 0.01
        variances = torch.full_like(values, 1e-4) if weighted else None
        if weighted:
            variances[2] *= 3

        def function(v):
            return read(as_extrapolator(name), v, variances).values

        assert_gradients_match(function, [values])
        assert not function(values).requires_grad


class TestErrors:
    @each
    def test_variances_against_monte_carlo(self, name):
        """The spread over 4000 draws; its own relative error is sqrt(1/8000) = 1.1 percent.

        The first-order formula adds a few percent for the non-linear fits at errors of 0.002.
        """
        generator = torch.Generator().manual_seed(8)
        true = tensor(decay(0.05, 0.7, 0.25))
        variances = torch.tensor([1.0, 2.0, 1.5, 3.0]).double()[:, None] * 2e-6
        noise = torch.randn(4, 4000, dtype=torch.float64, generator=generator)
        drawn = read(
            as_extrapolator(name), true + variances.sqrt() * noise, variances.expand(4, 4000)
        )
        predicted = read(as_extrapolator(name), true, variances).variances
        assert float(drawn.values.var()) == pytest.approx(float(predicted), rel=0.12)

    def test_weights_minimise_the_variance(self):
        variances = tensor([1.0, 9.0, 4.0, 25.0])
        values = tensor([0.8, 0.7, 0.6, 0.5])
        weighted = read(Linear(), values, variances)
        scaled = FACTORS.numpy()[:, None] ** [0, 1] / variances.sqrt().numpy()[:, None]
        covariance = np.linalg.inv(scaled.T @ scaled)
        assert float(weighted.variances) == pytest.approx(covariance[0, 0])
        expected = np.polyfit(FACTORS.numpy(), values.numpy(), 1, w=1 / variances.sqrt().numpy())
        assert float(weighted.values) == pytest.approx(expected[1])

    @each
    def test_variances_of_zero_and_nan(self, name):
        values = tensor([[1.0, 0.9], [0.8, 0.8], [0.7, 0.6], [0.5, 0.5]])
        variances = tensor([[0.0, math.nan], [0.01, math.nan], [0.01, math.nan], [0.01, math.nan]])
        found = read(as_extrapolator(name), values, variances)
        assert bool(found.values.isfinite().all())
        assert bool(found.variances[0].isfinite())
        assert bool(found.variances[1].isnan())

    @each
    def test_exact_values_have_no_variance(self, name):
        assert read(as_extrapolator(name), tensor(decay(0, 0.5, 0.2))).variances is None

    def test_shares_follow_the_coefficients(self):
        shares = Richardson().shares((1, 3, 5))
        assert [s / sum(shares) for s in shares] == pytest.approx([15 / 28, 10 / 28, 3 / 28])
        assert Exponential().shares((1, 3)) == [1, 1]
        ends = Linear().shares((1, 2, 3))
        assert ends == pytest.approx([4 / 3, 1 / 3, 2 / 3])


class TestChoice:
    def test_the_first_valid_one_is_taken(self):
        values = tensor([[0.8, 0.3], [0.6, 0.1], [0.5, -0.1], [0.4, -0.2]])
        chain = Fallback([Exponential(), Richardson(), Linear()])
        found = read(chain, values)
        assert found.values[0] == read(Exponential(), values).values[0]
        assert found.values[1] == read(Richardson(), values).values[1]
        assert bool(found.valid.all())

    def test_bounds_and_errors_decide(self):
        values = tensor([0.99, 0.9, 0.7, 0.45])
        assert float(read(Richardson(), values).values) == pytest.approx(1.0344, abs=1e-4)
        steep = tensor([0.99, 0.8, 0.6, 0.5])
        assert float(read(Richardson(), steep).values) > 1
        assert float(read(Linear(), steep).values) < 1.1
        bounded = Fallback([Richardson(), Linear()], bound=1.1)
        assert read(bounded, values).values == read(Richardson(), values).values
        assert read(bounded, steep).values == read(Linear(), steep).values
        variances = torch.full((4,), 1e-4, dtype=torch.float64)
        sure = Fallback([Richardson(), Linear()], error=0.02)
        assert read(sure, values, variances).values == read(Linear(), values, variances).values
        assert read(sure, values, variances / 100).values == (
            read(Richardson(), values, variances / 100).values
        )

    def test_values(self):
        chain = as_extrapolator(["exponential", Linear()])
        assert chain == Fallback([Exponential(0.0), Linear()])
        assert hash(chain) == hash(Fallback([Exponential(0.0), Linear()]))
        assert chain != Fallback([Linear()])
        assert chain.minimum == 2
        assert chain.shares((1, 3)) == [1, 1]
        assert repr(Fallback([Linear()], bound=1)) == "Fallback([Linear()], bound=1)"


class TestAdaptive:
    def test_the_next_factor_is_the_best_one(self):
        """1 + 1.278 / c, where the variance of the estimate from two factors is smallest."""
        factors, c = tensor([1, 2]), 0.2
        values = tensor(decay(0, 0.9, c, factors))
        found = AdaptiveExponential().next_factor(factors, values, None)
        assert found == pytest.approx(1 + BEST_STEP / c)
        grid = np.linspace(6, 9, 61)

        def spread(second):
            """Shots divided best give sum_k |slope_k| errors of all shots together."""
            at = tensor([1, second])
            values = tensor(decay(0, 0.9, c, at)).requires_grad_()
            read(Exponential(), values, factors=at).values.sum().backward()
            return float(values.grad.abs().sum())

        best = grid[np.argmin([spread(second) for second in grid])]
        assert found == pytest.approx(best, abs=0.05)
        assert math.exp(BEST_STEP) * (BEST_STEP - 1) == pytest.approx(1, abs=1e-4)

    def test_factors_in_use_are_avoided_and_the_largest_is_kept(self):
        factors, values = tensor([1, 7.4]), tensor(decay(0, 0.9, 0.2, tensor([1, 7.4])))
        assert AdaptiveExponential().next_factor(factors, values, None) == pytest.approx(
            9.39, abs=0.01
        )
        assert AdaptiveExponential(largest=8).next_factor(factors, values, None) is None
        slow = tensor(decay(0, 0.9, 0.001, tensor([1, 2])))
        assert AdaptiveExponential().next_factor(tensor([1, 2]), slow, None) == 15

    def test_it_ends_where_nothing_decays(self):
        assert (
            AdaptiveExponential().next_factor(tensor([1, 2]), tensor([[0.5], [0.5]]), None) is None
        )
        assert AdaptiveExponential(3).rounds == 3
        assert Linear().rounds == 0


class TestRefusals:
    @pytest.mark.parametrize(
        ("factors", "minimum", "error", "words"),
        [
            ((1, 3), 3, InvalidArgumentError, "at least 3 different factors, got 2"),
            ((1, 1, 3), 2, InvalidArgumentError, "must not repeat"),
            ((0.5, 3), 2, InvalidArgumentError, "at least 1"),
            ((1, math.nan), 2, NonFiniteError, "finite"),
            ((1, math.inf), 2, NonFiniteError, "finite"),
            ((), 2, InvalidArgumentError, "got 0"),
            (("a", 1), 2, ArgumentTypeError, "sequence of numbers"),
            (3, 2, ArgumentTypeError, "sequence of numbers"),
        ],
    )
    def test_factors(self, factors, minimum, error, words):
        with pytest.raises(error, match=words):
            check_factors(factors, minimum, "Some()")

    @pytest.mark.parametrize(
        ("make", "error"),
        [
            (lambda: Polynomial(0), InvalidArgumentError),
            (lambda: Polynomial(1.5), InvalidArgumentError),
            (lambda: PolyExponential(0), InvalidArgumentError),
            (lambda: PolyExponential(2, None), InvalidArgumentError),
            (lambda: Exponential(math.nan), NonFiniteError),
            (lambda: Exponential("zero"), InvalidArgumentError),
            (lambda: AdaptiveExponential(0), InvalidArgumentError),
            (lambda: AdaptiveExponential(2, None), InvalidArgumentError),
            (lambda: AdaptiveExponential(largest=1), InvalidArgumentError),
            (lambda: NeuralExtrapolator((1, 1)), InvalidArgumentError),
            (lambda: Fallback([]), ArgumentTypeError),
            (lambda: Fallback(["linear"]), ArgumentTypeError),
            (lambda: as_extrapolator("cubic"), InvalidArgumentError),
            (lambda: as_extrapolator(3), ArgumentTypeError),
        ],
    )
    def test_settings(self, make, error):
        with pytest.raises(error, match="Argument"):
            make()

    def test_minimum(self):
        needs = [Linear(), Richardson(), Polynomial(3), Exponential(), Exponential(None)]
        assert [e.minimum for e in needs] == [2, 2, 4, 2, 3]
        assert PolyExponential(3).minimum == 4
