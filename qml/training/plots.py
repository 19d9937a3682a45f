"""Pictures of a run as PNG files: curves per epoch, and which classes are taken for which.

matplotlib is imported when a picture is drawn, without touching pyplot or the chosen backend.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from circuits import errors

from .files import atomic_write
from .history import EpochRecord, TrainResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TRAIN, _VALIDATION, _MARK = "#2a6fbb", "#d1602b", "#777777"


def confusion_matrix(
    targets: torch.Tensor, predictions: torch.Tensor, n_classes: int | None = None
) -> torch.Tensor:
    """Counts how often each class was taken for each class.

    Args:
        targets: True classes, `(n,)`, integer.
        predictions: Predicted classes, `(n,)`, integer (see `classes` for logits).
        n_classes: Number of classes; None takes the largest class that occurs.

    Returns:
        Counts `(n_classes, n_classes)` int64; entry `[i, j]`: class i was predicted as j.

    Raises:
        InvalidArgumentError: If shapes differ or a class is out of range.

    Examples:
        >>> import torch
        >>> confusion_matrix(torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0])).tolist()
        [[1, 0], [1, 1]]
    """
    if targets.shape != predictions.shape or targets.dim() != 1 or len(targets) == 0:
        raise errors.ShapeError(
            "`targets` and `predictions` must both be (n,) with n >= 1, but are "
            f"{tuple(targets.shape)} and {tuple(predictions.shape)}. Use `classes(logits)`."
        )
    both = torch.stack([targets.cpu().long(), predictions.cpu().long()])
    size = int(both.max()) + 1 if n_classes is None else n_classes
    if int(both.min()) < 0 or int(both.max()) >= size:
        raise errors.InvalidArgumentError(
            f"Classes must be 0 to {size - 1}, but range from {int(both.min())} to "
            f"{int(both.max())}."
        )
    return torch.bincount(both[0] * size + both[1], minlength=size * size).reshape(size, size)


def plot_confusion_matrix(
    matrix: torch.Tensor,
    path: str | os.PathLike[str],
    *,
    labels: Sequence[object] | None = None,
    title: str | None = None,
) -> Path:
    """Draws a confusion matrix: rows true, columns predicted, shaded by share of the row.

    Args:
        matrix: Counts `(n, n)` from `confusion_matrix`.
        path: The PNG file to write.
        labels: Names of the classes; None numbers them.
        title: None states the accuracy.

    Returns:
        The path written.

    Raises:
        ShapeError: If `matrix` is not square or `labels` has another length.
    """
    size = len(matrix)
    if matrix.shape != (size, size) or size == 0:
        raise errors.ShapeError(f"`matrix` must be (n, n), but has shape {tuple(matrix.shape)}.")
    names = [str(label) for label in (range(size) if labels is None else labels)]
    if len(names) != size:
        raise errors.ShapeError(f"`labels` must name {size} classes, but has {len(names)}.")
    share = matrix / matrix.sum(dim=1, keepdim=True).clamp(min=1)
    side = min(max(3.6, 0.55 * size + 1.6), 16.0)
    figure = _figure(side + 0.6, side)
    axes = figure.add_subplot()
    image = axes.imshow(share.numpy(), cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, fraction=0.046, label="share of the true class")
    slanted = max(map(len, names)) > 3
    axes.set_xticks(
        range(size), names, rotation=45 if slanted else 0, ha="right" if slanted else "center"
    )
    axes.set_yticks(range(size), names)
    axes.set(xlabel="predicted class", ylabel="true class")
    right = float(matrix.trace()) / max(float(matrix.sum()), 1.0)
    axes.set_title(title or f"accuracy {right:.1%} of {int(matrix.sum())} samples")
    for row in range(size if size <= 25 else 0):
        for column in range(size):
            count = int(matrix[row, column])
            colour = "white" if share[row, column] > 0.55 else "black" if count else "#bbbbbb"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    return _save(figure, path)


def plot_history(
    history: TrainResult | Sequence[EpochRecord],
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
) -> Path:
    """Draws loss (and accuracy, where there is one) against the epoch.

    Args:
        history: Result of `fit`, or its records; of a result the best epoch is marked.
        path: The PNG file to write.
        title: A line above the picture.

    Returns:
        The path written.

    Raises:
        InvalidArgumentError: If there is no epoch to draw.
    """
    records = history.history if isinstance(history, TrainResult) else tuple(history)
    best = history.best_epoch if isinstance(history, TrainResult) else None
    if not records:
        raise errors.InvalidArgumentError("There is no epoch to draw.")
    kinds = ["loss"] + (["accuracy"] if records[0].train_accuracy is not None else [])
    figure = _figure(5.2 * len(kinds), 3.8)
    for index, kind in enumerate(kinds):
        axes = figure.add_subplot(1, len(kinds), index + 1)
        _curves(axes, kind, records, best)
    if title:
        figure.suptitle(title)
    return _save(figure, path)


def _curves(axes: Axes, kind: str, records: Sequence[EpochRecord], best: int | None) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [record.epoch for record in records]
    for part, name, colour in (("train", "training", _TRAIN), ("val", "validation", _VALIDATION)):
        values = [getattr(record, f"{part}_{kind}") for record in records]
        if values[0] is not None:
            mark = "o" if len(records) < 30 else ""
            axes.plot(epochs, values, color=colour, marker=mark, markersize=3.5, label=name)
    if best is not None and len(records) > 1:
        axes.axvline(best, color=_MARK, linestyle=":", linewidth=1, label=f"best epoch ({best})")
    axes.set(xlabel="epoch", ylabel=kind)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, path: str | os.PathLike[str]) -> Path:
    with atomic_write(path) as file:
        figure.savefig(file, format="png", bbox_inches="tight", pad_inches=0.12)
    return Path(path)
