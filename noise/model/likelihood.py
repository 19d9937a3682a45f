"""The likelihood of counts, and its maximum by Fisher scoring."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, final

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError
from noise.model.experiments import Experiments

NOTHING = 1e-300
_POSSIBLE = 1e-14
_FLAT = 1e-9  # gradient per shot at which the search ends
_FLAT_ENOUGH = 1e-6  # the same where rounding ends it
_UNSURE = 2.0  # standard error of a free parameter beyond which it runs to the end of its range
_SINGULAR = 1e-10


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

    def covariance(self, values: Tensor, reach: Tensor) -> np.ndarray:
        """Covariance `(n, n)` of estimates, from the Fisher information.

        The information is sum_c N_c sum_o (dp_o/dv)(dp_o/dv)^T / p_o. An estimate at the end of its
        range is held fixed for the others; its own variance is the square of the distance over
        which the likelihood falls by a factor e.

        Args:
            values: The estimates.
            reach: How far a free parameter's change by one moves each value.

        Raises:
            InvalidArgumentError: If an outcome was seen that has the probability zero.
        """
        probabilities, slopes = self._experiments.slopes(values)
        seen = self._observed > 0
        if bool((probabilities[seen] < _POSSIBLE).any()):
            raise InvalidArgumentError(
                f"{int((probabilities[seen] < _POSSIBLE).sum())} of the outcomes that were seen "
                "are impossible under the model, whatever its strengths. Give it what produces "
                "them: readout error (`readout=True` fits it), or noise of more gates."
            )
        information = self._fisher(probabilities, slopes).numpy()
        result = _inverse(information)
        errors = np.sqrt(np.diagonal(result))
        ended = np.isfinite(errors) & (errors > _UNSURE * reach.numpy())
        if ended.any():
            score = ((self._observed[seen] / probabilities[seen]) @ slopes[seen]).numpy()
            inside = np.flatnonzero(~ended)
            result = np.diag(1 / np.maximum(score**2, NOTHING))
            result[np.ix_(inside, inside)] = _inverse(information[np.ix_(inside, inside)])
        return result

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
            found = search(
                lambda x: self._at(x)[1],
                first.numpy(),
                method="trust-exact",
                jac=lambda x: self._at(x)[2],
                hess=lambda x: self._at(x)[3],
                callback=None if bar is None else lambda _: bar.update(),
                options=options,
            )
        found.success = found.success or float(np.abs(found.jac).max()) < _FLAT_ENOUGH
        return found


def _inverse(information: np.ndarray) -> np.ndarray:
    """The inverse, with infinite variance for what has no information."""
    scale = np.sqrt(np.diagonal(information))
    known = scale > 0
    safe = np.where(known, scale, 1.0)
    values, vectors = np.linalg.eigh(information / np.outer(safe, safe))
    kept = values > _SINGULAR * max(float(values.max(initial=0.0)), NOTHING)
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T / np.outer(safe, safe)
    undetermined = ~known | ((vectors[:, ~kept] ** 2).sum(1) > 1e-6)
    inverse[undetermined, undetermined] = np.inf
    return np.asarray(inverse)


def _bar() -> Any:
    from tqdm.auto import tqdm  # warns in notebooks without widgets

    return tqdm(desc="fit", unit=" steps", delay=2)
