"""Trajectories of any noise: states that jump with probabilities that depend on themselves.

A block's branch m has probability |K_m psi|^2. That of branch 0 is at least the smallest eigenvalue
of K_0^dagger K_0; where a uniform random number is below it, branch 0 is taken without looking at
the state, so that for weak noise most blocks cost one matrix. Before its first fault a trajectory
is the one without faults, which all trajectories of a point share.

References:
    Dalibard, Castin, Molmer, Phys. Rev. Lett. 68, 580 (1992); Carmichael, An Open Systems Approach
    to Quantum Optics (1993).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from circuits.circuit import Circuit
from circuits.gates.matrices import complex_dtype
from circuits.gradients.methods import Observed, measurement_of
from circuits.simulators import kernels
from circuits.simulators.memory import check_memory
from circuits.simulators.program import pauli_label
from noise.trajectories.blocks import Block, angles_of, blocks_of, kraus_operators, unitary
from noise.trajectories.unravelling import LARGEST_CHUNK, Drawn, Unravelling, uniform

_CACHED = 2**16  # amplitudes of the trajectories that are run together
_FEWEST = 8


@final
class Jumps(Unravelling):
    """Trajectories of a circuit with any channels on up to three qubits.

    Args:
        circuit: The circuit.
        angles: Its angles, `(n_angles, points)`; with a graph where gradients are wanted.
        shared: Whether the weights are the same at all points.
    """

    def __init__(self, circuit: Circuit, angles: Tensor, shared: bool) -> None:
        self.n_qubits, self.angles, self.shared = circuit.n_qubits, angles, shared
        self.points = angles.shape[1]
        check_memory(self.n_qubits, self.points, angles.dtype)
        self.blocks = blocks_of(circuit)
        self.tracked = torch.is_grad_enabled() and angles.requires_grad
        noisy = [b for b in self.blocks if b.noise]
        self.kraus = dict(zip(noisy, kraus_operators(noisy, angles, shared), strict=True))
        self.number = {block: k for k, block in enumerate(noisy)}
        self.gates = {b: unitary(b, angles, shared) for b in self.blocks if _local(b)}
        self.first = {
            b: torch.einsum("ijp,jkp->ikp", k[0], self.gates[b].detach())
            for b, k in self.kraus.items()
        }
        self.surely = torch.stack([_smallest(k[0], self.points) for k in self.kraus.values()])
        self._clean_state, probabilities = self._without_faults()
        self.no_fault = torch.stack([p[0] for p in probabilities]).double()
        self.faulty = torch.stack([p[1:].sum(0) for p in probabilities]).double()
        self.clean = self.no_fault.prod(0).to(angles.dtype)
        if self.tracked:
            everywhere = torch.arange(self.points, device=angles.device)
            never = torch.zeros(len(noisy), self.points, dtype=torch.int64, device=angles.device)
            state, norm = self._replay(everywhere, never)
            self._clean_state, self.clean = state, self.clean * norm

    def without_faults(self, observed: Observed) -> Tensor:
        return measurement_of(observed, self.n_qubits).values(self._clean_state).T

    def clean_states(self) -> Tensor:
        return self._clean_state.detach()

    def draw(self, points: Tensor, observed: Observed, generator: torch.Generator | None) -> Drawn:
        measurement = measurement_of(observed, self.n_qubits)
        values, norms, order = [], [], []
        for state, choices, records in self._trajectories(points, generator):
            order.append(records)
            if not self.tracked:
                values.append(measurement.values(state).T)
                continue
            mine = points[records]

            def replayed(mine: Tensor = mine, choices: Tensor = choices) -> tuple[Tensor, Tensor]:
                state, norm = self._replay(mine, choices)
                return measurement.values(state).T, norm

            value, norm = checkpoint(replayed, use_reentrant=False, preserve_rng_state=False)
            values.append(value)
            norms.append(norm)
        back = torch.argsort(torch.cat(order))
        found = torch.cat(values).index_select(0, back)
        if not self.tracked:
            return Drawn(found, None)
        scores = torch.cat(norms).index_select(0, back).log() - (1 - self.clean[points]).log()
        return Drawn(found, scores)

    def states(
        self, points: Tensor, generator: torch.Generator | None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for state, _, records in self._trajectories(points, generator):
            yield state, records

    # === without a graph ===

    @torch.no_grad()
    def _without_faults(self) -> tuple[Tensor, list[Tensor]]:
        """The state without faults, and for each noisy block its probabilities `(m, points)`."""
        everywhere = torch.arange(self.points, device=self.angles.device)
        state, found = self._start(self.points), []
        for block in self.blocks:
            if block in self.kraus:
                turned = self._apply(state, self.gates[block], block, everywhere)
                found.append(self._probabilities(turned, block, everywhere))
            state = self._clean_step(state, block, everywhere)
        return _normalised(state), found

    @torch.no_grad()
    def _trajectories(
        self, points: Tensor, generator: torch.Generator | None
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Final states `(2**n, k)`, branches `(noisy blocks, k)` and records `(k,)`."""
        if not len(points):
            return
        before = torch.cat([torch.ones_like(self.no_fault[:1]), self.no_fault[:-1].cumprod(0)])
        starts = (before * self.faulty).cumsum(0).T.contiguous()[points]
        random = uniform((len(points), 1), generator).to(starts.device) * starts[:, -1:]
        begin = torch.searchsorted(starts, random, right=True)[:, 0]
        begin = torch.minimum(begin, (starts < starts[:, -1:] * (1 - 1e-15)).sum(1))
        order = torch.argsort(begin, stable=True)
        size = max(1, min(_FEWEST, LARGEST_CHUNK >> self.n_qubits), _CACHED >> self.n_qubits)
        everywhere = torch.arange(self.points, device=points.device)
        state, position = self._start(self.points), 0
        for part in order.split(size):
            first = int(begin[part[0]])
            while self.number.get(self.blocks[position], -1) != first:
                state = self._clean_step(state, self.blocks[position], everywhere)
                position += 1
            mine = points[part]
            random = uniform((len(self.kraus), len(part)), generator)
            final, choices = self._run(position, state[:, mine], mine, begin[part], random)
            yield final, choices, part

    def _run(
        self, position: int, state: Tensor, points: Tensor, begin: Tensor, random: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Trajectories from a block on: final states and branches `(noisy blocks, k)`."""
        random = random.to(state.device)
        order = torch.arange(len(random), device=state.device)[:, None]
        unsure = (order == begin) | ((order > begin) & (random >= self.surely[:, points]))
        record, where = unsure.cpu().nonzero(as_tuple=True)
        parts = where.split(torch.bincount(record, minlength=len(random)).tolist())
        choices = torch.zeros(unsure.shape, dtype=torch.int64, device=state.device)
        for block in self.blocks[position:]:
            k = self.number.get(block, -1)
            if k < 0 or not len(parts[k]):
                state = self._clean_step(state, block, points)
                continue
            some = parts[k].to(state.device)
            forced = begin[some] == k
            jumped, branch = self._jump(
                state[:, some], block, points[some], random[k, some], forced
            )
            state = self._clean_step(state, block, points)
            state[:, some] = jumped
            choices[k, some] = branch
        return _normalised(state), choices

    def _jump(
        self, state: Tensor, block: Block, points: Tensor, random: Tensor, forced: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One block for states `(2**n, k)`; `forced` ones take another branch than the first."""
        state = self._apply(state, self.gates[block], block, points)
        probabilities = self._probabilities(state, block, points).double()
        none = probabilities[0]
        random = torch.where(forced, none + random * (1 - none), random)
        cumulative = probabilities.cumsum(0)
        branch = (cumulative <= random).sum(0)
        branch = torch.minimum(branch, (cumulative < cumulative[-1] * (1 - 1e-15)).sum(0))
        matrix = _chosen(self.kraus[block], branch, points)
        return _normalised(kernels.apply_matrix(state, matrix, block.qubits, (), self.n_qubits)), (
            branch
        )

    def _probabilities(self, state: Tensor, block: Block, points: Tensor) -> Tensor:
        """Of each branch `(m, k)` for states `(2**n, k)` after the block's gates."""
        part = kernels.prepared_part(state, block.qubits, self.n_qubits)
        rho = torch.einsum("arp,brp->abp", part, part.conj())
        kraus = _at(self.kraus[block], points)
        found = torch.einsum("mijp,jkp,mikp->mp", kraus, rho, kraus.conj()).real.clamp(min=0)
        return found / found.sum(0)

    def _clean_step(self, state: Tensor, block: Block, points: Tensor) -> Tensor:
        if block in self.kraus:
            return self._apply(state, self.first[block], block, points)
        return self._gate(state, block, points)

    # === gates ===

    def _start(self, columns: int) -> Tensor:
        dtype = complex_dtype(self.angles.dtype)
        return kernels.zero_state(self.n_qubits, columns, dtype, self.angles.device)

    def _apply(self, state: Tensor, matrix: Tensor, block: Block, points: Tensor) -> Tensor:
        return kernels.apply_matrix(state, _at(matrix, points), block.qubits, (), self.n_qubits)

    def _gate(self, state: Tensor, block: Block, points: Tensor) -> Tensor:
        """The gates of a block without noise."""
        if block in self.gates:
            return self._apply(state, self.gates[block], block, points)
        (op, first), n = block.gates[0], self.n_qubits
        angles = _at(angles_of(op, first, self.angles, self.shared).T, points)
        if op.kind == "state_preparation":
            real = angles / torch.linalg.vector_norm(angles, dim=0)
            written = real if op.data is None else torch.as_tensor(op.data.copy())[:, None]
            return kernels.prepare(written.to(state), op.qubits, n, state)
        label = "" if op.n_controls else pauli_label(op)
        if label:
            pairs = list(zip(op.qubits, label, strict=True))
            x = sum(1 << q for q, letter in pairs if letter in "XY")
            z = sum(1 << q for q, letter in pairs if letter in "YZ")
            return kernels.pauli_rotation(state, angles[0], x, z, n)
        matrix = op.block(angles.T).to(state.dtype)
        matrix = matrix.permute(1, 2, 0) if matrix.dim() == 3 else matrix[..., None]
        controls, targets = op.qubits[: op.n_controls], op.qubits[op.n_controls :]
        return kernels.apply_matrix(state, matrix, targets, controls, n)

    # === with a graph ===

    def _replay(self, points: Tensor, choices: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised states `(2**n, k)` of given branches, and their norms `(k,)`.

        The norms have the value 1 and the derivatives of the logarithms of the probabilities.
        """
        state = self._start(len(points))
        length = math.isqrt(len(self.blocks)) + 1
        for start in range(0, len(self.blocks), length):
            some = self.blocks[start : start + length]
            state = checkpoint(
                self._replay_blocks, state, some, points, choices,
                use_reentrant=False, preserve_rng_state=False,
            )  # fmt: skip
        norm = (state.real**2 + state.imag**2).sum(0)
        return state / norm.sqrt(), norm

    def _replay_blocks(
        self, state: Tensor, blocks: list[Block], points: Tensor, choices: Tensor
    ) -> Tensor:
        for block in blocks:
            state = self._gate(state, block, points)
            if block in self.kraus:
                matrix = _chosen(self.kraus[block], choices[self.number[block]], points)
                state = kernels.apply_matrix(state, matrix, block.qubits, (), self.n_qubits)
                state = state / torch.linalg.vector_norm(state.detach(), dim=0)
        return state


def _local(block: Block) -> bool:
    """Whether the gates of a block are kept as one matrix."""
    if block.noise:
        return True
    return len(block.qubits) <= 2 and block.gates[0][0].kind != "state_preparation"


def _at(tensor: Tensor, points: Tensor) -> Tensor:
    """The last axis at the given points, unless all points share it."""
    return tensor if tensor.shape[-1] == 1 else tensor.index_select(-1, points)


def _chosen(kraus: Tensor, branch: Tensor, points: Tensor) -> Tensor:
    """The operators `(d, d, k)` of the branches `(k,)`."""
    where = torch.zeros_like(points) if kraus.shape[-1] == 1 else points
    return kraus[branch, :, :, where].permute(1, 2, 0)


def _smallest(kraus: Tensor, points: int) -> Tensor:
    """Smallest eigenvalue of K^dagger K for `(d, d, 1 or points)`, less rounding: `(points,)`."""
    matrix = kraus.permute(2, 0, 1).to(torch.complex128)
    slack = 1e-6 if kraus.dtype == torch.complex64 else 1e-12
    values = torch.linalg.eigvalsh(matrix.mH @ matrix)[:, 0] - slack
    return values.expand(points)


def _normalised(state: Tensor) -> Tensor:
    return state / torch.linalg.vector_norm(state, dim=0)
