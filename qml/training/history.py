"""What a training run leaves behind: one record per epoch, and a summary of all of them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .files import atomic_write, plain_json

Stopped = Literal["epochs", "patience", "callback"]


@dataclass(frozen=True)
class EpochRecord:
    """Numbers of one epoch.

    Args:
        epoch: Counted from 1.
        train_loss: Mean loss over the epoch, each batch before its own update.
        train_accuracy: Fraction of right classes in [0, 1]; None for regression.
        val_loss: Loss on the validation data after the epoch; None without validation data.
        val_accuracy: Accuracy on the validation data; None without them or for regression.
        lr: Learning rate during the epoch (of the first parameter group).
        seconds: Wall time of the epoch, validation included.
    """

    epoch: int
    train_loss: float
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    lr: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields as a dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class TrainResult:
    """What `fit` returns.

    Args:
        history: One record per epoch, over all resumed parts of the run.
        best_epoch: Epoch with the best monitored validation number (training loss without
            validation data), counted from 1.
        stopped: Why the run ended: `"epochs"`, `"patience"` or `"callback"`.
        restored: Whether the model now holds the weights of `best_epoch`, not of the last one.
        seconds: Wall time of all epochs.
        seed: Seed of the shuffling.
        parameters: Number of trainable numbers in the model.
    """

    history: tuple[EpochRecord, ...]
    best_epoch: int
    stopped: Stopped
    restored: bool
    seconds: float
    seed: int
    parameters: int

    @property
    def losses(self) -> tuple[float, ...]:
        """Training loss of each epoch."""
        return tuple(record.train_loss for record in self.history)

    @property
    def accuracies(self) -> tuple[float | None, ...]:
        """Training accuracy of each epoch (None for regression)."""
        return tuple(record.train_accuracy for record in self.history)

    @property
    def val_losses(self) -> tuple[float | None, ...]:
        """Validation loss of each epoch (None without validation data)."""
        return tuple(record.val_loss for record in self.history)

    @property
    def val_accuracies(self) -> tuple[float | None, ...]:
        """Validation accuracy of each epoch (None without validation data or for regression)."""
        return tuple(record.val_accuracy for record in self.history)

    @property
    def best(self) -> EpochRecord:
        """The record of `best_epoch`."""
        return self.history[self.best_epoch - 1]

    @property
    def final(self) -> EpochRecord:
        """The record that describes the weights the model now holds."""
        return self.best if self.restored else self.history[-1]

    def summary(self) -> dict[str, Any]:
        """Returns plain numbers for `write_result`: those of `final`, seconds, seed and so on."""
        numbers = {k: v for k, v in self.final.as_dict().items() if k not in ("epoch", "seconds")}
        return numbers | {
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            "stopped": self.stopped,
            "seconds": self.seconds,
            "seed": self.seed,
            "parameters": self.parameters,
        }


def rewrite_metrics(
    path: str | os.PathLike[str], history: tuple[EpochRecord, ...] | list[EpochRecord]
) -> None:
    """Writes `metrics.jsonl` anew: one JSON object per line and epoch, atomically.

    Args:
        path: The file to write.
        history: The records, in order.
    """
    with atomic_write(path) as file:
        for record in history:
            file.write(metrics_line(record))


def metrics_line(record: EpochRecord) -> bytes:
    """Returns the line of `metrics.jsonl` for one epoch, newline included."""
    return json.dumps(plain_json(record.as_dict()), allow_nan=False).encode() + b"\n"
