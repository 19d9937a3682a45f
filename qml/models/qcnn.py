"""The quantum convolutional network of Hur, Kim and Park for classical data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, Unpack, final

import torch
from torch import Tensor

from circuits import Circuit, PauliSum
from circuits.ansatz import BLOCKS, qcnn
from circuits.arguments import flag, integer, one_of
from circuits.encodings import amplitude, angle, dense_angle
from circuits.errors import InvalidArgumentError, ResourceLimitError, ShapeError
from circuits.execution import Seed
from qml.layer import QuantumLayer
from qml.models.base import AbstractQuantumModel, Execution, check_features, positive
from qml.models.exponential import full_precision
from qml.models.special_unitary import computing

MAX_FEATURES = 2**20


class Encoding(NamedTuple):
    """An encoding of features: how many fit `n` qubits, and its circuit.

    Attributes:
        capacity: Function of n: the largest number of features.
        circuit: Function `(n_features, n)` to the encoding circuit.
    """

    capacity: Callable[[int], int]
    circuit: Callable[[int, int], Circuit]


ENCODINGS: dict[str, Encoding] = {
    "amplitude": Encoding(lambda n: 2**n, amplitude),
    "angle": Encoding(lambda n: n, lambda d, n: angle(d, n_qubits=n)),
    "dense": Encoding(
        lambda n: 2 * n,
        lambda d, n: dense_angle(d, rotations=("rx", "ry"), order="split", n_qubits=n),
    ),
}


@final
class QCNN(AbstractQuantumModel):
    """Quantum convolutional network: logits_c = sharpness * log P(readout is c).

    Stages of two-qubit blocks, all blocks of a stage with the same weights, each followed by
    pooling onto half of the qubits (`circuits.ansatz.qcnn`). Two classes are the outcomes of one
    qubit, as in the paper, and with sharpness 1 the cross-entropy of the logits is the paper's.

    A sharpness s > 1 makes the softmax the probability of class c given that s shots agree. It
    leaves every prediction as it is, but training then cares for samples near the boundary and
    no longer pushes P towards 1, which few qubits cannot reach: on MNIST 0 and 1 the error falls
    from 2 % to 0.1 % (s = 8).

    For C > 2 classes (an extension of ours) k = ceil(log2 C) qubits are read: the readout qubit
    and those that leave the network last. Outcome c is class c; outcomes from C on are dropped,
    so the softmax gives probabilities under the condition that none of them occurs.

    Only expectation values of products of Z are asked for. Angle and dense encodings run on every
    backend. The amplitude encoding is one state preparation whose amplitudes are data: our
    simulators run it, but Qiskit has no such gate with symbols, so Aer, devices and noise models
    with native gates refuse it. `circuit` gives them one sample with its numbers.

    Args:
        in_features: Number of features d; default as many as the encoding takes on `n_qubits`.
        n_classes: Number of classes, at least 2.
        n_qubits: Number of qubits: a power of two, for a chain any even number. Default 8 if
            `in_features` is not given either, else the fewest that hold the features.
        block: Convolution block: a name in `circuits.ansatz.BLOCKS`.
        pooling: Whether pooling blocks follow each convolution; default yes, except that a chain
            has none.
        chain: The one-dimensional variant with neighbouring pairs only.
        sharpness: Factor s of the log-probabilities, positive.
        encoding: `"amplitude"` (up to 2^n features, any norm but zero), `"angle"` (up to n, as RY
            angles in radians) or `"dense"` (up to 2n: RX of the first half, RY of the second).
        **execution: `backend`, `shots`, `diff_method`, `generator`, `dtype`, `device` as for
            `QuantumLayer`.

    Shape:
        Input `(..., in_features)`, output logits `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid, or the features do not fit the qubits.

    References:
        Hur, Kim and Park, Quantum Mach. Intell. 4, 3 (2022), arXiv:2108.00661.

    >>> model = QCNN(256, 2, block="SU4")
    >>> model.n_qubits, model.n_parameters
    (8, 51)
    >>> model(torch.rand(3, 256)).exp().sum(-1)
    tensor([1.0000, 1.0000, 1.0000], grad_fn=<SumBackward1>)
    """

    signs: Tensor

    def __init__(
        self,
        in_features: int | None = None,
        n_classes: int = 2,
        *,
        n_qubits: int | None = None,
        block: str = "SU4",
        pooling: bool | None = None,
        chain: bool = False,
        encoding: str = "amplitude",
        sharpness: float = 1.0,
        **execution: Unpack[Execution],
    ) -> None:
        encoder = ENCODINGS[one_of(encoding, tuple(ENCODINGS), "encoding")]
        one_of(block, tuple(BLOCKS), "block")
        chain = flag(chain, "chain")
        pooling = None if pooling is None else flag(pooling, "pooling")
        n = _n_qubits(encoder, in_features, n_qubits, chain)
        d = encoder.capacity(n) if in_features is None else integer(in_features, "in_features")
        super().__init__(d, integer(n_classes, "n_classes", 2))
        if d > MAX_FEATURES:
            raise ResourceLimitError(
                f"Argument `in_features` is {d}; at most {MAX_FEATURES} are supported. Reduce the "
                "features (Resize, PCA)."
            )
        network = qcnn(n, block, pooling=pooling, chain=chain)
        self.block, self.chain, self.encoding = block, chain, encoding
        self.sharpness = positive(sharpness, "sharpness")
        self.pooling = not chain if pooling is None else pooling
        if d > encoder.capacity(n):
            raise InvalidArgumentError(
                f"Argument `in_features` is {d}, but the {encoding} encoding takes at most "
                f"{encoder.capacity(n)} features on {n} qubits. Reduce the features (Resize, PCA), "
                "or choose more qubits or another encoding."
            )
        circuit = encoder.circuit(d, n) + network.circuit
        self.readout = _readout(network.circuit, network.readout, self.n_classes)
        subsets = _subsets(len(self.readout))
        observables = [
            PauliSum({" ".join(f"Z{self.readout[k]}" for k in subset): 1.0}) for subset in subsets
        ]
        self.layer = QuantumLayer(circuit, observables, **execution)
        signs = [
            [(-1.0) ** sum(outcome >> k & 1 for k in subset) for subset in subsets]
            for outcome in range(self.n_classes)
        ]
        device = execution.get("device")
        self.register_buffer("signs", torch.tensor(signs, device=device), persistent=False)

    def options(self) -> dict[str, Any]:
        return {
            "n_qubits": self.n_qubits,
            "block": self.block,
            "pooling": self.pooling,
            "chain": self.chain,
            "encoding": self.encoding,
            "sharpness": self.sharpness,
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        self.layer.reset_parameters(generator)

    def circuit(self, x: Tensor) -> Circuit:
        """The circuit of one sample, with all its present numbers, for any backend.

        Args:
            x: Features `(in_features,)`.

        Returns:
            Circuit on `n_qubits` qubits. Outcome c of the qubits `readout`, the first of them its
            least significant bit, is class c.
        """
        check_features(x, self.in_features)
        if x.dim() != 1:
            raise ShapeError(
                f"Argument `x` must be one sample ({self.in_features},), got {tuple(x.shape)}."
            )
        assert isinstance(self.layer.weight, Tensor)
        numbers = (part.detach().double().cpu().numpy() for part in (x, self.layer.weight))
        return self.layer.circuit.bind(*numbers)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`: `sharpness` times logarithms of probabilities."""
        check_features(x, self.in_features)
        with full_precision(x):
            products = self.layer(x.to(computing(x)))
            total = 1 + products @ self.signs.to(products).T
            probabilities = total / 2 ** len(self.readout)
            floor = torch.finfo(products.dtype).eps
            logits = self.sharpness * probabilities.clamp_min(floor).log()
        return logits.to(x.dtype)


def _n_qubits(encoder: Encoding, in_features: int | None, n_qubits: int | None, chain: bool) -> int:
    """The given number of qubits, or the least that the network allows and the encoding needs."""
    if n_qubits is not None:
        return integer(n_qubits, "n_qubits", 2)
    if in_features is None:
        return 8
    sizes = itertools.count(2, 2) if chain else (2**k for k in itertools.count(1))
    d = integer(in_features, "in_features")
    return next(n for n in sizes if encoder.capacity(n) >= d)


def _readout(network: Circuit, first: int, n_classes: int) -> tuple[int, ...]:
    """The `first` qubit and as many more as `n_classes` outcomes need, last used first."""
    needed = math.ceil(math.log2(n_classes))
    order = dict.fromkeys([first, *(q for op in reversed(network.ops) for q in op.qubits)])
    if needed > len(order):
        raise InvalidArgumentError(
            f"Argument `n_classes` is {n_classes}, but {len(order)} qubits have "
            f"{2 ** len(order)} outcomes. Choose more qubits."
        )
    return tuple(order)[:needed]


def _subsets(size: int) -> list[tuple[int, ...]]:
    """All subsets of `range(size)` but the empty one."""
    indices = range(size)
    return [s for k in range(1, size + 1) for s in itertools.combinations(indices, k)]
