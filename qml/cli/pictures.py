"""Pictures for the folder of a run: the circuit, runs side by side, samples with predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from circuits import Circuit
from circuits.drawing import draw_figure, draw_text
from qml.training import TrainResult, atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#2a6fbb", "#d1602b", "#7a7a7a", "#3a9a5b", "#8757a8")
_RIGHT, _WRONG = "#2a6fbb", "#c0392b"
_MAX_PICTURE_OPS = 400


def save_circuit(circuit: Circuit, folder: Path) -> None:
    """Writes `circuit.txt` and, unless the circuit is too long to look at, `circuit.png`.

    Args:
        circuit: The circuit.
        folder: An existing folder.
    """
    with atomic_write(folder / "circuit.txt") as file:
        file.write(f"{draw_text(circuit)}\n".encode())
    if len(circuit.ops) <= _MAX_PICTURE_OPS:
        save_figure(draw_figure(circuit), folder / "circuit.png")


def save_runs(runs: Mapping[str, TrainResult], path: Path) -> None:
    """Draws validation loss and accuracy of several runs against the epoch.

    Args:
        runs: Results of `qml.training.fit` by name.
        path: The PNG file to write.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = figure_of(10.4, 3.9)
    for place, kind in enumerate(("loss", "accuracy"), start=1):
        axes = figure.add_subplot(1, 2, place)
        for colour, (name, run) in zip(COLOURS, runs.items(), strict=False):
            epochs = [record.epoch for record in run.history]
            values = [getattr(record, f"val_{kind}") for record in run.history]
            mark = "o" if len(epochs) < 15 else ""
            axes.plot(epochs, values, color=colour, label=name, marker=mark, markersize=3.5)
        axes.set(xlabel="epoch", ylabel=f"validation {kind}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.25)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(frameon=False, loc="lower right")
    save_figure(figure, path)


def save_samples(
    images: Tensor,
    targets: Tensor,
    predictions: Tensor,
    confidences: Tensor,
    class_names: Sequence[str],
    path: Path,
    title: str,
) -> None:
    """Draws images with what they were taken for; wrong ones in red with the true class.

    Args:
        images: `(n, height, width)`, n a multiple of 8 or below 8.
        targets: True classes, `(n,)`.
        predictions: Predicted classes, `(n,)`.
        confidences: Probabilities of the predicted classes, `(n,)`.
        class_names: One name per class.
        path: The PNG file to write.
        title: A line above the picture.
    """
    columns = min(8, len(images))
    rows = -(-len(images) // columns)
    figure = figure_of(1.25 * columns, 1.5 * rows + 0.3)
    figure.suptitle(title, fontsize=11)
    for k in range(len(images)):
        axes = figure.add_subplot(rows, columns, k + 1)
        axes.imshow(images[k].numpy(), cmap="gray_r")
        axes.set_xticks([])
        axes.set_yticks([])
        right = bool(targets[k] == predictions[k])
        truth = "" if right else f", is {class_names[int(targets[k])]}"
        axes.set_title(
            f"{class_names[int(predictions[k])]} ({float(confidences[k]):.0%}){truth}",
            color=_RIGHT if right else _WRONG,
            fontsize=9,
        )
        for side in axes.spines.values():
            side.set_color("#cccccc" if right else _WRONG)
            side.set_linewidth(1 if right else 2)
    save_figure(figure, path)


def figure_of(width: float, height: float) -> Figure:
    """An empty figure of this size in inches, that no window shows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG; never a half-written one."""
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=150, bbox_inches="tight", pad_inches=0.12)
