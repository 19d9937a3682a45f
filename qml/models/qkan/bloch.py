"""Activations of all edges as differentiable torch operations on Bloch vectors.

A qubit's pure state is a real vector (x, y, z) of length one, <Z> is its last entry, and a
rotation gate turns it about an axis. Shapes broadcast, so that what depends on the edge alone is
computed once for the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from qml.models.qkan.ansatz import ANSAETZE, Ansatz

Vector = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Activation:
    """What kind of function stands on the edges.

    Attributes:
        ansatz: Name of the circuit.
        reps: Number of repetitions r.
        fast: Whether |alpha| - |beta| is read instead of <Z> = |alpha|^2 - |beta|^2.
    """

    ansatz: str
    reps: int
    fast: bool = False

    @property
    def record(self) -> Ansatz:
        """The circuit."""
        return ANSAETZE[self.ansatz]


def turned(vector: Sequence[Tensor], axis: int, cosine: Tensor, sine: Tensor) -> Vector:
    """A vector turned about a coordinate axis: right-handed, as R(t) turns Bloch vectors."""
    p, q = (axis + 1) % 3, (axis + 2) % 3
    found = list(vector)
    found[p] = cosine * vector[p] - sine * vector[q]
    found[q] = sine * vector[p] + cosine * vector[q]
    return found[0], found[1], found[2]


def block_angles(record: Ansatz, theta: Tensor) -> Tensor:
    """Angles `(..., n_angles)` on the Bloch sphere of the trainable angles `(..., n_angles)`."""
    sign = theta.new_tensor([turn[1] for turn in record.turns])
    offset = theta.new_tensor([turn[2] for turn in record.turns])
    size = len(record.turns)
    return (theta.unflatten(-1, (-1, size)) * sign + offset).flatten(-2)


def data_rotation(record: Ansatz, encoded: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the rotation by encoded data w x + b."""
    if record.arccos:
        return encoded, (1 - encoded * encoded).sqrt()
    return encoded.cos(), encoded.sin()


def read(vector: Vector, fast: bool) -> Tensor:
    """<Z>, or |alpha| - |beta|, of a Bloch vector.

    The smaller of |alpha| and |beta| is taken from x and y, without cancellation at the poles.
    """
    if not fast:
        return vector[2]
    x, y, z = vector
    sign = torch.where(z >= 0, torch.ones_like(z), -torch.ones_like(z))
    larger = (1 + sign * z) / 2
    square = (x * x + y * y) / (4 * larger)
    safe = torch.where(square > 0, square, torch.ones_like(square))
    smaller = torch.where(square > 0, safe.sqrt(), torch.zeros_like(square))
    return sign * (larger.sqrt() - smaller)


def activations(kind: Activation, x: Tensor, theta: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Values of the activations.

    Args:
        kind: Circuit, repetitions, measurement.
        x: Data `(...)`.
        theta: Trainable angles `(..., n_angles)`.
        weight: Factors w of the data `(..., reps)`.
        bias: Offsets b of the data `(..., reps)`.

    Returns:
        Values of the broadcast shape of all `(...)`.
    """
    record = kind.record
    angles = block_angles(record, theta)
    cosines, sines = angles.cos(), angles.sin()
    one = theta.new_ones(())
    vector: Vector = (one, one - one, one - one)
    for step in record.steps(kind.reps):
        if step.data:
            encoded = weight[..., step.index] * x + bias[..., step.index]
            cosine, sine = data_rotation(record, encoded)
        else:
            cosine, sine = cosines[..., step.index], sines[..., step.index]
        vector = turned(vector, step.axis, cosine, sine)
    values = read(vector, kind.fast)
    return values.expand(torch.broadcast_shapes(x.shape, theta.shape[:-1], weight.shape[:-1]))


def edge_values(
    kind: Activation,
    reduce: bool,
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
) -> Tensor:
    """Scaled activations of all edges, summed over the inputs or not.

    Args:
        kind: Circuit, repetitions, measurement.
        reduce: Whether to sum over the inputs.
        x: Data `(batch, in)`.
        theta: Angles `(out, in, n_angles)`.
        weight: Factors `(out, in, reps)`.
        bias: Offsets `(out, in, reps)`.
        scale: Factor of each edge `(out, in)`.

    Returns:
        `(batch, out)` if `reduce`, else `(batch, out, in)`.
    """
    values = activations(kind, x[:, None, :], theta, weight, bias) * scale
    return values.sum(-1) if reduce else values
