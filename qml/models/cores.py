"""Hybrid models with an exchangeable core: a circuit, the identity, or a classical layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn, Self, Unpack, final

import torch
from torch import Tensor, nn

from circuits import Circuit
from circuits import gates as g
from circuits.ansatz import entangler_pairs
from circuits.arguments import integer, one_of
from circuits.errors import InvalidArgumentError, ResourceLimitError, UnsupportedOperationError
from circuits.execution import Seed, as_generator
from circuits.symbols import inputs, weights
from qml.layer import QuantumLayer
from qml.models.base import AbstractQuantumModel, Execution, placement, uniform

CORES = ("quantum", "identity", "classical")
MAX_ROTATIONS = 2**16
"""Largest number of rotations of a core's circuit."""


def angle_circuit(n_qubits: int, layers: int, *, scale: float = 1.0) -> Circuit:
    """Angle embedding and a variational circuit: the core of the HQNN models.

    RX(scale * x_q) on every qubit q, then in each layer RZ and RY with weights on every qubit and
    CNOTs (0, 1), (1, 2), ..., (n - 1, 0); two qubits have one CNOT, one qubit none.

    Args:
        n_qubits: Number of qubits n.
        layers: Number of layers L.
        scale: Factor of the features, in radians per unit; not zero.

    Returns:
        Circuit with inputs of shape `(n,)` and weights of shape `(L, 2, n)`.

    Raises:
        KetworkError: If an argument is not valid.
    """
    n, depth = integer(n_qubits, "n_qubits"), integer(layers, "layers")
    if scale == 0:
        raise InvalidArgumentError(
            "Argument `scale` must not be zero: the circuit would not see its input."
        )
    if n * depth * 2 > MAX_ROTATIONS:
        raise ResourceLimitError(
            f"{depth} layers of {n} qubits have {2 * n * depth} rotations; at most "
            f"{MAX_ROTATIONS} are built. Choose fewer layers or qubits."
        )
    x, w, pairs = inputs(n), weights(depth, 2, n), entangler_pairs("ring", n)
    ops = [g.rx(scale * x[q], q) for q in range(n)]
    for layer in range(depth):
        ops += [g.rz(w[layer, 0, q], q) for q in range(n)]
        ops += [g.ry(w[layer, 1, q], q) for q in range(n)]
        ops += [g.cx(a, b) for a, b in pairs]
    return Circuit(n, ops)


@final
class Replacement(nn.Module):
    """What stands in a circuit's place: z, or tanh(A z + b), on vectors of n numbers.

    Args:
        n: Number of values, which is the number of qubits replaced.
        copies: Number of circuits replaced, each by its own A and b; `None` is one, without an
            axis for it.
        classical: Whether to apply tanh(A z + b) rather than the identity.
        execution: Only `generator`, `dtype` and `device` are allowed.

    Shape:
        Input and output `(..., n)`, or `(..., copies, n)`.
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(self, n: int, copies: int | None, classical: bool, execution: Execution) -> None:
        super().__init__()
        for name in ("backend", "shots", "diff_method"):
            if execution.get(name) is not None:
                raise InvalidArgumentError(
                    f"Argument `{name}` has no effect without a circuit. Leave it out, or choose "
                    'core="quantum".'
                )
        self.n_qubits = n
        self.generator = as_generator(execution.get("generator"))
        options = placement(execution.get("dtype"), execution.get("device"))
        lead = () if copies is None else (copies,)
        for name, shape in (("weight", (*lead, n, n)), ("bias", (*lead, n))):
            empty = nn.Parameter(torch.empty(shape, **options)) if classical else None
            self.register_parameter(name, empty)

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw the entries of A and b uniformly from [-1, 1] / sqrt(n)."""
        source = self.generator if generator is None else as_generator(generator)
        bound = self.n_qubits**-0.5
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(uniform(parameter, -bound, bound, source))

    def with_backend(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there is no circuit to run on a backend."""
        raise UnsupportedOperationError(
            "The circuits of this model were replaced; there is nothing to run on a backend. Build "
            'it with core="quantum".'
        )

    def forward(self, z: Tensor) -> Tensor:
        """The same shape."""
        if self.weight is None or self.bias is None:
            return z
        return torch.tanh((self.weight @ z.unsqueeze(-1)).squeeze(-1) + self.bias)


class AbstractHybrid(AbstractQuantumModel):
    """A model around circuits that can be exchanged for the identity or a classical layer.

    Attributes:
        core: `"quantum"`, `"identity"` or `"classical"`.
        layer: The circuits as a `QuantumLayer`; for the other cores what replaces them.
    """

    core: str

    def without_circuit(self, *, generator: Seed = None) -> Self:
        """The same network with the circuits replaced by the identity, untrained.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        return self._with_core("identity", generator)

    def classical_twin(self, *, generator: Seed = None) -> Self:
        """The same network with tanh(A z + b) for each circuit, untrained.

        On n qubits that is n (n + 1) numbers per circuit, where L layers have 2 n L: as many at
        L = (n + 1) / 2.

        Args:
            generator: Randomness of its initial weights; default torch's default generator.
        """
        return self._with_core("classical", generator)

    def _with_core(self, core: str, generator: Seed) -> Self:
        parameter = next(self.parameters())
        options = {**self.options(), "core": core}
        build: Callable[..., Self] = type(self)
        return build(
            self.in_features,
            self.n_classes,
            **options,
            generator=generator,
            dtype=parameter.dtype,
            device=parameter.device,
        )


def core_layer(
    core: str,
    n_qubits: int,
    layers: int,
    *,
    scale: float,
    copies: int | None = None,
    **execution: Unpack[Execution],
) -> Any:
    """The core `(..., n) -> (..., n)`, or `(..., copies, n) -> (..., copies, n)`.

    It is a `QuantumLayer`, or a `Replacement`, which answers what a model asks of its layer.

    Copies have a circuit in common and weights of their own, with a leading axis; all of them run
    in one call.

    Raises:
        KetworkError: If an argument is not valid.
    """
    one_of(core, CORES, "core")
    circuit = angle_circuit(n_qubits, layers, scale=scale)
    if core != "quantum":
        return Replacement(circuit.n_qubits, copies, core == "classical", execution)
    layer = QuantumLayer(circuit, **execution)
    if copies is not None:
        assert isinstance(layer.weight, nn.Parameter)
        single = layer.weight
        layer.weight = nn.Parameter(single.new_empty(copies, *single.shape))
    return layer


def image_shape(in_features: int, channels: int | None) -> tuple[int, int, int]:
    """Shape `(channels, side, side)` of square images with so many numbers.

    Args:
        in_features: Number of numbers.
        channels: Number of channels; `None` is one, or three where only that is a square.

    Raises:
        InvalidArgumentError: If they are no square image.
    """
    d = integer(in_features, "in_features")
    tried = (1, 3) if channels is None else (integer(channels, "channels"),)
    for c in tried:
        side = math.isqrt(d // c)
        if c * side * side == d and side:
            return c, side, side
    raise InvalidArgumentError(
        f"Argument `in_features` must be channels * side**2 of square images with "
        f"{' or '.join(map(str, tried))} channel(s), got {d}. Resize the images, or give "
        "`channels`."
    )
