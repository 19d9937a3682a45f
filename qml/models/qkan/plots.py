"""A network drawn with the learned function on every edge.

matplotlib is imported when a picture is drawn, without touching pyplot or the chosen backend.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from circuits.errors import ResourceLimitError
from qml.models.qkan.pruning import edge_scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qml.models.qkan.network import QKAN

MAX_EDGES = 80
"""Edges of a layer up to which functions can still be told apart."""

_POINTS = 101
_LINE, _CURVE = "#7a7a7a", "#2a6fbb"
_ROW, _BOX = 2.1, 0.62  # inches: height of a layer, side of a curve's box


def plot_network(network: QKAN, x: Tensor, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draws nodes, inputs at the bottom, and what every edge contributes as a function.

    Curves span the range of the data at their node. Edges that matter more are darker, pruned ones
    are left out.

    Args:
        network: The network.
        x: Inputs `(..., widths[0])`, two samples at least.
        path: PNG file to write; `None` writes none.

    Returns:
        The matplotlib figure.

    Raises:
        ResourceLimitError: If a layer has more than `MAX_EDGES` edges.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layers = network.qkan_layers
    most = max(layer.in_features * layer.out_features for layer in layers)
    if most > MAX_EDGES:
        raise ResourceLimitError(
            f"A layer has {most} edges; at most {MAX_EDGES} are drawn. Plot a smaller network, or "
            "single functions from `QKANLayer.contributions`."
        )
    scores = edge_scores(network, x)
    with torch.no_grad():
        nodes = [n.reshape(-1, n.shape[-1]) for n in network.nodes(x)]
    width = max(3.2, 1.15 * _BOX * most)
    height = _ROW * len(layers) + 0.8
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    canvas = figure.add_axes((0, 0, 1, 1))
    canvas.set(xlim=(0, width), ylim=(0, height))
    canvas.axis("off")
    for k, layer in enumerate(layers):
        curves = _curves(layer, nodes[k])
        strength = scores[k] / scores[k].max().clamp_min(1e-30)
        _draw_layer(figure, canvas, (width, height), k, curves, strength, layer.mask)
    for k, count in enumerate(network.widths):
        names = {0: "x", len(layers): "y"}
        for node in range(count):
            at = _node(width, k, node, count)
            canvas.plot(*at, "o", color="black", markersize=6, zorder=3)
            if k in names:
                shift = (0, -13) if k == 0 else (0, 8)
                canvas.annotate(
                    f"${names[k]}_{{{node}}}$", at, shift, textcoords="offset points", ha="center"
                )
    if path is not None:
        figure.savefig(Path(path), format="png")
    return figure


def _node(width: float, level: int, node: int, count: int) -> tuple[float, float]:
    return width * (node + 0.5) / count, 0.4 + _ROW * level


def _curves(layer: Any, values: Tensor) -> tuple[Tensor, Tensor]:
    """Grid `(points, in)` over the range of the values, and contributions `(points, out, in)`."""
    low, high = values.amin(0), values.amax(0)
    steps = torch.linspace(0, 1, _POINTS, dtype=values.dtype, device=values.device)[:, None]
    grid = low + (high - low) * steps
    with torch.no_grad():
        return grid.cpu(), layer.contributions(grid).cpu()


def _draw_layer(
    figure: Any,
    canvas: Any,
    size: tuple[float, float],
    level: int,
    curves: tuple[Tensor, Tensor],
    strength: Tensor,
    mask: Tensor | None,
) -> None:
    grid, values = curves
    n_out, n_in = strength.shape
    width, height = size
    box = min(_BOX, 0.85 * width / (n_out * n_in))
    middle = 0.4 + _ROW * (level + 0.5)
    for i in range(n_in):
        for o in range(n_out):
            if mask is not None and not bool(mask[o, i]):
                continue
            centre = width * (i * n_out + o + 0.5) / (n_in * n_out)
            alpha = 0.12 + 0.88 * math.tanh(3 * float(strength[o, i])) / math.tanh(3)
            for end, side in (
                (_node(width, level, i, n_in), -1),
                (_node(width, level + 1, o, n_out), 1),
            ):
                x_line, y_line = zip(end, (centre, middle + side * box / 2), strict=True)
                canvas.plot(x_line, y_line, color=_LINE, alpha=alpha, linewidth=1.2, zorder=1)
            left, low = (centre - box / 2) / width, (middle - box / 2) / height
            inset = figure.add_axes((left, low, box / width, box / height))
            inset.plot(grid[:, i].numpy(), values[:, o, i].numpy(), color=_CURVE, alpha=alpha)
            inset.margins(0.06, 0.1)
            inset.set(xticks=[], yticks=[])
            inset.grid(False)
            for spine in inset.spines.values():
                spine.set(visible=True, alpha=alpha)
