"""`HQKAN`: a small QKAN between two linear layers, in place of an MLP block."""

from __future__ import annotations

import math
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits import SPSA, Backend
from circuits.arguments import integer
from circuits.errors import InvalidArgumentError
from circuits.execution import Seed, as_generator
from qml.models.base import (
    AbstractModel,
    check_features,
    check_same_dtype,
    placement,
    reset_linear,
    shallow,
)
from qml.models.mlp import MLP, mlp_of_size
from qml.models.qkan.network import QKAN


@final
class HQKAN(AbstractModel):
    """Hybrid QKAN: Linear(d, m ceil(log2 d)), QKAN, Linear(m ceil(log2 k), k).

    A drop-in for a block `(..., d) -> (..., k)` of linear layers, or a classifier with k classes,
    with far fewer parameters: the two linear layers meet in widths that grow with log2 only. The
    authors' "HQKAN-44" has `multiplier=4`.

    Args:
        in_features: Number of inputs d.
        n_classes: Number of outputs k.
        multiplier: Factor m of the inner widths.
        reps: Number of repetitions of the circuits.
        ansatz: `"pz"`, `"rpz"`, `"real"` or `"mix"`; px would need inputs within [-1, 1].
        group: Number of circuits that the inner edges share; `None`: each has its own.
        preact_trainable: Train the factors and offsets of the data.
        ba_trainable: Train a base activation on every inner edge.
        fast_measure: Read |alpha| - |beta| instead of <Z>; not for devices.
        generator: Randomness of the initial weights: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Shape:
        Input `(..., in_features)`, output `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Jiang et al., arXiv:2509.14026.

    >>> HQKAN(256, 100).n_parameters, HQKAN(256, 100, multiplier=4).n_parameters
    (3304, 18292)
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        multiplier: int = 1,
        reps: int = 3,
        ansatz: str = "pz",
        group: int | None = None,
        preact_trainable: bool = False,
        ba_trainable: bool = False,
        fast_measure: bool = False,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes"))
        if ansatz in ("px", "px_encoding"):
            raise InvalidArgumentError(
                "Argument `ansatz` must not be 'px' here: it needs inputs within [-1, 1], and a "
                "linear layer gives any. Use 'pz', 'rpz', 'real' or 'mix'."
            )
        self.multiplier = integer(multiplier, "multiplier")
        self.generator = as_generator(generator)
        inner = [
            self.multiplier * max(1, math.ceil(math.log2(size)))
            for size in (self.in_features, self.n_classes)
        ]
        place = placement(dtype, device)
        self.encoder = nn.Linear(self.in_features, inner[0], **place)
        self.qkan = QKAN(
            inner,
            reps=reps,
            ansatz=ansatz,
            group=group,
            preact_trainable=preact_trainable,
            ba_trainable=ba_trainable,
            fast_measure=fast_measure,
            generator=self.generator,
            **place,
        )
        self.head = nn.Linear(inner[1], self.n_classes, **place)
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        kept = ("reps", "ansatz", "group", "preact_trainable", "ba_trainable", "fast_measure")
        inner = self.qkan.options()
        return {"multiplier": self.multiplier, **{name: inner[name] for name in kept}}

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.generator if generator is None else as_generator(generator)
        reset_linear(self.encoder, source)
        self.qkan.reset_parameters(source)
        reset_linear(self.head, source)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs `(..., n_classes)`."""
        check_features(x, self.in_features)
        check_same_dtype(x, self.encoder.weight)
        outputs: Tensor = self.head(self.qkan(self.encoder(x)))
        return outputs

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
        n_qubits: int = 1,
    ) -> HQKAN:
        """The same model with the same parameters (shared, not copied) on a backend.

        Args:
            backend: Where the circuits run.
            shots: Measurements of every activation; `None` is exact.
            diff_method: Differentiation method, see `QuantumLayer`.
            generator: Randomness of shots.
            n_qubits: Activations that run side by side in a circuit.

        Raises:
            UnsupportedOperationError: With `fast_measure`.
        """
        other = shallow(self)
        other.qkan = self.qkan.with_backend(
            backend, shots=shots, diff_method=diff_method, generator=generator, n_qubits=n_qubits
        )
        return other

    def classical_twin(self, *, generator: Seed = None) -> MLP:
        """A classical network with (nearly) the same number of parameters, untrained.

        Linear(d, h), tanh, Linear(h, k) with the least h that gives it at least as many
        parameters as this model, so fewer than d + k + 1 more.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        return mlp_of_size(self, "tanh", generator)
