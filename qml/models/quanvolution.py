"""Quanvolution: one circuit on every patch of an image, all patches in one call."""

from __future__ import annotations

import math
from typing import Unpack, final

from torch import Tensor, nn

from circuits.arguments import flag, integer, number
from circuits.execution import Seed
from qml.layer import QuantumLayer
from qml.models.base import Execution, check_images
from qml.models.cores import angle_circuit


def patches(images: Tensor, kernel_size: int, stride: int) -> Tensor:
    """All patches of images, flattened as `(channel, row, column)`.

    Args:
        images: Tensor `(..., channels, height, width)`.
        kernel_size: Side k of a patch, at most height and width.
        stride: Distance between neighbouring patches.

    Returns:
        Tensor `(..., rows, columns, channels * k**2)` with
        rows = (height - k) // stride + 1, and columns likewise.
    """
    found = images.unfold(-2, kernel_size, stride).unfold(-2, kernel_size, stride)
    return found.movedim(-5, -3).flatten(-3)


@final
class Quanvolution(nn.Module):
    """Quantum convolution: channel q at (i, j) is <Z_q> of a circuit on patch (i, j).

    Every number of a patch turns one qubit by RX(scale * value); L layers of RZ, RY and a ring of
    CNOTs follow (`cores.angle_circuit`), the same for all patches. All patches of all images run
    in one call. A fixed quanvolution keeps its random weights: they are parameters that do not
    ask for gradients, so the state dict holds them.

    Args:
        in_channels: Number of channels c.
        kernel_size: Side k of a patch; there are c k^2 qubits, and as many output channels.
        stride: Distance between neighbouring patches; default k, so that they do not overlap.
        layers: Number of layers L.
        trainable: Whether the weights are trained.
        scale: Radians per unit of the input, not zero; default pi, for values in [0, 1].
        **execution: `backend`, `shots`, `diff_method`, `generator`, `dtype`, `device` as for
            `QuantumLayer`.

    Shape:
        Input `(..., c, height, width)`, output `(..., c k^2, rows, columns)` with
        rows = (height - k) // stride + 1.

    Raises:
        KetworkError: If an argument is not valid, or an image is smaller than a patch.

    References:
        Henderson et al., Quantum Mach. Intell. 2, 2 (2020), arXiv:1904.04767 (fixed).
        Senokosov et al., arXiv:2304.09224 (trained).

    >>> import torch
    >>> Quanvolution(1)(torch.rand(5, 1, 14, 14)).shape
    torch.Size([5, 4, 7, 7])
    """

    def __init__(
        self,
        in_channels: int = 1,
        kernel_size: int = 2,
        stride: int | None = None,
        *,
        layers: int = 1,
        trainable: bool = True,
        scale: float = math.pi,
        **execution: Unpack[Execution],
    ) -> None:
        super().__init__()
        self.in_channels = integer(in_channels, "in_channels")
        self.kernel_size = integer(kernel_size, "kernel_size")
        self.stride = self.kernel_size if stride is None else integer(stride, "stride")
        n_qubits = self.in_channels * self.kernel_size**2
        circuit = angle_circuit(n_qubits, layers, scale=number(scale, "scale"))
        self.layer = QuantumLayer(circuit, **execution)
        set_trainable(self.layer, trainable)

    @property
    def out_channels(self) -> int:
        """Number of output channels, which is the number of qubits."""
        return self.layer.n_qubits

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw the weights uniformly from [-pi, pi].

        Args:
            generator: Source of randomness; default the layer's own, else torch's default.
        """
        self.layer.reset_parameters(generator)

    def forward(self, images: Tensor) -> Tensor:
        """Expectation values `(..., out_channels, rows, columns)` in the dtype of the input."""
        check_images(images, self.in_channels, self.kernel_size)
        return self.layer(patches(images, self.kernel_size, self.stride)).movedim(-1, -3)


def set_trainable(layer: nn.Module, trainable: bool) -> None:
    """Let the weights of a layer be trained, or keep them as they are."""
    for parameter in layer.parameters():
        parameter.requires_grad_(flag(trainable, "trainable"))
