"""Quantum linear layer: the data are the Hamiltonian of evolutions between SU(2^n) gates."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from circuits import Circuit
from circuits import gates as g
from circuits.arguments import integer
from circuits.errors import ShapeError
from circuits.execution import Seed, as_generator
from qml.models.base import check_features, check_numbers, placement, positive, uniform
from qml.models.exponential import evolve, full_precision
from qml.models.hamiltonian_embedding import qubits_for
from qml.models.special_unitary import (
    check_count,
    computing,
    normal,
    special_unitary,
)


def symmetric_rows(x: Tensor, n_qubits: int) -> Tensor:
    """(X + X^T) / 2, where X holds the features in rows of 2^n and zeros behind them.

    Args:
        x: Features `(..., d)`, d at most 4^n.
        n_qubits: Number of qubits n.

    Returns:
        Real symmetric matrices `(..., 2**n, 2**n)`.
    """
    side = 2**n_qubits
    rows = nn.functional.pad(x, (0, side * side - x.shape[-1])).unflatten(-1, (side, side))
    return (rows + rows.mT) / 2


@final
class QuantumLinear(nn.Module):
    """Quantum linear layer: y_j = s P(outcome j) + bias_j of a circuit that the data generate.

    The features are the Hamiltonian H = (X + X^T) / 2, where X holds them in rows of 2^n, padded
    with zeros: 12,544 features fill 98 rows of 128. From |+>^n, each of L repetitions applies
    exp(i H / L) and then a trained gate of SU(2^n). The name is the paper's, for what it replaces:
    the layer is not linear in its input, which has to be kept in mind when it is compared with a
    linear one.

    The paper's factor s (`sharpness`) is 1, its gates start with angles of deviation 1.
    Probabilities of many outcomes differ little, so as logits they train slowly: with s = 16 and a
    start near the identity the first few hundred steps get much further.

    Args:
        in_features: Number of features d; 12,544 take 7 qubits.
        out_features: Number of outputs, at most 2^n (there are more qubits if need be).
        layers: Number of repetitions L.
        sharpness: Factor s of the probabilities, positive.
        deviation: Standard deviation of the start of the coefficients.
        generator: Randomness of the start: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Attributes:
        theta: Coefficients `(L, 4**n - 1)`.
        bias: `(out_features,)`.

    Shape:
        Input `(..., in_features)`, output `(..., out_features)` in the dtype of the input.

    Raises:
        KetworkError: If an argument is not valid, or more than 8 qubits are needed.

    References:
        Wang et al., Let the Quantum Creep In, arXiv:2409.17583.

    >>> layer = QuantumLinear(12544, 10)
    >>> layer.n_qubits, sum(p.numel() for p in layer.parameters())
    (7, 163840)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        layers: int = 10,
        sharpness: float = 1.0,
        deviation: float = 1.0,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.in_features = integer(in_features, "in_features")
        self.out_features = integer(out_features, "out_features")
        self.n_qubits = qubits_for(self.in_features, self.out_features)
        self.sharpness = positive(sharpness, "sharpness")
        self.deviation = positive(deviation, "deviation")
        self.generator = as_generator(generator)
        depth = integer(layers, "layers")
        check_count(depth, 4**self.n_qubits)
        options = placement(dtype, device)
        self.theta = nn.Parameter(torch.empty(depth, 4**self.n_qubits - 1, **options))
        self.bias = nn.Parameter(torch.empty(self.out_features, **options))
        self.reset_parameters()

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw coefficients from a normal distribution, biases from [-1, 1] / sqrt(d).

        Args:
            generator: Source of randomness; default the layer's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        bound = self.in_features**-0.5
        with torch.no_grad():
            self.theta.copy_(normal(self.theta, self.deviation, source))
            self.bias.copy_(uniform(self.bias, -bound, bound, source))

    def forward(self, x: Tensor) -> Tensor:
        """Probabilities, times the sharpness, plus biases `(..., out_features)`."""
        check_features(x, self.in_features)
        batch, dtype = x.shape[:-1], computing(x, self.theta, self.bias)
        with full_precision(x):
            matrices = symmetric_rows(x.reshape(-1, self.in_features).to(dtype), self.n_qubits)
            check_numbers(matrices, "x")
            unitaries = special_unitary(self.theta.to(dtype), self.n_qubits)
            time = torch.full((1,), -1 / len(self.theta), dtype=dtype, device=x.device)
            states = evolve(matrices, time, unitaries)[:, : self.out_features]
            chances = torch.view_as_real(states).square().sum(-1)
            values = self.sharpness * chances + self.bias.to(dtype)
        return values.reshape(*batch, self.out_features).to(x.dtype)

    def circuit(self, x: Tensor) -> Circuit:
        """The circuit of one sample `(in_features,)`, with its present numbers."""
        check_features(x, self.in_features)
        if x.dim() != 1:
            raise ShapeError(
                f"Argument `x` must be one sample ({self.in_features},), got {tuple(x.shape)}."
            )
        qubits = range(self.n_qubits)
        matrix = symmetric_rows(x.detach().double(), self.n_qubits)
        step = torch.linalg.matrix_exp(1j / len(self.theta) * matrix)
        circuit = Circuit(self.n_qubits, [g.h(q) for q in qubits])
        for unitary in special_unitary(self.theta.detach().double(), self.n_qubits):
            circuit += [g.unitary(step, *qubits), g.unitary(unitary, *qubits)]
        return circuit

    def extra_repr(self) -> str:
        """Sizes, as shown in `print(layer)`."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"layers={len(self.theta)}, n_qubits={self.n_qubits}, sharpness={self.sharpness:g}"
        )
