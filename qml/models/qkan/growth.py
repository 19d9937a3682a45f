"""Layer extension: more repetitions, the same function.

A layer is trained with few repetitions, grown, and trained on. What the new repetitions do at
first depends on the circuit; in every case <Z> and |alpha|, |beta| stay what they were:

* pz, rpz: angles zero. After the old last block only rotations about z follow.
* mix with trainable factors: w = b = 0 and angles zero, so the new repetitions are the identity.
* real with trainable factors: w = b = 0 and angle pi, the identity, too.
* px, and mix with fixed factors: pairs of equal rotations R with RZ(pi) between them,
  R RZ(pi) R = RZ(pi). An odd number of repetitions of px begins with three rotations RX(2 pi / 3),
  by w = 0 and b = -1/2.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError, UnsupportedOperationError

if TYPE_CHECKING:
    from qml.models.qkan.layer import QKANLayer


def check_growth(layer: QKANLayer, reps: int) -> int:
    """The number of new repetitions, if the layer can grow by it without changing."""
    new = integer(reps, "reps") - layer.reps
    if new < 1:
        raise InvalidArgumentError(
            f"Argument `reps` must be more than the layer's {layer.reps} repetitions, got {reps}."
        )
    name, trained = layer.ansatz, layer.preact_trainable
    if name == "real" and not trained:
        raise UnsupportedOperationError(
            "The ansatz 'real' with fixed factors has the frequency r, which grows with every "
            "repetition. Use preact_trainable=True, or another ansatz."
        )
    pairs_only = name in ("px", "mix") and not trained
    if (pairs_only and new % 2) or (name == "px" and new == 1):
        raise InvalidArgumentError(
            f"Argument `reps` must be {'an even number' if pairs_only else 'at least two'} more "
            f"than {layer.reps} for the ansatz {name!r}"
            f"{' with fixed factors' if pairs_only else ''}, got {reps}: no other growth leaves "
            "the function unchanged."
        )
    return new


def grow(old: QKANLayer, grown: QKANLayer) -> None:
    """Copy the parameters of a layer into one with more repetitions; both then agree."""
    new = check_growth(old, grown.reps)
    first = old.reps
    with torch.no_grad():
        for name, parameter in grown.named_parameters():
            given = getattr(old, name)
            parameter.requires_grad_(given.requires_grad)
            if parameter.shape == given.shape:
                parameter.copy_(given)
            elif name == "theta":
                parameter.zero_()
                parameter[..., : given.shape[-2], :] = given
            else:
                parameter.fill_(1.0 if name == "preacts_weight" else 0.0)
                parameter[..., :first] = given
        _prepare(grown, first, new)
    grown.mask = None if old.mask is None else old.mask.clone()
    if old.runner is not None:
        grown.runner = dataclasses.replace(old.runner, kind=grown.kind)


def _prepare(layer: QKANLayer, first: int, new: int) -> None:
    theta, weight, bias = layer.theta, layer.preacts_weight, layer.preacts_bias
    if layer.ansatz in ("mix", "real") and weight is not None:
        weight[..., first:] = 0
    if layer.ansatz == "real":
        theta[..., first:, :] = math.pi
    elif layer.ansatz == "px":
        start = first
        if new % 2:
            start += 3
            _fill(weight, first, start, 0.0)
            _fill(bias, first, start, -0.5)
        for parameter in (weight, bias):  # the last repetition is inside of the domain of arccos
            if parameter is not None:
                parameter[..., start:] = parameter[..., first - 1 : first]
        theta[..., start + 1 :: 2, 0] = math.pi
    elif layer.ansatz == "mix" and weight is None:
        theta[..., first + 1 :: 2, 0] = math.pi


def _fill(parameter: Tensor | None, first: int, last: int, value: float) -> None:
    if parameter is not None:
        parameter[..., first:last] = value
