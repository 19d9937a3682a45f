"""Pauli faults: which Pauli operator hits where, drawn before anything is simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.gates.channels import anticommuting
from circuits.ops import Op
from noise.trajectories.unravelling import LARGEST_CHUNK, uniform

_ZERO = 1e-15  # probabilities up to this are rounding errors


def is_pauli(op: Op) -> bool:
    """Whether a channel is a mixture of Pauli operators: its transfer matrix is diagonal."""
    if op.gate.diagonal or op.angles:
        return op.gate.diagonal
    matrix = op.transfer(torch.zeros(0, dtype=torch.float64))
    return bool((matrix - torch.diag(matrix.diagonal())).abs().max() <= 1e-12)


@final
@dataclass(frozen=True, slots=True)
class Faults:
    """Drawn faults in sparse form: fault f hits record `records[f]` at location `locations[f]`.

    Attributes:
        n_records: Number of records.
        records: `(faults,)`.
        locations: `(faults,)`.
        branches: `(faults,)`: base-4 number of the Pauli operator, never 0.
    """

    n_records: int
    records: Tensor
    locations: Tensor
    branches: Tensor


@final
class PauliLocations:
    """Where Pauli channels are, and with which probability each Pauli operator occurs there.

    Args:
        circuit: A circuit all of whose channels are mixtures of Pauli operators.
        angles: Its angles, `(n_angles, points)`.
        shared: Whether the weights are the same at all points.

    Attributes:
        channels: The channels, in order.
        slots: For each channel the first of its two numbers per qubit (X and Z of the fault).
        n_slots: How many such numbers there are.
        probabilities: `(locations, branches, 1 or points)`, zero beyond a channel's branches.
    """

    def __init__(self, circuit: Circuit, angles: Tensor, shared: bool) -> None:
        self.channels: list[Op] = []
        known: dict[Op, Tensor] = {}
        tables, first = [], 0
        for op in circuit.ops:
            mine = angles[first : first + len(op.angles)].T
            first += len(op.angles)
            if not op.is_channel:
                continue
            key = replace(op, qubits=tuple(range(len(op.qubits))))
            if key not in known:
                one = shared and not any(a.depends_on_inputs for a in op.angles)
                known[key] = _branches(op, mine[:1] if one or not op.angles else mine)
            self.channels.append(op)
            tables.append(known[key])
        sizes = [2 * len(op.qubits) for op in self.channels]
        self.slots = torch.tensor([0, *np.cumsum(sizes)][: len(sizes)], dtype=torch.int64)
        self.n_slots = sum(sizes)
        if not tables:
            self.probabilities = angles.new_ones(0, 1, 1)
            return
        width = max(t.shape[0] for t in tables)
        points = max(t.shape[1] for t in tables)
        self.probabilities = torch.stack(
            [torch.nn.functional.pad(t.expand(-1, points), (0, 0, 0, width - len(t)))
             for t in tables]
        )  # fmt: skip

    def clean(self, points: int) -> Tensor:
        """Probability of no fault `(points,)`."""
        return self.probabilities[:, 0].prod(0).expand(points)

    def draw(self, points: Tensor, generator: torch.Generator | None) -> Faults:
        """Faults of records that have at least one, for points `(records,)`."""
        fixed = self.probabilities.detach().double().cpu()
        faulty = fixed[:, 1:].sum(1)
        before = torch.cat([torch.ones_like(faulty[:1]), fixed[:-1, 0].cumprod(0)])
        first = (before * faulty).cumsum(0).T.contiguous()  # (points, locations)
        columns = points.cpu() if fixed.shape[2] > 1 else torch.zeros_like(points.cpu())
        cumulative = fixed[:, 1:].cumsum(1)
        rows = max(1, LARGEST_CHUNK // len(fixed))
        parts = []
        for start in range(0, len(columns), rows):
            mine = columns[start : start + rows]
            starts = first[mine]
            random = uniform((len(mine), 1), generator) * starts[:, -1:]
            begin = torch.searchsorted(starts, random, right=True)
            begin = torch.minimum(begin, _last(starts)[:, None])
            order = torch.arange(len(fixed))
            hit = uniform((len(mine), len(fixed)), generator) < faulty.T[mine]
            hit = (order == begin) | (hit & (order > begin))
            record, location = hit.nonzero(as_tuple=True)
            choices = cumulative[location, :, mine[record]]
            random = uniform((len(record), 1), generator) * choices[:, -1:]
            branch = torch.searchsorted(choices, random, right=True)[:, 0] + 1
            branch = torch.minimum(branch, _last(choices) + 1)
            parts.append((record + start, location, branch))
        records, locations, branches = (torch.cat(p) for p in zip(*parts, strict=True))
        return Faults(len(columns), records, locations, branches)

    def scores(self, faults: Faults, points: Tensor) -> Tensor | None:
        """Logarithms of the probabilities of the records, given a fault; `None` if constant."""
        if not self.probabilities.requires_grad:
            return None
        device = self.probabilities.device
        columns = points if self.probabilities.shape[2] > 1 else torch.zeros_like(points)
        none = self.probabilities[:, 0]
        none = torch.where(none > 0, none, torch.ones_like(none)).log()
        record, location = faults.records.to(device), faults.locations.to(device)
        chosen = self.probabilities[location, faults.branches.to(device), columns[record]]
        change = chosen.log() - none[location, columns[record]]
        total = none.sum(0)[columns].index_add(0, record, change)
        return total - (1 - self.probabilities[:, 0].prod(0)).log()[columns]

    def bits(self, faults: Faults) -> np.ndarray:
        """For each record its slots `(records, n_slots)`: X and Z of the faults, uint8."""
        found = np.zeros((faults.n_records, self.n_slots), dtype=np.uint8)
        slots = self.slots[faults.locations].numpy()
        records, branches = faults.records.numpy(), faults.branches.numpy()
        for position in range(max(len(op.qubits) for op in self.channels)):
            letter = branches >> 2 * position & 3
            for part, bit in enumerate(((letter ^ letter >> 1) & 1, letter >> 1)):
                where = bit.nonzero()[0]
                found[records[where], slots[where] + 2 * position + part] = 1
        return found


def _branches(op: Op, angles: Tensor) -> Tensor:
    """Probabilities of the Pauli operators `(4**k, 1 or points)`.

    p_a = 4^-k sum_j (-1)^<a, j> R_jj, where <a, j> says whether P_a and P_j anticommute.
    """
    k = len(op.qubits)
    labels = " ".join("".join("IXYZ"[a >> 2 * q & 3] for q in range(k)) for a in range(4**k))
    signs = 1 - 2 * torch.as_tensor(anticommuting(labels, k).copy()).to(angles)

    def function(values: Tensor) -> Tensor:
        return signs @ op.transfer(values).diagonal(dim1=-2, dim2=-1).T / 4**k

    probabilities = function(angles)
    small = probabilities.detach() <= max(_ZERO, 4 * torch.finfo(angles.dtype).eps / 4**k)
    if angles.requires_grad and bool(small.any()):
        _check_slopes(op, function, angles.detach(), small)
    return torch.where(small, torch.zeros_like(probabilities), probabilities)


def _check_slopes(
    op: Op, function: Callable[[Tensor], Tensor], angles: Tensor, small: Tensor
) -> None:
    for column in torch.eye(angles.shape[1], dtype=angles.dtype, device=angles.device):
        slope = torch.func.jvp(function, (angles,), (column.expand_as(angles),))[1]
        if bool(((slope.abs() > 1e-6) & small).any()):
            raise UnsupportedOperationError(
                f"Trajectories cannot differentiate the strength of `{op.name}` on qubits "
                f"{op.qubits} where a fault has probability 0: it is never drawn, so nothing "
                "tells what it would change. Use a strength above 0, or noise.PauliTransfer."
            )


def _last(cumulative: Tensor) -> Tensor:
    """The last branch of positive probability, for rows of sums `(rows, branches)`."""
    return (cumulative < cumulative[:, -1:] * (1 - 1e-15)).sum(1)


def chunks(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` records of which each holds `width` numbers."""
    size = max(1, LARGEST_CHUNK // max(width, 1))
    for start in range(0, count, size):
        yield slice(start, start + size)
