"""The operands of a program's steps, computed for all gates of a kind at once.

An operand is what a step applies: a small matrix `(d, d, batch)`, amplitudes `(2**k, batch)` or an
angle `(batch,)`, with a batch of 1 where it does not depend on the sample.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.ops import Op
from circuits.simulators.program import (
    MatrixStep,
    PauliRotationStep,
    PhaseStep,
    PreparationStep,
    Program,
)


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """Ops that share a matrix function and a dependence on the sample."""

    block: Callable[[Tensor], Tensor]
    members: tuple[int, ...]
    rows: np.ndarray  # (n, n_angles) rows of the shared or the per-sample angles
    per_sample: bool


class Blocks:
    """Plans the operands of a program for one circuit.

    Args:
        circuit: The circuit, for its numbers.
        program: The compiled program of its structure.
    """

    def __init__(self, circuit: Circuit, program: Program) -> None:
        binding = program.binding
        place: dict[int, tuple[bool, int]] = {}
        for per_sample, table in ((False, binding.shared), (True, binding.per_sample)):
            place.update({int(s): (per_sample, r) for r, s in enumerate(table.slots)})
        self._place = place
        self._program = program
        self._ops = circuit.ops
        used = {m for s in program.steps if isinstance(s, MatrixStep) for m in s.members}
        self._families = tuple(self._group(sorted(used)))
        self._home = {
            member: (f, row)
            for f, family in enumerate(self._families)
            for row, member in enumerate(family.members)
        }

    def _slots(self, position: int) -> list[tuple[bool, int]]:
        first = self._program.first_slot[position]
        return [self._place[first + k] for k in range(len(self._ops[position].angles))]

    def _group(self, positions: list[int]) -> list[_Family]:
        found: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for position in positions:
            op = self._ops[position]
            varying = tuple(flag for flag, _ in self._slots(position))
            data = position if op.data is not None else -1
            found[(op.gate.name, op.pauli, data, varying)].append(position)
        return [self._family(members) for members in found.values()]

    def _family(self, members: list[int]) -> _Family:
        op: Op = self._ops[members[0]]
        slots = [self._slots(m) for m in members]
        per_sample = any(flag for flag, _ in slots[0])
        # Angles of a per-sample gate that do not vary are looked up behind the varying ones.
        offset = len(self._program.binding.per_sample.slots) if per_sample else 0
        rows = [
            [row if flag or not per_sample else offset + row for flag, row in angles]
            for angles in slots
        ]
        shape = (len(members), len(slots[0]))
        return _Family(
            op.block, tuple(members), np.array(rows, dtype=np.int64).reshape(shape), per_sample
        )

    def operands(self, shared: Tensor, per_sample: Tensor, batch: int) -> dict[int, Tensor]:
        """For each step (by position) its operand.

        Args:
            shared: Angles `(n, 1 or batch)` without inputs.
            per_sample: Angles `(n, batch)` with inputs.
            batch: Number of samples.

        Returns:
            Dictionary from step position to a matrix `(d, d, batch or 1)`, to amplitudes
            `(2**k, batch or 1)` for preparations, to an angle `(batch or 1,)` for rotations and
            phases.
        """
        both = shared
        if any(f.per_sample for f in self._families):
            both = torch.cat([per_sample, shared.expand(shared.shape[0], batch)])
        tables = [self._evaluate(f, both if f.per_sample else shared) for f in self._families]
        result = self.amplitudes(shared, per_sample, batch)
        chains: dict[tuple[int, ...], list[tuple[int, list[int]]]] = defaultdict(list)
        for s, step in enumerate(self._program.steps):
            if isinstance(step, MatrixStep):
                homes = [self._home[m] for m in step.members]
                chains[tuple(f for f, _ in homes)].append((s, [row for _, row in homes]))
            elif isinstance(step, PauliRotationStep | PhaseStep):
                ((varying, row),) = self._slots(step.member)
                result[s] = per_sample[row] if varying else shared[row]
        for families, steps in chains.items():
            product = self._chain([tables[f] for f in families], [rows for _, rows in steps])
            for (s, _), matrix in zip(steps, product.unbind(0), strict=True):
                result[s] = matrix
        return result

    @staticmethod
    def _evaluate(family: _Family, angles: Tensor) -> Tensor:
        index = torch.as_tensor(family.rows.ravel(), device=angles.device)
        n, k = family.rows.shape
        batch = angles.shape[1] if k else 1
        picked = angles.index_select(0, index).reshape(n, k, -1) if k else angles.new_zeros(n, 0, 1)
        return family.block(picked.transpose(1, 2).reshape(n, batch, k)).permute(0, 2, 3, 1)

    @staticmethod
    def _chain(tables: list[Tensor], rows: list[list[int]]) -> Tensor:
        """Products of chains that draw their k-th factor from the k-th table: `(n, d, d, b)`."""
        index = torch.tensor(rows, device=tables[0].device).T
        product = tables[0].index_select(0, index[0])
        for table, row in zip(tables[1:], index[1:], strict=True):
            factor = table.index_select(0, row)
            d = factor.shape[1]
            terms = [factor[:, :, j, None] * product[:, None, j] for j in range(d)]
            product = torch.stack(terms).sum(0) if d > 2 else terms[0] + terms[1]
        return product

    def amplitudes(self, shared: Tensor, per_sample: Tensor, batch: int) -> dict[int, Tensor]:
        """For each state preparation (by position) its amplitudes `(2**k, batch or 1)`."""
        return {
            s: self._amplitudes(step, shared, per_sample, batch)
            for s, step in enumerate(self._program.steps)
            if isinstance(step, PreparationStep)
        }

    def _amplitudes(
        self, step: PreparationStep, shared: Tensor, per_sample: Tensor, batch: int
    ) -> Tensor:
        op = self._ops[step.member]
        dtype = torch.complex64 if shared.dtype == torch.float32 else torch.complex128
        if op.data is not None:
            data = torch.as_tensor(op.data.copy(), dtype=dtype, device=shared.device)
            return data[:, None]
        slots = self._slots(step.member)
        rows = torch.tensor([row for _, row in slots], device=shared.device)
        if all(flag for flag, _ in slots):
            raw = per_sample.index_select(0, rows)
        elif not any(flag for flag, _ in slots):
            raw = shared.index_select(0, rows)
        else:
            both = torch.cat([per_sample, shared.expand(shared.shape[0], batch)])
            offset = torch.tensor([0 if flag else len(per_sample) for flag, _ in slots])
            raw = both.index_select(0, rows + offset.to(rows.device))
        return (raw / torch.linalg.vector_norm(raw, dim=0)).to(dtype)
