"""Methods that run from many start points side by side: each a generator of questions."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.errors import InvalidArgumentError
from circuits.execution import Seed
from optim.minimization.run import Ask, Program, Run
from optim.optimizers import presets
from optim.optimizers.adam_spsa import adam_spsa_step, no_average, stage_at
from optim.optimizers.base import Steps, check_positive, drawn_seed
from optim.optimizers.metric import fubini_study_metric
from optim.optimizers.natural_gradient import natural_direction
from optim.optimizers.overlap import overlap_of
from optim.optimizers.presets import Moments, Stage
from optim.optimizers.qn_spsa import qn_spsa_step
from optim.optimizers.rotosolve import sweep
from optim.optimizers.spsa import Gains, spsa_step

Array = NDArray[np.float64]

_FLAT = "every derivative is below the tolerance"


def adam(
    run: Run, tolerance: float, *, learning_rate: float, beta1: float, beta2: float
) -> Program:
    """Adam (Kingma, Ba, arXiv:1412.6980) with constant step size."""
    check_positive(learning_rate=learning_rate)
    x, average = run.start, no_average(len(run.start))
    m, v = np.array(average["m"]), np.array(average["v"])
    while True:
        _, slopes = yield Ask(x[None], gradients=True)
        if _largest(slopes) < tolerance:
            return _FLAT
        run.iterations += 1
        m = beta1 * m + (1 - beta1) * slopes[0]
        v = beta2 * v + (1 - beta2) * slopes[0] ** 2
        scaled = m / (1 - beta1**run.iterations)
        x = x - learning_rate * scaled / (np.sqrt(v / (1 - beta2**run.iterations)) + 1e-8)
        run.current = x


def gradient_descent(run: Run, tolerance: float, *, learning_rate: float) -> Program:
    """Plain gradient descent with a constant step size."""
    check_positive(learning_rate=learning_rate)
    x = run.start
    while True:
        _, slopes = yield Ask(x[None], gradients=True)
        if _largest(slopes) < tolerance:
            return _FLAT
        run.iterations += 1
        run.current = x = x - learning_rate * slopes[0]


def natural_gradient(
    run: Run, tolerance: float, *, learning_rate: float, damping: float, approximation: str
) -> Program:
    """Quantum natural gradient descent; see `optim.optimizers.QuantumNaturalGradient`.

    The metric is that of the ideal state.
    """
    check_positive(learning_rate=learning_rate, damping=damping)
    circuit, x = run.objective.circuit, run.start
    while True:
        _, slopes = yield Ask(x[None], gradients=True)
        if _largest(slopes) < tolerance:
            return _FLAT
        run.iterations += 1
        metric = fubini_study_metric(circuit, x, approximation=approximation)
        run.current = x = x - learning_rate * natural_direction(metric, slopes[0], damping)


def bfgs(run: Run, tolerance: float) -> Program:
    """BFGS with the inverse Hessian in full and a line search for the weak Wolfe conditions.

    References:
        Nocedal, Wright, Numerical Optimization (2006), section 6.1; Lewis, Overton, Math.
        Program. 141, 135 (2013), algorithm 2.6, for the line search.
    """
    x = run.start
    values, slopes = yield Ask(x[None], gradients=True)
    value, slope = float(values[0]), slopes[0]
    inverse, scaled = np.eye(len(x)), False
    while np.abs(slope).max(initial=0.0) >= tolerance:
        direction = -inverse @ slope
        if direction @ slope >= 0:
            inverse, direction = np.eye(len(x)), -slope
        first = 1.0 if scaled else min(1.0, 1.0 / float(np.linalg.norm(slope)))
        found = yield from _line_search(x, value, slope, direction, first)
        if found is None:
            return "the energy does not fall any more along the direction of search"
        point, value, new = found
        step, change = point - x, new - slope
        curvature = step @ change
        if curvature > 1e-16 * (step @ step):
            if not scaled:
                inverse, scaled = np.eye(len(x)) * curvature / (change @ change), True
            left = np.eye(len(x)) - np.outer(step, change) / curvature
            inverse = left @ inverse @ left.T + np.outer(step, step) / curvature
        x, slope = point, new
        run.iterations += 1
    return _FLAT


def _line_search(
    x: Array, value: float, slope: Array, direction: Array, first: float
) -> Generator[Ask, Any, tuple[Array, float, Array] | None]:
    """Bisection for the weak Wolfe conditions; `None` where the energy does not fall."""
    rate = float(slope @ direction)
    low, high, step = 0.0, np.inf, first
    for _ in range(40):
        point = x + step * direction
        values, slopes = yield Ask(point[None], gradients=True)
        if values[0] > value + 1e-4 * step * rate:
            high = step
        elif slopes[0] @ direction < 0.9 * rate:
            low = step
        else:
            return point, float(values[0]), slopes[0]
        step = (low + high) / 2 if high < np.inf else 2 * low
    return None


def rotosolve(run: Run, tolerance: float) -> Program:
    """Sweeps of exact minimizations along each parameter; see `optim.optimizers.Rotosolve`."""
    waves, x, before = run.objective.waves, run.start, np.inf
    while True:
        steps = sweep(x, waves)
        ask = next(steps)
        (energy,) = values = yield Ask(ask)
        if before - energy < tolerance and run.objective.exact:
            return "a sweep lowered the energy by less than the tolerance"
        before = energy
        run.current = x = yield from _answered(steps, values)
        run.iterations += 1


def spsa(
    run: Run,
    generator: Seed,
    *,
    a: float,
    c: float,
    alpha: float,
    gamma: float,
    stability: float,
    samples: int,
) -> Program:
    """See `optim.optimizers.SPSA`."""
    gains, seed, x = Gains(a, alpha, c, gamma, stability), drawn_seed(generator), run.start
    while True:
        run.current = x = yield from _driven(spsa_step(x, run.iterations, gains, seed, samples))
        run.iterations += 1


def adam_spsa(
    run: Run,
    generator: Seed,
    *,
    preset: str | None,
    schedule: str,
    stages: Any,
    a: float,
    alpha: float,
    c: float,
    gamma: float,
    beta1: float,
    beta2: float,
    decay: float,
) -> Program:
    """See `optim.optimizers.AdamSPSA`; a preset replaces all numbers and stages."""
    gains, moments = Gains(a, alpha, c, gamma), Moments(beta1, beta2, decay)
    if preset is not None:
        found = presets.preset(preset)
        gains, moments = found.gains, found.moments
    parts = stages_of(preset, schedule, stages)
    seed, x, average = drawn_seed(generator), run.start, no_average(len(run.start))
    planned = sum(stage.evaluations for stage in parts)
    while not parts or 2 * run.iterations + 2 <= planned:
        shots = stage_at(parts, 2 * run.iterations).shots if parts else None
        steps = adam_spsa_step(x, run.iterations, gains, moments, seed, average)
        run.current = x = yield from _driven(steps, shots)
        run.iterations += 1
    return "the evaluations of all stages are spent"


def stages_of(preset: str | None, schedule: str, stages: Any) -> tuple[Stage, ...]:
    """The stages of Adam-SPSA that its options ask for; none: one without end.

    Raises:
        InvalidArgumentError: If both a preset and stages are given.
    """
    if preset is None:
        return tuple(s if isinstance(s, Stage) else Stage(*s) for s in stages or ())
    if stages:
        raise InvalidArgumentError("Give the option `preset` or `stages`, not both.")
    return presets.preset(preset).stages(schedule)


def qn_spsa(
    run: Run, generator: Seed, *, learning_rate: float, radius: float, damping: float
) -> Program:
    """See `optim.optimizers.QNSPSA`; overlaps are those of ideal states and not counted."""
    check_positive(learning_rate=learning_rate, radius=radius, damping=damping)
    overlap, seed, x = overlap_of(run.objective.circuit), drawn_seed(generator), run.start
    average = np.eye(len(x))
    while True:
        steps = qn_spsa_step(
            x, run.iterations, overlap, average, seed, learning_rate, radius, damping
        )
        run.current = x = yield from _driven(steps)
        run.iterations += 1


def _driven(steps: Steps, shots: int | None = None) -> Generator[Ask, Any, Array]:
    """Questions of an optimizer's step as those of a program."""
    first = next(steps)
    values = yield Ask(first, shots=shots)
    found = yield from _answered(steps, values, shots)
    return found


def _answered(steps: Steps, values: Array, shots: int | None = None) -> Generator[Ask, Any, Array]:
    while True:
        try:
            points = steps.send(values)
        except StopIteration as done:
            found: Array = done.value
            return found
        values = yield Ask(points, shots=shots)


def _largest(slopes: Array) -> float:
    return float(np.abs(slopes).max(initial=0.0))
