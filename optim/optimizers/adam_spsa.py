"""Adam on gradients that SPSA estimates, in stages of rising accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, Self, final

import numpy as np

from circuits.errors import InvalidArgumentError
from circuits.execution import Seed
from optim.optimizers import presets
from optim.optimizers.base import Array, Steps, VectorOptimizer, drawn_seed, needed
from optim.optimizers.presets import Moments, Stage
from optim.optimizers.spsa import Gains, estimate


@final
class AdamSPSA(VectorOptimizer):
    """SPSA whose gradient estimates go through Adam, with a schedule of shots.

    Step k takes the estimate g of SPSA at the distance c / (k + 1)^gamma, and with
    b_k = beta1 / (k + 1)^decay

        m = b_k m + (1 - b_k) g,   v = beta2 v + (1 - beta2) g^2,
        x = x - a / (k + 1)^alpha * m' / (sqrt(v') + epsilon),

    where m' and v' are m and v divided by the sum of the weights that they hold. The shots rise
    from stage to stage while the decays go on; the closure reads them from `shots`:

        loss = lambda: layer_with(shots=optimizer.shots)()

    Args:
        params: Parameters in one group.
        a: First step size, > 0.
        alpha: Decay of the step size.
        c: First distance of the evaluations, radians, > 0.
        gamma: Decay of the distance.
        beta1: Decay of the first moment, in the first step.
        beta2: Decay of the second moment.
        decay: How fast the first moment's decay falls.
        epsilon: Small number in the denominator.
        stages: Evaluations and shots of each stage, in order; the last has no end. Default: one,
            exact.
        generator: Source of the directions: a `torch.Generator` or an integer seed.

    References:
        Patel et al., ICLR 2024 (arXiv:2402.03500), appendix on Adam-SPSA.
    """

    def __init__(
        self,
        params: Iterable[Any],
        *,
        a: float = 0.2,
        alpha: float = 0.602,
        c: float = 0.1,
        gamma: float = 0.101,
        beta1: float = 0.9,
        beta2: float = 0.999,
        decay: float = 0.0,
        epsilon: float = 1e-8,
        stages: Sequence[Stage] = (),
        generator: Seed = None,
    ) -> None:
        options = {
            **asdict(Gains(a, alpha, c, gamma)),
            **asdict(Moments(beta1, beta2, decay, epsilon)),
        }
        options["stages"] = [(stage.evaluations, stage.shots) for stage in stages or (Stage(2),)]
        super().__init__(params, options)
        size = len(self.vector())
        self.memory.update(k=0, seed=drawn_seed(generator), average=no_average(size))

    @classmethod
    def from_preset(
        cls,
        params: Iterable[Any],
        name: str,
        *,
        schedule: str = "code",
        generator: Seed = None,
    ) -> Self:
        """The published settings of a problem.

        Args:
            params: Parameters in one group.
            name: `"h2-2q"`, `"h2-3q"`, `"lih-4q"` or `"lih-6q"`.
            schedule: `"code"` or `"paper"`: the shots of the stages, see `Preset.stages`.
            generator: Source of the directions.
        """
        found = presets.preset(name)
        numbers = {**asdict(found.gains), **asdict(found.moments)}
        del numbers["stability"]
        return cls(params, **numbers, stages=found.stages(schedule), generator=generator)

    @property
    def shots(self) -> int | None:
        """Shots of the present stage; `None` is exact."""
        return stage_at(self._stages, 2 * self.memory["k"]).shots

    @property
    def finished(self) -> bool:
        """Whether the evaluations of all stages are spent."""
        planned = sum(stage.evaluations for stage in self._stages)
        return bool(2 * self.memory["k"] + 2 > planned)

    @property
    def _stages(self) -> list[Stage]:
        return [Stage(*stage) for stage in self.options["stages"]]

    def step(self, closure: Any = None) -> Any:
        """One step; returns the loss at the first of its two points."""
        memory, options = self.memory, self.options
        average = {name: list(numbers) for name, numbers in memory["average"].items()}
        gains = Gains(*(options[f.name] for f in fields(Gains)))
        moments = Moments(*(options[f.name] for f in fields(Moments)))
        steps = adam_spsa_step(self.vector(), memory["k"], gains, moments, memory["seed"], average)
        loss = self.drive(steps, needed(closure, "AdamSPSA"))
        memory.update(k=memory["k"] + 1, average=average)
        return loss


Average = dict[str, list[float]]
"""First and second moments, `m` and `v` `(n,)`, and what is `missing` of their weights `(2,)`;
plain numbers, so that state dicts hold them exactly whatever the parameters' type."""


def no_average(size: int) -> Average:
    """Nothing averaged yet."""
    return {"m": [0.0] * size, "v": [0.0] * size, "missing": [1.0, 1.0]}


def averaged(average: Average, gradient: Array, decays: tuple[float, float]) -> tuple[Array, Array]:
    """Take in a gradient; returns the two averages, their weights scaled to one."""
    found = []
    for place, (name, seen) in enumerate((("m", gradient), ("v", gradient**2))):
        decay = decays[place]
        new = decay * np.array(average[name]) + (1 - decay) * seen
        average[name] = new.tolist()
        average["missing"][place] *= decay
        found.append(new / (1 - average["missing"][place]))
    return found[0], found[1]


def adam_spsa_step(
    point: Array, k: int, gains: Gains, moments: Moments, seed: int, average: Average
) -> Steps:
    """Step k of Adam-SPSA from a point `(n,)`; changes `average`."""
    gradient = yield from estimate(point, k, gains.radius(k), seed)
    m, v = averaged(average, gradient, (moments.first(k), moments.beta2))
    return point - gains.step(k) * m / (np.sqrt(v) + moments.epsilon)


def stage_at(stages: Sequence[Stage], evaluations: int) -> Stage:
    """The stage after a number of evaluations; the last one has no end.

    >>> stage_at([Stage(4, 10), Stage(2, 100)], 4).shots
    100
    """
    if not stages:
        raise InvalidArgumentError("Argument `stages` must hold at least one stage.")
    for stage in stages:
        evaluations -= stage.evaluations
        if evaluations < 0:
            return stage
    return stages[-1]
