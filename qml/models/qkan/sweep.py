"""The same activations and their first derivatives with little memory, by torch.

Nothing is kept from the forward pass. The reverse sweep walks back along the circuit: it turns
both the Bloch vector v and its cotangent u by the inverse rotations, and the derivative by an
angle about the axis a is u . (a x v). Edges are taken in portions that fit into a cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from qml.models.qkan.bloch import (
    Activation,
    Vector,
    block_angles,
    data_rotation,
    read,
    turned,
)

_PORTION = 2**17
"""Numbers of one temporary on the CPU; other devices get more work at once."""

_ELSEWHERE = 32

Gradients = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def _largest(x: Tensor) -> int:
    return _PORTION if x.device.type == "cpu" else _ELSEWHERE * _PORTION


def _portions(n_outputs: int, x: Tensor) -> Iterator[slice]:
    size = max(1, _largest(x) // max(1, x.numel()))
    for first in range(0, n_outputs, size):
        yield slice(first, min(first + size, n_outputs))


def _rows(x: Tensor) -> int:
    """Samples that fit into a portion with one output."""
    return max(1, _largest(x) // max(1, x.shape[1]))


def _walk(
    kind: Activation, x: Tensor, theta: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Vector, list[tuple[Tensor, Tensor]]]:
    """The final Bloch vector, and cosine and sine of every step."""
    record = kind.record
    angles = block_angles(record, theta)
    cosines, sines = angles.cos(), angles.sin()
    one = theta.new_ones(theta.shape[:-1])
    vector: Vector = (one, torch.zeros_like(one), torch.zeros_like(one))
    turns = []
    for step in record.steps(kind.reps):
        if step.data:
            encoded = torch.addcmul(bias[..., step.index], weight[..., step.index], x)
            turn = data_rotation(record, encoded)
        else:
            turn = cosines[..., step.index], sines[..., step.index]
        turns.append(turn)
        vector = turned(vector, step.axis, *turn)
    return vector, turns


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
    if len(x) > _rows(x):
        parts = [
            values(kind, reduce, piece, theta, weight, bias, scale) for piece in x.split(_rows(x))
        ]
        return torch.cat(parts)
    n_outputs, n_inputs = scale.shape
    out = x.new_empty((len(x), n_outputs) if reduce else (len(x), n_outputs, n_inputs))
    for part in _portions(n_outputs, x):
        vector, _ = _walk(kind, x[:, None, :], theta[part], weight[part], bias[part])
        found = read(vector, kind.fast)
        if reduce:
            out[:, part] = (found * scale[part]).sum(-1)
        else:
            torch.mul(found, scale[part], out=out[:, part])
    return out


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
    if len(x) > _rows(x):
        return _in_pieces(kind, reduce, x, theta, weight, bias, scale, gradient)
    tensors = x, theta, weight, bias, scale
    by_x, by_theta, by_weight, by_bias, by_scale = (torch.zeros_like(t) for t in tensors)
    signs = [turn[1] for turn in kind.record.turns]
    for part in _portions(scale.shape[0], x):
        data = x[:, None, :]
        vector, turns = _walk(kind, data, theta[part], weight[part], bias[part])
        incoming = gradient[:, part, None] if reduce else gradient[:, part]
        torch.sum(read(vector, kind.fast) * incoming, 0, out=by_scale[part])
        cotangent = _start(vector, incoming * scale[part], kind.fast)
        steps = kind.record.steps(kind.reps)
        for step, (cosine, sine) in zip(reversed(steps), reversed(turns), strict=True):
            p, q = (step.axis + 1) % 3, (step.axis + 2) % 3
            torque = cotangent[q] * vector[p] - cotangent[p] * vector[q]
            if step.data:
                if kind.record.arccos:
                    torque = -torque / sine
                _sum_batch(by_bias[part, :, step.index], torque)
                _sum_batch(by_weight[part, :, step.index], torque * data)
                by_x += (torque * weight[part][..., step.index]).sum(1)
            else:
                _sum_batch(by_theta[part, :, step.index], torque * signs[step.index % len(signs)])
            vector = turned(vector, step.axis, cosine, -sine)
            cotangent = turned(cotangent, step.axis, cosine, -sine)
    return by_x, by_theta, by_weight, by_bias, by_scale


def _in_pieces(
    kind: Activation, reduce: bool, x: Tensor, *rest: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """`vjp` of a batch that is too large for one portion."""
    *parameters, gradient = rest
    theta, weight, bias, scale = parameters
    by_x, sums = [], [torch.zeros_like(t) for t in parameters]
    for piece, incoming in zip(x.split(_rows(x)), gradient.split(_rows(x)), strict=True):
        found = vjp(kind, reduce, piece, theta, weight, bias, scale, incoming)
        by_x.append(found[0])
        for total, part in zip(sums, found[1:], strict=True):
            total += part
    return torch.cat(by_x), sums[0], sums[1], sums[2], sums[3]


def _sum_batch(into: Tensor, torque: Tensor) -> None:
    into.copy_(torque.sum(0) if torque.dim() == 3 else torque)


def _start(vector: Vector, gradient: Tensor, fast: bool) -> Any:
    """Cotangent of the final Bloch vector."""
    if not fast:
        zero = torch.zeros_like(gradient)
        return zero, zero, gradient
    x, y, z = vector
    sign = torch.where(z >= 0, torch.ones_like(z), -torch.ones_like(z))
    larger = ((1 + sign * z) / 2).sqrt()
    smaller = (x * x + y * y).sqrt() / (2 * larger)
    zero = torch.zeros_like(smaller)
    inverse = torch.where(smaller > 0, 1 / smaller, zero)
    # On the sphere d(|alpha| - |beta|) = (1 / |alpha| + 1 / |beta|) dz / 4.
    by_z = gradient * (1 / larger + inverse) / 4
    return torch.zeros_like(by_z), torch.zeros_like(by_z), by_z
