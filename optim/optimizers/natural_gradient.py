"""Quantum natural gradient: the gradient, measured by how fast the state changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, final

import numpy as np
import torch

from circuits import Backend, Circuit
from circuits.errors import ShapeError
from circuits.execution import Seed
from optim.optimizers.base import Array, VectorOptimizer, check_not_negative, check_positive
from optim.optimizers.metric import fubini_study_metric

Metric = Callable[[Array], Array]


@final
class QuantumNaturalGradient(VectorOptimizer):
    """Gradient descent in the geometry of states: x = x - lr (G + damping)^-1 grad f.

    G is the Fubini-Study metric of the circuit's state (see `fubini_study_metric`). The gradient
    comes from the parameters' `.grad`, as in `torch.optim.SGD`.

    Args:
        params: Parameters in one group.
        metric: The circuit whose weights the parameters are, in the order of its weight groups, or
            a function from the parameters `(n,)` to a metric `(n, n)`.
        lr: Step size, > 0.
        approximation: `"full"`, `"block-diagonal"` or `"diagonal"`.
        damping: Added to the diagonal of G, which may be singular; > 0.
        backend: Where blocks are measured; default the exact simulator.
        shots: Measurements for each layer; `None` is exact.
        generator: Source of randomness for shots.

    References:
        Stokes, Izaac, Killoran, Carleo, Quantum 4, 269 (2020).
    """

    def __init__(
        self,
        params: Iterable[Any],
        metric: Circuit | Metric,
        *,
        lr: float = 0.05,
        approximation: str = "block-diagonal",
        damping: float = 1e-3,
        backend: Backend | None = None,
        shots: int | None = None,
        generator: Seed = None,
    ) -> None:
        check_positive(lr=lr)
        check_not_negative(damping=damping)
        super().__init__(params, {"lr": lr, "damping": damping})
        self.memory.update(k=0)
        self._metric: Metric
        if isinstance(metric, Circuit):
            self._metric = _metric_of(
                metric,
                approximation=approximation,
                backend=backend,
                shots=shots,
                generator=generator,
            )
        else:
            self._metric = metric

    def step(self, closure: Any = None) -> Any:
        """One step; the closure, if there is one, evaluates the loss and its gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = float(torch.as_tensor(closure()).detach())
        point = self.vector()
        metric = self._metric(point)
        move = natural_direction(metric, self.gradient(), self.options["damping"])
        self.assign(point - self.options["lr"] * move)
        self.memory["k"] += 1
        return loss


def natural_direction(metric: Any, gradient: Array, damping: float) -> Array:
    """The solution d of (G + damping) d = gradient, the shortest one where G is singular.

    Args:
        metric: G `(n, n)`, symmetric, not negative.
        gradient: `(n,)`.
        damping: Added to the diagonal.

    Raises:
        ShapeError: If the metric has another shape.
    """
    matrix = np.asarray(metric, dtype=np.float64)
    size = len(gradient)
    if matrix.shape != (size, size):
        raise ShapeError(
            f"The metric must have shape ({size}, {size}), one row for each parameter, got "
            f"{matrix.shape}."
        )
    damped = matrix + damping * np.eye(size)
    direction = np.linalg.lstsq(damped, gradient, rcond=1e-10)[0]
    return np.asarray(direction, dtype=np.float64)


def _metric_of(circuit: Circuit, **options: Any) -> Metric:
    return lambda point: fubini_study_metric(circuit, point, **options)
