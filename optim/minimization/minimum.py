"""What a minimization returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Minimum:
    """The end of a minimization.

    Attributes:
        energy: Energy at `parameters`: the lowest seen where energies are exact, else the energy
            measured at the last point.
        parameters: `(n,)`.
        evaluations: Energies computed; an energy with its gradient counts as one.
        gradients: How many of these came with a gradient.
        iterations: Steps of the method, over all start points.
        history: Pairs (evaluations, lowest energy so far), one for each improvement.
        method: Name of the method.
        converged: Whether the method stopped by itself, before the evaluations were spent.
        message: Why it stopped.
        seconds: Wall time.
        energies: Energy reached from each start point `(starts,)`.
        ends: Parameters reached from each start point `(starts, n)`.
    """

    energy: float
    parameters: Array = field(repr=False)
    evaluations: int
    gradients: int
    iterations: int
    history: tuple[tuple[int, float], ...] = field(repr=False)
    method: str
    converged: bool
    message: str
    seconds: float
    energies: Array = field(repr=False)
    ends: Array = field(repr=False)
