"""State dicts of the authors' package `qkan`, which hold fixed parameters as well."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_FIXED = {
    "preacts_weight": 1.0,
    "preacts_bias": 0.0,
    "base_weight": 0.0,
    "postact_weights": 1.0,
    "postact_bias": 0.0,
}
"""What a parameter amounts to where the layer does not train it."""


def adapt_state(layer: nn.Module, state: dict[str, Any], prefix: str) -> None:
    """Bring the entries of a layer into the form that it loads.

    Fixed parameters that have the value which the layer implies are dropped; others stay, so that
    loading reports them. A mask of ones is no mask, and a layer with angles but no mask has none.
    Flattened parameters get their shape back.
    """
    for name, value in _FIXED.items():
        key = prefix + name
        if getattr(layer, name) is None and key in state and bool((state[key] == value).all()):
            del state[key]
    for name, parameter in layer.named_parameters():
        given = state.get(prefix + name)
        if given is not None and given.shape != parameter.shape:
            if given.numel() == parameter.numel():
                state[prefix + name] = given.reshape(parameter.shape)
    _adapt_mask(layer, state, prefix + "mask")


def _adapt_mask(layer: Any, state: dict[str, Any], key: str) -> None:
    if key not in state:
        if key.removesuffix("mask") + "theta" in state:
            layer.mask = None
        return
    shape = (layer.out_features, layer.in_features)
    if bool((state[key] == 1).all()):
        del state[key]
        layer.mask = None
    elif state[key].numel() == shape[0] * shape[1]:
        state[key] = state[key].reshape(shape)
        layer.mask = torch.ones(shape, dtype=layer.theta.dtype, device=layer.theta.device)
