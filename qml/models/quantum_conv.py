"""Quantum convolution: patches are observables, kernels are states."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from circuits import Circuit
from circuits import gates as g
from circuits.arguments import integer
from circuits.errors import InvalidArgumentError
from circuits.execution import Seed, as_generator
from qml.models.base import check_images, placement, positive, uniform
from qml.models.exponential import full_precision
from qml.models.special_unitary import (
    check_count,
    checked_width,
    computing,
    normal,
    special_unitary,
)


@final
class QuantumConv2d(nn.Module):
    """Convolution by Hamiltonian observables: patches are observables, kernels are states.

    A patch of one channel, padded with zeros to a 2^n x 2^n matrix P, is the observable
    (P + P^T) / 2, measured in the state psi_oc = exp(i sum_k theta_ock P_k) |0...0>, one for every
    pair of output channel o and input channel c:

        y_o = (1 / C) sum_c <psi_oc| (P_c + P_c^T) / 2 |psi_oc> + bias_o.

    As <psi|P|psi> is linear in P, this is a convolution with the kernels Re(conj(psi) psi^T) / C,
    and is computed as one. Its kernels are symmetric, of trace at most 1 / C and positive
    semidefinite: a quantum convolution can do less than a classical one.

    Args:
        in_channels: Number of input channels C.
        out_channels: Number of output channels.
        kernel_size: Side of the patches; 3 takes n = 2 qubits.
        stride: Distance between neighbouring patches.
        padding: Rows and columns of zeros added on every side.
        deviation: Standard deviation of the start of the coefficients.
        generator: Randomness of the start: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Attributes:
        theta: Coefficients `(out_channels, in_channels, 4**n - 1)`.
        bias: `(out_channels,)`.

    Shape:
        Input `(..., in_channels, height, width)`, output `(..., out_channels, rows, columns)` as
        for `torch.nn.Conv2d`, in the dtype of the input.

    Raises:
        KetworkError: If an argument is not valid, or an image is smaller than a patch.

    References:
        Wang et al., Let the Quantum Creep In, arXiv:2409.17583.

    >>> layer = QuantumConv2d(3, 8)
    >>> layer(torch.rand(5, 3, 32, 32)).shape, layer.theta.shape
    (torch.Size([5, 8, 30, 30]), torch.Size([8, 3, 15]))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        padding: int = 0,
        deviation: float = 1.0,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = integer(in_channels, "in_channels")
        self.out_channels = integer(out_channels, "out_channels")
        self.kernel_size = integer(kernel_size, "kernel_size")
        self.stride, self.padding = integer(stride, "stride"), integer(padding, "padding", 0)
        self.n_qubits = checked_width(max(1, (self.kernel_size - 1).bit_length()))
        self.deviation = positive(deviation, "deviation")
        self.generator = as_generator(generator)
        pair = (self.out_channels, self.in_channels)
        check_count(4**self.n_qubits, *pair)
        options = placement(dtype, device)
        self.theta = nn.Parameter(torch.empty(*pair, 4**self.n_qubits - 1, **options))
        self.bias = nn.Parameter(torch.empty(self.out_channels, **options))
        self.reset_parameters()

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw coefficients from a normal distribution, biases from [-1, 1] / kernel_size.

        Args:
            generator: Source of randomness; default the layer's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        bound = 1 / self.kernel_size
        with torch.no_grad():
            self.theta.copy_(normal(self.theta, self.deviation, source))
            self.bias.copy_(uniform(self.bias, -bound, bound, source))

    def kernels(self, dtype: torch.dtype | None = None) -> Tensor:
        """The kernels `(out_channels, in_channels, kernel_size, kernel_size)` as numbers.

        Args:
            dtype: Real dtype to compute in; default that of `theta`.
        """
        theta = self.theta if dtype is None else self.theta.to(dtype)
        psi = special_unitary(theta, self.n_qubits)[..., : self.kernel_size, 0]
        return (psi.conj().unsqueeze(-1) * psi.unsqueeze(-2)).real / self.in_channels

    def forward(self, images: Tensor) -> Tensor:
        """Values `(..., out_channels, rows, columns)`."""
        check_images(images, self.in_channels, max(1, self.kernel_size - 2 * self.padding))
        dtype = computing(images, self.theta, self.bias)
        with full_precision(images):
            y = functional.conv2d(
                images.reshape(-1, *images.shape[-3:]).to(dtype),
                self.kernels(dtype),
                self.bias.to(dtype),
                stride=self.stride,
                padding=self.padding,
            )
        return y.reshape(*images.shape[:-3], *y.shape[1:]).to(images.dtype)

    def circuit(self, out_channel: int, in_channel: int) -> Circuit:
        """The circuit that prepares the state of one pair of channels, with its present numbers.

        Args:
            out_channel: Output channel, counted from 0.
            in_channel: Input channel, counted from 0.

        Raises:
            InvalidArgumentError: If there is no such channel.
        """
        pair = (
            _channel(out_channel, self.out_channels, "out_channel"),
            _channel(in_channel, self.in_channels, "in_channel"),
        )
        theta = self.theta[pair].detach().double()
        matrix = special_unitary(theta, self.n_qubits)
        return Circuit(self.n_qubits, [g.unitary(matrix, *range(self.n_qubits))])

    def extra_repr(self) -> str:
        """Sizes, as shown in `print(layer)`."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}, n_qubits={self.n_qubits}"
        )


def _channel(index: int, count: int, argument: str) -> int:
    found = integer(index, argument, 0)
    if found >= count:
        raise InvalidArgumentError(
            f"Argument `{argument}` must be from 0 to {count - 1}, got {found}."
        )
    return found
