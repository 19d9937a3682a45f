"""The circuit as a short list of small matrices, and these matrices from angles."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qml.models.qdsformer.ansatz import Ansatz, Block, Row, ansatz_named
from qml.models.qdsformer.layout import Layout, generator, layout_of

Rotation = tuple[str, tuple[int, ...]]
"""Pauli letters, and the qubits they act on."""


@dataclass(frozen=True)
class Stage:
    """Commuting rotations.

    Attributes:
        low: First qubit of the stretch that they are computed on.
        high: Last qubit.
        rotations: Their Paulis.
        factor: Multiplies their angles.
    """

    low: int
    high: int
    rotations: tuple[Rotation, ...]
    factor: float

    @property
    def size(self) -> int:
        """Extent of the matrix."""
        return int(2 ** (self.high - self.low + 1))


@dataclass(frozen=True)
class Patch:
    """Rotations of a stretch of qubits, which become one matrix.

    Attributes:
        low: First qubit.
        high: Last qubit.
        stages: Rotations in the order of application; the first are on the whole stretch.
    """

    low: int
    high: int
    stages: tuple[Stage, ...]

    @property
    def size(self) -> int:
        """Extent of the matrix."""
        return int(2 ** (self.high - self.low + 1))


@dataclass(frozen=True)
class Step:
    """One matrix of a stack, and the qubit where it begins."""

    stack: int
    index: int
    low: int


Slots = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Program:
    """A circuit as matrices on stretches of qubits.

    Attributes:
        ansatz: Name of the ansatz.
        layers: Number of layers.
        layout: Where the data qubits are.
        n_angles: Number of angles.
        patches: One for each stack of matrices.
        slots: For each stack and stage: the angles `(steps, rotations)`.
        steps: The matrices in the order of application.
    """

    ansatz: str
    layers: int
    layout: Layout
    n_angles: int
    patches: tuple[Patch, ...]
    slots: tuple[tuple[Slots, ...], ...]
    steps: tuple[Step, ...]

    @property
    def dim(self) -> int:
        """Extent of the circuit's matrix."""
        return int(2**self.layout.n_qubits)

    @property
    def tokens(self) -> int:
        """Extent of the doubly stochastic matrix."""
        return int(2 ** len(self.layout.data))


@dataclass
class _Group:
    """A patch that is being put together: its stages, and their angles."""

    low: int
    high: int
    stages: list[Stage]
    slots: list[tuple[int, ...]]


@functools.lru_cache(maxsize=64)
def program_of(ansatz: str, n_data: int, n_auxiliary: int, layers: int) -> Program:
    """The program of an ansatz.

    Args:
        ansatz: Name of the ansatz.
        n_data: Number of data qubits.
        n_auxiliary: Number of auxiliary qubits.
        layers: Number of layers.
    """
    record = ansatz_named(ansatz)
    layout = layout_of(n_data, n_auxiliary, record.can_be_real)
    groups: list[_Group] = []
    for row in record.rows(layout.n_qubits, layers):
        for low, high, blocks in _stretches(layout, row):
            _join(groups, _Group(low, high, *_stages(record, layout, (low, high), blocks)))
    stacks: defaultdict[Patch, list[_Group]] = defaultdict(list)
    places = []
    for group in groups:
        patch = Patch(group.low, group.high, tuple(group.stages))
        stacks[patch].append(group)
        places.append((patch, len(stacks[patch]) - 1))
    order = {patch: k for k, patch in enumerate(stacks)}
    return Program(
        ansatz,
        layers,
        layout,
        record.n_angles(layout.n_qubits, layers),
        tuple(stacks),
        tuple(
            tuple(tuple(g.slots[k] for g in found) for k in range(len(patch.stages)))
            for patch, found in stacks.items()
        ),
        tuple(Step(order[patch], index, patch.low) for patch, index in places),
    )


def _stretches(layout: Layout, row: Row) -> list[tuple[int, int, list[Block]]]:
    """The row's blocks, those together whose qubits and partners overlap."""
    merged: list[tuple[int, int, list[Block]]] = []
    spans = sorted(
        ((*layout.closure((b.first, b.first + 1)), b) for b in row), key=lambda s: s[2].first
    )
    for low, high, block in spans:
        if merged and low <= merged[-1][1]:
            before = merged.pop()
            merged.append((min(before[0], low), max(before[1], high), [*before[2], block]))
        else:
            merged.append((low, high, [block]))
    return merged


