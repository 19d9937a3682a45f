"""Extrapolation by a small feed-forward network that was trained on circuits of one family."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from circuits.errors import (
    CheckpointError,
    InvalidArgumentError,
    ShapeError,
    UnsupportedOperationError,
)
from circuits.execution import Seed, as_generator
from noise.mitigation.extrapolation.base import (
    Extrapolation,
    Extrapolator,
    check_factors,
    propagated,
)

_FORMAT = "ketwork neural extrapolator 1"


@final
@dataclass(frozen=True, eq=False)
class NeuralExtrapolator(Extrapolator):
    """A network from the values at fixed noise factors to the value without noise.

    The paper trains a feed-forward network on (noise level -> value) and reads it at level 0. One
    value per level and no examples at level 0 leave such a net free to do anything there, so this
    one is trained on *circuits*: its inputs are the values v_k of one observable at all factors,
    its target the exact value, which is simulated for circuits of the same family that are easy
    (near-Clifford) or small. The estimate is odd, f(-v) = -f(v), because an observable and its
    negative suffer alike:

        f(v) = u . v + (h(v) - h(-v)) / 2,

    with u fitted by least squares and h a network of tanh layers that learns the rest.

    Limits: it holds for the factors, the noise and the family of circuits it was trained with; far
    from the training values it does not know what it does not know, and its error is not part of
    the reported variance, which is that of the shots alone.

    Args:
        factors: The noise factors, in the order of the inputs.
        hidden: Widths of the hidden layers.
        parameters: What `fit` or `load` found; not for direct use.

    References:
        Bhattacharjee et al., arXiv:2403.07025.
    """

    factors: tuple[float, ...]
    hidden: tuple[int, ...] = (16, 16)
    parameters: tuple[Tensor, ...] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        factors = check_factors(self.factors, 2, "NeuralExtrapolator")
        object.__setattr__(self, "factors", factors)
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if any(not isinstance(width, int) or width < 1 for width in self.hidden):
            raise InvalidArgumentError(
                f"Argument `hidden` must be positive integers, got {self.hidden!r}."
            )

    @property
    def is_trained(self) -> bool:
        """Whether it can extrapolate."""
        return self.parameters is not None

    def fit(
        self,
        values: Tensor,
        exact: Tensor,
        *,
        seed: Seed = 0,
        steps: int = 400,
        weight_decay: float = 1e-4,
    ) -> NeuralExtrapolator:
        """A trained copy.

        Args:
            values: `(k, n)`, training values at the factors.
            exact: `(n,)`, their values without noise.
            seed: Source of the first weights.
            steps: Steps of full-batch Adam at learning rate 0.01.
            weight_decay: Strength of the penalty on squared weights.

        Returns:
            The trained extrapolator.

        Raises:
            ShapeError: If the shapes do not fit.
            InvalidArgumentError: If there are fewer samples than factors, or values not finite.
        """
        inputs, targets = self._checked(values, exact)
        sizes = (len(self.factors), *self.hidden, 1)
        generator = as_generator(seed)
        # The default driver's last bits depend on where LAPACK's work space lies in memory.
        line = torch.linalg.lstsq(inputs, targets[:, None], driver="gelsd").solution[:, 0]
        parameters = [line]
        for width, following in itertools.pairwise(sizes):
            drawn = torch.randn(following, width, generator=generator, dtype=torch.float64)
            last = following == 1 and len(parameters) == 2 * len(self.hidden) + 1
            parameters += [
                drawn * (0.0 if last else 1.0) / math.sqrt(width),
                torch.zeros(following, dtype=torch.float64),
            ]
        linear, *network = parameters
        trained = [p.clone().requires_grad_() for p in network]
        optimizer = torch.optim.Adam(trained, lr=0.01)
        residual = targets - inputs @ linear
        # What lines leave is small; in its own units the network has something to learn.
        unit = residual.std().clamp(min=1e-12)
        residual = residual / unit
        with torch.enable_grad():
            for _ in range(steps):
                optimizer.zero_grad()
                penalty = sum((p**2).sum() for p in trained[::2])
                loss = ((_odd(trained, inputs) - residual) ** 2).mean() + weight_decay * (
                    penalty / len(inputs)
                )
                loss.backward()
                optimizer.step()
        inner, outer = trained[:-2], trained[-2:]
        final_parameters = (
            linear, *(p.detach() for p in inner), *(p.detach() * unit for p in outer)
        )  # fmt: skip
        return NeuralExtrapolator(self.factors, self.hidden, final_parameters)

    def extrapolate(
        self, factors: Tensor, values: Tensor, variances: Tensor | None = None
    ) -> Extrapolation:
        if self.parameters is None:
            raise UnsupportedOperationError(
                "This NeuralExtrapolator is not trained: call `fit(values, exact)`, "
                "`noise.mitigation.neural.train`, or `NeuralExtrapolator.load(path)`."
            )
        expected = torch.tensor(self.factors, dtype=torch.float64)
        found = factors.detach().cpu().double()
        if found.shape != expected.shape or not torch.allclose(found, expected, atol=0.02, rtol=0):
            raise InvalidArgumentError(
                f"The network was trained at the factors {self.factors}, but the values are at "
                f"{tuple(round(float(f), 4) for f in found)}. Train it at these factors."
            )

        def estimate(data: Tensor) -> Tensor:
            return self._estimate(data)

        result = estimate(values)
        spread = propagated(estimate, values, variances)
        return Extrapolation(result, spread, torch.ones_like(result, dtype=torch.bool))

    def save(self, path: str | PathLike[str]) -> None:
        """Write factors, widths and parameters to a file that `load` reads."""
        if self.parameters is None:
            raise UnsupportedOperationError("An untrained NeuralExtrapolator cannot be saved.")
        content = {
            _FORMAT: True,
            "factors": list(self.factors),
            "hidden": list(self.hidden),
            "parameters": list(self.parameters),
        }
        torch.save(content, Path(path))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> NeuralExtrapolator:
        """Read what `save` wrote; tensors and numbers only, no code.

        Raises:
            CheckpointError: If the file is not one of ours.
        """
        try:
            content: Any = torch.load(Path(path), weights_only=True)
            assert content[_FORMAT]
            found = cls(
                tuple(content["factors"]), tuple(content["hidden"]), tuple(content["parameters"])
            )
            found._estimate(torch.zeros(len(found.factors), 1, dtype=torch.float64))
        except FileNotFoundError:
            raise
        except Exception as error:
            raise CheckpointError(
                f"{str(path)!r} does not hold a NeuralExtrapolator ({type(error).__name__}). Write "
                "such files with `NeuralExtrapolator.save`."
            ) from error
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NeuralExtrapolator):
            return NotImplemented
        if (self.factors, self.hidden) != (other.factors, other.hidden):
            return False
        if self.parameters is None or other.parameters is None:
            return self.parameters is other.parameters
        return all(map(torch.equal, self.parameters, other.parameters))

    def __hash__(self) -> int:
        return hash((self.factors, self.hidden))

    def _estimate(self, values: Tensor) -> Tensor:
        assert self.parameters is not None
        linear, *network = (p.to(values) for p in self.parameters)
        data = values.movedim(0, -1)
        return data @ linear + _odd(network, data)

    def _checked(self, values: Tensor, exact: Tensor) -> tuple[Tensor, Tensor]:
        inputs, targets = torch.as_tensor(values), torch.as_tensor(exact)
        k = len(self.factors)
        if inputs.dim() != 2 or inputs.shape[0] != k or targets.shape != inputs.shape[1:]:
            raise ShapeError(
                f"Arguments `values` and `exact` must have shapes ({k}, n) and (n,), got "
                f"{tuple(inputs.shape)} and {tuple(targets.shape)}."
            )
        if inputs.shape[1] < k:
            raise InvalidArgumentError(
                f"Training needs at least as many samples as factors ({k}), got {inputs.shape[1]}."
            )
        if not (inputs.isfinite().all() and targets.isfinite().all()):
            raise InvalidArgumentError("Arguments `values` and `exact` must be finite.")
        return inputs.detach().double().T.contiguous(), targets.detach().double()


def _network(parameters: Sequence[Tensor], data: Tensor) -> Tensor:
    for k in range(0, len(parameters) - 2, 2):
        data = torch.tanh(data @ parameters[k].T + parameters[k + 1])
    return (data @ parameters[-2].T + parameters[-1])[..., 0]


def _odd(parameters: Sequence[Tensor], data: Tensor) -> Tensor:
    return (_network(parameters, data) - _network(parameters, -data)) / 2
