"""The activations of all edges on the compiled kernels."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits import _native
from qml.models.qkan.bloch import Activation, block_angles
from qml.models.qkan.sweep import Gradients

_WIDTH = 32
"""Rows are padded to a multiple of this many samples: the widest pair of vectors."""


def supports(kind: Activation, x: Tensor) -> bool:
    """Whether the kernels were built, and take these data."""
    module: Any = _native.kernels()
    return (
        module is not None
        and hasattr(module, "most_qkan_reps")
        and kind.reps <= module.most_qkan_reps
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.float64)
    )


@functools.lru_cache(maxsize=256)
def _program(kind: Activation) -> tuple[np.ndarray, tuple[tuple[int, int], ...]]:
    """The kernels' steps, and pairs (repetition, angle) that are one rotation.

    An angle right behind the data of a repetition about the same axis adds to their offset.
    """
    rows: list[tuple[int, int, int]] = []
    merged: list[tuple[int, int]] = []
    for step in kind.record.steps(kind.reps):
        behind = bool(rows) and rows[-1][1] == 1 and rows[-1][0] == step.axis
        if not step.data and behind and not kind.record.arccos:
            merged.append((rows[-1][2], step.index))
        else:
            rows.append((step.axis, int(step.data), step.index))
    return np.array(rows, dtype=np.int32), tuple(merged)


class _Buffers:
    """Arguments in the form that the kernels take, and their common arguments."""

    def __init__(
        self,
        kind: Activation,
        reduce: bool,
        x: Tensor,
        theta: Tensor,
        weight: Tensor,
        bias: Tensor,
        scale: Tensor,
    ) -> None:
        self.kind, self.reduce = kind, reduce
        self.batch, self.n_inputs = x.shape
        self.n_outputs = scale.shape[0]
        self.rows, self.merged = _program(kind)
        self.data = _padded(x.T)
        angles = block_angles(kind.record, theta)
        if self.merged:
            bias = bias.clone(memory_format=torch.contiguous_format)
            for repetition, angle in self.merged:
                bias[..., repetition] += angles[..., angle]
        self.given = [
            t.contiguous() for t in (self.data, angles.cos(), angles.sin(), weight, bias, scale)
        ]

    def row_shape(self) -> tuple[int, ...]:
        """Shape of values and gradients."""
        edge = () if self.reduce else (self.n_inputs,)
        return (self.n_outputs, *edge, self.data.shape[1])

    def run(self, *buffers: Tensor | None) -> None:
        """Call the kernels: `gradient`, `values` and the gradients by the arguments."""
        module: Any = _native.kernels()
        double = self.data.dtype == torch.float64
        (module.run_qkan_double if double else module.run_qkan_float)(
            self.rows,
            self.n_outputs,
            self.n_inputs,
            self.given[1].shape[-1],
            self.kind.reps,
            self.data.shape[1],
            self.kind.record.arccos,
            self.kind.fast,
            self.reduce,
            *(t.data_ptr() for t in self.given),
            *(0 if t is None else t.data_ptr() for t in buffers),
            torch.get_num_threads(),
        )


def _padded(rows: Tensor, *, zeros: bool = False) -> Tensor:
    """Rows with a multiple of `_WIDTH` numbers: the last one repeated, or zeros."""
    more = -rows.shape[-1] % _WIDTH
    if more and not zeros:
        return torch.cat([rows, rows[..., -1:].expand(*rows.shape[:-1], more)], -1)
    return torch.nn.functional.pad(rows, (0, more)).contiguous()


def values(
    kind: Activation,
    reduce: bool,
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
) -> Tensor:
    """As `edge_values`, without a graph."""
    if not len(x):
        return x.new_empty(0, *(scale.shape[:1] if reduce else scale.shape))
    buffers = _Buffers(kind, reduce, x, theta, weight, bias, scale)
    out = x.new_zeros(buffers.row_shape())
    buffers.run(None, out, None, None, None, None, None)
    return out[..., : len(x)].movedim(-1, 0).contiguous()


def vjp(
    kind: Activation,
    reduce: bool,
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
    gradient: Tensor,
) -> Gradients:
    """Gradients of sum(gradient * edge_values) by data, angles, factors, offsets and scales."""
    if not len(x):
        by = [torch.zeros_like(t) for t in (x, theta, weight, bias, scale)]
        return by[0], by[1], by[2], by[3], by[4]
    buffers = _Buffers(kind, reduce, x, theta, weight, bias, scale)
    rows = _padded(gradient.movedim(0, -1), zeros=True)
    by_data = torch.zeros_like(buffers.data)
    by_theta, by_weight, by_bias, by_scale = (
        t.new_empty(t.shape) for t in (theta, weight, bias, scale)
    )
    buffers.run(rows, None, by_data, by_theta, by_weight, by_bias, by_scale)
    for repetition, angle in buffers.merged:
        by_theta[..., angle] = by_bias[..., repetition]
    signs = [turn[1] for turn in kind.record.turns]
    if any(sign != 1 for sign in signs):
        by_theta = (by_theta.unflatten(-1, (-1, len(signs))) * theta.new_tensor(signs)).flatten(-2)
    return by_data[:, : len(x)].T.contiguous(), by_theta, by_weight, by_bias, by_scale
