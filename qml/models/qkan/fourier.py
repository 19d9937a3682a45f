"""Layers whose data are encoded with fixed factors: trigonometric polynomials, so one product.

With x_l = x + b_l in every repetition an activation is a trigonometric polynomial of degree r,

    phi(x) = c_0 + sum_m (a_m cos(m x) + b_m sin(m x)),   m = 1 .. r

(for px: in arccos(x)). Its 2 r + 1 coefficients follow from as many values of the activation, and
a whole layer is one matrix product with the features cos(m x_i), sin(m x_i).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from qml.models.qkan.ansatz import Ansatz
from qml.models.qkan.bloch import Vector, block_angles, turned
from qml.models.qkan.domain import arccos


def coefficients(record: Ansatz, reps: int, theta: Tensor, bias: Tensor | None) -> Tensor:
    """Fourier coefficients of the activations.

    Args:
        record: The circuit.
        reps: Number of repetitions r.
        theta: Angles `(..., n_angles)`.
        bias: Offsets of the data `(..., reps)`; `None` is zero.

    Returns:
        `(..., 2 r + 1)`: c_0, a_1 .. a_r, b_1 .. b_r.
    """
    size = 2 * reps + 1
    points = theta.new_tensor([2 * math.pi * k / size for k in range(size)])
    angles = block_angles(record, theta)
    cosines, sines = angles.cos().unsqueeze(-1), angles.sin().unsqueeze(-1)
    fixed = None if bias is not None else (points.cos(), points.sin())
    one = theta.new_ones(())
    vector: Vector = (one, one - one, one - one)
    for step in record.steps(reps):
        if not step.data:
            turn = cosines[..., step.index, :], sines[..., step.index, :]
        elif fixed is not None:
            turn = fixed
        else:
            assert bias is not None
            encoded = points + bias[..., step.index, None]
            turn = encoded.cos(), encoded.sin()
        vector = turned(vector, step.axis, *turn)
    values = vector[2].expand(*theta.shape[:-1], size)
    orders = torch.arange(1, reps + 1, dtype=theta.dtype, device=theta.device)
    waves = points[:, None] * orders
    mean = theta.new_full((size, 1), 1 / size)
    return values @ torch.cat([mean, waves.cos() * (2 / size), waves.sin() * (2 / size)], 1)


def features(record: Ansatz, reps: int, x: Tensor) -> Tensor:
    """cos(x) .. cos(r x), sin(x) .. sin(r x) of data `(...)`: `(..., 2 r)`."""
    angle = arccos(x) if record.arccos else x
    orders = torch.arange(1, reps + 1, dtype=x.dtype, device=x.device)
    waves = angle.unsqueeze(-1) * orders
    return torch.cat([waves.cos(), waves.sin()], -1)


def has_polynomials(record: Ansatz, trainable: bool, fast: bool) -> bool:
    """Whether the activations are trigonometric polynomials of integer frequencies."""
    return not trainable and not fast
