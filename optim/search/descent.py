"""BFGS for a few dozen angles, made for energies that take microseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from circuits.flat.table import Floats

_DECREASE, _CURVATURE = 1e-4, 0.9  # weak Wolfe conditions
_MOST_TRIALS = 20  # of one line search
_ROUNDING = 4e-15  # of an energy, relative

Gradient = Callable[[Floats], tuple[float, Floats]]


class Point(NamedTuple):
    """Angles, the energy there, its gradient, and the evaluations that it took to get there."""

    angles: Floats
    energy: float
    slopes: Floats
    evaluations: int


def bfgs(
    function: Gradient, start: Floats, most: int, tolerance: float, least_gain: float = 0.0
) -> Point:
    """Minimise by BFGS with a dense inverse Hessian and a bisecting weak Wolfe line search.

    The same iteration as SciPy's, without what checks and wraps it there, which for circuits of a
    few qubits costs more than the energies.

    Args:
        function: From angles `(n,)` to energy and gradient.
        start: Where it starts, `(n,)`.
        most: Largest number of evaluations.
        tolerance: Largest component of the gradient at which it stops.
        least_gain: Gain of an iteration below which it stops.

    References:
        Nocedal and Wright, Numerical Optimization, 2nd edition, chapter 6; Lewis and Overton,
        Nonsmooth optimization via quasi-Newton methods, Math. Program. 141 (2013).

    >>> point = bfgs(lambda x: (float(x @ x), 2 * x), np.array([3.0, -1.0]), 50, 1e-9)
    >>> bool(abs(point.angles).max() < 1e-9)
    True
    """
    x, inverse = start, None
    energy, slopes = function(x)
    used = 1
    while used < most and np.abs(slopes).max() > tolerance:
        direction = -slopes if inverse is None else -(inverse @ slopes)
        descent = float(slopes @ direction)
        if descent >= 0:  # rounding has spoiled the inverse Hessian
            inverse, direction = None, -slopes
            descent = -float(slopes @ slopes)
        step = 1.0 if inverse is not None else min(1.0, 1.0 / float(np.sqrt(-descent)))
        found = _line_search(function, x, energy, direction, descent, step, most - used)
        used += found.evaluations
        if found.energy > energy:
            break
        moved, change = found.angles - x, found.slopes - slopes
        gain = energy - found.energy
        x, energy, slopes = found.angles, found.energy, found.slopes
        product = float(moved @ change)
        if product > 1e-300:
            inverse = _updated(inverse, moved, change, product)
        if gain <= least_gain or not moved.any():
            break
    return Point(x, energy, slopes, used)


def _line_search(
    function: Gradient,
    x: Floats,
    energy: float,
    direction: Floats,
    descent: float,
    step: float,
    most: int,
) -> Point:
    """A point on the line that meets the weak Wolfe conditions, or the lowest one tried."""
    low, high, slack = 0.0, float("inf"), _ROUNDING * max(1.0, abs(energy))
    best: Point | None = None
    for trial in range(1, 1 + max(1, min(_MOST_TRIALS, most))):
        angles = x + step * direction
        value, slopes = function(angles)
        if best is None or value < best.energy:
            best = Point(angles, value, slopes, trial)
        if value > energy + _DECREASE * step * descent + slack:
            high = step
            bend = value - energy - step * descent
            guess = -descent * step * step / (2 * bend)
            width = high - low
            step = min(max(guess, low + 0.1 * width), high - 0.1 * width)
        elif float(slopes @ direction) < _CURVATURE * descent:
            low = step
            step = 2 * step if high == float("inf") else (low + high) / 2
        else:
            return Point(angles, value, slopes, trial)
    assert best is not None
    return best._replace(evaluations=trial)


def _updated(inverse: Floats | None, moved: Floats, change: Floats, product: float) -> Floats:
    if inverse is None:
        inverse = np.eye(len(moved)) * (product / float(change @ change))
    turned = inverse @ change
    factor = (1.0 + float(change @ turned) / product) / product
    cross = np.outer(moved / product, turned)
    found: Floats = inverse + factor * np.outer(moved, moved) - cross - cross.T
    return found
