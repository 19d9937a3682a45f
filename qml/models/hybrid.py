"""A hybrid classifier: a classical layer, a re-uploading circuit, a classical layer."""

from __future__ import annotations

from typing import Any, Unpack, final

import torch
from torch import Tensor, nn

from circuits.arguments import integer
from circuits.execution import Seed, as_generator
from qml.layer import QuantumLayer
from qml.models.base import (
    AbstractQuantumModel,
    Execution,
    check_features,
    check_same_dtype,
    placement,
    reset_linear,
)
from qml.models.mlp import MLP, mlp_of_size
from qml.models.reuploading import angles, reset_reuploading, reuploading_circuit


@final
class HybridClassifier(AbstractQuantumModel):
    """Hybrid classifier: Linear(d, n), tanh, n-qubit circuit x -> <Z>, Linear(n, classes).

    The circuit is that of `DataReuploading` with one feature per qubit. Two networks show what it
    contributes: `without_circuit()`, the same one with the circuit replaced by the identity, and
    `classical_twin()`, a classical one with as many parameters.

    Args:
        in_features: Number of features d.
        n_classes: Number of classes, at least 2.
        n_qubits: Number of qubits n, which is the width between the linear layers.
        layers: Number of layers L of the circuit.
        **execution: `backend`, `shots`, `diff_method`, `generator`, `dtype`, `device` as for
            `QuantumLayer`.

    Shape:
        Input `(..., in_features)`, output logits `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid.

    >>> model = HybridClassifier(64, 10, n_qubits=4, layers=2)
    >>> [m.n_parameters for m in (model, model.classical_twin(), model.without_circuit())]
    [342, 385, 310]
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        n_qubits: int,
        layers: int,
        **execution: Unpack[Execution],
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        n = integer(n_qubits, "n_qubits")
        options = placement(execution.get("dtype"), execution.get("device"))
        self.encoder = nn.Linear(self.in_features, n, **options)
        self.layer = QuantumLayer(reuploading_circuit(n, n, layers, slots=1), **execution)
        self.head = nn.Linear(n, self.n_classes, **options)
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        return {"n_qubits": self.n_qubits, "layers": angles(self.layer)["scale"].shape[0]}

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.layer.generator if generator is None else as_generator(generator)
        reset_linear(self.encoder, source)
        reset_reuploading(self.layer, source)
        reset_linear(self.head, source)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        check_features(x, self.in_features)
        check_same_dtype(x, self.encoder.weight)
        logits: Tensor = self.head(self.layer(torch.tanh(self.encoder(x))))
        return logits

    def without_circuit(self, *, generator: Seed = None) -> MLP:
        """The same network with the circuit replaced by the identity, untrained.

        Linear(d, n), tanh, Linear(n, classes), which is an `MLP`.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        weight = self.head.weight
        return MLP(
            self.in_features,
            self.n_classes,
            self.n_qubits,
            activation="tanh",
            generator=generator,
            dtype=weight.dtype,
            device=weight.device,
        )

    def classical_twin(self, *, generator: Seed = None) -> MLP:
        """A classical network with (nearly) the same number of parameters, untrained.

        Linear(d, h), tanh, Linear(h, classes) with the least h that gives it at least as many
        parameters as this model, so fewer than d + classes + 1 more.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        return mlp_of_size(self, "tanh", generator)
