"""What an op does to a density matrix: transfer matrices, Kraus operators, limits of strengths."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from circuits.errors import ChannelError, UnsupportedOperationError
from circuits.gates import transfer
from circuits.gates.record import Limit, controlled_matrix

if TYPE_CHECKING:
    from circuits.ops import Op

LIMIT_TOLERANCE = 1e-9


def transfer_of(op: Op) -> Callable[[Tensor], Tensor]:
    """See `Op.transfer`."""
    k, function = len(op.qubits), op.gate.transfer
    transfer.check_size(k, op.name)
    if function is not None:
        return lambda angles: function(angles, k, op.pauli)
    if op.name == "kraus":
        assert op.data is not None
        return transfer.constant(transfer.of_kraus(op.data))
    if op.name == "transfer_matrix":
        assert op.data is not None
        return transfer.constant(op.data.real)
    if op.kind == "state_preparation":
        raise UnsupportedOperationError(
            "The operation `state_preparation` has no Pauli transfer matrix: it is defined on "
            "qubits in |0> only."
        )
    block, controls = op.block, op.n_controls
    return lambda angles: transfer.of_unitary(controlled_matrix(block(angles), controls))


def kraus_operators(op: Op) -> np.ndarray:
    """Kraus operators `(m, 2**k, 2**k)` of a channel whose strengths are numbers.

    Raises:
        SymbolError: If a strength is a symbol.
    """
    if op.kind == "kraus" and op.data is not None:
        return np.array(op.data)
    values = torch.tensor([float(angle) for angle in op.angles], dtype=torch.float64)
    return transfer.kraus_of_transfer(op.transfer(values).numpy())


def parameter_names(op: Op) -> tuple[str, ...]:
    """What the op's angles are called: parameters of the gate, or labels of a Pauli channel."""
    return op.gate.parameters or tuple(op.pauli.split())


def check_limits(op: Op) -> None:
    """Refuse strengths that are numbers out of range; symbols are judged when bound."""
    values = [a.constant if a.is_constant else math.nan for a in op.angles]
    for limit in op.gate.limits:
        slack = limit.slack(values, len(op.qubits))
        if any(v <= 0 for v in slack) if limit.strict else any(v < -LIMIT_TOLERANCE for v in slack):
            raise out_of_range(op, limit, values)


def out_of_range(op: Op, limit: Limit, values: Sequence[float], where: str = "") -> ChannelError:
    """The error for an op whose strengths have the given values and violate a limit."""
    named = zip(parameter_names(op), values, strict=True)
    shown = ", ".join(f"{name} = {v:.6g}" for name, v in named if not math.isnan(v))
    return ChannelError(
        f"The channel `{op.name}` on qubits {op.qubits} needs {limit.text}, got {shown}{where}."
    )
