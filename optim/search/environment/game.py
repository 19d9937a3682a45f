"""`CircuitGame`: the rules of building a circuit gate by gate, free of any framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError
from optim.problems.problem import Problem, check_problem
from optim.search.candidate import Candidate
from optim.search.environment.actions import Actions, Bools
from optim.search.environment.curriculum import Curriculum, MovingThreshold
from optim.search.environment.encoding import Encoding
from optim.search.environment.halting import RandomHalting
from optim.search.environment.reward import incremental_reward
from optim.search.evaluator import Optimized

Optimize = Callable[[Candidate], Optimized]


class Outcome(NamedTuple):
    """What a step led to.

    Attributes:
        reward: The reward.
        energy: Energy after the optimisation of the angles.
        success: Whether the energy is within the threshold of the target.
        last: Whether the largest number of gates is reached.
        halted: Whether random halting ended the episode.
    """

    reward: float
    energy: float
    success: bool
    last: bool
    halted: bool

    @property
    def done(self) -> bool:
        """Whether the episode is over."""
        return self.success or self.last or self.halted


@final
class CircuitGame:
    """Episodes that append one gate per step; after each, all angles are optimised.

    The optimisation starts from the angles of the step before, the new one at 0.

    Args:
        problem: The problem.
        optimize: What optimises the angles: `Evaluator.optimize`, or `Task.optimize`.
        start_energy: Energy without gates.
        max_gates: Largest number of gates L.
        target: Energy that rewards refer to; default the problem's `lower_bound`, which needs no
            knowledge of the ground energy ("fake minimum").
        curriculum: How the threshold of success moves.
        halting: Random lengths of episodes; `None` for none.
        start: Gates that every episode begins with, part of the candidate (a warm start); they
            count as gates and are shown in the encoding.

    Attributes:
        candidate: The circuit so far.
        energy: Its energy.
        lowest: Lowest energy of the episode.
        steps: Steps of the episode so far.
        over: Whether the episode is over.
    """

    candidate: Candidate
    energy: float
    lowest: float
    steps: int
    over: bool
    _limit: int

    def __init__(
        self,
        problem: Problem,
        optimize: Optimize,
        start_energy: float,
        *,
        max_gates: int = 40,
        target: float | None = None,
        curriculum: Curriculum | None = None,
        halting: RandomHalting | None = None,
        start: Candidate | None = None,
    ) -> None:
        self.problem = check_problem(problem)
        self.actions = Actions.of(problem)
        self.encoding = Encoding(problem.n_qubits, integer(max_gates, "max_gates"))
        self.target = problem.lower_bound if target is None else float(target)
        self.threshold = MovingThreshold(curriculum or Curriculum(), self.target, start_energy)
        self.halting = halting
        self._optimize = optimize
        self._start = Candidate(problem.n_qubits) if start is None else start
        if len(self._start) >= max_gates:
            raise InvalidArgumentError(
                f"Argument `start` has {len(self._start)} gates, which leaves no step of "
                f"max_gates={max_gates}."
            )
        self._start_energy = start_energy
        self._begin(self._start, start_energy, max_gates)

    @property
    def max_gates(self) -> int:
        """Largest number of gates."""
        return self.encoding.max_gates

    @property
    def mask(self) -> Bools:
        """Which actions are legal now."""
        return self.actions.mask(self._last)

    @property
    def written(self) -> list[int]:
        """Places of the ones in the flattened encoding without angles, one per gate, in order."""
        return self._written

    @property
    def width(self) -> int:
        """Length of the observation."""
        return int(np.prod(self.encoding.binary_shape)) + 1

    def observation(self) -> NDArray[np.float32]:
        """The flattened encoding without angles, then the energy: `(L (N + 3) N + 1,)`."""
        found = np.zeros(self.width, dtype=np.float32)
        found[self._written] = 1
        found[-1] = self.energy
        return found

    def reset(self, rng: np.random.Generator, *, full: bool = False) -> None:
        """Begin an episode.

        Args:
            rng: Randomness of its length.
            full: No random halting in this episode.
        """
        limit = self.max_gates
        if self.halting is not None and not full:
            limit = max(self.halting.draw(rng, self.max_gates), len(self._start) + 1)
        self._begin(self._start, self._start_energy, limit)

    def step(self, action: int) -> Outcome:
        """Append the gate of an action and optimise all angles.

        Raises:
            InvalidArgumentError: If the episode is over or the action illegal now.
        """
        if self.over:
            raise InvalidArgumentError("The episode is over: call reset.")
        if not 0 <= action < len(self.actions) or not self.mask[action]:
            raise InvalidArgumentError(
                f"Action {action} is illegal now; `mask` says which are legal."
            )
        self._write(action)
        found = self._optimize(self.actions.append(self.candidate, action))
        previous, energy = self.energy, found.energy
        self.candidate, self.energy = found.candidate, energy
        self.lowest = min(self.lowest, energy)
        self.steps += 1
        value = self.threshold.value
        success = abs(energy - self.target) < value
        last = len(self.candidate) >= self.max_gates
        reward = incremental_reward(previous, energy, self.target, value, last=last)
        halted = not (success or last) and len(self.candidate) >= self._limit
        outcome = Outcome(reward, energy, success, last, halted)
        self.over = outcome.done
        return outcome

    def end_episode(self, *, success: bool) -> None:
        """Let the threshold move; not called for test episodes."""
        self.threshold.end_episode(self.lowest, success=success)

    def _begin(self, candidate: Candidate, energy: float, limit: int) -> None:
        self.candidate, self.energy, self.lowest = candidate, energy, energy
        self.steps, self.over, self._limit = 0, False, limit
        self._last = [-1] * self.problem.n_qubits
        self._front = [0] * self.problem.n_qubits
        self._written: list[int] = []
        for gate in candidate:
            self._write(self.actions.index(gate.name, gate.qubits))

    def _write(self, action: int) -> None:
        where = self.encoding.place(self._front, *self.actions.gates[action])
        self._written.append(int(np.ravel_multi_index(where, self.encoding.binary_shape)))
        self.actions.touch(self._last, action)

    def state_dict(self) -> dict[str, Any]:
        """All that changes, also within an episode."""
        return {
            "candidate": self.candidate.to_json(),
            "energy": self.energy,
            "lowest": self.lowest,
            "steps": self.steps,
            "over": self.over,
            "limit": self._limit,
            "threshold": self.threshold.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self._begin(Candidate.from_json(state["candidate"]), state["energy"], state["limit"])
        self.lowest, self.steps, self.over = state["lowest"], state["steps"], state["over"]
        self.threshold.load_state_dict(state["threshold"])
