"""Published settings of Adam-SPSA, by name of the problem.

References:
    Patel et al., ICLR 2024 (arXiv:2402.03500): the optimizer and the values, as in its code.
"""

from __future__ import annotations

from dataclasses import dataclass

from circuits.errors import InvalidArgumentError
from optim.optimizers.base import check_not_negative, check_positive
from optim.optimizers.spsa import Gains


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a run.

    Attributes:
        evaluations: Number of loss evaluations, two for each step.
        shots: Measurements for each of them; `None` is exact.
    """

    evaluations: int
    shots: int | None = None

    def __post_init__(self) -> None:
        check_positive(evaluations=self.evaluations)
        if self.shots is not None:
            check_positive(shots=self.shots)


@dataclass(frozen=True, slots=True)
class Moments:
    """Decay of Adam's averages: beta1 / (k + 1)^decay for the first, beta2 for the second."""

    beta1: float
    beta2: float
    decay: float
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_not_negative(beta1=self.beta1, beta2=self.beta2, decay=self.decay)
        check_positive(epsilon=self.epsilon)
        if not max(self.beta1, self.beta2) < 1:
            raise InvalidArgumentError(
                f"`beta1` and `beta2` must be below 1, got {self.beta1} and {self.beta2}."
            )

    def first(self, k: int) -> float:
        """Decay of the first average in step k."""
        return self.beta1 / (k + 1) ** self.decay


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings of Adam-SPSA for one problem.

    Attributes:
        gains: Step sizes.
        moments: Averages.
        evaluations: Loss evaluations of the stages.
        shots: Largest number of shots, N.
    """

    gains: Gains
    moments: Moments
    evaluations: tuple[int, ...]
    shots: int

    def stages(self, schedule: str = "code") -> tuple[Stage, ...]:
        """The stages with their shots.

        Args:
            schedule: `"code"`: N / 100, N / 10, N in three stages, as in the authors' code;
                `"paper"`: N / 10, N, 10 N. A run of one stage has N in both.
        """
        factors = {"code": (-2, -1, 0), "paper": (-1, 0, 1)}
        if schedule not in factors:
            raise InvalidArgumentError(
                f"Argument `schedule` must be 'code' or 'paper', got {schedule!r}."
            )
        if len(self.evaluations) == 1:
            return (Stage(self.evaluations[0], self.shots),)
        return tuple(
            Stage(count, round(self.shots * 10.0**power))
            for count, power in zip(self.evaluations, factors[schedule], strict=True)
        )


PRESETS: dict[str, Preset] = {
    "h2-2q": Preset(
        Gains(1.2104, 0.9531, 0.1039, 0.0984), Moments(0.9414, 0.9983, 0.9277), (500,), 10**3
    ),
    "h2-3q": Preset(
        Gains(0.5188, 0.9859, 0.0938, 0.0974), Moments(0.7160, 0.6265, 0.6483), (500,), 10**4
    ),
    "lih-4q": Preset(
        Gains(1.8658, 0.9451, 0.0460, 0.1397),
        Moments(0.9658, 0.8594, 0.0138),
        (1191, 357, 119),
        10**7,
    ),
    "lih-6q": Preset(
        Gains(1.7564, 0.8365, 0.1068, 0.1549),
        Moments(0.6841, 0.9048, 0.1223),
        (1430, 429, 143),
        10**8,
    ),
}


def preset(name: str) -> Preset:
    """A preset by name.

    Raises:
        InvalidArgumentError: If there is none.
    """
    if name not in PRESETS:
        raise InvalidArgumentError(
            f"Argument `preset` must be one of {', '.join(PRESETS)}, got {name!r}."
        )
    return PRESETS[name]
