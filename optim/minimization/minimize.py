"""`minimize`: the lowest energy of a parametrized circuit, by any of the methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from circuits import Backend, Circuit, FlatCircuit, PauliSum
from circuits.errors import InvalidArgumentError, NonFiniteError, ShapeError
from circuits.execution import Seed, as_generator
from optim.minimization.core import minimize_objective
from optim.minimization.methods import brings_shots, method_named, settings_of
from optim.minimization.minimum import Minimum
from optim.minimization.objective import Objective, objective_of
from optim.problems.problem import Problem

Array = NDArray[np.float64]


def minimize(
    problem: Problem | PauliSum,
    circuit: Circuit | FlatCircuit,
    *,
    method: str = "l-bfgs-b",
    start: Any = None,
    max_evaluations: int = 1000,
    backend: Backend | None = None,
    shots: int | None = None,
    generator: Seed = None,
    tolerance: float | None = None,
    options: Mapping[str, Any] | None = None,
    callback: Callable[[int, float], None] | None = None,
) -> Minimum:
    """Find the parameters of a circuit with the lowest energy.

    Energies without `backend` and `shots` are exact and come, with their gradients, from the
    native engine. On other backends gradients are found by the rule that suits them.

    Args:
        problem: The problem, or its Hamiltonian.
        circuit: Complete circuit (see `Problem.complete`): a `Circuit` whose weights are the
            parameters, groups in order and row-major, or a `FlatCircuit`, whose angles are.
        method: A name of `optim.minimization.METHODS`: `"l-bfgs-b"`, `"bfgs"`, `"adam"`,
            `"gradient-descent"`, `"qng"`, `"rotosolve"`, `"cobyla"`, `"nelder-mead"`, `"powell"`,
            `"spsa"`, `"adam-spsa"`, `"qn-spsa"`.
        start: Where to start `(n,)`, or several points `(starts, n)`. Default: the angles of a
            `FlatCircuit`; else random in [-pi, pi].
        max_evaluations: Largest number of energies for each start point; an energy with its
            gradient counts as one.
        backend: Where to run; default the exact simulator.
        shots: Measurements for each energy; `None` is exact.
        generator: Source of randomness of shots, random starts and random directions: a
            `torch.Generator` or an integer seed.
        tolerance: When to stop; see the table for what it bounds. Not for methods that end with
            their evaluations only.
        options: The method's own options; see the table.
        callback: Called with (evaluations, lowest energy so far) after each evaluation.

    Returns:
        The minimum, from the best of the start points.

    Raises:
        InvalidArgumentError: If an argument has no effect, a name does not exist, or the circuit
            is not complete.
        ShapeError: If `start` has the wrong shape.

    >>> from circuits import gates as g, weights
    >>> from optim.problems import transverse_field_ising
    >>> w = weights(2, 2)
    >>> ansatz = Circuit(2, [g.ry(w[0, 0], 0), g.ry(w[0, 1], 1), g.cx(0, 1), g.ry(w[1, 0], 0),
    ...                      g.ry(w[1, 1], 1)])
    >>> found = minimize(transverse_field_ising(2), ansatz, start=[0.1, 0.2, 0.3, 0.4])
    >>> round(found.energy, 6)
    -2.236068
    """
    name, chosen = method_named(method)
    settings = settings_of(name, chosen, options)
    random = as_generator(generator)
    hamiltonian = _hamiltonian(problem, circuit)
    staged = brings_shots(name, settings)
    if staged and shots is not None:
        raise InvalidArgumentError("The stages of the method say how many shots: drop `shots`.")
    objective = objective_of(circuit, hamiltonian, backend, shots, random, staged=staged)
    return minimize_objective(
        objective,
        _starts(circuit, objective, start, random),
        method=name,
        max_evaluations=max_evaluations,
        generator=random,
        tolerance=tolerance,
        options=options,
        callback=callback,
    )


def _hamiltonian(problem: Any, circuit: Any) -> PauliSum:
    if isinstance(problem, PauliSum):
        problem = Problem("", problem.with_width(circuit.n_qubits))
    if not isinstance(problem, Problem):
        raise InvalidArgumentError(
            f"Argument `problem` must be a Problem or a PauliSum, got {type(problem).__name__}."
        )
    problem.check_complete(circuit)
    return problem.hamiltonian


def _starts(
    circuit: Circuit | FlatCircuit,
    objective: Objective,
    start: Any,
    random: torch.Generator | None,
) -> Array:
    """Start points `(starts, n)`."""
    if start is None and isinstance(circuit, FlatCircuit):
        start = circuit.angles
    if start is None:
        drawn = torch.rand(objective.size, generator=random, dtype=torch.float64)
        start = (2 * drawn - 1) * torch.pi
    if isinstance(start, torch.Tensor):
        start = start.detach().cpu().numpy()
    points = np.array(start, dtype=np.float64)
    if points.ndim not in (1, 2) or points.shape[-1] != objective.size or not len(points):
        if points.size or objective.size or points.ndim != 1:
            raise ShapeError(
                f"Argument `start` must have shape ({objective.size},) or (starts, "
                f"{objective.size}), got {points.shape}."
            )
    if not np.isfinite(points).all():
        raise NonFiniteError("Argument `start` must be finite, but holds NaN or infinity.")
    return points.reshape(-1, objective.size) if objective.size else np.zeros((1, 0))
