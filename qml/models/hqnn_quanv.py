"""HQNN-Quanv: a quanvolution and a linear layer."""

from __future__ import annotations

import math
from typing import Any, Unpack, final

from torch import Tensor, nn

from circuits.arguments import flag, integer
from circuits.errors import InvalidArgumentError
from circuits.execution import Seed, as_generator
from qml.models.base import (
    Execution,
    check_features,
    check_same_dtype,
    placement,
    reset_linear,
)
from qml.models.cores import AbstractHybrid, core_layer, image_shape
from qml.models.quanvolution import patches, set_trainable


@final
class HQNNQuanv(AbstractHybrid):
    """Quanvolution of an image, then a linear layer: logits = A <Z> + b.

    The circuit of `Quanvolution` runs on every k x k patch, all patches of all images in one
    call; Linear(c k^2 rows columns, classes) takes all its values. With 14 x 14 images and
    k = 2 these are 4 channels of 7 x 7, as in the paper.

    `without_circuit()` is a linear model of the pixels, `classical_twin()` a convolution with as
    many channels and tanh.

    Args:
        in_features: Number of pixels of a square image, all channels; values in [0, 1].
        n_classes: Number of classes, at least 2.
        kernel_size: Side k of a patch; channels * k^2 qubits.
        stride: Distance between neighbouring patches; default k.
        layers: Number of layers L of the circuit.
        channels: Channels c of the images; default one, or three where only that is a square.
        trainable: Whether the core is trained; otherwise it stays as it was drawn.
        core: `"quantum"`, or `"identity"` or `"classical"` in place of the circuit.
        **execution: `backend`, `shots`, `diff_method`, `generator`, `dtype`, `device` as for
            `QuantumLayer`.

    Shape:
        Input `(..., in_features)`, images flattened as `(channels, height, width)`; output logits
        `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Senokosov et al., Mach. Learn.: Sci. Technol. 5, 015040 (2024), arXiv:2304.09224.

    >>> model = HQNNQuanv(14 * 14, 10)
    >>> [m.n_parameters for m in (model, model.classical_twin(), model.without_circuit())]
    [1978, 1990, 1970]
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        kernel_size: int = 2,
        stride: int | None = None,
        layers: int = 1,
        channels: int | None = None,
        trainable: bool = True,
        core: str = "quantum",
        **execution: Unpack[Execution],
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        self.image = image_shape(self.in_features, channels)
        self.kernel_size = integer(kernel_size, "kernel_size")
        self.depth = integer(layers, "layers")
        self.stride = self.kernel_size if stride is None else integer(stride, "stride")
        if self.kernel_size > self.image[-1]:
            raise InvalidArgumentError(
                f"Argument `kernel_size` must be at most the image's side {self.image[-1]}, got "
                f"{kernel_size}."
            )
        n_qubits = self.image[0] * self.kernel_size**2
        self.layer = core_layer(core, n_qubits, layers, scale=math.pi, **execution)
        self.core, self.trainable = core, flag(trainable, "trainable")
        set_trainable(self.layer, trainable)
        across = (self.image[-1] - self.kernel_size) // self.stride + 1
        self.head = nn.Linear(
            across * across * n_qubits,
            self.n_classes,
            **placement(execution.get("dtype"), execution.get("device")),
        )
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "layers": self.depth,
            "channels": self.image[0],
            "trainable": self.trainable,
            "core": self.core,
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.layer.generator if generator is None else as_generator(generator)
        self.layer.reset_parameters(source)
        reset_linear(self.head, source)

    def features(self, x: Tensor) -> Tensor:
        """Values of the core `(..., rows, columns, channels * k**2)`.

        A fixed quanvolution gives the same ones in every epoch: compute them once and train
        `head` on them.
        """
        check_features(x, self.in_features)
        check_same_dtype(x, self.head.weight)
        images = x.reshape(*x.shape[:-1], *self.image)
        found: Tensor = self.layer(patches(images, self.kernel_size, self.stride))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        logits: Tensor = self.head(self.features(x).flatten(-3))
        return logits
