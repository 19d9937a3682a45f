"""The plots of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qml.bench.measure import Measurement
from qml.bench.targets import Runs
from qml.bench.workloads import BATCH_SWEEP, QUBIT_SWEEP, WORKLOADS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_COLOURS = {
    "ketwork": "#1f5fb4",
    "ketwork-float32": "#6fa8e8",
    "default.qubit": "#d1602b",
    "lightning.qubit": "#e0a030",
    "tensorcircuit": "#3a9a5b",
    "pyqtorch": "#8757a8",
    "qulacs": "#7a7a7a",
    "qiskit-ml": "#b03060",
}


def save_plots(runs: Runs, path: Path) -> None:
    """Draw time against qubits and batch, first-call time, and peak memory.

    Args:
        runs: Measurements by workload and contestant.
        path: The PNG file to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.5, 8.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2)
    qubits = [key for key in QUBIT_SWEEP if key in runs]
    batches = [key for key in BATCH_SWEEP if key in runs]
    labels = [f"{WORKLOADS[k].n_qubits}\nbatch {WORKLOADS[k].batch}" for k in qubits]
    _draw(axes[0, 0], runs, qubits, labels, lambda m: m.median and 1e3 * m.median)
    axes[0, 0].set(title="Forward and backward, R(n, 4)", ylabel="ms per call")
    sizes = [str(WORKLOADS[k].batch) for k in batches]
    _draw(axes[0, 1], runs, batches, sizes, lambda m: m.median and 1e3 * m.median)
    axes[0, 1].set(title="Forward and backward, R(4, 4)", ylabel="ms per call", xlabel="batch")
    _draw(axes[1, 0], runs, qubits, labels, lambda m: m.first_call and 1e3 * m.first_call)
    axes[1, 0].set(title="First call, R(n, 4), with building and compiling", ylabel="ms")
    _draw(axes[1, 1], runs, qubits, labels, lambda m: max(m.memory, 2**12) / 2**20)
    axes[1, 1].set(title="Peak memory beyond the imports, R(n, 4)", ylabel="MiB")
    for place in (axes[0, 0], axes[1, 0], axes[1, 1]):
        place.set_xlabel("qubits n")
    found: dict[str, Artist] = {}
    for place in axes.flat:
        handles, names = place.get_legend_handles_labels()
        found.update(zip(names, handles, strict=True))
    figure.legend(
        list(found.values()),
        list(found),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        title="hollow marks: timed on fewer samples, scaled to the batch",
        title_fontsize=9,
    )
    figure.savefig(path, dpi=150)


def _draw(
    axes: Axes,
    runs: Runs,
    keys: Sequence[str],
    labels: Sequence[str],
    value: Callable[[Measurement], float | None],
) -> None:
    """One line per contestant over the workloads; hollow marks are scaled times."""
    for who, colour in _COLOURS.items():
        points = []
        for position, key in enumerate(keys):
            m = runs[key].get(who)
            number = None if m is None or m.failure else value(m)
            if m is not None and number:
                points.append((position, number, m.scaled))
        if not points:
            continue
        at, numbers, _ = zip(*points, strict=True)
        ours = who.startswith("ketwork")
        axes.plot(at, numbers, color=colour, label=who, linewidth=2.4 if ours else 1.3)
        for x, y, hollow in points:
            fill = "white" if hollow else colour
            axes.plot(x, y, "o", color=colour, markerfacecolor=fill, markersize=5)
    axes.set_yscale("log")
    axes.set_xticks(range(len(keys)), labels)
    axes.grid(alpha=0.25, which="both", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
