"""The record that describes a gate, and the rules derived from it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from circuits.errors import UnknownGateError

PAULI_MATRICES = {
    "I": np.eye(2, dtype=np.complex128),
    "X": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    "Z": np.array([[1, 0], [0, -1]], dtype=np.complex128),
}

Generator = dict[str, float]
Definition = tuple[tuple[str, tuple[float, ...], tuple[int, ...]], ...]
Transfer = Callable[[Tensor, int, str], Tensor]


DATA_CHANNELS = ("kraus", "transfer_matrix")
"""The channels whose numbers are the op's `data` and not parameters."""


def pauli_matrix(label: str) -> NDArray[np.complex128]:
    """Matrix of a Pauli label whose character k acts on qubit k (the least significant is 0)."""
    matrix: NDArray[Any] = np.eye(1, dtype=np.complex128)
    for character in label:
        matrix = np.kron(PAULI_MATRICES[character], matrix)
    return matrix


@dataclass(frozen=True, slots=True)
class Limit:
    """A condition that the parameters of a channel must satisfy.

    Attributes:
        text: The condition as it is shown, for example `"0 <= p <= 1"`.
        slack: Function from the parameters, one entry each (numbers, or tensors of one shape),
            and the number of qubits to quantities that must not be negative. A quantity that
            is NaN, because a parameter has no value yet, is not judged.
        strict: Whether the quantities must be positive.
    """

    text: str
    slack: Callable[[Sequence[Any], int], Sequence[Any]]
    strict: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """Everything the library knows about one gate; converters and rules read it from here.

    The unitary on `n_qubits` qubits is `block` controlled by the first `n_controls` qubits being
    all 1. The first listed qubit is the least significant bit of a matrix.

    Attributes:
        name: Name in the table and of the constructor `circuits.gates.NAME`.
        n_qubits: Number of qubits including controls; `None` if it varies per operation.
        parameters: Names of the angles.
        formula: What the gate does, in one line.
        block: Function from angles `(..., n_angles)`, real, to the matrix `(..., d, d)`,
            complex, on the target qubits; `None` for operations that are not one fixed matrix.
        generators: For each angle the Pauli sum G (label -> coefficient, on the targets, character
            k on target k) of the factor exp(-i angle G) in which it appears.
        inverse: `"self"`, `"negate"` (all angles), the name of the inverse gate, `"reverse"`
            (invert the definition) or `"special"` (see `circuits.ops.inverse`).
        n_controls: How many of the qubits, listed first, are controls.
        definition: The gate as a product of simpler ones: `(name, angles, local qubits)`.
        permutation: Whether the matrix only permutes basis states.
        qiskit: Name in Qiskit's standard gate library, or empty.
        pennylane: Class name in PennyLane, or empty.
        qasm2: Name in `qelib1.inc`, or empty.
        qasm3: Name in `stdgates.inc`, or empty.
        transfer: For a channel with parameters: function from parameters `(..., n_angles)`, the
            number k of qubits and the op's `pauli` text to the Pauli transfer matrix
            `(..., 4**k, 4**k)`, real; R[i, j] = Tr(P_i E(P_j)) / 2**k, where the base-4 digits of
            an index are the Pauli operators (I, X, Y, Z) = (0, 1, 2, 3), the least significant
            digit that of the first listed qubit.
        limits: What the parameters of a channel must satisfy.
        diagonal: Whether the transfer matrix of the channel is diagonal (Pauli noise).
    """

    name: str
    n_qubits: int | None
    parameters: tuple[str, ...] = ()
    formula: str = ""
    block: Callable[[Tensor], Tensor] | None = None
    generators: tuple[Generator, ...] = ()
    inverse: str = "special"
    n_controls: int = 0
    definition: Definition = ()
    permutation: bool = False
    qiskit: str = ""
    pennylane: str = ""
    qasm2: str = ""
    qasm3: str = ""
    base: str = field(default="")
    transfer: Transfer | None = None
    limits: tuple[Limit, ...] = ()
    diagonal: bool = False

    @property
    def is_channel(self) -> bool:
        """Whether the operation maps density matrices and is no unitary gate."""
        return self.transfer is not None or self.name in DATA_CHANNELS

    @property
    def n_angles(self) -> int:
        """Number of angles."""
        return len(self.parameters)

    @property
    def n_targets(self) -> int | None:
        """Number of qubits that are not controls."""
        return None if self.n_qubits is None else self.n_qubits - self.n_controls

    @property
    def frequencies(self) -> tuple[tuple[float, ...], ...]:
        """For each angle, the positive frequencies of an expectation value as a function of it.

        They are the differences of the generator's eigenvalues (Wierichs et al., Quantum 6, 677
        (2022), section 2); the shift rule is built from them.
        """
        return tuple(
            _frequencies(tuple(sorted(g.items())), self.n_controls > 0) for g in self.generators
        )

    def matrix(self, angles: Tensor) -> Tensor:
        """Matrix on all qubits of the gate, controls included.

        Args:
            angles: Real tensor `(..., n_angles)`, radians.

        Returns:
            Complex tensor `(..., 2**n_qubits, 2**n_qubits)`.
        """
        if self.block is None:
            raise UnknownGateError(f"The operation `{self.name}` has no fixed matrix.")
        return controlled_matrix(self.block(angles), self.n_controls)

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Gate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Callable[[str], Gate], tuple[str]]:
        from circuits.gates.table import gate_named

        return gate_named, (self.name,)


def controlled_matrix(block: Tensor, n_controls: int) -> Tensor:
    """Embed `(..., d, d)` as the block where `n_controls` low-order control bits are all 1."""
    if n_controls == 0:
        return block
    d, stride = block.shape[-1], 2**n_controls
    eye = torch.eye(d * stride, dtype=block.dtype, device=block.device)
    keep = torch.ones(d * stride, dtype=block.dtype, device=block.device)
    keep[stride - 1 :: stride] = 0
    corner = torch.zeros(stride, stride, dtype=block.dtype, device=block.device)
    corner[-1, -1] = 1
    return torch.diag(keep) * eye + torch.kron(block, corner)


@functools.cache
def _frequencies(generator: tuple[tuple[str, float], ...], controlled: bool) -> tuple[float, ...]:
    matrix = sum(c * pauli_matrix(label) for label, c in generator)
    levels = set(np.round(np.linalg.eigvalsh(np.asarray(matrix)), 12))
    if controlled:
        levels.add(0.0)
    gaps = {round(float(abs(a - b)), 10) for a, b in itertools.combinations(levels, 2)}
    return tuple(sorted(gap for gap in gaps if gap > 1e-9))
