"""A layer's activations as a circuit for other programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from circuits import Circuit
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from qml.models.qkan.circuits import edges_circuit

if TYPE_CHECKING:
    from qml.models.qkan.layer import QKANLayer

Edge = tuple[int, int]


def checked_edges(layer: QKANLayer, edges: Iterable[Edge] | None) -> list[Edge]:
    """Pairs (output, input) that exist; default all."""
    sizes = layer.out_features, layer.in_features
    if edges is None:
        return [(o, i) for o in range(sizes[0]) for i in range(sizes[1])]
    chosen = list(edges)
    for edge in chosen:
        pair = isinstance(edge, tuple | list) and len(edge) == 2
        if not pair or not all(
            isinstance(k, int) and 0 <= k < n for k, n in zip(edge, sizes, strict=True)
        ):
            raise InvalidArgumentError(
                f"Argument `edges` must be pairs (output, input) below {sizes}, got {edge!r}."
            )
    if not chosen:
        raise InvalidArgumentError("Argument `edges` is empty: a circuit needs an edge at least.")
    return [(edge[0], edge[1]) for edge in chosen]


def layer_circuit(layer: QKANLayer, edges: Iterable[Edge] | None, *, bound: bool) -> Circuit:
    """See `QKANLayer.to_circuit`."""
    if layer.fast_measure:
        raise UnsupportedOperationError(
            "fast_measure=True reads |alpha| - |beta|, which no measurement of a circuit gives. "
            "Build the layer with fast_measure=False for circuits and backends."
        )
    chosen = checked_edges(layer, edges)
    shifted = layer.preacts_weight is not None or layer.preacts_bias is not None
    circuit = edges_circuit(
        layer.record,
        layer.reps,
        [i for _, i in chosen],
        layer.in_features,
        shifted=shifted,
    )
    if not bound:
        return circuit
    theta, weight, bias = (
        torch.stack([t.expand(layer.out_features, -1, -1)[edge] for edge in chosen])
        for t in layer.circuit_parameters(layer.theta.dtype)
    )
    numbers = {"theta": theta}
    if shifted and not layer.record.arccos:
        numbers |= {"preacts_weight": weight, "preacts_bias": bias}
    return circuit.bind(w=numbers)