def _stages(
    record: Ansatz, layout: Layout, span: tuple[int, int], blocks: list[Block]
) -> tuple[list[Stage], list[tuple[int, ...]]]:
    """Rotations of single qubits, then of pairs; a stage without any is left out."""
    turns: list[tuple[Rotation, int]] = []
    couplings: list[tuple[Rotation, int]] = []
    for block in blocks:
        q = block.first
        turns += [
            ((layout.axis(record.axes, q + k), (q + k,)), slot)
            for k, slot in enumerate(block.turns)
            if slot is not None
        ]
        couplings += [
            ((letters, (q, q + 1)), slot)
            for letters, slot in zip(record.couplings, block.couplings, strict=True)
            if slot is not None
        ]
    given = [(turns, 1.0), (couplings, blocks[0].factor)]
    kept = [(chosen, factor) for chosen, factor in given if chosen]
    stages = [Stage(*span, tuple(r for r, _ in chosen), factor) for chosen, factor in kept]
    return stages, [tuple(slot for _, slot in chosen) for chosen, _ in kept]


def _join(groups: list[_Group], new: _Group) -> None:
    """Append a group, or put it into an earlier one that contains its qubits.

    That needs that no group between touches them. It makes fewer matrices, none of them larger.
    """
    for group in reversed(groups):
        if group.low <= new.low and new.high <= group.high:
            group.stages += new.stages
            group.slots += new.slots
            return
        if group.low <= new.high and new.low <= group.high:
            break
    groups.append(new)


def matrices(program: Program, angles: Tensor) -> tuple[Tensor, ...]:
    """The matrices of all steps.

    A product of k commuting rotations is a sum of 2^k fixed matrices, with products of cosines and
    sines of the halved angles as coefficients.

    Args:
        program: The circuit.
        angles: `(batch, n_angles)`.

    Returns:
        For each stack `(batch, steps, size, size)`, real or complex as the layout says.
    """
    found = []
    for patch, slots in zip(program.patches, program.slots, strict=True):
        total = None
        pairs = zip(patch.stages, slots, strict=True)
        for _, part in itertools.groupby(pairs, key=lambda pair: (pair[0].low, pair[0].high)):
            stages = list(part)
            inner = _rotations(program.layout, *stages[0], angles)
            for stage, chosen in stages[1:]:
                inner = _rotations(program.layout, stage, chosen, angles) @ inner
            if total is None:
                total = inner
            else:
                low = 2 ** (stages[0][0].low - patch.low)
                split = total.unflatten(-2, (-1, stages[0][0].size, low)).flatten(-2)
                total = (inner[:, :, None] @ split).reshape(total.shape)
        assert total is not None
        found.append(total)
    return tuple(found)


def _rotations(layout: Layout, stage: Stage, chosen: Slots, angles: Tensor) -> Tensor:
    """Matrices `(batch, steps, size, size)` of a stage."""
    single = angles.dtype == torch.float32
    basis = torch.from_numpy(_products(layout, stage, single)).to(angles.device)
    half = angles[:, torch.tensor(chosen, device=angles.device)] * (stage.factor / 2)
    cosines, sines = half.cos(), half.sin()
    factors = torch.ones_like(cosines[..., :1])
    for k in range(len(stage.rotations)):
        factors = torch.cat([factors * cosines[..., k, None], factors * sines[..., k, None]], -1)
    return (factors.to(basis.dtype) @ basis).unflatten(-1, (stage.size, stage.size))


@functools.lru_cache(maxsize=256)
def _products(layout: Layout, stage: Stage, single: bool) -> np.ndarray:
    """All products of the stage's generators `(2^k, size^2)`, the first generator's bit lowest.

    Arrays are kept and not tensors: these belong to the mode that they were made in, such as
    `torch.inference_mode` or a transform of `torch.func`.
    """
    products = [np.eye(stage.size)]
    for letters, qubits in stage.rotations:
        other = generator(layout, stage.low, stage.high, letters, qubits)
        products += [other @ p for p in products]
    table = np.stack(products).reshape(len(products), -1)
    if layout.is_real:
        return table.astype(np.float32 if single else np.float64)
    return table.astype(np.complex64 if single else np.complex128)


def token_indices(layout: Layout, device: torch.device) -> Tensor:
    """The token `(dim,)` that every basis state belongs to."""
    return torch.from_numpy(_tokens(layout)).to(device)


@functools.lru_cache(maxsize=64)
def _tokens(layout: Layout) -> np.ndarray:
    states = np.arange(2**layout.n_qubits)
    tokens = np.zeros_like(states)
    for bit, qubit in enumerate(layout.data):
        tokens += ((states >> qubit) & 1) << bit
    return tokens
