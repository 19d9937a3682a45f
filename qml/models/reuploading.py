"""Data re-uploading: a classifier whose circuit takes all features again in every layer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Unpack, final

import torch
from torch import Tensor, nn

from circuits import Circuit
from circuits import gates as g
from circuits.ansatz import entangler_pairs
from circuits.arguments import integer
from circuits.arguments import rotations as checked_rotations
from circuits.encodings import reuploading
from circuits.errors import ArgumentTypeError, InvalidArgumentError, ResourceLimitError
from circuits.execution import Seed, as_generator
from circuits.gates.table import TABLE
from circuits.ops import Op
from circuits.symbols import inputs, weights
from qml.layer import QuantumLayer
from qml.models.base import (
    AbstractQuantumModel,
    Execution,
    check_features,
    check_same_dtype,
    placement,
    reset_linear,
    uniform,
)

MAX_ROTATIONS = 2**18
"""Largest number of rotations by features of a circuit."""


def reuploading_circuit(
    in_features: int,
    n_qubits: int,
    layers: int,
    *,
    slots: int | None = None,
    rotations: str | Iterable[str] = ("ry", "rz"),
    entangler: Any = "ring",
) -> Circuit:
    """The circuit of `DataReuploading`.

    A layer rotates every qubit `slots` times by scale * x_j + offset, the axes taken from
    `rotations` in turn, applies CZ to the pairs of the entangler, then RZ and RY with weights.
    Slot s of qubit q takes the feature j = (q * slots + s) mod in_features.

    Args:
        in_features: Number of features d.
        n_qubits: Number of qubits n.
        layers: Number of layers L.
        slots: Rotations by features per qubit and layer, at least ceil(d / n), so that every
            layer sees all features. Default twice as many, at most d: each feature reaches two
            qubits, which learns much better than one. With d every qubit sees every feature.
        rotations: Names among rx, ry, rz, p; the first is rx or ry.
        entangler: Pattern, list of pairs or graph; see `circuits.ansatz.entangler_pairs`.

    Returns:
        Circuit with inputs `x` of shape `(d,)` and three groups of weights: `scale` and `offset`
        of shape `(L, n, slots)`, `weight` of shape `(L, 2, n)`.

    Raises:
        KetworkError: If an argument is not valid.
    """
    d, n = integer(in_features, "in_features"), integer(n_qubits, "n_qubits")
    depth, needed = integer(layers, "layers"), -(-d // n)
    size = min(d, 2 * needed) if slots is None else integer(slots, "slots", needed)
    if depth * n * size > MAX_ROTATIONS:
        raise ResourceLimitError(
            f"{depth} layers of {n} qubits with {size} features each have {depth * n * size} "
            f"rotations; at most {MAX_ROTATIONS} are built. Reduce the features (Resize, PCA), or "
            "choose fewer layers."
        )
    names = checked_rotations(_names(rotations))
    if names[0] in ("rz", "p"):
        raise InvalidArgumentError(
            f"Argument `rotations` must begin with 'rx' or 'ry', got {names!r}: a rotation about "
            "the z axis changes nothing on the qubits' first state |0>."
        )
    x, scale, offset = inputs(d), weights(n, size, name="scale"), weights(n, size, name="offset")
    encoding = [
        Op(
            TABLE[names[s % len(names)]],
            (q,),
            (scale[q, s] * x[(q * size + s) % d] + offset[q, s],),
        )
        for s in range(size)
        for q in range(n)
    ]
    w = weights(2, n)
    block = [g.cz(a, b) for a, b in entangler_pairs(entangler, n)]
    block += [g.rz(w[0, q], q) for q in range(n)]
    block += [g.ry(w[1, q], q) for q in range(n)]
    return reuploading(Circuit(n, encoding), Circuit(n, block), depth)


@final
class DataReuploading(AbstractQuantumModel):
    """Data re-uploading classifier: logits = A <Z> + b of a circuit that repeats its inputs.

    Every layer rotates the qubits by w x + b with trainable w and b, entangles them, and adds
    trainable rotations (see `reuploading_circuit`); the readout is <Z_q> of every qubit, and a
    linear map turns the n values into logits. As functions of the features these values are
    trigonometric sums, with more and more trainable frequencies as layers are added.

    Args:
        in_features: Number of features d. They should be of order one: standardised, or angles.
        n_classes: Number of classes, at least 2.
        n_qubits: Number of qubits n.
        layers: Number of layers L.
        slots: Rotations by features per qubit and layer, at least ceil(d / n). Default twice as
            many, at most d; d is the scheme of Perez-Salinas et al., in which every qubit sees
            every feature.
        rotations: Axes of these rotations, taken in turn.
        entangler: Pattern, list of pairs or graph; see `circuits.ansatz.entangler_pairs`.
        **execution: `backend`, `shots`, `diff_method`, `generator`, `dtype`, `device` as for
            `QuantumLayer`.

    Shape:
        Input `(..., in_features)`, output logits `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Perez-Salinas et al., Quantum 4, 226 (2020), arXiv:1907.02085.
        Schuld, Sweke and Meyer, Phys. Rev. A 103, 032430 (2021), arXiv:2008.08605.

    >>> model = DataReuploading(5, 3, n_qubits=2, layers=4)
    >>> model(torch.rand(7, 5)).shape, model.n_parameters
    (torch.Size([7, 3]), 105)
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        n_qubits: int,
        layers: int,
        slots: int | None = None,
        rotations: str | Iterable[str] = ("ry", "rz"),
        entangler: Any = "ring",
        **execution: Unpack[Execution],
    ) -> None:
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        self.rotations = _names(rotations)
        circuit = reuploading_circuit(
            self.in_features,
            n_qubits,
            layers,
            slots=slots,
            rotations=self.rotations,
            entangler=entangler,
        )
        self.layer = QuantumLayer(circuit, **execution)
        self.entangler = plain_entangler(entangler, self.n_qubits)
        self.head = nn.Linear(
            self.layer.out_features,
            self.n_classes,
            **placement(execution.get("dtype"), execution.get("device")),
        )
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        layers, n_qubits, slots = angles(self.layer)["scale"].shape
        return {
            "n_qubits": n_qubits,
            "layers": layers,
            "slots": slots,
            "rotations": list(self.rotations),
            "entangler": self.entangler,
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.layer.generator if generator is None else as_generator(generator)
        reset_reuploading(self.layer, source)
        reset_linear(self.head, source)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        check_features(x, self.in_features)
        check_same_dtype(x, self.head.weight)
        logits: Tensor = self.head(self.layer(x))
        return logits


def _names(rotations: str | Iterable[str]) -> tuple[str, ...]:
    if not isinstance(rotations, Iterable):
        raise ArgumentTypeError(
            f"Argument `rotations` must be a name or a list of names, got {rotations!r}."
        )
    return (rotations,) if isinstance(rotations, str) else tuple(rotations)


def angles(layer: QuantumLayer) -> nn.ParameterDict:
    """The groups of weights of a layer that runs a `reuploading_circuit`."""
    assert isinstance(layer.weight, nn.ParameterDict)
    return layer.weight


def reset_reuploading(layer: QuantumLayer, generator: torch.Generator | None) -> None:
    """Draw the weights of a layer that runs a `reuploading_circuit`.

    Offsets and weights are uniform in [-0.1, 0.1], scales in [0, pi / (layers * slots)], so that
    all features of a qubit together turn it by order one: the circuit starts close to cosines,
    where gradients are large. (With weights all over [-pi, pi] it starts as a random function,
    and trains much worse.)
    """
    groups = angles(layer)
    layers, _, slots = groups["scale"].shape
    with torch.no_grad():
        for name, parameter in groups.items():
            low, high = (0.0, math.pi / (layers * slots)) if name == "scale" else (-0.1, 0.1)
            parameter.copy_(uniform(parameter, low, high, generator))


def plain_entangler(entangler: Any, n_qubits: int) -> str | list[list[int]]:
    """An entangler as text and numbers only: its name, or its pairs."""
    if isinstance(entangler, str):
        return entangler
    return [list(pair) for pair in entangler_pairs(entangler, n_qubits)]
