"""What both ways of drawing trajectories offer, and estimates made from them.

A noisy circuit is a mixture over records of what its channels did. One record is singled out:
the one without faults, in which every channel did the most likely thing. Its probability P0 and
its state are computed exactly; only the records with at least one fault are sampled, given that
there is one. With f_0 the value without faults and f_r those of n such samples, the estimate

    P0 f_0 + (1 - P0) mean_r f_r

is unbiased, with variance (1 - P0)^2 var(f_r) / n, never above that of plain sampling.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from circuits.gradients.methods import Observed

LARGEST_CHUNK = 2**22  # amplitudes or numbers that are held for one chunk of trajectories


@dataclass(frozen=True, slots=True)
class Drawn:
    """Values of sampled records.

    Attributes:
        values: `(records, m)`.
        scores: Logarithms of the records' probabilities `(records,)`, given a fault, with a graph;
            `None` where they depend on nothing that is differentiated.
    """

    values: Tensor
    scores: Tensor | None


class Unravelling(ABC):
    """The trajectories of one circuit at a number of points.

    Attributes:
        clean: P0, the probability of no fault, `(points,)`, with torch's graph.
    """

    clean: Tensor

    @abstractmethod
    def without_faults(self, observed: Observed) -> Tensor:
        """Values `(points, m)` of the record without faults."""

    @abstractmethod
    def draw(self, points: Tensor, observed: Observed, generator: torch.Generator | None) -> Drawn:
        """Values of sampled records with at least one fault.

        Args:
            points: Which point each record belongs to, `(records,)`, sorted.
            observed: What to read from the final states.
            generator: Source of randomness.
        """

    @abstractmethod
    def clean_states(self) -> Tensor:
        """Final states `(2**n, points)` of the records without faults, without a graph."""

    @abstractmethod
    def states(
        self, points: Tensor, generator: torch.Generator | None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Final states `(2**n, k)` of sampled records, with the records `(k,)` they belong to."""


def estimate(
    unravelling: Unravelling,
    observed: Observed,
    n: int,
    generator: torch.Generator | None,
    read: Callable[[Tensor], Tensor] = lambda values: values,
) -> tuple[Tensor, Tensor]:
    """Means and their variances, `(points, m)` each, from n sampled records per point.

    Gradients are unbiased: a record's value has its own derivative and, where its probability
    depends on what is differentiated, the derivative of the logarithm of that probability times
    the value's distance from the mean of the others.

    Args:
        unravelling: The trajectories.
        observed: What to read from states.
        n: Number of records per point; points that have no faults need none.
        generator: Source of randomness.
        read: Linear map of values `(rows, m)` applied to those of every record.
    """
    first = read(unravelling.without_faults(observed))
    clean = unravelling.clean.to(first.dtype)[:, None]
    noisy = (1 - unravelling.clean.detach() > 1e-14).nonzero()[:, 0]
    means, variances = clean * first, torch.zeros_like(first)
    if not len(noisy):
        return means, variances
    drawn = unravelling.draw(noisy.repeat_interleave(n), observed, generator)
    values = read(drawn.values).reshape(len(noisy), n, -1)
    fixed = values.detach()
    if drawn.scores is not None:
        others = (fixed.sum(1, keepdim=True) - fixed) / (n - 1) if n > 1 else 0 * fixed
        scores = drawn.scores.reshape(len(noisy), n, 1).to(values.dtype)
        values = values + (fixed - others) * (scores - scores.detach())
    rest = (1 - unravelling.clean[noisy]).to(first.dtype)[:, None]
    spread = fixed.var(1) if n > 1 else torch.full_like(fixed[:, 0], torch.nan)
    variances = variances.index_copy(0, noisy, rest.detach() ** 2 * spread / n)
    return means.index_add(0, noisy, rest * values.mean(1)), variances


def outcomes(unravelling: Unravelling, shots: int, generator: torch.Generator | None) -> Tensor:
    """Basis indices `(points, shots)`, each measured on a trajectory of its own."""
    clean = unravelling.clean.detach().double()
    states = unravelling.clean_states()
    random = uniform((2, len(clean), shots), generator).to(states.device)
    found = _measured(states, random[1])
    points, which = (random[0] >= clean[:, None]).nonzero(as_tuple=True)
    for state, records in unravelling.states(points, generator):
        where = points[records], which[records]
        found[where] = _measured(state, random[1][where][:, None])[:, 0]
    return found


def _measured(states: Tensor, random: Tensor) -> Tensor:
    """Basis indices `(columns, k)` of states `(2**n, columns)` for numbers `(columns, k)`."""
    weights = (states.real**2 + states.imag**2).double().cumsum(0).T.contiguous()
    found = torch.searchsorted(weights, random * weights[:, -1:], right=True)
    return found.clamp_(max=weights.shape[1] - 1)


def uniform(shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    """Uniform random numbers in [0, 1), float64, on the CPU."""
    device = "cpu" if generator is None else generator.device
    return torch.rand(shape, dtype=torch.float64, generator=generator, device=device).cpu()
