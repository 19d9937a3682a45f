"""A noisy circuit as blocks on one or two qubits: gates, then what its channels do.

Ops on the same qubits are collected: the unitary part keeps its angles, and the channels after it
are multiplied into one transfer matrix, whose Kraus operators are the branches of the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import ResourceLimitError, UnsupportedOperationError
from circuits.gates.matrices import complex_dtype
from circuits.gates.record import controlled_matrix
from circuits.gates.transfer import pauli_basis
from circuits.ops import Op

LARGEST_CHANNEL = 3
_LOCAL = 2
_NOTHING = ("barrier", "delay", "id", "global_phase")

Placed = tuple[Op, int]
"""An op and the position of its first angle."""


@final
@dataclass(slots=True, eq=False)
class Block:
    """Ops on a few qubits.

    Attributes:
        qubits: The qubits.
        gates: Unitary ops, or one state preparation.
        noise: Channels, and constant gates between them, after the gates.
    """

    qubits: tuple[int, ...]
    gates: list[Placed] = field(default_factory=list)
    noise: list[Placed] = field(default_factory=list)


def blocks_of(circuit: Circuit) -> list[Block]:
    """The blocks of a circuit, in order.

    Raises:
        ResourceLimitError: If a channel is on more than 3 qubits and no mixture of Paulis.
    """
    found: list[Block] = []
    last: dict[int, Block] = {}
    first = 0
    for op in circuit.ops:
        placed = (op, first)
        first += len(op.angles)
        if op.kind in _NOTHING:
            continue
        if op.is_channel and len(op.qubits) > LARGEST_CHANNEL:
            raise ResourceLimitError(
                f"Trajectories take general channels on at most {LARGEST_CHANNEL} qubits, "
                f"`{op.name}` acts on {len(op.qubits)}. Split it into smaller channels."
            )
        block = last.get(op.qubits[0])
        if block is None or any(last.get(q) is not block for q in op.qubits[1:]):
            block = None
        if block is None or not _fits(block, op):
            block = Block(op.qubits)
            if len(op.qubits) == _LOCAL:
                _take_over(block, last, found)
            found.append(block)
            last.update(dict.fromkeys(op.qubits, block))
        (block.noise if op.is_channel or block.noise else block.gates).append(placed)
    return found


def _fits(block: Block, op: Op) -> bool:
    if len(block.qubits) > _LOCAL or not set(op.qubits) <= set(block.qubits):
        return False
    if op.kind == "state_preparation" or _prepares(block):
        return False
    constant = all(angle.is_constant for angle in op.angles)
    return op.is_channel or not block.noise or constant


def _prepares(block: Block) -> bool:
    return bool(block.gates) and block.gates[0][0].kind == "state_preparation"


def _take_over(block: Block, last: dict[int, Block], found: list[Block]) -> None:
    """Let a block on two qubits begin with what blocks of gates on one of them hold."""
    for qubit in block.qubits:
        old = last.get(qubit)
        if old is not None and len(old.qubits) == 1 and not old.noise and not _prepares(old):
            block.gates += old.gates
            found.remove(old)


def unitary(block: Block, angles: Tensor, shared: bool) -> Tensor:
    """Product of the gates of a block on at most two qubits: `(d, d, 1 or points)`."""
    k = len(block.qubits)
    dtype = complex_dtype(angles.dtype)
    total = torch.eye(2**k, dtype=dtype, device=angles.device)[None]
    for op, first in block.gates:
        matrix = controlled_matrix(op.block(angles_of(op, first, angles, shared)), op.n_controls)
        total = _embedded(matrix.to(dtype), op.qubits, block.qubits) @ total
    return total.permute(1, 2, 0)


def angles_of(op: Op, first: int, angles: Tensor, shared: bool) -> Tensor:
    """The angles of an op `(1 or points, n)`: one row if they are the same at all points.

    Args:
        op: The op.
        first: Position of its first angle.
        angles: All angles of the circuit, `(n_angles, points)`.
        shared: Whether the weights are the same at all points.
    """
    mine = angles[first : first + len(op.angles)].T
    one = shared and not any(angle.depends_on_inputs for angle in op.angles)
    return mine[:1] if one or not op.angles else mine


def _embedded(matrix: Tensor, qubits: Sequence[int], block: Sequence[int]) -> Tensor:
    """A matrix `(..., d, d)` on some qubits of a block as one on all of them."""
    if tuple(qubits) == tuple(block):
        return matrix if matrix.dim() == 3 else matrix[None]
    matrix = matrix if matrix.dim() == 3 else matrix[None]
    size = matrix.shape[-1]
    if len(qubits) == len(block):  # the same two qubits in the other order
        base = int(size**0.5)
        order = torch.arange(size).reshape(base, base).T.reshape(-1).to(matrix.device)
        return matrix[:, order][:, :, order]
    eye = torch.eye(size, dtype=matrix.dtype, device=matrix.device)
    return torch.kron(eye, matrix) if qubits[0] == block[0] else torch.kron(matrix, eye)


def transfer_matrix(block: Block, angles: Tensor, shared: bool) -> Tensor:
    """Product of the channels of a block `(1 or points, 4**k, 4**k)`."""
    total: Tensor | None = None
    for op, first in block.noise:
        matrix = _embedded(
            op.transfer(angles_of(op, first, angles, shared)), op.qubits, block.qubits
        )
        total = matrix if total is None else matrix @ total
    assert total is not None
    return total


def kraus_operators(blocks: Sequence[Block], angles: Tensor, shared: bool) -> list[Tensor]:
    """For each block with noise its Kraus operators `(m, d, d, 1 or points)`, largest first.

    Raises:
        UnsupportedOperationError: If a derivative by a channel's strength is wanted.
    """
    _refuse_gradients(blocks, angles)
    matrices = [transfer_matrix(block, angles.detach(), shared) for block in blocks]
    found: list[Tensor] = [angles] * len(blocks)
    for size, points in {(m.shape[1], m.shape[0]) for m in matrices}:
        mine = [k for k, m in enumerate(matrices) if m.shape[:2] == (points, size)]
        stacked = torch.stack([matrices[k] for k in mine]).double()
        for k, operators in zip(mine, _kraus(stacked), strict=True):
            norms = operators.abs().square().sum((1, 2)).amax(-1)
            kept = operators[norms > 1e-13 * size]
            found[k] = kept.to(complex_dtype(angles.dtype))
    return found


def _kraus(transfer: Tensor) -> Tensor:
    """Kraus operators `(blocks, m, d, d, points)` of `(blocks, points, d^2, d^2)`."""
    size = transfer.shape[-1]
    d = int(size**0.5)
    flat = torch.as_tensor(pauli_basis(d.bit_length() - 1).copy(), device=transfer.device)
    images = torch.einsum("...ij,iab->...jab", transfer.to(flat.dtype), flat)
    choi = torch.einsum("jdc,...jab->...cadb", flat, images) / d
    values, vectors = torch.linalg.eigh(choi.reshape(*transfer.shape[:-2], size, size))
    scaled = (vectors * values.clamp(min=0).sqrt()[..., None, :]).flip(-1)
    operators = scaled.reshape(*transfer.shape[:2], d, d, size)  # (.., in, out, m)
    return operators.permute(0, 4, 3, 2, 1)


def _refuse_gradients(blocks: Sequence[Block], angles: Tensor) -> None:
    if not angles.requires_grad:
        return
    for block in blocks:
        for op, _ in block.noise:
            if op.is_channel and not all(angle.is_constant for angle in op.angles):
                raise UnsupportedOperationError(
                    f"Trajectories do not differentiate the strength of `{op.name}` on qubits "
                    f"{op.qubits}, where a channel of the circuit is no mixture of Pauli "
                    "operators. Use noise.PauliTransfer, detach what the strength depends on, or "
                    "diff_method='parameter-shift' for the angles of gates."
                )
