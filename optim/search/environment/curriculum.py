"""When an episode counts as a success: a fixed threshold, or one that moves with what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, final

from circuits.errors import InvalidArgumentError


@final
@dataclass(frozen=True)
class Curriculum:
    """Settings of the moving threshold of CRLQAS.

    The threshold xi is the distance between energy and target energy below which an episode
    succeeds.

    1. It starts at `first`.
    2. Every `shift_every` episodes, but not in the first `warm_up`, it moves to |E_target - E_best|
       + `delta`, and the counters start anew ("greedy shift"). E_best is the lowest energy seen.
    3. After `successes` successful episodes it is lowered by `delta` / 10, at most
       `most_reductions` times between two shifts, and only while |E_target - E_best| < `switch`.
    4. After `patience` episodes without a new E_best it is raised by `delta`, once until there is
       one or until the next shift.

    Args:
        first: First threshold; `None`: the distance of the energy without gates.
        delta: The step.
        shift_every: Episodes between shifts.
        warm_up: Episodes without a shift.
        successes: Successful episodes before a reduction.
        most_reductions: Largest number of reductions between shifts.
        switch: Distance of the best energy from the target below which reductions happen.
        patience: Episodes without improvement before the threshold is raised.

    References:
        Patel et al., arXiv:2402.03500; rule 4: Kundu and Mangini, arXiv:2505.09371, appendix.
    """

    first: float | None = None
    delta: float = 5e-4
    shift_every: int = 500
    warm_up: int = 10
    successes: int = 25
    most_reductions: int = 10
    switch: float = math.inf
    patience: int = 500

    def __post_init__(self) -> None:
        if self.delta <= 0 or (self.first is not None and self.first <= 0):
            raise InvalidArgumentError(
                f"Arguments `delta` and `first` must be positive, got {self.delta} and "
                f"{self.first}."
            )
        if min(self.shift_every, self.successes, self.patience) < 1 or self.warm_up < 0:
            raise InvalidArgumentError(
                "Arguments `shift_every`, `successes` and `patience` must be at least 1 and "
                f"`warm_up` at least 0, got {asdict(self)}."
            )

    @classmethod
    def fixed(cls, threshold: float) -> Curriculum:
        """A threshold that never moves."""
        never = 2**62
        return cls(threshold, shift_every=never, successes=never, patience=never)


@final
class MovingThreshold:
    """The threshold as episodes go by.

    Args:
        settings: How it moves.
        target: E_target.
        start: Energy without gates.

    Attributes:
        value: The threshold xi.
        best: Lowest energy seen.

    >>> moving = MovingThreshold(Curriculum(first=1.0, delta=0.1, successes=2), -2.0, 0.0)
    >>> moving.end_episode(-1.2, success=True)
    >>> moving.end_episode(-1.2, success=True)
    >>> round(moving.value, 6)
    0.99
    """

    def __init__(self, settings: Curriculum, target: float, start: float) -> None:
        self.settings = settings
        self.target = target
        self.value = abs(start - target) if settings.first is None else settings.first
        self.best = start
        self._episodes = self._successes = self._reductions = self._idle = 0
        self._raised = False

    def end_episode(self, lowest: float, *, success: bool) -> None:
        """Take an episode into account.

        Args:
            lowest: Lowest energy of the episode.
            success: Whether it ended in success.
        """
        rules = self.settings
        self._episodes += 1
        self._idle = 0 if lowest < self.best else self._idle + 1
        self._raised = self._raised and lowest >= self.best
        self.best = min(self.best, lowest)
        distance = abs(self.target - self.best)
        if self._episodes > rules.warm_up and self._episodes % rules.shift_every == 0:
            self.value = distance + rules.delta
            self._successes = self._reductions = self._idle = 0
            self._raised = False
            return
        self._successes += success
        if self._successes >= rules.successes and self._reductions < rules.most_reductions:
            if distance < rules.switch:
                self.value -= rules.delta / 10
                self._reductions += 1
                self._successes = 0
        if self._idle >= rules.patience and not self._raised:
            self.value += rules.delta
            self._raised, self._idle = True, 0

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return {name: getattr(self, name) for name in _STATE}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        for name in _STATE:
            setattr(self, name, state[name])


_STATE = ("value", "best", "_episodes", "_successes", "_reductions", "_idle", "_raised")
