"""QN-SPSA: natural gradient descent with gradient and metric both estimated by perturbation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, final

import numpy as np

from circuits import Circuit
from circuits.execution import Seed
from optim.optimizers.base import (
    Array,
    Steps,
    VectorOptimizer,
    check_positive,
    drawn_seed,
    needed,
    signs,
)
from optim.optimizers.overlap import Overlap, overlap_of
from optim.optimizers.spsa import estimate


@final
class QNSPSA(VectorOptimizer):
    """Quantum natural SPSA: two losses and four overlaps of states in each step.

    With random signs D, E and the overlap F(y) = |<psi(x)|psi(y)>|^2 one estimate of the
    Fubini-Study metric is

        -1/4 [F(x + c D + c E) - F(x + c D) - F(x - c D + c E) + F(x - c D)] / (2 c^2)
            (D E^T + E D^T).

    The average of all estimates and of one identity matrix, made positive by its absolute value,
    plus damping divides the gradient estimate of SPSA.

    Args:
        params: Parameters in one group.
        overlap: The circuit whose weights the parameters are, in the order of its weight groups,
            or a function from points `(n,)` and `(k, n)` to overlaps `(k,)` (see `overlap_of`).
        lr: Step size, > 0; well below `damping`, as the estimates are noisy.
        radius: c, radians, > 0.
        damping: Added to the metric, > 0.
        generator: Source of the directions: a `torch.Generator` or an integer seed.

    References:
        Gacon, Zoufal, Carleo, Woerner, Quantum 5, 567 (2021).
    """

    def __init__(
        self,
        params: Iterable[Any],
        overlap: Circuit | Overlap,
        *,
        lr: float = 0.01,
        radius: float = 0.05,
        damping: float = 0.05,
        generator: Seed = None,
    ) -> None:
        check_positive(lr=lr, radius=radius, damping=damping)
        super().__init__(params, {"lr": lr, "radius": radius, "damping": damping})
        size = len(self.vector())
        self._overlap = overlap_of(overlap) if isinstance(overlap, Circuit) else overlap
        self.memory.update(k=0, seed=drawn_seed(generator), metric=np.eye(size).tolist())

    def step(self, closure: Any = None) -> Any:
        """One step; returns the loss at the first of its two points."""
        memory, options = self.memory, self.options
        average = np.array(memory["metric"])
        steps = qn_spsa_step(
            self.vector(),
            memory["k"],
            self._overlap,
            average,
            memory["seed"],
            options["lr"],
            options["radius"],
            options["damping"],
        )
        loss = self.drive(steps, needed(closure, "QNSPSA"))
        memory.update(k=memory["k"] + 1, metric=average.tolist())
        return loss


def qn_spsa_step(
    point: Array,
    k: int,
    overlap: Overlap,
    average: Array,
    seed: int,
    lr: float,
    radius: float,
    damping: float,
) -> Steps:
    """Step k of QN-SPSA from a point `(n,)`; changes the average metric `(n, n)` in place."""
    gradient = yield from estimate(point, k, radius, seed)
    average += (estimated_metric(point, k, overlap, seed, radius) - average) / (k + 2)
    levels, frame = np.linalg.eigh(average)
    scaled = frame.T @ gradient / (np.abs(levels) + damping)
    return point - lr * (frame @ scaled)


def estimated_metric(point: Array, k: int, overlap: Overlap, seed: int, radius: float) -> Array:
    """The metric `(n, n)` estimated in step k from four overlaps."""
    d, e = signs(seed, k, (2, len(point)), stream=1)
    offsets = radius * np.stack([d + e, d, e - d, -d])
    f = overlap(point, point + offsets)
    curvature = (f[0] - f[1] - f[2] + f[3]) / (2 * radius**2)
    found: Array = -curvature / 4 * (np.outer(d, e) + np.outer(e, d))
    return found
