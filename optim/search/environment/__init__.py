"""The environment in which agents build circuits; `CircuitEnv` needs the package gymnasium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits.errors import MissingDependencyError
from optim.search.environment.actions import AXES, Actions
from optim.search.environment.curriculum import Curriculum, MovingThreshold
from optim.search.environment.encoding import Encoding
from optim.search.environment.game import CircuitGame, Outcome
from optim.search.environment.halting import RandomHalting
from optim.search.environment.reward import incremental_reward

if TYPE_CHECKING:
    from optim.search.environment.gym import CircuitEnv, vector_env

__all__ = [
    "AXES",
    "Actions",
    "CircuitEnv",
    "CircuitGame",
    "Curriculum",
    "Encoding",
    "MovingThreshold",
    "Outcome",
    "RandomHalting",
    "incremental_reward",
    "vector_env",
]

_LAZY = ("CircuitEnv", "vector_env")


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from optim.search.environment import gym
    except ModuleNotFoundError as error:
        if error.name != "gymnasium":
            raise
        raise MissingDependencyError(
            "gymnasium", extra="search", purpose="The search environment"
        ) from error
    return getattr(gym, name)
