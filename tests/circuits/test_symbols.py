"""Angle expressions: a polynomial ring with canonical forms."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import Angle, Circuit, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError, NonFiniteError, SymbolError
from circuits.symbols import as_angle
from tests.support.strategies import angles

X, W = inputs(2), weights(2)
SYMBOLS = [*X, *W]
VALUES = {
    angle.symbols[0]: value for angle, value in zip(SYMBOLS, (0.3, -1.2, 0.7, 2.1), strict=True)
}

expressions = angles(SYMBOLS).map(as_angle)


def value(angle) -> float:
    return as_angle(angle).evaluate(VALUES)


@given(expressions, expressions, st.floats(-3, 3), st.integers(0, 3))
def test_arithmetic_is_that_of_numbers(a, b, c, n):
    va, vb = value(a), value(b)
    for found, expected in (
        (a + b, va + vb), (a - b, va - vb), (a * b, va * vb), (-a, -va), (+a, va), (a + c, va + c),
        (c + a, c + va), (c - a, c - va), (a - c, va - c), (c * a, c * va), (a * c, va * c),
        (a**n, va**n), (a / 4, va / 4),
    ):  # fmt: skip
        assert value(found) == pytest.approx(expected, abs=1e-9, rel=1e-9)


@given(expressions, expressions, expressions)
def test_equal_polynomials_are_equal(a, b, c):
    assert a + b == b + a
    assert a * b == b * a
    assert hash(a + b) == hash(b + a)
    assert (a - a).is_constant
    assert str(a) == str(+a)
    assert all(coefficient != 0 for coefficient, _ in (a * b + c).terms)


def test_numpy_scalars_and_arrays_take_part():
    assert np.float64(2) * X[0] == 2 * X[0] == X[0] * np.int64(2) == X[0] / np.float32(0.5)
    assert list(2 * X) == [2 * X[0], 2 * X[1]]
    assert (X * W)[1] == X[1] * W[1]
    assert np.sum(X) == X[0] + X[1]


def test_constants_are_numbers():
    assert float(as_angle(0.5)) == 0.5
    assert as_angle(torch.tensor(0.5)) == as_angle(np.float32(0.5)) == 0.5
    with pytest.raises(SymbolError, match="symbols"):
        float(X[0])


@pytest.mark.parametrize(
    "bad",
    [
        lambda: X[0] / X[1], lambda: X[0] / 0, lambda: X[0] ** -1, lambda: X[0] ** 0.5,
        lambda: X[0] * torch.ones((), requires_grad=True), lambda: as_angle("a"),
        lambda: as_angle(True), lambda: as_angle(1j), lambda: as_angle(None),
        lambda: as_angle(torch.ones(2)), lambda: as_angle(torch.ones((), requires_grad=True)),
    ],
)  # fmt: skip
def test_what_is_not_a_polynomial(bad):
    with pytest.raises(SymbolError):
        bad()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 10**400, torch.tensor(math.nan)])
def test_numbers_must_be_finite(bad):
    with pytest.raises(NonFiniteError, match="finite"):
        as_angle(bad)
    with pytest.raises(NonFiniteError):
        g.rx(bad, 0)
    with pytest.raises(NonFiniteError):
        X[0] + bad if not isinstance(bad, torch.Tensor) else g.ry(bad, 0)


def test_overflowing_coefficients_are_refused_by_gates():
    with pytest.raises(NonFiniteError, match="finite"):
        g.rx(1e300 * X[0] * 1e300, 0)


def test_other_types_are_not_swallowed():
    for other in ("a", None, [1], 1j):
        with pytest.raises(TypeError):
            X[0] + other
        with pytest.raises(TypeError):
            X[0] * other if other != [1] else X[0] * "b"


@pytest.mark.parametrize("shape", [(0,), (-1,), (2, 0), (1.5,), (True,), ("a",)])
@pytest.mark.parametrize("declare", [inputs, weights])
def test_shapes_are_positive_integers(declare, shape):
    with pytest.raises(InvalidArgumentError, match="positive integer"):
        declare(*shape)


@pytest.mark.parametrize("name", ["", "a b", "1a", 3, None, "x[0]"])
def test_names_are_identifiers(name):
    with pytest.raises(InvalidArgumentError, match="name"):
        weights(1, name=name)


def test_arrays_have_the_shape_asked_for():
    assert weights(2, 3).shape == weights((2, 3)).shape == (2, 3)
    assert isinstance(weights(), Angle)
    assert str(weights(2, 3, name="theta")[1, 2]) == "theta[1, 2]"


def test_angles_are_immutable():
    with pytest.raises(AttributeError):
        X[0].constant = 1.0


def test_copies_stay_the_same_symbols():
    for clone in (copy.deepcopy(W[0] + X[1]), pickle.loads(pickle.dumps(W[0] + X[1]))):
        assert clone == W[0] + X[1]
        Circuit(1, [g.rx(clone, 0), g.rx(W[1] * X[0], 0)])  # no clash with the original


def test_inputs_of_one_name_are_shared_and_weights_are_not():
    Circuit(1, [g.rx(inputs(2)[0], 0), g.rx(inputs(2)[1], 0)])
    with pytest.raises(SymbolError, match="Two different groups of weights"):
        Circuit(1, [g.rx(weights(2)[0], 0), g.rx(weights(2)[1], 0)])
    with pytest.raises(SymbolError, match="shapes"):
        Circuit(1, [g.rx(inputs(2)[0], 0), g.rx(inputs(3)[1], 0)])
    a = Circuit(1, [g.rx(weights(2)[0], 0)])
    b = Circuit(1, [g.rx(weights(2)[0], 0)])
    for join in (lambda: a + b, lambda: a.compose(b), lambda: a + b.ops):
        with pytest.raises(SymbolError, match="another name"):
            join()
    Circuit(1, [g.rx(weights(2)[0], 0), g.rx(weights(2, name="other")[0], 0)])
    Circuit(1, [g.rx(inputs(2, name="same")[0], 0), g.rx(weights(2, name="same")[0], 0)])
