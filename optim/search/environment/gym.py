"""`CircuitEnv`: the game as a Gymnasium environment, alone or several at once."""

from __future__ import annotations

from typing import Any, final

import gymnasium
import numpy as np
from numpy.typing import NDArray

from circuits.arguments import integer, one_of
from optim.problems.problem import Problem
from optim.search.candidate import Candidate
from optim.search.environment.actions import Bools
from optim.search.environment.curriculum import Curriculum
from optim.search.environment.game import CircuitGame, Optimize
from optim.search.environment.halting import RandomHalting
from optim.search.evaluator import Evaluator

Observation = NDArray[np.float32]


@final
class CircuitEnv(gymnasium.Env[Observation, np.int64]):
    """Build a circuit of low energy gate by gate; Gymnasium interface of `CircuitGame`.

    Actions are those of `Actions`: a discrete space of N (N + 2). Observations are the flattened
    tensor encoding without angles, `(L, N + 3, N)`, and the energy: `(L (N + 3) N + 1,)`, float32.
    Success and the largest number of gates terminate an episode, random halting truncates it.
    `action_masks()` says which actions are legal, as sb3-contrib expects. An illegal action raises
    unless `illegal="skip"`: then it costs a step and a reward of -1 and appends nothing, for agents
    that know no masks.

    Args:
        problem: The problem.
        evaluator: What optimises the angles after each step, with noise, shots and mitigation as
            its backend has them; default exact energies and BFGS.
        max_gates: Largest number of gates L.
        target: See `CircuitGame`.
        curriculum: See `CircuitGame`; it moves at the end of each episode.
        halting: See `CircuitGame`.
        start: See `CircuitGame`.
        illegal: `"raise"` or `"skip"`.
        optimize: In place of `evaluator.optimize`, for searches that keep account.

    >>> from optim.problems import molecule
    >>> env = CircuitEnv(molecule("H2_r0.7414"), max_gates=10)
    >>> observation, info = env.reset(seed=0)
    >>> observation.shape, env.action_space, int(env.action_masks().sum())
    ((281,), Discrete(24), 24)
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"]}  # noqa: RUF012

    def __init__(
        self,
        problem: Problem,
        evaluator: Evaluator | None = None,
        *,
        max_gates: int = 40,
        target: float | None = None,
        curriculum: Curriculum | None = None,
        halting: RandomHalting | None = None,
        start: Candidate | None = None,
        illegal: str = "raise",
        optimize: Optimize | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.illegal = one_of(illegal, ("raise", "skip"), "illegal")
        self.evaluator = Evaluator(problem) if evaluator is None else evaluator
        first = Candidate(problem.n_qubits) if start is None else start
        self.game = CircuitGame(
            problem, self.evaluator.optimize if optimize is None else optimize,
            self.evaluator.energy(first), max_gates=max_gates, target=target,
            curriculum=curriculum, halting=halting, start=start,
        )  # fmt: skip
        self.render_mode = render_mode
        self._skipped = 0
        self._span = span = problem.hamiltonian.one_norm() + 1.0
        low, high = (np.full(self.game.width, edge, np.float32) for edge in (0, 1))
        low[-1], high[-1] = -span, span
        self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(self.game.actions))

    def action_masks(self) -> Bools:
        """Which actions are legal now `(N (N + 2),)`."""
        return self.game.mask

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self.game.reset(self.np_random)
        self._skipped = 0
        return self._observed(), self._info(success=False)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        chosen = int(action)
        if self.illegal == "skip" and not self.game.over and not self.game.mask[chosen]:
            self._skipped += 1
            truncated = self._skipped + self.game.steps >= self.game.max_gates
            return self._observed(), -1.0, False, truncated, self._info(success=False)
        found = self.game.step(chosen)
        if found.done:
            self.game.end_episode(success=found.success)
        return (
            self._observed(),
            found.reward,
            found.success or found.last,
            found.halted,
            self._info(success=found.success),
        )

    def render(self) -> str | None:
        """The circuit as text in render mode "ansi"."""
        return self.game.candidate.to_circuit().draw() if self.render_mode == "ansi" else None

    def _observed(self) -> Observation:
        found = self.game.observation()
        # Only a mitigated energy can lie outside.
        found[-1] = np.clip(found[-1], -self._span, self._span)
        return found

    def _info(self, *, success: bool) -> dict[str, Any]:
        game = self.game
        return {
            "energy": game.energy,
            "threshold": game.threshold.value,
            "gates": len(game.candidate),
            "cnots": game.candidate.cnots,
            "success": success,
        }


def vector_env(problem: Problem, n_envs: int, **options: Any) -> gymnasium.vector.SyncVectorEnv:
    """Several environments of one problem, stepped together in this process.

    Args:
        problem: The problem.
        n_envs: Number of environments; each has its own evaluator and its own threshold.
        options: Those of `CircuitEnv` but `evaluator`.

    Returns:
        A vector environment; `env.call("action_masks")` gives one mask per environment.
    """
    integer(n_envs, "n_envs")
    return gymnasium.vector.SyncVectorEnv(
        [lambda: CircuitEnv(problem, **options) for _ in range(n_envs)]
    )
