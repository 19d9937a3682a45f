"""Steps that are one affine map per feature: scaling, angles, standardising."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from circuits import errors

from .base import AbstractFitted, AbstractStep, Shape, State, check_training, tensor_of


@final
@dataclass(frozen=True, eq=False)
class Affine(AbstractFitted):
    """The map x -> clamp((x - center) * factor + offset, low, high).

    Args:
        in_shape: Shape of one sample.
        center: float64, shape `in_shape`.
        factor: float64, shape `in_shape`; 0 for features that were constant in training.
        offset: float64, shape `in_shape`.
        bounds: float64 ``(low, high)``, or None where nothing is cut off.
    """

    kind: ClassVar[str] = "affine"
    in_shape: Shape
    center: Tensor
    factor: Tensor
    offset: Tensor
    bounds: Tensor | None = None

    @property
    def out_shape(self) -> Shape:
        """Shape of one transformed sample."""
        return self.in_shape

    def apply(self, x: Tensor) -> Tensor:
        """Transform checked samples."""
        y = (x - self.center.to(x)) * self.factor.to(x) + self.offset.to(x)
        if self.bounds is None:
            return y
        return y.clamp(float(self.bounds[0]), float(self.bounds[1]))

    def state(self) -> State:
        """The tensors of the map."""
        state: State = {"center": self.center, "factor": self.factor, "offset": self.offset}
        return state if self.bounds is None else {**state, "bounds": self.bounds}

    @classmethod
    def from_state(cls, in_shape: Shape, state: State) -> Affine:
        """Restore the map."""
        center, factor, offset = (
            tensor_of(state, key, in_shape) for key in ("center", "factor", "offset")
        )
        bounds = tensor_of(state, "bounds", (2,)) if "bounds" in state else None
        return cls(in_shape, center, factor, offset, bounds)


@final
@dataclass(frozen=True)
class Scale(AbstractStep):
    """Map the training range of each feature onto [low, high].

    x -> low + (high - low) (x - min) / (max - min), with min and max over the training samples. A
    feature that is constant in training becomes `low` for every sample. Other samples may fall
    outside of [low, high] unless `clip` is set.

    Args:
        low: Lower end.
        high: Upper end, above `low`.
        per_feature: Whether each feature has its own range, or all share one (as pixels do).
        clip: Whether values outside of [low, high] are set to the nearer end.

    Raises:
        InvalidArgumentError: If not low < high, or one of them is not finite.
    """

    low: float = 0.0
    high: float = 1.0
    per_feature: bool = True
    clip: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise errors.InvalidArgumentError(
                f"low, high: expected finite low < high, received {self.low}, {self.high}"
            )

    def fit(self, x: Tensor) -> Affine:
        """Fit the ranges on training samples ``(n, *shape)``."""
        shape = check_training(x)
        samples = x.detach().to(torch.float64)
        low, high = samples.amin(0), samples.amax(0)
        if not self.per_feature:
            low, high = low.amin().expand(shape).clone(), high.amax().expand(shape).clone()
        factor = _safe_inverse(high - low) * (self.high - self.low)
        bounds = torch.tensor([self.low, self.high], dtype=torch.float64) if self.clip else None
        return Affine(shape, low, factor, torch.full_like(low, self.low), bounds)


@final
@dataclass(frozen=True)
class Angles(AbstractStep):
    """Map the training range of each feature onto [0, pi], or [-pi, pi] with ``signed=True``.

    `Scale` with rotation angles (radians) as its range, for angle encoding.

    Args:
        signed: Whether the range is [-pi, pi].
        per_feature: Whether each feature has its own range, or all share one.
        clip: Whether values outside of the range are set to its nearer end.
    """

    signed: bool = False
    per_feature: bool = True
    clip: bool = False

    def fit(self, x: Tensor) -> Affine:
        """Fit the ranges on training samples ``(n, *shape)``."""
        low = -math.pi if self.signed else 0.0
        return Scale(low, math.pi, self.per_feature, self.clip).fit(x)


@final
@dataclass(frozen=True)
class Standardize(AbstractStep):
    """Shift and scale each feature to mean 0 and standard deviation 1 over the training samples.

    The standard deviation divides by n (population). A feature that is constant in training
    becomes 0 for every sample.

    Args:
        per_feature: Whether each feature has its own mean and deviation, or all share one pair.
    """

    per_feature: bool = True

    def fit(self, x: Tensor) -> Affine:
        """Fit means and deviations on training samples ``(n, *shape)``."""
        shape = check_training(x)
        samples = x.detach().to(torch.float64)
        if self.per_feature:
            mean, deviation = samples.mean(0), samples.std(0, correction=0)
            constant = samples.amin(0) == samples.amax(0)
        else:
            mean = samples.mean().expand(shape).clone()
            deviation = samples.std(correction=0).expand(shape).clone()
            constant = samples.amin() == samples.amax()
        factor = torch.where(constant, 0.0, _safe_inverse(deviation))
        return Affine(shape, mean, factor, torch.zeros_like(mean))


def _safe_inverse(x: Tensor) -> Tensor:
    return torch.where(x > 0, 1.0 / torch.where(x > 0, x, 1.0), 0.0)
