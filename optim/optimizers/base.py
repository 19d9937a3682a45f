"""What the gradient-free and natural-gradient optimizers share: the parameters as one vector.

An algorithm is a generator of questions, arrays of points `(k, n)` whose losses `(k,)` it is sent
back; it returns the next point. So the same code runs with closures, one point at a time, and in
`optim.minimize`, all points in one simulation.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from circuits.errors import InvalidArgumentError, NonFiniteError
from circuits.execution import Seed, as_generator

Array = NDArray[np.float64]
Closure = Callable[[], Any]
Steps = Generator[Array, Array, Array]
"""Yields points `(k, n)`, is sent losses `(k,)`, returns the next point `(n,)`."""


class VectorOptimizer(Optimizer):
    """A `torch.optim.Optimizer` over all parameters at once.

    Its state, `state_dict()["state"]`, belongs to the first parameter. Random directions follow
    from a seed and the number of the step, so a run that is resumed from a state dict goes on as
    the uninterrupted one.

    Args:
        params: Parameters, in one group.
        defaults: Options.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise InvalidArgumentError(
                f"{type(self).__name__} moves all parameters together: give one group, got "
                f"{len(self.param_groups)}."
            )

    @abstractmethod
    def step(self, closure: Any = None) -> Any:
        """Make one step.

        Args:
            closure: Function that evaluates the model and returns the loss.

        Returns:
            The loss of the first evaluation of the step.
        """

    @property
    def options(self) -> dict[str, Any]:
        """Options of the only parameter group."""
        group: dict[str, Any] = self.param_groups[0]
        return group

    @property
    def memory(self) -> dict[str, Any]:
        """State of the algorithm."""
        memory: dict[str, Any] = self.state[self._parameters[0]]
        return memory

    @property
    def _parameters(self) -> list[Tensor]:
        parameters: list[Tensor] = self.param_groups[0]["params"]
        return parameters

    def vector(self) -> Array:
        """The parameters as one vector `(n,)`, float64."""
        flat = [p.detach().reshape(-1).to("cpu", torch.float64) for p in self._parameters]
        joined: Array = torch.cat(flat).numpy()
        return joined

    def gradient(self) -> Array:
        """Gradients as one vector `(n,)`, zero where a parameter has none."""
        flat = [
            torch.zeros(p.numel(), dtype=torch.float64)
            if p.grad is None
            else p.grad.detach().reshape(-1).to("cpu", torch.float64)
            for p in self._parameters
        ]
        joined: Array = torch.cat(flat).numpy()
        return joined

    def assign(self, vector: Array) -> None:
        """Write a vector `(n,)` to the parameters."""
        start = 0
        with torch.no_grad():
            for p in self._parameters:
                part = torch.from_numpy(vector[start : start + p.numel()])
                p.copy_(part.reshape(p.shape))
                start += p.numel()

    def drive(self, steps: Steps, closure: Closure) -> float:
        """Run an algorithm's step with a closure; returns its first loss."""
        first: float | None = None
        try:
            points = next(steps)
            while True:
                losses = np.empty(len(points))
                for k, point in enumerate(points):
                    self.assign(point)
                    losses[k] = self.loss(closure)
                first = float(losses[0]) if first is None else first
                points = steps.send(losses)
        except StopIteration as done:
            self.assign(done.value)
        assert first is not None
        return first

    @torch.no_grad()
    def loss(self, closure: Closure) -> float:
        """The closure's loss as a finite number.

        Raises:
            NonFiniteError: If it is NaN or infinite.
        """
        value = float(closure())
        if not np.isfinite(value):
            raise NonFiniteError(f"The closure must return a finite loss, got {value}.")
        return value


def needed(closure: Closure | None, name: str) -> Closure:
    """The closure; raises where there is none."""
    if closure is None:
        raise InvalidArgumentError(
            f"`{name}.step` evaluates the loss several times: pass a closure that returns it."
        )
    return closure


def drawn_seed(generator: Seed) -> int:
    """A seed: the integer given, or drawn from a generator (torch's default for `None`)."""
    if generator is not None and not isinstance(generator, torch.Generator):
        as_generator(generator)  # which checks it
        return int(generator) % 2**63
    return int(torch.randint(2**62, (), generator=generator).item())


def signs(seed: int, step: int, shape: tuple[int, ...], stream: int = 0) -> Array:
    """Independent numbers +1 or -1 of a step, the same ones whenever they are asked for."""
    random = np.random.default_rng([seed, step, stream])
    return np.asarray(random.choice([-1.0, 1.0], size=shape), dtype=np.float64)


def check_positive(**numbers: float) -> None:
    """Raise unless every number is positive and finite."""
    for name, number in numbers.items():
        if not 0 < number < float("inf"):
            raise InvalidArgumentError(f"Argument `{name}` must be positive, got {number}.")


def check_not_negative(**numbers: float) -> None:
    """Raise unless every number is finite and at least zero."""
    for name, number in numbers.items():
        if not 0 <= number < float("inf"):
            raise InvalidArgumentError(f"Argument `{name}` must be 0 or more, got {number}.")
