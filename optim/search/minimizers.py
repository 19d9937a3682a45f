"""How the angles of one candidate are optimised: a table of minimisers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import scipy.optimize
import torch

from circuits.flat.table import Floats
from optim.search import descent
from optim.search.table_methods import method

GRADIENT_TOLERANCE = 1e-6
_JUMP = 1e-9  # energy that moving a single angle must gain


class Objective(Protocol):
    """The energy as a function of the angles of one candidate; every call is counted."""

    #: For each angle whether the energy is a + b cos(angle) + c sin(angle).
    sinusoidal: np.ndarray
    #: Whether the same angles always have the same energy.
    exact: bool

    @property
    def generator(self) -> torch.Generator | None:
        """Source of randomness."""

    def energy(self, angles: Floats) -> float:
        """Energy at `(n_angles,)`."""

    def energies(self, table: Floats) -> Floats:
        """Energies `(batch,)` at `(batch, n_angles)`."""

    def value_and_gradient(self, angles: Floats) -> tuple[float, Floats]:
        """Energy and its derivatives `(n_angles,)`."""


class Minimum(NamedTuple):
    """Angles `(n_angles,)` and the energy there."""

    angles: Floats
    energy: float


class Minimizer(NamedTuple):
    """A way to optimise angles.

    Attributes:
        run: From the objective, the start `(n_angles,)`, `n_angles` > 0, and the largest number of
            evaluations to the minimum found, never above the start's energy where energies are
            exact.
        gradients: Whether it calls `value_and_gradient`.
    """

    run: Callable[[Objective, Floats, int], Minimum]
    gradients: bool


def bfgs(
    objective: Objective,
    start: Floats,
    max_evaluations: int,
    tolerance: float = GRADIENT_TOLERANCE,
) -> Minimum:
    """BFGS, made for small circuits (`descent.bfgs`), which leaves points that are no minimum.

    A gate that is appended at angle 0 often changes nothing to first order. So wherever BFGS
    stops, one batch of energies, each angle turned by pi, gives the lowest point of the energy
    along every angle alone (a sinusoid); if one is lower, BFGS goes on from there.

    Args:
        objective: What is minimised.
        start: Where it starts, `(n_angles,)`.
        max_evaluations: Largest number of evaluations; a batch under way is finished.
        tolerance: Largest component of the gradient at which it stops.
    """
    return _leaving(descent.bfgs, objective, start, max_evaluations, tolerance)


def lbfgs(
    objective: Objective,
    start: Floats,
    max_evaluations: int,
    tolerance: float = GRADIENT_TOLERANCE,
) -> Minimum:
    """As `bfgs`, by SciPy's L-BFGS-B: for hundreds of angles.

    Args:
        objective: What is minimised.
        start: Where it starts, `(n_angles,)`.
        max_evaluations: Largest number of evaluations; a batch under way is finished.
        tolerance: Largest component of the gradient at which it stops.
    """
    return _leaving(_scipy, objective, start, max_evaluations, tolerance)


def _scipy(function: Any, start: Floats, most: int, tolerance: float) -> descent.Point:
    options: Any = {"maxfun": most, "maxiter": most, "gtol": tolerance, "ftol": 1e-14}
    found = scipy.optimize.minimize(function, start, jac=True, method="L-BFGS-B", options=options)
    return descent.Point(found.x, float(found.fun), found.jac, int(found.nfev))


def _leaving(
    descend: Callable[..., descent.Point],
    objective: Objective,
    start: Floats,
    most: int,
    tolerance: float,
) -> Minimum:
    """Descend, and again from a lower point along a single angle as long as there is one."""
    used, angles = 0, np.asarray(start, dtype=np.float64)
    while True:
        left = max(1, most - used)
        found = descend(objective.value_and_gradient, angles, left, tolerance)
        used += found.evaluations + int(objective.sinusoidal.sum())
        if used >= most:
            return Minimum(found.angles, found.energy)
        moved = jump(objective, found.angles, found.energy, found.slopes)
        if moved is None:
            return Minimum(found.angles, found.energy)
        angles = moved


def jump(objective: Objective, angles: Floats, energy: float, slopes: Floats) -> Floats | None:
    """The angles with the one turned that lowers the energy most, `None` if none lowers it.

    Args:
        objective: What is minimised.
        angles: Where, `(n_angles,)`.
        energy: The energy there.
        slopes: Its gradient there.
    """
    places = np.flatnonzero(objective.sinusoidal)
    if not places.size:
        return None
    table = np.repeat(angles[None], places.size, axis=0)
    table[np.arange(places.size), places] += np.pi
    cosine, sine = (energy - objective.energies(table)) / 2, slopes[places]
    gains = cosine + np.hypot(cosine, sine)
    best = int(gains.argmax())
    if gains[best] < _JUMP:
        return None
    moved = angles.copy()
    moved[places[best]] += np.arctan2(-sine[best], -cosine[best])
    return moved


def cobyla(objective: Objective, start: Floats, max_evaluations: int) -> Minimum:
    """COBYLA (SciPy) with its usual first radius 1, as in the CRLQAS paper."""
    found = scipy.optimize.minimize(
        objective.energy, start, method="COBYLA", options={"maxiter": max_evaluations}
    )
    return Minimum(np.asarray(found.x, dtype=np.float64), float(found.fun))


def fixed(objective: Objective, start: Floats, max_evaluations: int) -> Minimum:
    """No optimisation: the energy at the start."""
    return Minimum(start, objective.energy(start))


def _of_table(name: str) -> Callable[[Objective, Floats, int], Minimum]:
    """A method of `optim.minimize`."""
    run = method(name)
    return lambda *arguments: Minimum(*run(*arguments))


MINIMIZERS: dict[str, Minimizer] = {
    "bfgs": Minimizer(bfgs, gradients=True),
    "lbfgs": Minimizer(lbfgs, gradients=True),
    "cobyla": Minimizer(cobyla, gradients=False),
    "rotosolve": Minimizer(_of_table("rotosolve"), gradients=False),
    "spsa": Minimizer(_of_table("spsa"), gradients=False),
    "adam-spsa": Minimizer(_of_table("adam-spsa"), gradients=False),
    "none": Minimizer(fixed, gradients=False),
}
"""The minimisers by name; adding one is adding a row."""
