"""Gradual replacement: a classical network whose layers become quantum ones, level by level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError, ResourceLimitError
from circuits.execution import Seed, as_generator
from qml.models.base import (
    AbstractModel,
    check_features,
    check_same_dtype,
    placement,
    uniform,
)
from qml.models.cores import image_shape
from qml.models.exponential import full_precision
from qml.models.quantum_conv import QuantumConv2d
from qml.models.quantum_linear import QuantumLinear
from qml.models.special_unitary import computing

FILTERS, KERNEL, LEAST_SIDE = (32, 16), 3, 8
HEAD = {"layers": 10, "sharpness": 1.0, "deviation": 1.0}
"""Options of the quantum linear layer, as in the paper."""
MAX_HEAD = 2**26
"""Largest number of weights of a linear layer of the head."""


@final
class GradualReplacement(AbstractModel):
    """Two convolutions and a linear layer, without activations, replaced by quantum layers.

    | level | convolutions 3 x 3 to 32 and 16 channels | last layer |
    |---|---|---|
    | 0 | `Conv2d` | `Linear` |
    | 1 | `QuantumConv2d` | `Linear` |
    | 2 | `QuantumConv2d` | `QuantumLinear` |

    Images are padded with zeros to the next power of two, at least 8: 28 x 28 pixels become
    32 x 32, and 16 x 28 x 28 = 12,544 numbers reach the last layer, as in the paper. Without an
    activation between them the two convolutions are one of 5 x 5 pixels, and are computed so: that
    takes a tenth of the products and changes neither values nor gradients. Levels 0 and 1 are
    linear in the pixels and level 2 is not, so the honest comparison for level 2 is
    `classical_twin()`: level 0 with a hidden layer of tanh units and as many parameters.

    Args:
        in_features: Number of pixels of a square image, all channels.
        n_classes: Number of classes, at least 2.
        level: 0, 1 or 2.
        layers: Repetitions of the quantum linear layer (level 2); default 10.
        sharpness: Factor of its probabilities (level 2), see `QuantumLinear`; default 1.
        deviation: Deviation of the start of its gates (level 2); default 1.
        hidden: Number of tanh units before the last layer (levels 0 and 1); default none.
        channels: Channels of the images; default one, or three where only that is a square.
        generator: Randomness of the start: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Shape:
        Input `(..., in_features)`, images flattened as `(channels, height, width)`; output logits
        `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Wang et al., Let the Quantum Creep In, arXiv:2409.17583.

    >>> [GradualReplacement(784, 10, level=level).n_parameters for level in (0, 1, 2)]
    [130394, 133658, 172048]
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        level: int = 2,
        layers: int | None = None,
        sharpness: float | None = None,
        deviation: float | None = None,
        hidden: int | None = None,
        channels: int | None = None,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        self.image = image_shape(self.in_features, channels)
        self.level = integer(level, "level", 0)
        if self.level > 2:
            raise InvalidArgumentError(f"Argument `level` must be 0, 1 or 2, got {self.level}.")
        chosen = {"layers": layers, "sharpness": sharpness, "deviation": deviation}
        quantum_head = _quantum_head(self.level, chosen)
        self.hidden = _hidden(self.level, hidden)
        self.generator = as_generator(generator)
        self.side = max(LEAST_SIDE, 1 << (self.image[-1] - 1).bit_length())
        width = FILTERS[-1] * (self.side - 2 * (KERNEL - 1)) ** 2
        options = placement(dtype, device)
        kind: Any = QuantumConv2d if self.level else nn.Conv2d
        chain = (self.image[0], *FILTERS)
        self.convolutions = nn.ModuleList(
            kind(chain[k], chain[k + 1], KERNEL, **options) for k in range(len(FILTERS))
        )
        _check_head(width, self.hidden or self.n_classes)
        self.head: nn.Module
        if self.level == 2:
            self.head = QuantumLinear(width, self.n_classes, **quantum_head, **options)
        elif self.hidden is not None:
            first = nn.Linear(width, self.hidden, **options)
            self.head = nn.Sequential(
                first, nn.Tanh(), nn.Linear(self.hidden, self.n_classes, **options)
            )
        else:
            self.head = nn.Linear(width, self.n_classes, **options)
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        head = dict.fromkeys(HEAD) if self.level < 2 else _options_of(self.head)
        return {
            "level": self.level,
            **head,
            "hidden": self.hidden,
            "channels": self.image[0],
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.generator if generator is None else as_generator(generator)
        for module in self.modules():
            if isinstance(module, QuantumConv2d | QuantumLinear):
                module.reset_parameters(source)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                bound = module.weight[0].numel() ** -0.5
                with torch.no_grad():
                    for parameter in module.parameters():
                        parameter.copy_(uniform(parameter, -bound, bound, source))

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        check_features(x, self.in_features)
        if self.level < 2:
            check_same_dtype(x, next(self.head.parameters()))
        images = x.reshape(-1, *self.image)
        before = (self.side - self.image[-1]) // 2
        after = self.side - self.image[-1] - before
        images = functional.pad(images, (before, after, before, after))
        values = _convolved(images, *self.convolutions).flatten(1)
        logits: Tensor = self.head(values if self.level == 2 else values.to(x.dtype))
        return logits.reshape(*x.shape[:-1], self.n_classes).to(x.dtype)

    def classical_twin(self, *, generator: Seed = None) -> GradualReplacement:
        """Level 0 with a hidden layer of tanh units, untrained.

        The hidden layer is the least that gives it at least as many parameters as this model.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        parameter = next(self.parameters())
        options: dict[str, Any] = {"dtype": parameter.dtype, "device": parameter.device}
        plain = GradualReplacement(
            self.in_features, self.n_classes, level=0, channels=self.image[0], **options
        )
        width = FILTERS[-1] * (self.side - 2 * (KERNEL - 1)) ** 2
        front = plain.n_parameters - (width + 1) * self.n_classes
        free = self.n_parameters - front - self.n_classes
        return GradualReplacement(
            self.in_features,
            self.n_classes,
            level=0,
            hidden=max(1, -(-free // (width + 1 + self.n_classes))),
            channels=self.image[0],
            generator=generator,
            **options,
        )


def _convolved(images: Tensor, first: nn.Module, second: nn.Module) -> Tensor:
    """Both convolutions of images `(n, channels, height, width)`, as one, at least in float32.

    The kernel of `second` after `first` is sum_m b_om * a_mi with the full convolution *, its bias
    bias_b,o + sum_m bias_a,m sum(b_om).
    """
    dtype = computing(images, *first.parameters(), *second.parameters())
    with full_precision(images):
        (a, bias_a), (b, bias_b) = (_kernels(layer, dtype) for layer in (first, second))
        kernels = functional.conv2d(a.transpose(0, 1), b.flip(-2, -1), padding=KERNEL - 1)
        bias = bias_b + b.sum((-2, -1)) @ bias_a
        return functional.conv2d(images.to(dtype), kernels.transpose(0, 1), bias)


def _kernels(layer: nn.Module, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Kernels and biases of a convolution."""
    assert isinstance(layer, QuantumConv2d | nn.Conv2d)
    assert layer.bias is not None
    weight = layer.kernels(dtype) if isinstance(layer, QuantumConv2d) else layer.weight.to(dtype)
    return weight, layer.bias.to(dtype)


def _quantum_head(level: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the quantum linear layer at level 2; they raise where they have no effect."""
    if level == 2:
        return {name: HEAD[name] if value is None else value for name, value in given.items()}
    for name, value in given.items():
        if value is not None:
            raise InvalidArgumentError(
                f"Argument `{name}` has no effect at level {level}, whose last layer is classical. "
                "Leave it out, or choose level 2."
            )
    return {}


def _options_of(head: nn.Module) -> dict[str, Any]:
    """The options that a quantum linear layer was made with."""
    assert isinstance(head, QuantumLinear)
    return {"layers": len(head.theta), "sharpness": head.sharpness, "deviation": head.deviation}


def _hidden(level: int, hidden: Any) -> int | None:
    """Units of the classical head; they raise at level 2, where they have no effect."""
    if level == 2 and hidden is not None:
        raise InvalidArgumentError(
            "Argument `hidden` has no effect at level 2, whose last layer is quantum. Leave it "
            "out, or choose level 0 or 1."
        )
    return None if hidden is None else integer(hidden, "hidden")


def _check_head(width: int, units: int) -> None:
    if width * units > MAX_HEAD:
        raise ResourceLimitError(
            f"A linear layer from {width} to {units} units has {width * units} weights; at most "
            f"{MAX_HEAD} are built. Resize the images, or choose fewer units."
        )
