"""Which edges matter, and networks without the others."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from circuits.arguments import number
from circuits.errors import InvalidArgumentError
from qml.models.base import check_features

if TYPE_CHECKING:
    from qml.models.qkan.network import QKAN


def edge_scores(network: QKAN, x: Tensor) -> list[Tensor]:
    """How much every edge matters for the outputs.

    With E_oi the standard deviation over the data of what edge (o, i) contributes, N_o that of
    node o, and A = 1 for outputs, an edge has the score A_o E_oi / N_o, and a node the sum A_i of
    the scores of its outgoing edges.

    Args:
        network: The network.
        x: Inputs `(..., widths[0])` of at least two samples.

    Returns:
        One tensor `(out, in)` for every layer, the first layer first.

    Raises:
        KetworkError: For fewer than two samples, or another number of features.

    References:
        Liu et al., KAN 2.0, arXiv:2408.10205, section 4.1.
    """
    check_features(x, network.in_features)
    data = x.reshape(-1, network.in_features)
    if len(data) < 2:
        raise InvalidArgumentError(
            f"Argument `x` must hold at least two samples to judge edges by, got {len(data)}."
        )
    spreads, deviations = [], []
    with torch.no_grad():
        values = data
        for layer in network.qkan_layers:
            parts = layer.contributions(values)
            values = layer(values)
            spreads.append(parts.std(0))
            deviations.append(values.std(0))
    score = torch.ones_like(deviations[-1])
    found: list[Tensor] = []
    for spread, deviation in zip(reversed(spreads), reversed(deviations), strict=True):
        ratio = torch.where(deviation > 0, score / deviation, torch.zeros_like(score))
        found.insert(0, spread * ratio[:, None])
        score = found[0].sum(0)
    return found


def pruned(network: QKAN, x: Tensor, threshold: float) -> QKAN:
    """A copy of a network whose edges with a score of at most `threshold` are masked."""
    limit = number(threshold, "threshold")
    other = copy.deepcopy(network)
    for layer, scores in zip(other.qkan_layers, edge_scores(network, x), strict=True):
        kept = (scores > limit).to(layer.theta.dtype)
        layer.mask = kept if layer.mask is None else kept * layer.mask
    if other.n_edges == 0:
        raise InvalidArgumentError(
            f"Argument `threshold`={limit} leaves no edge. Scores of a layer sum to about the "
            "number of outputs; see `edge_scores`."
        )
    return other
