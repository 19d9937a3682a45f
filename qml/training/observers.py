"""What watches a run: the progress bar, the metrics file, TensorBoard.

An observer is told of every step and every epoch and never changes the run.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from circuits import errors

from .history import EpochRecord, metrics_line, rewrite_metrics


class AbstractObserver(ABC):
    """Base of all observers; `epoch` is called before the epoch's checkpoint is written."""

    @abstractmethod
    def step(self) -> None:
        """One batch is done."""

    @abstractmethod
    def epoch(self, record: EpochRecord) -> None:
        """One epoch is done."""

    @abstractmethod
    def close(self) -> None:
        """The run is over, well or not."""


class ProgressBar(AbstractObserver):
    """A tqdm bar over all steps (text or notebook widget), with the latest numbers behind it.

    Args:
        epochs: Length of the run.
        steps: Steps per epoch.
        done: Epochs that a resumed run has behind it.
    """

    def __init__(self, epochs: int, steps: int, done: int) -> None:
        from tqdm.auto import tqdm

        self._epochs = epochs
        self._bar: Any = tqdm(total=epochs * steps, initial=done * steps, desc="fit", unit="step")

    def step(self) -> None:
        """Advances the bar by one batch."""
        self._bar.update()

    def epoch(self, record: EpochRecord) -> None:
        """Shows the numbers of the epoch."""
        self._bar.set_description(f"epoch {record.epoch}/{self._epochs}", refresh=False)
        shown = {"loss": record.train_loss, "val loss": record.val_loss}
        shown |= {"acc": record.train_accuracy, "val acc": record.val_accuracy}
        self._bar.set_postfix({k: f"{v:.4f}" for k, v in shown.items() if v is not None})

    def close(self) -> None:
        """Leaves the finished bar where it is."""
        self._bar.close()


class MetricsFile(AbstractObserver):
    """`metrics.jsonl`: one JSON object per epoch, one line each, appended as they come.

    A resumed run first writes the epochs of its checkpoint anew, so none is missing or doubled.

    Args:
        path: The file.
        history: Epochs that a resumed run has behind it.
    """

    def __init__(self, path: Path, history: Sequence[EpochRecord]) -> None:
        rewrite_metrics(path, list(history))
        self._file = open(path, "ab", buffering=0)

    def step(self) -> None:
        """Does nothing: the file has one line per epoch."""

    def epoch(self, record: EpochRecord) -> None:
        """Appends a line."""
        self._file.write(metrics_line(record))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class TensorBoard(AbstractObserver):
    """TensorBoard events, one point per epoch and number.

    Args:
        folder: Where the event files go.
        done: Epochs that a resumed run has behind it; later points of an older part are hidden.

    Raises:
        MissingDependencyError: If the package `tensorboard` is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str], done: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise errors.MissingDependencyError(
                "tensorboard", extra="dev", purpose="Writing TensorBoard events"
            ) from error
        self._writer: Any = SummaryWriter(str(folder), purge_step=done + 1 if done else None)

    def step(self) -> None:
        """Does nothing: there is one point per epoch."""

    def epoch(self, record: EpochRecord) -> None:
        """Adds the numbers of the epoch."""
        for name, value in record.as_dict().items():
            if name != "epoch" and value is not None:
                self._writer.add_scalar(name.replace("_", "/", 1), value, record.epoch)

    def close(self) -> None:
        """Writes out what is buffered."""
        self._writer.close()
