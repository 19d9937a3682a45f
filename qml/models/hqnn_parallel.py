"""HQNN-Parallel: a convolutional front end, circuits side by side, a linear layer."""

from __future__ import annotations

import math
from typing import Any, Unpack, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from circuits.arguments import integer, one_of
from circuits.errors import ResourceLimitError
from circuits.execution import Seed, as_generator
from qml.models.base import Execution, check_features, check_same_dtype, placement, uniform
from qml.models.cores import AbstractHybrid, core_layer, image_shape

FILTERS, KERNEL, HIDDEN = (16, 32), 5, 120
NORMS = ("batch", "none")
MAX_VALUES = 2**16
"""Largest number of values between the classical layers."""


@final
class HQNNParallel(AbstractHybrid):
    """Hybrid network with k circuits of n qubits side by side between classical layers.

    Two blocks of convolution (5 x 5, same size, 16 then 32 filters), batch normalisation, ReLU
    and 2 x 2 maximum (odd sizes are rounded up), Linear(., 120), ReLU, Linear(120, k n), tanh;
    value j of the result, times pi / 2, is the angle of qubit j mod n of circuit j // n
    (`cores.angle_circuit`), each circuit with weights of its own; Linear(k n, classes) of all
    <Z>. On 28 x 28 images with k = 4, n = 5 the linear layers are 1568 -> 120 -> 20, as in the
    paper. All circuits of all samples run in one call.

    `without_circuit()` and `classical_twin()` are the two networks to compare with: the front end
    alone does most of the work. The paper's text that we could read leaves open the gates of the
    circuits, so L and the gates are ours.

    Args:
        in_features: Number of pixels of a square image, all channels.
        n_classes: Number of classes, at least 2.
        circuits: Number of circuits k.
        n_qubits: Number of qubits n of each.
        layers: Number of layers L of each.
        channels: Channels of the images; default one, or three where only that is a square.
        norm: `"batch"` for batch normalisation, or `"none"`.
        core: `"quantum"`, or `"identity"` or `"classical"` in place of the circuits.
        **execution: `backend`, `shots`, `diff_method`, `generator`, `dtype`, `device` as for
            `QuantumLayer`.

    Shape:
        Input `(..., in_features)`, images flattened as `(channels, height, width)`; output logits
        `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Senokosov et al., Mach. Learn.: Sci. Technol. 5, 015040 (2024), arXiv:2304.09224.

    >>> model = HQNNParallel(784, 10)
    >>> [m.n_parameters for m in (model, model.classical_twin(), model.without_circuit())]
    [204374, 204374, 204254]
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        circuits: int = 4,
        n_qubits: int = 5,
        layers: int = 3,
        channels: int | None = None,
        norm: str = "batch",
        core: str = "quantum",
        **execution: Unpack[Execution],
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        self.image = image_shape(self.in_features, channels)
        self.circuits, self.depth = integer(circuits, "circuits"), integer(layers, "layers")
        self.norm = one_of(norm, NORMS, "norm")
        values = self.circuits * integer(n_qubits, "n_qubits")
        if values > MAX_VALUES:
            raise ResourceLimitError(
                f"{circuits} circuits of {n_qubits} qubits take {values} values; at most "
                f"{MAX_VALUES} are built. Choose fewer circuits or qubits."
            )
        self.layer = core_layer(
            core, n_qubits, layers, scale=math.pi / 2, copies=self.circuits, **execution
        )
        self.core = core
        options = placement(execution.get("dtype"), execution.get("device"))
        (first, second), side = FILTERS, self.image[-1]
        pooled = (side + 3) // 4
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, KERNEL, padding="same", **options)
            for a, b in ((self.image[0], first), (first, second))
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(f, **options) for f in FILTERS if self.norm == "batch"
        )
        self.hidden = nn.Linear(second * pooled * pooled, HIDDEN, **options)
        self.encoder = nn.Linear(HIDDEN, values, **options)
        self.head = nn.Linear(values, self.n_classes, **options)
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        return {
            "circuits": self.circuits,
            "n_qubits": self.n_qubits,
            "layers": self.depth,
            "channels": self.image[0],
            "norm": self.norm,
            "core": self.core,
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.layer.generator if generator is None else as_generator(generator)
        for module in [*self.convolutions, self.hidden, self.encoder, self.head]:
            assert isinstance(module, nn.Conv2d | nn.Linear)
            bound = module.weight[0].numel() ** -0.5
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.copy_(uniform(parameter, -bound, bound, source))
        for norm in self.norms:
            assert isinstance(norm, nn.BatchNorm2d)
            norm.reset_parameters()
        self.layer.reset_parameters(source)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        check_features(x, self.in_features)
        check_same_dtype(x, self.head.weight)
        batch = x.shape[:-1]
        images = x.reshape(-1, *self.image)
        for k, convolution in enumerate(self.convolutions):
            images = convolution(images)
            if self.norms:
                images = self.norms[k](images)
            images = functional.max_pool2d(torch.relu(images), 2, ceil_mode=True)
        hidden = torch.relu(self.hidden(images.flatten(1)))
        values = torch.tanh(self.encoder(hidden))
        found = self.layer(values.unflatten(-1, (self.circuits, self.n_qubits)))
        logits: Tensor = self.head(found.flatten(-2))
        return logits.reshape(*batch, self.n_classes)
