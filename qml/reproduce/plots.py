"""Pictures of a reproduced table: published and reached values, and the way there.

matplotlib is imported when a picture is drawn, without touching pyplot or the chosen backend.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qml.training import atomic_write

from .summary import Cell, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = {
    "published": ("D", "#7a7a7a", 0.24),
    "ours": ("o", "#2a6fbb", 0.08),
    "classical twin": ("s", "#d1602b", -0.08),
    "without circuit": ("^", "#3a9a5b", -0.24),
}
_COLOURS = ("#2a6fbb", "#d1602b", "#3a9a5b", "#8757a8", "#b59a1e", "#7a7a7a", "#c2427a", "#2aa7a1")


def save_table(summary: Summary, path: Path) -> None:
    """Draws each row's published value, ours, the twin's and the ablation's, with spreads.

    Args:
        summary: The table.
        path: The PNG file to write.
    """
    rows = summary.table.rows
    figure = _figure(8.2, 1.5 + 0.42 * len(rows))
    axes = figure.add_subplot()
    for kind, (mark, colour, shift) in _STYLES.items():
        points = [(len(rows) - 1 - k + shift, *_point(summary, k, kind)) for k in range(len(rows))]
        shown = [(y, value, spread) for y, value, spread in points if value is not None]
        if shown:
            y, values, spreads = zip(*shown, strict=True)
            axes.errorbar(
                values, y, xerr=[s or 0.0 for s in spreads], fmt=mark, color=colour, label=kind,
                markersize=6, capsize=2.5, linewidth=1.2,
                markerfacecolor="white" if kind == "published" else colour,
            )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.ours.label for row in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(alpha=0.25, axis="x")
    axes.set_xlabel(_prepare(axes.xaxis, axes.set_xscale, summary))
    if summary.table.metric == "accuracy":
        low, high = axes.get_xlim()  # a spread may reach beyond what accuracies can be
        axes.set_xlim(max(low, -0.02), min(high, 1.02))
    axes.set_title(f"{summary.table.title} (scale: {summary.scale})", fontsize=10.5)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    _save(figure, path)


def save_curves(summary: Summary, path: Path) -> None:
    """Draws the metric on the test data after each epoch, the mean over seeds of each entry.

    Args:
        summary: The table.
        path: The PNG file to write; not written if no entry has a curve.
    """
    cells = [cell for cell in summary.cells.values() if _curve(cell)]
    if not cells:
        return
    figure = _figure(8.2, max(4.2, 1.0 + 0.2 * len(cells)))
    axes = figure.add_subplot()
    for k, cell in enumerate(cells):
        values = _curve(cell)
        style = ("-", "--", ":", "-.")[k // len(_COLOURS) % 4]
        axes.plot(
            range(1, len(values) + 1), values, style, color=_COLOURS[k % len(_COLOURS)],
            label=cell.entry.label, linewidth=1.4, marker="o" if len(values) < 12 else "",
            markersize=3.5,
        )  # fmt: skip
    _label_curves(axes, summary, cells)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8.5)
    _save(figure, path)


def _label_curves(axes: Axes, summary: Summary, cells: list[Cell]) -> None:
    from matplotlib.ticker import MaxNLocator

    stages = next((o.facts.get("stages") for c in cells for o in c.outcomes.values()), None)
    axes.set_ylabel(_prepare(axes.yaxis, axes.set_yscale, summary))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel(str(stages or "epoch"))
    axes.grid(alpha=0.25)
    axes.set_title(f"{summary.table.title} (scale: {summary.scale})", fontsize=10.5)


def _point(summary: Summary, k: int, kind: str) -> tuple[float | None, float | None]:
    """Value and spread of one mark."""
    row = summary.table.rows[k]
    if kind == "published":
        published = row.ours.published
        return (None, None) if published is None else (published.value, published.spread)
    entry = {"ours": row.ours, "classical twin": row.twin}.get(kind, row.ablation)
    cell = summary.cell(entry)
    return (None, None) if cell is None else (cell.mean, cell.spread)


def _curve(cell: Cell) -> list[float]:
    """Mean over the seeds, as far as all have come."""
    curves = [outcome.curve for outcome in cell.outcomes.values()]
    return [sum(values) / len(values) for values in zip(*curves, strict=False)]


def _prepare(axis: Any, set_scale: Any, summary: Summary) -> str:
    """Percent for an accuracy, a logarithmic axis for a loss; returns the axis' label."""
    from matplotlib.ticker import PercentFormatter

    if summary.table.metric == "accuracy":
        axis.set_major_formatter(PercentFormatter(1.0))
        return "test accuracy"
    set_scale("log")
    return "test loss"


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    with atomic_write(path) as file:
        figure.savefig(file, format="png", bbox_inches="tight", pad_inches=0.12)
