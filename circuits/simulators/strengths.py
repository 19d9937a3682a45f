"""The check of channel strengths that are symbols, when they receive values.

Numbers are checked where an op is made. Circuits whose strengths are all numbers cost nothing
here; the others cost one comparison over all strengths, thus one synchronisation on a GPU.
"""

from __future__ import annotations

import torch
from torch import Tensor

from circuits.channel_ops import LIMIT_TOLERANCE, out_of_range
from circuits.circuit import Circuit
from circuits.finite import can_look
from circuits.gates.record import Gate
from circuits.ops import Op

_SINGLE_TOLERANCE = 1e-6


def check_strengths(circuit: Circuit, angles: Tensor) -> None:
    """Refuse channel strengths out of range. Simulators of channels call it once per run.

    While `torch.compile` traces or `torch.func` transforms, nothing is checked.

    Args:
        circuit: The circuit.
        angles: All its angles, `(n_angles, batch)`, in the circuit's order.

    Raises:
        ChannelError: Naming the op, its strengths and the sample.
    """
    groups = _symbolic(circuit)
    if not groups or not can_look(angles):
        return
    fixed = angles.detach()
    tolerance = _SINGLE_TOLERANCE if fixed.dtype == torch.float32 else LIMIT_TOLERANCE
    wrong = [_violations(*key, members, fixed, tolerance) for key, members in groups.items()]
    if bool(torch.stack([w.any() for w in wrong]).any()):
        for ((gate, k, _), members), found in zip(groups.items(), wrong, strict=True):
            if bool(found.any()):
                _refuse(gate, k, members, found, fixed)


Key = tuple[Gate, int, int]
Members = list[tuple[int, Op, int]]


def _symbolic(circuit: Circuit) -> dict[Key, Members]:
    """Channels with symbols by gate, qubits and angles: position, op, and its first angle."""
    groups: dict[Key, Members] = {}
    first = 0
    for position, op in enumerate(circuit.ops):
        if op.gate.limits and not all(angle.is_constant for angle in op.angles):
            key = (op.gate, len(op.qubits), len(op.angles))
            groups.setdefault(key, []).append((position, op, first))
        first += len(op.angles)
    return groups


def _violations(
    gate: Gate, n_qubits: int, n_angles: int, members: Members, angles: Tensor, tolerance: float
) -> Tensor:
    """Which limits are violated: `(n_limits, n_members, batch)`."""
    starts = torch.tensor([first for _, _, first in members], device=angles.device)
    columns = [angles.index_select(0, starts + k) for k in range(n_angles)]
    rows = []
    for limit in gate.limits:
        slack = torch.stack(list(limit.slack(columns, n_qubits)))
        rows.append((slack <= 0 if limit.strict else slack < -tolerance).any(0))
    return torch.stack(rows)


def _refuse(gate: Gate, n_qubits: int, members: Members, wrong: Tensor, angles: Tensor) -> None:
    which, member, sample = (int(i) for i in wrong.nonzero()[0])
    position, op, first = members[member]
    values = angles[first : first + len(op.angles), sample].tolist()
    where = f" (operation {position}" + (f", sample {sample})" if angles.shape[1] > 1 else ")")
    raise out_of_range(op, gate.limits[which], values, where)
