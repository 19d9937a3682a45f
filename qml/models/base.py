"""What all models share: sizes, plain options to rebuild them from, and a change of backend."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any, Self, TypedDict, TypeVar

import torch
from torch import Tensor, nn

from circuits import SPSA, Backend
from circuits.arguments import number
from circuits.errors import (
    ArgumentTypeError,
    DtypeError,
    InvalidArgumentError,
    NonFiniteError,
    ShapeError,
)
from circuits.execution import Seed
from circuits.finite import can_look
from circuits.values import as_real_tensor
from qml.layer import QuantumLayer, check_dtype

Module = TypeVar("Module", bound=nn.Module)


class Execution(TypedDict, total=False):
    """How a model's circuit is run: the keyword arguments of `QuantumLayer`.

    They are no part of the model: specifications and checkpoints leave them out.

    Attributes:
        backend: Where to run; default the exact `StateVector()`.
        shots: Measurements per sample and commuting group; `None` is exact.
        diff_method: See `QuantumLayer`.
        generator: Randomness of initial weights and of shots: a `torch.Generator` or a seed.
        dtype: dtype of all parameters; default torch's default dtype.
        device: Device of all parameters.
    """

    backend: Backend | None
    shots: int | None
    diff_method: str | SPSA
    generator: Seed
    dtype: torch.dtype | None
    device: torch.device | str | None


class AbstractModel(nn.Module, ABC):
    """A classifier `(..., in_features) -> (..., n_classes)` that returns logits.

    Laws, which `tests/qml/models` checks for every model: any leading dimensions, none and empty
    ones included; every parameter gets a gradient; `type(m)(m.in_features, m.n_classes,
    **m.options())` has the same parameters by name and shape.

    Attributes:
        in_features: Number of input values per sample.
        n_classes: Number of classes, which is the number of logits.
    """

    def __init__(self, in_features: int, n_classes: int) -> None:
        super().__init__()
        self.in_features = in_features
        self.n_classes = n_classes

    @property
    def out_features(self) -> int:
        """Number of logits, `n_classes`."""
        return self.n_classes

    @property
    def n_parameters(self) -> int:
        """Number of trainable numbers."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The keyword arguments that rebuild the model: numbers, strings and lists of them."""

    @abstractmethod
    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw all parameters anew.

        Args:
            generator: Source of randomness; default the model's own, else torch's default.
        """

    def extra_repr(self) -> str:
        """Sizes and options, as shown in `print(model)`."""
        sizes = f"in_features={self.in_features}, n_classes={self.n_classes}"
        return ", ".join([sizes, *(f"{k}={v!r}" for k, v in self.options().items())])


class AbstractQuantumModel(AbstractModel):
    """A model around one circuit.

    Attributes:
        layer: The circuit as a `QuantumLayer`.
    """

    layer: QuantumLayer

    @property
    def n_qubits(self) -> int:
        """Number of qubits."""
        return self.layer.n_qubits

    num_qubits = n_qubits

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
    ) -> Self:
        """The same model with the same parameters (shared, not copied) on another backend.

        Args:
            backend: Where the circuit of the new model runs.
            shots: Shots of the new model; `None` is exact.
            diff_method: Its differentiation method.
            generator: Its source of randomness.
        """
        layer = self.layer.with_backend(
            backend, shots=shots, diff_method=diff_method, generator=generator
        )
        other = shallow(self)
        other.layer = layer
        return other


def shallow(module: Module) -> Module:
    """A copy that shares parameters and submodules, any of which can then be replaced.

    What `module.compile()` made is left out, as in pickles: it runs the module that it was made of.
    """
    other = object.__new__(type(module))
    other.__dict__.update(
        (name, copy.copy(value) if isinstance(value, dict) else value)
        for name, value in nn.Module.__getstate__(module).items()
    )
    return other


def check_features(x: Tensor, in_features: int) -> None:
    """Raise unless `x` is a tensor of real numbers `(..., in_features)`."""
    if not isinstance(x, Tensor):
        raise ArgumentTypeError(f"Argument `x` must be a torch.Tensor, got {type(x).__name__}.")
    as_real_tensor(x, "x")
    if x.dim() == 0 or x.shape[-1] != in_features:
        raise ShapeError(
            f"Argument `x` must have shape (..., {in_features}), got {tuple(x.shape)}. "
            f"{_remedy(x.shape, in_features)}"
        )


def _remedy(shape: torch.Size, in_features: int) -> str:
    for axes in range(2, len(shape) + 1):
        if shape[-axes:].numel() == in_features:
            return f"Flatten the last {axes} axes: `x.flatten(-{axes})`."
    return "Build the model for the number of features you have, or project the data."


def check_images(images: Tensor, channels: int, least: int) -> None:
    """Raise unless `images` is a tensor `(..., channels, height, width)`, both at least `least`."""
    if not isinstance(images, Tensor):
        raise ArgumentTypeError(
            f"Argument `images` must be a torch.Tensor, got {type(images).__name__}."
        )
    as_real_tensor(images, "images")
    shape = tuple(images.shape)
    if len(shape) < 3 or shape[-3] != channels or min(shape[-2:]) < least:
        raise ShapeError(
            f"Argument `images` must have shape (..., {channels}, height, width) with height and "
            f"width at least {least}, got {shape}."
        )


def check_same_dtype(x: Tensor, like: Tensor) -> None:
    """Raise unless `x` has the dtype of `like`, a parameter of a classical layer.

    Under automatic casts any two dtypes go together.
    """
    if x.dtype != like.dtype and not torch.is_autocast_enabled(x.device.type):
        raise DtypeError(
            f"Argument `x` is {x.dtype}, but the model has classical layers in {like.dtype}. "
            f"Convert the data with `x.to({like.dtype})`, or the model with `.to({x.dtype})`."
        )


def check_numbers(values: Tensor, argument: str) -> None:
    """Raise if numbers are NaN or infinite, on the CPU where looking is free.

    Args:
        values: The argument, or what was computed of it.
        argument: Its name.

    Raises:
        NonFiniteError: Naming the argument.
    """
    if not can_look(values) or values.device.type != "cpu":
        return
    if not bool(torch.isfinite(values.detach()).all()):
        raise NonFiniteError(
            f"The values of `{argument}` must be finite and not too large to compute with, got "
            "NaN or infinity. Look for them in the data, or train with a smaller learning rate."
        )


def positive(value: Any, argument: str) -> float:
    """The value as a positive `float`."""
    found = number(value, argument)
    if found <= 0:
        raise InvalidArgumentError(f"Argument `{argument}` must be positive, got {found}.")
    return found


def placement(dtype: torch.dtype | None, device: torch.device | str | None) -> dict[str, Any]:
    """Where and in which dtype parameters are made, as keyword arguments of torch's functions.

    Raises:
        InvalidArgumentError: If the dtype is not that of real numbers.
    """
    return {"dtype": check_dtype(dtype), "device": device}


def reset_linear(linear: nn.Linear, generator: torch.Generator | None) -> None:
    """Draw weights and biases uniformly from [-1, 1] / sqrt(in_features), as torch does."""
    bound = linear.in_features**-0.5
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(uniform(parameter, -bound, bound, generator))


def uniform(like: Tensor, low: float, high: float, generator: torch.Generator | None) -> Tensor:
    """Uniform numbers of the shape, dtype and device of `like`, drawn where the generator is."""
    device = like.device if generator is None else generator.device
    drawn = torch.empty(like.shape, dtype=like.dtype, device=device)
    return drawn.uniform_(low, high, generator=generator).to(like.device)
