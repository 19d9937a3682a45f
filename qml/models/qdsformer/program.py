"""The circuit as a short list of small matrices, and these matrices from angles."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qml.models.qdsformer.ansatz import Ansatz, Block, Row, ansatz_named
from qml.models.qdsformer.layout import Layout, generator, layout_of

Stage = tuple[tuple[str, tuple[int, ...]], ...]
"""Commuting rotations: Pauli letters, and the qubits they act on."""


@dataclass(frozen=True)
class Patch:
    """Rotations of a stretch of qubits in a row: single qubits first, then pairs.

    Attributes:
        low: First qubit.
        high: Last qubit.
        turns: Rotations of one qubit.
        couplings: Rotations of two qubits.
    """

    low: int
    high: int
    turns: Stage
    couplings: Stage

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


@dataclass(frozen=True)
class Program:
    """A circuit as matrices on stretches of qubits.

    Attributes:
        layout: Where the data qubits are.
        n_angles: Number of angles.
        patches: One for each stack of matrices.
        slots: For each stack: angles of the turns and of the couplings `(steps, rotations)`.
        factors: For each stack: what the angles of couplings are multiplied by.
        steps: The matrices in the order of application.
    """

    layout: Layout
    n_angles: int
    patches: tuple[Patch, ...]
    slots: tuple[tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]], ...]
    factors: tuple[float, ...]
    steps: tuple[Step, ...]

    @property
    def dim(self) -> int:
        """Extent of the circuit's matrix."""
        return int(2**self.layout.n_qubits)

    @property
    def tokens(self) -> int:
        """Extent of the doubly stochastic matrix."""
        return int(2 ** len(self.layout.data))


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
    found: dict[tuple[Patch, float], int] = {}
    slots: defaultdict[int, list[tuple[tuple[int, ...], tuple[int, ...]]]] = defaultdict(list)
    steps = []
    for row in record.rows(layout.n_qubits, layers):
        for low, high, blocks in _stretches(layout, row):
            patch, turned, coupled = _patch(record, layout, low, high, blocks)
            stack = found.setdefault((patch, blocks[0].factor), len(found))
            steps.append(Step(stack, len(slots[stack]), low))
            slots[stack].append((turned, coupled))
    return Program(
        layout,
        record.n_angles(layout.n_qubits, layers),
        tuple(patch for patch, _ in found),
        tuple(
            (tuple(s[0] for s in slots[k]), tuple(s[1] for s in slots[k]))
            for k in range(len(found))
        ),
        tuple(factor for _, factor in found),
        tuple(steps),
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


def _patch(
    record: Ansatz, layout: Layout, low: int, high: int, blocks: list[Block]
) -> tuple[Patch, tuple[int, ...], tuple[int, ...]]:
    turns, couplings = [], []
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
    patch = Patch(low, high, tuple(t for t, _ in turns), tuple(c for c, _ in couplings))
    return patch, tuple(s for _, s in turns), tuple(s for _, s in couplings)


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
    for patch, (turned, coupled), factor in zip(
        program.patches, program.slots, program.factors, strict=True
    ):
        total = None
        for stage, slots, scale in ((patch.turns, turned, 1.0), (patch.couplings, coupled, factor)):
            if not stage:
                continue
            basis = _products(program.layout, patch, stage, angles.dtype, angles.device)
            chosen = angles[:, torch.tensor(slots, device=angles.device)] * (scale / 2)
            cosines, sines = chosen.cos(), chosen.sin()
            factors = torch.ones_like(cosines[..., :1])
            for k in range(len(stage)):
                factors = torch.cat(
                    [factors * cosines[..., k, None], factors * sines[..., k, None]], -1
                )
            matrix = (factors.to(basis.dtype) @ basis).unflatten(-1, (patch.size, patch.size))
            total = matrix if total is None else matrix @ total
        assert total is not None
        found.append(total)
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _products(
    layout: Layout, patch: Patch, stage: Stage, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """All products of the stage's generators `(2^k, size^2)`, the first generator's bit lowest."""
    products = [np.eye(patch.size)]
    for letters, qubits in stage:
        other = generator(layout, patch.low, patch.high, letters, qubits)
        products += [other @ p for p in products]
    table = torch.from_numpy(np.stack(products).reshape(len(products), -1))
    return table.to(dtype if layout.is_real else dtype.to_complex()).to(device)


@functools.lru_cache(maxsize=64)
def token_indices(layout: Layout, device: torch.device) -> Tensor:
    """The token `(dim,)` that every basis state belongs to."""
    states = torch.arange(2**layout.n_qubits, device=device)
    tokens = torch.zeros_like(states)
    for bit, qubit in enumerate(layout.data):
        tokens += ((states >> qubit) & 1) << bit
    return tokens
