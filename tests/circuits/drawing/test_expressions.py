from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import inputs, weights
from circuits.drawing.expressions import MARKUP, format_angle, format_number
from circuits.symbols import Angle

X, W, THETA = inputs(3), weights(2, 2, name="weight"), weights(2, name="theta")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.123456, "0.123"),
        (math.pi, "π"),
        (-math.pi / 2, "-π/2"),
        (3 * math.pi / 4, "3π/4"),
        (2 * math.pi, "2π"),
        (math.pi / 5, "0.628"),
        (1e-5, "1e-5"),
        (-2.5e7, "-2.5e7"),
    ],
)
def test_numbers(value, text):
    assert format_number(value) == text


@given(st.floats(-1e6, 1e6, allow_subnormal=False))
def test_numbers_are_short_and_right_to_three_digits(value):
    text = format_number(value)
    assert len(text) <= 10
    head, pi, tail = text.partition("π")
    if pi:
        number = float({"": "1", "-": "-1"}.get(head, head)) * math.pi / float(tail[1:] or 1)
    else:
        number = float(text)
    assert number == pytest.approx(value, rel=0.006, abs=1e-300)


@pytest.mark.parametrize(
    ("angle", "text", "markup"),
    [
        (X[0], "x[0]", "*x*_{0}"),
        (-X[0], "-x[0]", "-*x*_{0}"),
        (2 * X[1], "2·x[1]", "2\N{THIN SPACE}*x*_{1}"),
        (math.pi * X[1], "π·x[1]", "π\N{THIN SPACE}*x*_{1}"),
        (W[0, 1] * X[0] + 0.1, "x[0]·weight[0,1] + 0.1", "*x*_{0}\N{THIN SPACE}weight_{0,1} + 0.1"),
        (X[0] ** 2 - X[1], "x[0]^2 - x[1]", "*x*_{0}^{2} - *x*_{1}"),
        (THETA[1] - math.pi / 2, "theta[1] - π/2", "*θ*_{1} - π/2"),
        (inputs(name="t"), "t", "*t*"),
        (inputs(name="my_x"), "my_x", "my_x"),
        (Angle(0.0), "0", "0"),
    ],
)
def test_expressions(angle, text, markup):
    assert format_angle(angle) == text
    assert format_angle(angle, MARKUP) == markup.replace("-", "\N{MINUS SIGN}")


def test_long_expressions_end_in_an_ellipsis():
    angle = (math.pi - X[0]) * (math.pi - X[1])
    assert format_angle(angle, max_length=14) == "-π·x[0] + …"
    assert format_angle(angle, max_length=1) == "-π·x[0] + …"
    assert format_angle(angle, max_length=99) == "-π·x[0] + x[0]·x[1] - π·x[1] + 9.87"
