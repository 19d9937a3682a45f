"""MaskablePPO of sb3-contrib on the search environment; needs the extra `search`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import torch

from circuits.arguments import integer, number
from circuits.errors import MissingDependencyError
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate
from optim.search.environment import Curriculum, RandomHalting
from optim.search.task import Task

if TYPE_CHECKING:
    from sb3_contrib import MaskablePPO


@final
class PPO(Search):
    """Proximal policy optimisation with masked actions, as sb3-contrib has it.

    Each environment step is one candidate of the budget. A run is saved between rollouts, so its
    budget should be a multiple of `rollout` if it is to be extended later.

    Args:
        max_gates: Largest number of gates; default 10 per qubit.
        hidden: Widths of the hidden layers of policy and value.
        learning_rate: Step size of Adam.
        rollout: Environment steps between updates.
        batch_size: Size of the minibatches of an update.
        epochs: Passes over a rollout per update.
        discount: gamma.
        entropy: Weight of the entropy in the loss.
        target: Energy that rewards refer to; default the problem's lower bound.
        curriculum: How the threshold of success moves.
        halting: Random lengths of episodes.
        start: Gates that every circuit begins with.

    Raises:
        MissingDependencyError: In `run`, if sb3-contrib is not installed.

    References:
        Schulman et al., arXiv:1707.06347; Huang and Ontañón, A closer look at invalid action
        masking in policy gradient algorithms, arXiv:2006.14171.
    """

    method: ClassVar[str] = "ppo"

    def __init__(
        self,
        max_gates: int | None = None,
        *,
        hidden: tuple[int, ...] = (64, 64),
        learning_rate: float = 1e-3,
        rollout: int = 256,
        batch_size: int = 64,
        epochs: int = 4,
        discount: float = 0.95,
        entropy: float = 0.01,
        target: float | None = None,
        curriculum: Curriculum | None = None,
        halting: RandomHalting | None = None,
        start: Candidate | None = None,
    ) -> None:
        self.max_gates = None if max_gates is None else integer(max_gates, "max_gates")
        self.hidden = tuple(hidden)
        self.learning_rate = number(learning_rate, "learning_rate")
        self.rollout = integer(rollout, "rollout", minimum=2)
        self.batch_size = integer(batch_size, "batch_size", minimum=2)
        self.epochs = integer(epochs, "epochs")
        self.discount = number(discount, "discount")
        self.entropy = number(entropy, "entropy")
        self.target = target
        self.curriculum = curriculum or Curriculum(shift_every=50, successes=1, patience=200)
        self.halting = halting
        self.begin_with = start

    def options(self) -> dict[str, Any]:
        names = ("max_gates", "learning_rate", "rollout", "batch_size", "epochs", "discount",
                 "entropy", "target")  # fmt: skip
        return {
            **{name: getattr(self, name) for name in names},
            "hidden": list(self.hidden),
            "curriculum": asdict(self.curriculum),
            "halting": None if self.halting is None else asdict(self.halting),
            "start": None if self.begin_with is None else self.begin_with.to_json(),
        }

    def start(self, task: Task) -> Steps:
        return _Rollouts(self, task)


@final
class _Rollouts(Steps):
    """One rollout and update at a time."""

    def __init__(self, search: PPO, task: Task) -> None:
        super().__init__(task)
        try:
            from sb3_contrib import MaskablePPO

            from optim.search.environment.gym import CircuitEnv
        except ModuleNotFoundError as error:
            if error.name not in ("sb3_contrib", "stable_baselines3", "gymnasium"):
                raise
            raise MissingDependencyError(
                "sb3-contrib", extra="search", purpose="The search method PPO"
            ) from error
        self.env = CircuitEnv(
            task.problem, task.evaluator, max_gates=search.max_gates or 10 * task.problem.n_qubits,
            target=search.target, curriculum=search.curriculum, halting=search.halting,
            start=search.begin_with, optimize=task.optimize,
        )  # fmt: skip
        self.random = _Randomness(task.seed)
        with self.random.in_use():
            self.model: MaskablePPO = MaskablePPO(
                "MlpPolicy", self.env, learning_rate=search.learning_rate, n_steps=search.rollout,
                batch_size=min(search.batch_size, search.rollout), n_epochs=search.epochs,
                gamma=search.discount, ent_coef=search.entropy, seed=task.seed, device="cpu",
                policy_kwargs={"net_arch": list(search.hidden)},
            )  # fmt: skip
        self.episodes, self.reward = 0, 0.0

    def step(self) -> None:
        from stable_baselines3.common.callbacks import BaseCallback

        run = self

        class Watch(BaseCallback):
            """Keeps the history, and stops at the end of the budget."""

            def _on_step(self) -> bool:
                heard = self.locals
                run.watch(heard["infos"][0], float(heard["rewards"][0]), done=heard["dones"][0])
                return not run.task.done

        with self.random.in_use():
            self.model.learn(self.model.n_steps, callback=Watch(), reset_num_timesteps=False)

    def watch(self, info: Mapping[str, Any], reward: float, *, done: bool) -> None:
        """Take a step of the environment into account."""
        self.reward += reward
        if done:
            self.task.log(
                "episodes", episode=self.episodes, reward=self.reward,
                energy=info["energy"], gates=info["gates"], threshold=info["threshold"],
                success=info["success"],
            )  # fmt: skip
            self.episodes, self.reward = self.episodes + 1, 0.0
        self.task.facts = {"episode": self.episodes}

    def state_dict(self) -> dict[str, Any]:
        model = self.model
        return {
            "policy": model.policy.state_dict(),
            "adam": model.policy.optimizer.state_dict(),
            "steps": model.num_timesteps,
            "updates": model._n_updates,
            "last": _as_tensors(model._last_obs, model._last_episode_starts),
            "game": self.env.game.state_dict(),
            "env": self.env.np_random.bit_generator.state,
            "random": self.random.state_dict(),
            "episodes": self.episodes,
            "reward": self.reward,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        model = self.model
        assert model.env is not None
        with self.random.in_use():
            model.env.reset()
        model.policy.load_state_dict(state["policy"])
        model.policy.optimizer.load_state_dict(state["adam"])
        model.num_timesteps, model._n_updates = state["steps"], state["updates"]
        if state["last"] is not None:
            seen, starts = state["last"]
            model._last_obs, model._last_episode_starts = seen.numpy(), starts.numpy()
        self.env.game.load_state_dict(state["game"])
        self.env.np_random.bit_generator.state = state["env"]
        self.random.load_state_dict(state["random"])
        self.episodes, self.reward = state["episodes"], state["reward"]


def _as_tensors(*arrays: Any) -> list[torch.Tensor] | None:
    """Copies of the arrays, `None` before the first rollout."""
    if any(array is None for array in arrays):
        return None
    return [torch.tensor(np.asarray(array)) for array in arrays]


@final
class _Randomness:
    """The global generators that stable-baselines3 draws from, borrowed while it runs.

    Args:
        seed: Seed of all three.
    """

    def __init__(self, seed: int) -> None:
        self._state: tuple[Any, Any, Any] = (
            random.Random(seed).getstate(),
            np.random.RandomState(seed).get_state(),
            torch.Generator().manual_seed(seed).get_state(),
        )

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """While the context is open the global generators are in this state, later as before."""
        earlier = _globals()
        _set_globals(self._state)
        try:
            yield
        finally:
            self._state = _globals()
            _set_globals(earlier)

    def state_dict(self) -> dict[str, Any]:
        """The three states."""
        python, (name, keys, *rest), torchs = self._state
        return {
            "python": [python[0], list(python[1]), python[2]],
            "numpy": [name, torch.tensor(keys.astype(np.int64)), *rest],
            "torch": torchs,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        version, words, gauss = state["python"]
        name, keys, *rest = state["numpy"]
        numpys = (name, keys.numpy().astype(np.uint32), *rest)
        self._state = (version, tuple(words), gauss), numpys, state["torch"]


def _globals() -> tuple[Any, Any, Any]:
    return random.getstate(), np.random.get_state(), torch.random.get_rng_state()  # noqa: NPY002


def _set_globals(state: tuple[Any, Any, Any]) -> None:
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002
    torch.random.set_rng_state(state[2])
