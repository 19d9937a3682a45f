"""Hamiltonian embedding: an image as the generator of evolutions between SU(2^n) gates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self, final

import torch
from torch import Tensor, nn

from circuits import Circuit
from circuits import gates as g
from circuits.arguments import integer
from circuits.errors import ShapeError
from circuits.execution import Seed, as_generator
from qml.models.base import AbstractModel, check_features, check_numbers, placement, positive
from qml.models.exponential import evolve, full_precision
from qml.models.mlp import MLP, mlp_of_size
from qml.models.special_unitary import (
    check_count,
    checked_width,
    computing,
    normal,
    special_unitary,
)


def square_matrix(x: Tensor, n_qubits: int) -> Tensor:
    """(X + X^T) / 2, where X holds the features row by row.

    X has s = ceil(sqrt(d)) rows and columns, the rest of them and of the 2^n x 2^n matrix is 0.

    Args:
        x: Features `(..., d)`, d at most 4^n.
        n_qubits: Number of qubits n.

    Returns:
        Real symmetric matrices `(..., 2**n, 2**n)`.
    """
    side = _side(x.shape[-1])
    filled = nn.functional.pad(x, (0, side * side - x.shape[-1])).unflatten(-1, (side, side))
    missing = 2**n_qubits - side
    matrix = nn.functional.pad(filled, (0, missing, 0, missing))
    return (matrix + matrix.mT) / 2


def qubits_for(in_features: int, n_outputs: int) -> int:
    """The least number of qubits whose matrix holds the features and whose states the outputs."""
    return checked_width(
        max(1, (_side(in_features) - 1).bit_length(), (n_outputs - 1).bit_length())
    )


def _side(size: int) -> int:
    return math.isqrt(size - 1) + 1


@final
class HamiltonianEmbedding(AbstractModel):
    """Re-uploading by Hamiltonian embedding: logits_c = sharpness * P(the first k qubits show c).

    The features, as a matrix X padded with zeros to 2^n x 2^n, generate an evolution:
    M = (X + X^T) / 2. From |+>^n, repetition l applies exp(-i t_l M / 2) and then a gate of
    SU(2^n), exp(i sum_k theta_lk P_k), with 4^n - 1 coefficients; t_l and theta_l are trained.
    Outcome c is read with qubit 0 as its least significant bit, and is class c.

    An image of 28 x 28 pixels takes n = 5 qubits. The paper reads k = 4 of them for 8 classes and
    starts with sharpness 1 and deviation 1. Probabilities differ by less than 1, so the softmax
    then stays away from certainty; a larger sharpness and a start near the identity train faster:
    on MNIST 0 to 7, after three epochs with 10 repetitions (one seed), 93.0 % of the test images
    at sharpness 16 and deviation 0.1, 85.9 % at 1 and 1, and 96.1 % for `classical_twin()`.

    All evolutions of a sample share one eigendecomposition. They are no gates of a device;
    `circuit` gives the circuit of one sample for other backends.

    Args:
        in_features: Number of features d, such as pixels of a square image in [0, 1].
        n_classes: Number of classes, at least 2.
        layers: Number of repetitions L.
        sharpness: Factor of the probabilities, positive.
        deviation: Standard deviation of the start of all t_l and theta_lk, from a normal
            distribution.
        generator: Randomness of the start: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Shape:
        Input `(..., in_features)`, output logits `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid, or more than 8 qubits are needed.

    References:
        Wang et al., arXiv:2407.14055.

    >>> model = HamiltonianEmbedding(28 * 28, 8)
    >>> model.n_qubits, model.n_parameters
    (5, 10240)
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        layers: int = 10,
        sharpness: float = 1.0,
        deviation: float = 1.0,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        self.n_qubits = n = qubits_for(self.in_features, self.n_classes)
        self.n_read = min(n, (self.n_classes - 1).bit_length() + 1)
        self.sharpness = positive(sharpness, "sharpness")
        self.deviation = positive(deviation, "deviation")
        self.generator = as_generator(generator)
        depth = integer(layers, "layers")
        check_count(depth, 4**n)
        options = placement(dtype, device)
        self.times = nn.Parameter(torch.empty(depth, **options))
        self.theta = nn.Parameter(torch.empty(depth, 4**n - 1, **options))
        self.reset_parameters()

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return self.n_qubits

    def options(self) -> dict[str, Any]:
        return {
            "layers": len(self.times),
            "sharpness": self.sharpness,
            "deviation": self.deviation,
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.generator if generator is None else as_generator(generator)
        with torch.no_grad():
            for parameter in (self.times, self.theta):
                parameter.copy_(normal(parameter, self.deviation, source))

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        check_features(x, self.in_features)
        batch, dtype = x.shape[:-1], computing(x, self.times, self.theta)
        with full_precision(x):
            matrices = square_matrix(x.reshape(-1, self.in_features).to(dtype), self.n_qubits)
            check_numbers(matrices, "x")
            check_numbers(self.times, "times")
            unitaries = special_unitary(self.theta.to(dtype), self.n_qubits)
            states = evolve(matrices, self.times.to(dtype) / 2, unitaries)
            chances = torch.view_as_real(states).square().sum(-1)
            outcomes = chances.unflatten(-1, (-1, 2**self.n_read)).sum(-2)
            logits = self.sharpness * outcomes[..., : self.n_classes]
        return logits.reshape(*batch, self.n_classes).to(x.dtype)

    def circuit(self, x: Tensor) -> Circuit:
        """The circuit of one sample, with all its present numbers, for any backend.

        Args:
            x: Features `(in_features,)`.

        Returns:
            Circuit on `n_qubits` qubits: H on each, then two unitary gates per repetition. Class c
            has the probability of outcome c of the first `n_read` qubits.
        """
        check_features(x, self.in_features)
        if x.dim() != 1:
            raise ShapeError(
                f"Argument `x` must be one sample ({self.in_features},), got {tuple(x.shape)}."
            )
        qubits = range(self.n_qubits)
        matrix = square_matrix(x.detach().double(), self.n_qubits)
        unitaries = special_unitary(self.theta.detach().double(), self.n_qubits)
        circuit = Circuit(self.n_qubits, [g.h(q) for q in qubits])
        for time, unitary in zip(self.times.tolist(), unitaries, strict=True):
            step = torch.linalg.matrix_exp(-0.5j * time * matrix)
            circuit += [g.unitary(step, *qubits), g.unitary(unitary, *qubits)]
        return circuit

    def classical_twin(self, *, generator: Seed = None) -> MLP:
        """A classical network with (nearly) the same number of parameters, untrained.

        Linear(d, h), ReLU, Linear(h, classes) with the least h that gives it at least as many
        parameters as this model, so fewer than d + classes + 1 more.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        return mlp_of_size(self, "relu", generator)

    def without_reuploading(self, *, generator: Seed = None) -> Self:
        """The same model with one repetition, untrained: it shows what re-uploading contributes.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        build: Callable[..., Self] = type(self)
        return build(
            self.in_features,
            self.n_classes,
            **{**self.options(), "layers": 1},
            generator=generator,
            dtype=self.theta.dtype,
            device=self.theta.device,
        )
