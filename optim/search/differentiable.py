"""Differentiable search: trained weights of what stands where in a circuit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np
import torch
from torch import Tensor

from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate
from optim.search.choices import Choices
from optim.search.starts import as_option, checked_start
from optim.search.supernet import Supernet
from optim.search.task import Task


@final
class DifferentiableSearch(Search):
    """Trainable structure weights for what stands in each slot of a circuit.

    Slot s holds filling j (a gate, or none) with probability p[s, j], a softmax of structure
    weights. A batch holds the most probable circuit and others drawn from p. Its circuits get
    their angles optimised, starting from angles that all circuits share, and the structure
    weights follow the gradient (Adam) of the weighted sum of their energies,

        L = sum_k w_k E_k,   w = softmax_k(mean_s log p[s, j_ks]),

    in which the weight of a circuit is its probability among those of the batch. Energies enter in
    units of their spread in the batch.

    Args:
        slots: Number of slots.
        batch: Circuits per batch; each counts as a candidate.
        rate: Learning rate of the structure weights.
        entropy: Weight of the mean entropy of the slots in the loss, which keeps p from settling
            early; falls to 0 over the budget.
        axes: Rotations to use.
        initial: Gates that every circuit starts with; their angles are optimised too.

    References:
        Zhang et al., Quantum Sci. Technol. 7, 045023 (2022); weighted sums of candidate circuits:
        arXiv:2407.18202.
    """

    method: ClassVar[str] = "differentiable"

    def __init__(
        self,
        slots: int = 32,
        *,
        batch: int = 16,
        rate: float = 0.2,
        entropy: float = 0.05,
        axes: Sequence[str] | str = ("rx", "ry", "rz"),
        initial: Candidate | None = None,
    ) -> None:
        self.slots, self.batch = integer(slots, "slots"), integer(batch, "batch", minimum=2)
        self.rate, self.entropy = number(rate, "rate"), number(entropy, "entropy")
        if self.rate <= 0 or self.entropy < 0:
            raise InvalidArgumentError(
                f"Arguments must satisfy rate > 0 and entropy >= 0, got rate={rate} and "
                f"entropy={entropy}."
            )
        self.axes = tuple([axes] if isinstance(axes, str) else axes)
        self.initial = initial

    def options(self) -> dict[str, Any]:
        names = ("slots", "batch", "rate", "entropy")
        settings = {name: getattr(self, name) for name in names}
        return {**settings, "axes": list(self.axes), "initial": as_option(self.initial)}

    def start(self, task: Task) -> Steps:
        return _WeightSteps(task, self)


def weighted_sum(weights: Tensor, chosen: Tensor, energies: Tensor) -> Tensor:
    """The weighted sum of energies of a batch.

    Args:
        weights: Structure weights `(slots, fillings)`.
        chosen: Fillings `(batch, slots)` of its circuits.
        energies: Their energies `(batch,)`.

    Returns:
        A scalar, differentiable by the structure weights.
    """
    logs = torch.log_softmax(weights, -1)
    of_slots = logs.expand(len(chosen), -1, -1).gather(-1, chosen[..., None])[..., 0]
    return (torch.softmax(of_slots.mean(-1), 0) * energies).sum()


@final
class _WeightSteps(Steps):
    def __init__(self, task: Task, search: DifferentiableSearch) -> None:
        super().__init__(task)
        choices = Choices.of(task.problem, search.axes)
        first = checked_start(search.initial, task.problem, choices)
        self._search = search
        self._net = Supernet(task, choices, search.slots, first)
        shape = search.slots, self._net.fillings
        self._weights = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
        self._adam = torch.optim.Adam([self._weights], lr=search.rate)
        self._chosen: list[list[int]] = []
        self._energies: list[float] = []

    def step(self) -> None:
        chosen = self._draw() if self._chosen else self._most_probable()
        self._energies.append(self._net.energy(chosen))
        self._chosen.append(chosen)
        if len(self._chosen) == self._search.batch:
            self._learn()
            self._chosen, self._energies = [], []

    def _most_probable(self) -> list[int]:
        """Ties are broken at random."""
        weights = self._weights.detach()
        ties = weights == weights.max(-1, keepdim=True).values
        return [int(self.task.rng.choice(np.flatnonzero(row))) for row in ties.numpy()]

    def _draw(self) -> list[int]:
        cumulated = torch.softmax(self._weights.detach(), -1).cumsum(-1).numpy()
        points = self.task.rng.random(len(cumulated))
        last = cumulated.shape[1] - 1
        return [
            min(int(np.searchsorted(row, point, side="right")), last)
            for row, point in zip(cumulated, points, strict=True)
        ]

    def _learn(self) -> None:
        energies = torch.tensor(self._energies, dtype=torch.float64)
        spread = float(energies.std())
        if spread > 0:
            energies = (energies - energies.mean()) / spread
        loss = weighted_sum(self._weights, torch.tensor(self._chosen), energies)
        logs = torch.log_softmax(self._weights, -1)
        entropy = -(logs.exp() * logs).sum(-1).mean()
        left = self.task.left / self.task.budget
        self._adam.zero_grad()
        (loss - self._search.entropy * left * entropy).backward()
        self._adam.step()
        self.task.facts["entropy"] = float(entropy.detach())
        self.task.log("batches", loss=float(loss.detach()), entropy=float(entropy.detach()))

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self._net.state_dict(),
            "weights": self._weights.detach().clone(),
            "adam": self._adam.state_dict(),
            "chosen": [list(row) for row in self._chosen],
            "energies": list(self._energies),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._net.load_state_dict(state["net"])
        with torch.no_grad():
            self._weights.copy_(state["weights"])
        self._adam.load_state_dict(dict(state["adam"]))
        self._chosen = [list(row) for row in state["chosen"]]
        self._energies = list(state["energies"])
