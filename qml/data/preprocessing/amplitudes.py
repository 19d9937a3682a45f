"""Vectors that can be the amplitudes of a state: padded to a power of two, of norm one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor

from circuits import errors

from .base import AbstractFitted, AbstractStep, Shape, State, check_training, int_of

_MAX_QUBITS = 30


@final
@dataclass(frozen=True)
class FittedAmplitudes(AbstractFitted):
    """x -> (x, 0, ..., 0) / |x|, of length 2**n_qubits.

    Args:
        in_shape: ``(features,)`` with features <= 2**n_qubits.
        n_qubits: Number of qubits.
    """

    kind: ClassVar[str] = "amplitudes"
    in_shape: Shape
    n_qubits: int

    @property
    def out_shape(self) -> Shape:
        """``(2**n_qubits,)``."""
        return (2**self.n_qubits,)

    def apply(self, x: Tensor) -> Tensor:
        """Normalise checked samples; the zero vector raises InvalidArgumentError."""
        # Dividing by the largest entry first keeps the squares inside the range of the dtype.
        largest = x.abs().amax(-1, keepdim=True)
        if not bool(((largest > 0) & torch.isfinite(largest)).all()):
            wrong = int((~((largest > 0) & torch.isfinite(largest))).flatten().nonzero()[0])
            raise errors.InvalidArgumentError(
                f"x: sample {wrong} has norm {float(largest[wrong])}, so it cannot be normalised "
                "to a state; leave it out, or add a constant feature"
            )
        scaled = x / largest
        unit = scaled / torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
        return F.pad(unit, (0, self.out_shape[0] - self.in_shape[0]))

    def state(self) -> State:
        """The number of qubits."""
        return {"n_qubits": self.n_qubits}

    @classmethod
    def from_state(cls, in_shape: Shape, state: State) -> FittedAmplitudes:
        """Restore the step."""
        n_qubits = int_of(state, "n_qubits", 0, _MAX_QUBITS)
        if len(in_shape) != 1 or in_shape[0] > 2**n_qubits:
            raise errors.CheckpointError(
                f"preprocessing state: samples of shape {in_shape} do not fit {n_qubits} qubits"
            )
        return cls(in_shape, n_qubits)


@final
@dataclass(frozen=True)
class Amplitudes(AbstractStep):
    """Pad each sample with zeros to a power of two and divide it by its Euclidean norm.

    Args:
        n_qubits: Length is 2**n_qubits, 0 .. 30; None takes the smallest that holds a sample.

    Raises:
        InvalidArgumentError: If `n_qubits` is out of range.
    """

    n_qubits: int | None = None

    def __post_init__(self) -> None:
        if self.n_qubits is not None and not 0 <= self.n_qubits <= _MAX_QUBITS:
            raise errors.InvalidArgumentError(
                f"n_qubits: expected 0 .. {_MAX_QUBITS}, received {self.n_qubits}"
            )

    def fit(self, x: Tensor) -> FittedAmplitudes:
        """Take the length of training samples ``(n, features)``.

        Raises:
            ShapeError: If samples are not flat, or longer than 2**n_qubits.
        """
        shape = check_training(x)
        needed = (shape[0] - 1).bit_length()
        if len(shape) != 1:
            raise errors.ShapeError(
                f"x: expected flat samples (n, features), received {tuple(x.shape)}; put Flatten "
                "before Amplitudes"
            )
        n_qubits = needed if self.n_qubits is None else self.n_qubits
        if n_qubits < needed:
            raise errors.ShapeError(
                f"x: {shape[0]} features need {needed} qubits, received n_qubits={n_qubits}; "
                "resize or project the samples first"
            )
        return FittedAmplitudes(shape, n_qubits)
