"""Steps that change the shape of a sample: resizing images, flattening."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch.nn.functional as F
from torch import Tensor

from circuits import errors

from .base import AbstractFitted, AbstractStep, Shape, State, check_training, int_of

_MAX_PIXELS = 4096


@final
@dataclass(frozen=True)
class FittedResize(AbstractFitted):
    """Bilinear interpolation with antialiasing to a fixed height and width.

    Args:
        in_shape: ``(height, width)`` or ``(channels, height, width)``.
        height: New height in pixels.
        width: New width in pixels.
    """

    kind: ClassVar[str] = "resize"
    in_shape: Shape
    height: int
    width: int

    @property
    def out_shape(self) -> Shape:
        """Shape of one resized image."""
        return (*self.in_shape[:-2], self.height, self.width)

    def apply(self, x: Tensor) -> Tensor:
        """Resize checked images."""
        channels = self.in_shape[0] if len(self.in_shape) == 3 else 1
        images = x.reshape(len(x), channels, *self.in_shape[-2:])
        if not len(x):
            return x.new_empty(0, *self.out_shape)
        return F.interpolate(
            images, (self.height, self.width), mode="bilinear", align_corners=False, antialias=True
        )

    def state(self) -> State:
        """The new size."""
        return {"height": self.height, "width": self.width}

    @classmethod
    def from_state(cls, in_shape: Shape, state: State) -> FittedResize:
        """Restore the step."""
        if len(in_shape) not in (2, 3):
            raise errors.CheckpointError(
                f"preprocessing state: expected images to resize, received shape {in_shape}"
            )
        height, width = (int_of(state, key, 1, _MAX_PIXELS) for key in ("height", "width"))
        return cls(in_shape, height, width)


@final
@dataclass(frozen=True)
class Resize(AbstractStep):
    """Resize images bilinearly, with antialiasing where they shrink.

    Args:
        height: New height in pixels, 1 .. 4096.
        width: New width in pixels; None takes `height`.

    Raises:
        InvalidArgumentError: If a size is out of range.
    """

    height: int
    width: int | None = None

    def __post_init__(self) -> None:
        for name, size in (("height", self.height), ("width", self.width)):
            if size is not None and not 1 <= size <= _MAX_PIXELS:
                raise errors.InvalidArgumentError(
                    f"{name}: expected 1 .. {_MAX_PIXELS} pixels, received {size}"
                )

    def fit(self, x: Tensor) -> FittedResize:
        """Take the shape of training images ``(n, height, width)`` or ``(n, channels, h, w)``."""
        shape = check_training(x)
        if len(shape) not in (2, 3):
            raise errors.ShapeError(
                f"x: expected images (n, height, width) or (n, channels, height, width), received "
                f"{tuple(x.shape)}; put Resize before Flatten"
            )
        return FittedResize(shape, self.height, self.height if self.width is None else self.width)


@final
@dataclass(frozen=True)
class FittedFlatten(AbstractFitted):
    """``(..., *in_shape)`` -> ``(..., prod(in_shape))`` in C order."""

    kind: ClassVar[str] = "flatten"
    in_shape: Shape

    @property
    def out_shape(self) -> Shape:
        """Shape of one flat sample."""
        return (math.prod(self.in_shape),)

    def apply(self, x: Tensor) -> Tensor:
        """Flatten checked samples."""
        return x.reshape(len(x), *self.out_shape)

    def state(self) -> State:
        """Nothing beyond the shape."""
        return {}

    @classmethod
    def from_state(cls, in_shape: Shape, state: State) -> FittedFlatten:
        """Restore the step."""
        return cls(in_shape)


@final
@dataclass(frozen=True)
class Flatten(AbstractStep):
    """Turn each sample into a vector, last axis fastest."""

    def fit(self, x: Tensor) -> FittedFlatten:
        """Take the shape of training samples ``(n, *shape)``."""
        return FittedFlatten(check_training(x))
