"""The operands of a program's steps, computed for all ops of a kind at once.

Operands are transfer matrices `(4**k, 4**k, batch)`, amplitudes `(2**k, batch)` or angles
`(batch,)`, with a batch of 1 where they do not depend on the sample.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor

from circuits.channel_ops import LIMIT_TOLERANCE, out_of_range
from circuits.circuit import Circuit
from circuits.finite import can_look
from circuits.ops import Op
from circuits.simulators.program import PreparationStep
from circuits.simulators.transfer.program import RotationStep, TransferProgram, TransferStep


class Operands:
    """Plans the operands of a program for one circuit.

    Args:
        circuit: The circuit, for its numbers.
        program: The compiled program of its structure.
    """

    def __init__(self, circuit: Circuit, program: TransferProgram) -> None:
        self._ops = circuit.ops
        self._program = program
        self._place: dict[int, tuple[bool, int]] = {}
        binding = program.binding
        for varying, table in ((False, binding.shared), (True, binding.per_sample)):
            self._place.update({int(s): (varying, r) for r, s in enumerate(table.slots)})
        families: dict[object, list[int]] = defaultdict(list)
        for step in program.steps:
            for member in step.members if isinstance(step, TransferStep) else ():
                families[self._key(member)].append(member)
        self._families = list(families.values())

    def _key(self, position: int) -> object:
        op = self._ops[position]
        varying = any(flag for flag, _ in self._slots(position))
        alone = position if op.data is not None else -1
        return op.gate.name, op.pauli, len(op.qubits), alone, varying

    def _slots(self, position: int) -> list[tuple[bool, int]]:
        first = self._program.first_slot[position]
        return [self._place[first + k] for k in range(len(self._ops[position].angles))]

    def evaluate(self, shared: Tensor, per_sample: Tensor) -> list[Tensor]:
        """The operand of each step.

        Args:
            shared: Angles `(n, 1 or batch)` without inputs.
            per_sample: Angles `(n, batch)` with inputs.

        Raises:
            ChannelError: If a strength is out of its range.
        """
        matrices = self.matrices(shared, per_sample)
        found: list[Tensor] = []
        for step in self._program.steps:
            if isinstance(step, TransferStep):
                found.append(_product([matrices[m] for m in step.members]))
            elif isinstance(step, RotationStep):
                found.append(self._angles(step.member, shared, per_sample)[0])
            else:
                found.append(self._amplitudes(step, shared, per_sample))
        return found

    def matrices(
        self, shared: Tensor, per_sample: Tensor, wanted: set[int] | None = None
    ) -> dict[int, Tensor]:
        """Transfer matrices `(4**k, 4**k, 1 or batch)` by position of the op; all by default."""
        found: dict[int, Tensor] = {}
        for family in self._families:
            members = family if wanted is None else [m for m in family if m in wanted]
            if not members:
                continue
            op = self._ops[members[0]]
            angles = torch.stack([self._angles(m, shared, per_sample) for m in members])
            if op.gate.limits and op.angles:
                self._check(op, angles)
            tables = op.transfer(angles.transpose(1, 2)).permute(0, 2, 3, 1)  # (n, d, d, batch)
            found.update(zip(members, tables.unbind(0), strict=True))
        return found

    def _angles(self, position: int, shared: Tensor, per_sample: Tensor) -> Tensor:
        slots = self._slots(position)
        rows = [per_sample[row] if varying else shared[row] for varying, row in slots]
        if not rows:
            return shared.new_zeros(0, 1)
        return torch.stack(torch.broadcast_tensors(*rows))

    def _check(self, op: Op, angles: Tensor) -> None:
        if not can_look(angles):
            return
        for limit in op.gate.limits:
            values = list(angles.detach().unbind(1))
            for slack in limit.slack(values, len(op.qubits)):
                wrong = slack <= 0 if limit.strict else slack < -LIMIT_TOLERANCE
                if bool(wrong.any()):
                    member, point = (int(i) for i in wrong.nonzero()[0])
                    raise out_of_range(
                        op, limit, [float(v[member, point]) for v in values], f" at point {point}"
                    )

    def preparations(
        self, shared: Tensor, per_sample: Tensor
    ) -> list[tuple[PreparationStep, Tensor]]:
        """The preparations and their amplitudes `(2**k, batch or 1)`."""
        return [
            (step, self._amplitudes(step, shared, per_sample))
            for step in self._program.steps
            if isinstance(step, PreparationStep)
        ]

    def _amplitudes(self, step: PreparationStep, shared: Tensor, per_sample: Tensor) -> Tensor:
        op = self._ops[step.member]
        if op.data is not None:
            dtype = torch.complex64 if shared.dtype == torch.float32 else torch.complex128
            return torch.as_tensor(op.data.copy(), dtype=dtype, device=shared.device)[:, None]
        raw = self._angles(step.member, shared, per_sample)
        return raw / torch.linalg.vector_norm(raw, dim=0)


def _product(factors: list[Tensor]) -> Tensor:
    product = factors[0]
    for factor in factors[1:]:
        if factor.shape[-1] == product.shape[-1] == 1:
            product = (factor[..., 0] @ product[..., 0])[..., None]
        else:
            product = (factor.permute(2, 0, 1) @ product.permute(2, 0, 1)).permute(1, 2, 0)
    return product
