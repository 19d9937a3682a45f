"""The two halves of every preprocessing step: what the user asks for, and what was fitted."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from circuits import errors

State = dict[str, Any]
Shape = tuple[int, ...]


class AbstractFitted(ABC):
    """A fitted step.

    Laws: `transform` maps ``(..., *in_shape)`` to ``(..., *out_shape)``, treats every sample on its
    own, keeps dtype and device, and is differentiable; ``from_state(state())`` transforms exactly
    alike; a state holds only tensors, numbers, strings, lists and dicts.
    """

    kind: ClassVar[str]
    in_shape: Shape

    @property
    @abstractmethod
    def out_shape(self) -> Shape:
        """Shape of one transformed sample."""

    @abstractmethod
    def apply(self, x: Tensor) -> Tensor:
        """Transform samples ``(n, *in_shape)`` that were checked already."""

    @abstractmethod
    def state(self) -> State:
        """What `from_state` needs, without `kind` and `in_shape`."""

    @classmethod
    @abstractmethod
    def from_state(cls, in_shape: Shape, state: State) -> AbstractFitted:
        """Restore a step; raises CheckpointError if the state is not a valid one."""

    def transform(self, x: Tensor) -> Tensor:
        """Transform samples.

        Args:
            x: Floating-point features ``(..., *in_shape)``, any leading dimensions.

        Returns:
            Transformed features ``(..., *out_shape)``, of the dtype and on the device of `x`.

        Raises:
            DtypeError: If `x` is not a floating-point tensor.
            ShapeError: If the last dimensions are not `in_shape`.
        """
        check_features(x)
        lead = x.shape[: x.ndim - len(self.in_shape)]
        if x.ndim < len(self.in_shape) or tuple(x.shape[len(lead) :]) != self.in_shape:
            raise errors.ShapeError(
                f"x: the {self.kind} step was fitted on samples of shape {self.in_shape}, received "
                f"a tensor of shape {tuple(x.shape)}; expected (..., "
                f"{', '.join(map(str, self.in_shape))})"
            )
        flat = x.reshape(math.prod(lead), *self.in_shape)
        return self.apply(flat).reshape(*lead, *self.out_shape)

    def state_dict(self) -> State:
        """The step as a plain dict that `torch.load(..., weights_only=True)` accepts."""
        return {"kind": self.kind, "in_shape": list(self.in_shape), **self.state()}


class AbstractStep(ABC):
    """A step that has yet to see training data; `fit` is a pure function of that data."""

    @abstractmethod
    def fit(self, x: Tensor) -> AbstractFitted:
        """Fit on training samples.

        Args:
            x: Floating-point training features ``(n, *shape)``, n >= 1.

        Returns:
            The fitted step.

        Raises:
            DtypeError: If `x` is not a floating-point tensor.
            ShapeError: If `x` holds no samples or the shape does not suit the step.
            NonFiniteError: If `x` holds NaN or infinity.
        """


def check_features(x: Tensor) -> None:
    """Raise unless `x` is a floating-point tensor."""
    if not isinstance(x, Tensor):
        raise errors.ArgumentTypeError(f"x: expected a torch.Tensor, received {type(x).__name__}")
    if not x.is_floating_point():
        raise errors.DtypeError(
            f"x: expected a floating-point tensor, received {x.dtype}; convert it with x.float()"
        )


def check_training(x: Tensor) -> Shape:
    """Raise unless `x` can be fitted on; returns the shape of one sample."""
    check_features(x)
    if x.ndim < 2 or x.numel() == 0:
        raise errors.ShapeError(
            f"x: expected training samples of shape (n, *features) with n >= 1, received "
            f"{tuple(x.shape)}"
        )
    if not bool(torch.isfinite(x).all()):
        raise errors.NonFiniteError("x: expected finite training samples, received NaN or infinity")
    return tuple(x.shape[1:])


def tensor_of(state: State, key: str, shape: Shape) -> Tensor:
    """A finite float64 tensor of the given shape from a stored state, or CheckpointError."""
    value = state.get(key)
    if (
        not isinstance(value, Tensor)
        or value.dtype != torch.float64
        or tuple(value.shape) != shape
        or not bool(torch.isfinite(value).all())
    ):
        received = f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else value
        raise errors.CheckpointError(
            f"preprocessing state: expected {key!r} to be a finite float64 tensor of shape "
            f"{shape}, received {received!r}"
        )
    return value


def int_of(state: State, key: str, low: int, high: int) -> int:
    """An integer within ``[low, high]`` from a stored state, or CheckpointError."""
    value = state.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise errors.CheckpointError(
            f"preprocessing state: expected {key!r} to be an integer in [{low}, {high}], received "
            f"{value!r}"
        )
    return value
