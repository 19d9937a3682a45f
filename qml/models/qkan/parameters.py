"""Start values of a layer's parameters, and the form in which circuits take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from qml.models.qkan.layer import QKANLayer

INITS = ("xavier", "gaussian")

_START = {"preacts_weight": 1.0, "base_weight": 0.5, "postact_weights": 1.0}
"""Where parameters start that are not drawn; all others at 0."""


def start(layer: QKANLayer, source: torch.Generator | None) -> None:
    """Draw the angles of a layer, where the generator is, and set all else to its start value."""
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.fill_(_START.get(name, 0.0))
        theta = layer.theta
        device = theta.device if source is None else source.device
        drawn = torch.empty(theta.shape, dtype=theta.dtype, device=device)
        deviation = layer.reps**-0.5 if layer.init == "gaussian" else _xavier(theta.shape)
        theta.copy_(drawn.normal_(0, deviation, generator=source))


def _xavier(shape: torch.Size) -> float:
    """Deviation of `torch.nn.init.xavier_normal_`."""
    outputs, inputs, *rest = shape
    return float((2 / ((outputs + inputs) * torch.Size(rest).numel())) ** 0.5)


def of_circuits(layer: QKANLayer, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """See `QKANLayer.circuit_parameters`."""
    theta = layer.theta.flatten(-2).to(dtype)
    plain = theta.new_ones(()).expand(*theta.shape[:-1], layer.reps)
    weight = plain if layer.preacts_weight is None else layer.preacts_weight.to(dtype)
    bias = torch.zeros_like(plain) if layer.preacts_bias is None else layer.preacts_bias.to(dtype)
    if layer.group is None:
        return theta, weight, bias
    chosen = torch.arange(layer.in_features, device=theta.device) % layer.group
    return theta[chosen][None], weight[chosen][None], bias[chosen][None]


def computed_dtype(x: Tensor, parameter: Tensor) -> torch.dtype:
    """The common dtype of data and parameters; float32 for half types."""
    dtype = torch.promote_types(x.dtype, parameter.dtype)
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype
