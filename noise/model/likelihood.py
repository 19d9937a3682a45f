"""The likelihood of counts, and its maximum by Fisher scoring."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, final

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

from noise.model.experiments import Experiments

NOTHING = 1e-300
_POSSIBLE = 1e-14
_FLAT = 1e-9  # gradient per shot at which the search ends


@final
class Likelihood:
    """Multinomial likelihood of counts as a function of free parameters.

    Args:
        experiments: What was measured.
        natural: From free parameters `(n,)` to values `(n,)`.
        observed: Count of each outcome of all circuits.
        shots: Shots of the circuit that each outcome belongs to.
    """

    def __init__(
        self,
        experiments: Experiments,
        natural: Callable[[Tensor], Tensor],
        observed: Tensor,
        shots: Tensor,
    ) -> None:
        self._experiments, self._natural = experiments, natural
        self._observed, self._shots = observed, shots
        self._last: tuple[bytes, float, np.ndarray, np.ndarray] | None = None

    def information(self, values: Tensor) -> Tensor:
        """Fisher information `(n, n)` of values: sum_c N_c sum_o (dp_o/dv)(dp_o/dv)^T / p_o."""
        probabilities, slopes = self._experiments.slopes(values)
        return self._fisher(probabilities, slopes)

    def _fisher(self, probabilities: Tensor, slopes: Tensor) -> Tensor:
        possible = probabilities > _POSSIBLE
        weight = self._shots[possible] / probabilities[possible]
        scaled = slopes[possible] * weight.sqrt()[:, None]
        return scaled.T @ scaled

    def _at(self, parameters: np.ndarray) -> tuple[bytes, float, np.ndarray, np.ndarray]:
        """Negative log-likelihood per shot, its gradient, and the information per shot."""
        key = parameters.tobytes()
        if self._last is not None and self._last[0] == key:
            return self._last
        point = torch.tensor(parameters, dtype=torch.float64)
        probabilities, slopes = self._experiments.slopes(self._natural(point))
        slopes = slopes @ torch.autograd.functional.jacobian(self._natural, point)
        total, seen = self._observed.sum(), self._observed > 0
        likely = probabilities.clamp(min=NOTHING)[seen]
        value = -(self._observed[seen] * likely.log()).sum() / total
        gradient = -((self._observed[seen] / likely) @ slopes[seen]) / total
        hessian = self._fisher(probabilities, slopes) / total
        self._last = key, float(value), gradient.numpy(), hessian.numpy()
        return self._last

    def maximum(self, first: Tensor, limit: int, progress: bool) -> Any:
        """SciPy's result of the search in free parameters.

        Newton's method in a trust region, with the information (the mean of the second
        derivatives) in place of the second derivatives.
        """
        options: Any = {"maxiter": limit, "gtol": _FLAT, "initial_trust_radius": 1.0}
        search: Any = scipy.optimize.minimize
        with contextlib.ExitStack() as stack:
            bar = stack.enter_context(_bar()) if progress else None
            return search(
                lambda x: self._at(x)[1],
                first.numpy(),
                method="trust-exact",
                jac=lambda x: self._at(x)[2],
                hess=lambda x: self._at(x)[3],
                callback=None if bar is None else lambda _: bar.update(),
                options=options,
            )


def _bar() -> Any:
    from tqdm.auto import tqdm  # warns in notebooks without widgets

    return tqdm(desc="fit", unit=" steps", delay=2)
