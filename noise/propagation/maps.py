"""From the ops of a circuit to the steps of a propagation.

Read backwards, an op replaces each Pauli string P by E^dagger(P). A rotation exp(-i theta G / 2)
leaves what commutes with G and turns the rest: P -> cos(theta) P + i sin(theta) G P. Any other op
acts on the letters of its qubits by the rows of its Pauli transfer matrix R: E^dagger(P_i) =
sum_j R[i, j] P_j.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import ResourceLimitError
from circuits.gates.transfer import MAX_QUBITS, pauli_basis
from circuits.ops import Op
from circuits.pauli.packing import Words, pack
from circuits.simulators.binding import bind
from circuits.simulators.program import pauli_label
from circuits.simulators.strengths import check_strengths

_IGNORED = ("barrier", "delay", "id", "global_phase")
_ONE_QUBIT = {"rx": "X", "ry": "Y", "rz": "Z", "p": "Z", "u1": "Z"}


@dataclass(frozen=True, slots=True)
class Turn:
    """Cosine and sine `(1 or points,)` of an angle.

    Attributes:
        stays: Whether the sine is zero everywhere, so that nothing is turned.
        leaves: Whether the cosine is zero everywhere, so that all is turned.
    """

    cos: Tensor
    sin: Tensor
    stays: bool
    leaves: bool


@dataclass(frozen=True, slots=True)
class Rotation:
    """exp(-i theta G / 2) with the words `(2 W,)` of G."""

    generator: Words
    turn: Turn


@dataclass(frozen=True, slots=True, eq=False)
class LocalMap:
    """A Pauli transfer matrix, and which of its entries count.

    Attributes:
        matrix: `(1 or points, d, d)`.
        pattern: `(d, d)`: where it is not zero at all points.
        alone: `(d,)`: rows whose one entry is also alone in its column; they only exchange
            strings and need no merging.
        target: `(d,)`: for those rows the column of the entry.
    """

    matrix: Tensor
    pattern: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    target: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Local:
    """A map on the letters of some qubits."""

    qubits: tuple[int, ...]
    map: LocalMap


Step = Rotation | Local


def local_map(matrix: Tensor, pattern: NDArray[np.bool_]) -> LocalMap:
    """The map of a transfer matrix `(1 or points, d, d)` with a pattern `(d, d)`."""
    target = pattern.argmax(1)
    alone = (pattern.sum(1) == 1) & (pattern.sum(0)[target] == 1)
    return LocalMap(matrix, pattern, alone, target)


def steps_of(circuit: Circuit, inputs: Tensor, weights: Tensor) -> list[Step]:
    """The steps of a circuit, last op first.

    Args:
        circuit: The circuit.
        inputs: `(points, n_inputs)`.
        weights: `(1 or points, n_weights)`.

    Raises:
        ResourceLimitError: If an op is on too many qubits.
    """
    binding = bind(circuit)
    angles = binding.angles(binding.numbers(circuit), inputs, weights)
    check_strengths(circuit, angles)
    builder = _Builder(circuit.n_qubits, weights.shape[0] == 1)
    steps: list[Step] = []
    first = 0
    for op in circuit.ops:
        mine = angles[first : first + len(op.angles)].T
        first += len(op.angles)
        if op.kind not in _IGNORED:
            steps.append(builder.step(op, mine))
    return steps[::-1]


class _Builder:
    """Makes steps; equal ops on different qubits share their numbers."""

    def __init__(self, n_qubits: int, shared: bool) -> None:
        self.n_qubits = n_qubits
        self.shared = shared
        self.maps: dict[Op, LocalMap] = {}
        self.turns: dict[Op, Turn] = {}

    def step(self, op: Op, angles: Tensor) -> Step:
        if self.shared and not any(angle.depends_on_inputs for angle in op.angles):
            angles = angles[:1]
        key = replace(op, qubits=tuple(range(len(op.qubits))))
        label = "" if op.n_controls else _ONE_QUBIT.get(op.name, pauli_label(op))
        if label:
            if key not in self.turns:
                self.turns[key] = turn_by(angles[:, 0])
            return Rotation(string_words(label, op.qubits, self.n_qubits), self.turns[key])
        if key not in self.maps:
            self.maps[key] = _prepared(op, angles) if _prepares(op) else _transferred(op, angles)
        return Local(op.qubits, self.maps[key])


def turn_by(angle: Tensor) -> Turn:
    """Cosine and sine of `(1 or points,)`; exact zeros only where no derivative is wanted."""
    cos, sin = torch.cos(angle), torch.sin(angle)
    small, fixed = tolerance(angle), not angle.requires_grad
    stays = fixed and bool((sin.abs() <= small).all())
    leaves = fixed and bool((cos.abs() <= small).all())
    return Turn(cos, sin, stays, leaves)


def tolerance(like: Tensor) -> float:
    """Entries up to this size are rounding errors of zero."""
    return 4 * torch.finfo(like.dtype).eps


def string_words(label: str, qubits: Sequence[int], n_qubits: int) -> Words:
    """The words `(2 W,)` of the string with character k on `qubits[k]`."""
    pairs = list(zip(qubits, label, strict=True))
    x = sum(1 << q for q, letter in pairs if letter in "XY")
    z = sum(1 << q for q, letter in pairs if letter in "YZ")
    return np.concatenate([pack([x], n_qubits)[0], pack([z], n_qubits)[0]])


def _transferred(op: Op, angles: Tensor) -> LocalMap:
    matrix = op.transfer(angles)
    pattern = (matrix.detach().abs() > tolerance(matrix)).any(0)
    if angles.requires_grad:
        pattern = pattern | _moving(op, angles.detach())
    return local_map(matrix, pattern.cpu().numpy())


def _moving(op: Op, angles: Tensor) -> Tensor:
    """Entries that are zero now and have a derivative: `(d, d)`."""
    slopes = torch.linspace(1, 2, angles.shape[1], dtype=angles.dtype, device=angles.device)
    if op.is_channel:
        moved = torch.func.jvp(op.transfer, (angles,), (slopes.expand_as(angles),))[1]
    else:
        moved = op.transfer(torch.sin(slopes * slopes)[None])
    return (moved.abs() > 1e-6 * moved.abs().max()).any(0)


def _prepares(op: Op) -> bool:
    return op.kind == "state_preparation"


def _prepared(op: Op, angles: Tensor) -> LocalMap:
    """On qubits in |0>, preparing |a> sends P to its expectation value <a|P|a>."""
    k = len(op.qubits)
    if k > MAX_QUBITS:
        raise ResourceLimitError(
            f"Pauli propagation takes `state_preparation` on at most {MAX_QUBITS} qubits, got "
            f"{k}. Prepare the state by gates."
        )
    amplitudes: Tensor
    if op.data is not None:
        dtype = torch.complex64 if angles.dtype == torch.float32 else torch.complex128
        amplitudes = torch.as_tensor(op.data.copy(), device=angles.device)[None].to(dtype)
    else:
        real = angles / torch.linalg.vector_norm(angles, dim=1, keepdim=True)
        amplitudes = torch.complex(real, torch.zeros_like(real))
    basis = torch.as_tensor(pauli_basis(k).copy(), device=angles.device).to(amplitudes.dtype)
    means = torch.einsum("pa,iab,pb->pi", amplitudes.conj(), basis, amplitudes).real
    matrix = torch.cat([means[..., None], means.new_zeros(*means.shape, 4**k - 1)], dim=-1)
    pattern = (matrix.detach().abs() > tolerance(matrix)).any(0)
    if angles.requires_grad:
        pattern[:, 0] = True
    return local_map(matrix, pattern.cpu().numpy())
