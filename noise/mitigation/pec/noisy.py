"""What a noise model says about a lowered circuit: noise channels and operations to cancel them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from circuits import gates as g
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.execution import Backend
from circuits.ops import Op
from noise.mitigation.pulses import NativePaulis

Matrix = NDArray[np.float64]

_RESET = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 0]]])
_LARGEST = 2


class NoiseSource(Protocol):
    """Anything that knows which channels follow an op, such as `noise.NoiseModel`."""

    def channels_for(self, op: Op) -> Sequence[Op]:
        """The channels behind an op, in the order in which they act."""
        ...


def noise_of(backend: Backend) -> NoiseSource:
    """The noise model of a backend or of the backends inside it.

    Raises:
        InvalidArgumentError: If none of them has one.
    """
    inner: object = backend
    while inner is not None:
        model = getattr(inner, "noise_model", None)
        if model is not None:
            return model
        inner = getattr(inner, "backend", None)
    raise InvalidArgumentError(
        f"{backend!r} has no noise model, and PEC must know the noise to cancel it: pass "
        "`noise_model=...`."
    )


def transfer_of(ops: Sequence[Op], qubits: Sequence[int]) -> Matrix:
    """Pauli transfer matrix of a sequence of ops on `qubits`, `(4**k, 4**k)`.

    Args:
        ops: Ops whose parameters are numbers, on subsets of `qubits`.
        qubits: The k qubits, the first least significant.
    """
    total: Matrix = np.eye(4 ** len(qubits))
    for op in ops:
        if not all(angle.is_constant for angle in op.angles):
            raise UnsupportedOperationError(
                f"The noise `{op!r}` has a strength that is a symbol; PEC needs numbers. Bind the "
                "strengths of the noise model first."
            )
        angles = torch.tensor([angle.constant for angle in op.angles], dtype=torch.float64)
        local: Matrix = op.transfer(angles).double().numpy()
        where = [list(qubits).index(q) for q in op.qubits]
        total = np.matmul(_embedded(local, where, len(qubits)), total, dtype=np.float64)
    return total


def _embedded(matrix: Matrix, where: list[int], k: int) -> Matrix:
    """The transfer matrix on `where` extended by the identity to k qubits."""
    m = len(where)
    rest = [q for q in range(k) if q not in where]
    full = np.kron(np.eye(4 ** (k - m)), matrix).reshape((4,) * (2 * k)).astype(np.float64)
    order = [*where, *rest]  # axis a of the Kronecker product, least significant first, is order[a]
    axis = {q: k - 1 - order.index(q) for q in range(k)}
    rows = [axis[q] for q in reversed(range(k))]
    return full.transpose([*rows, *(k + a for a in rows)]).reshape(4**k, 4**k)


def support_of(op: Op, channels: Sequence[Op]) -> tuple[int, ...]:
    """Qubits of an op and of the noise behind it.

    Raises:
        UnsupportedOperationError: If there are more than two.
    """
    found = tuple(dict.fromkeys([*op.qubits, *(q for c in channels for q in c.qubits)]))
    if len(found) > _LARGEST:
        raise UnsupportedOperationError(
            f"PEC inverts noise on one or two qubits; the noise of `{op!r}` acts on {len(found)}: "
            f"{found}."
        )
    return found


def implementable(
    source: NoiseSource, paulis: NativePaulis, qubit: int, *, resets: bool
) -> tuple[list[tuple[Op, ...]], Matrix]:
    """The operations that can be inserted on a qubit, and what they do under the noise model.

    Args:
        source: The noise model.
        paulis: Native gates for Paulis.
        qubit: The qubit.
        resets: Whether to include the resets to |0> and |1>.

    Returns:
        Ops of each operation (identity, X, Y, Z, the resets) and their transfer matrices
        `(m, 4, 4)` with the noise of the inserted gates themselves.
    """
    operations = [paulis.ops(k, qubit) for k in range(4)]
    if resets:
        reset = g.kraus(_RESET, qubit)
        operations += [(reset,), (reset, *paulis.ops(1, qubit))]
    matrices = []
    for ops in operations:
        steps = [part for op in ops for part in (op, *_behind(source, op))]
        matrices.append(transfer_of(steps, [qubit]))
    return operations, np.stack(matrices)


def _behind(source: NoiseSource, op: Op) -> tuple[Op, ...]:
    channels = () if op.is_channel else tuple(source.channels_for(op))
    if any(channel.qubits != op.qubits for channel in channels):
        raise UnsupportedOperationError(
            f"PEC inserts `{op!r}`, whose noise acts on further qubits: "
            f"{[channel.qubits for channel in channels]}."
        )
    return channels


def products(local: Sequence[Matrix]) -> Matrix:
    """Transfer matrices of all products of local operations, the first qubit varying fastest."""
    tables = []
    for chosen in itertools.product(*reversed([range(len(table)) for table in local])):
        matrix = np.eye(1)
        for table, number in zip(reversed(local), chosen, strict=True):
            matrix = np.kron(matrix, table[number])
        tables.append(matrix)
    return np.stack(tables)
