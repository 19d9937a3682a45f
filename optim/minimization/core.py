"""Minimizing any function of parameters by any method of the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError
from circuits.execution import Seed, as_generator
from optim.minimization.methods import Method, method_named, settings_of
from optim.minimization.minimum import Minimum
from optim.minimization.objective import Objective
from optim.minimization.run import Run, Spent, Total, follow

Array = NDArray[np.float64]


def minimize_objective(
    objective: Objective,
    starts: Array,
    *,
    method: str,
    max_evaluations: int,
    generator: Seed = None,
    tolerance: float | None = None,
    options: Mapping[str, Any] | None = None,
    callback: Callable[[int, float], None] | None = None,
) -> Minimum:
    """`minimize` for any function of parameters.

    Args:
        objective: The function.
        starts: Start points `(starts, n)`.
        method: As for `minimize`, like all that follows.
        max_evaluations: Largest number of values for each start point.
        generator: Source of random directions.
        tolerance: When to stop.
        options: The method's own options.
        callback: Called after each evaluation.
    """
    began = time.perf_counter()
    name, chosen = method_named(method)
    settings = settings_of(name, chosen, options)
    limit = integer(max_evaluations, "max_evaluations", 1)
    random = as_generator(generator)
    arguments = _arguments(name, chosen, tolerance)
    total = Total(callback)
    room = limit if objective.exact else max(1, limit - 1)
    runs = [Run(objective, point, room, total) for point in starts]
    if not objective.size:
        for run in runs:
            run.values(run.start[None])
            run.message, run.converged = "the circuit has no parameters", True
    elif chosen.program:
        seed = (random,) if chosen.random else ()
        follow(runs, [chosen.run(run, *arguments, *seed, **settings) for run in runs])
    else:
        for run in runs:
            _finish(run, chosen, arguments, settings)
    energies, ends = _ends(runs, limit)
    best = int(energies.argmin())
    return Minimum(
        energy=float(energies[best]),
        parameters=ends[best],
        evaluations=total.evaluations,
        gradients=total.gradients,
        iterations=sum(run.iterations for run in runs),
        history=tuple(total.history),
        method=name,
        converged=runs[best].converged,
        message=runs[best].message or "the evaluations are spent",
        seconds=time.perf_counter() - began,
        energies=energies,
        ends=ends,
    )


def _finish(run: Run, method: Method, arguments: tuple[Any, ...], settings: dict[str, Any]) -> None:
    try:
        method.run(run, *arguments, **settings)
    except Spent:
        run.message = "the evaluations are spent"


def _ends(runs: list[Run], limit: int) -> tuple[Array, Array]:
    """Energy and parameters that each run reached."""
    energies, ends = [], []
    for run in runs:
        point = run.best_point if run.current is None else run.current
        if run.objective.exact or limit == 1:
            energies.append(run.best_energy)
            ends.append(run.best_point)
        else:  # the lowest of many sampled energies is too low: measure the last point again
            run.limit = run.evaluations + 1
            energies.append(float(run.values(point[None])[0]))
            ends.append(point)
    return np.array(energies), np.array(ends)


def _arguments(name: str, method: Method, tolerance: float | None) -> tuple[Any, ...]:
    if method.tolerance is None:
        if tolerance is not None:
            raise InvalidArgumentError(
                f"The method {name!r} ends when its evaluations are spent: `tolerance` has no "
                "effect."
            )
        return ()
    chosen = method.tolerance if tolerance is None else float(tolerance)
    if not 0 <= chosen < np.inf:
        raise InvalidArgumentError(f"Argument `tolerance` must be 0 or more, got {tolerance}.")
    return (chosen,)
