"""All options of `fit` in one immutable record."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from circuits import errors

from .history import EpochRecord
from .losses import Loss
from .optimizers import OPTIMIZERS, SCHEDULERS, OptimizerFactory, SchedulerFactory

Callback = Callable[[EpochRecord, nn.Module], bool | None]
StepCallback = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """Options of a training run.

    Args:
        epochs: Passes over the training data, all resumed parts together.
        batch_size: Samples per step (and per rank in data-parallel training).
        optimizer: `"adam"`, `"adamw"`, `"nadam"`, `"rmsprop"`, `"sgd"`, `"lbfgs"`, or a function
            of the parameters that returns a torch optimizer.
        lr: Learning rate of a named optimizer; None takes torch's default.
        loss: `"auto"` (cross-entropy for integer targets, mean squared error for floating point
            ones), `"cross-entropy"`, `"mse"`, `"mae"`, `"huber"`, or a function
            `(outputs, targets) -> mean over the batch`.
        scheduler: Learning-rate schedule, one step per epoch: `"cosine"` (to 0 at `epochs`),
            `"plateau"`, a function of the optimizer, or None.
        clip_norm: Gradients are scaled down to at most this 2-norm; None leaves them alone.
        shuffle: Whether each epoch goes through the data in a new order.
        seed: Seed of the shuffling; None draws one from torch's default generator. Weights are
            initialised, and dropout drawn, by torch's default generator, which `fit` never seeds.
        device: Where to move the model; None leaves it. Batches follow the model.
        dtype: Floating point type to convert model and data to; None leaves them.
        patience: Stop after this many epochs without improvement on the validation data.
        monitor: `"loss"` or `"accuracy"`: which validation number must improve.
        min_delta: By how much it must improve to count.
        restore_best: Whether the model ends with the weights of its best epoch; None means: if
            `patience` is given.
        out: Folder for `last.ckpt` (resumes), `model.ckpt` (the result) and `metrics.jsonl`.
            Without it nothing is written.
        checkpoint_every: Epochs between two writes of `last.ckpt`.
        checkpoint_seconds: Write `last.ckpt` also within an epoch, after the first step that ends
            so many seconds after the last write (0: after every step); a resumed run then goes on
            with the next step. One process only.
        resume: Continue from `last.ckpt` in `out`. True requires it to be there; `"auto"` starts
            afresh where there is none; False replaces what is there.
        metadata: Stored in the checkpoints: text, numbers, tensors, lists, dictionaries.
        generators: Further generators whose state is saved and restored, by name. Generators that
            are attributes of a module in the model are found by themselves.
        callbacks: Called as `callback(record, model)` after each epoch (after its checkpoint);
            training ends where one returns True.
        before_step: Called as `before_step(epoch, step)`, both counted from 1, before each step,
            and as `before_step(epoch, 0)` before the validation data are scored.
        progress: Whether to show a progress bar.
        tensorboard: Whether to write TensorBoard events below `out`.
    """

    epochs: int = 10
    batch_size: int = 32
    optimizer: str | OptimizerFactory = "adam"
    lr: float | None = None
    loss: str | Loss = "auto"
    scheduler: str | SchedulerFactory | None = None
    clip_norm: float | None = None
    shuffle: bool = True
    seed: int | None = None
    device: str | torch.device | None = None
    dtype: torch.dtype | None = None
    patience: int | None = None
    monitor: Literal["loss", "accuracy"] = "loss"
    min_delta: float = 0.0
    restore_best: bool | None = None
    out: str | os.PathLike[str] | None = None
    checkpoint_every: int = 1
    checkpoint_seconds: float | None = None
    resume: bool | Literal["auto"] = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    generators: Mapping[str, torch.Generator] = field(default_factory=dict)
    callbacks: Sequence[Callback] = ()
    before_step: StepCallback | None = None
    progress: bool = True
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "checkpoint_every"):
            _check_count(name, getattr(self, name))
        if self.patience is not None:
            _check_count("patience", self.patience)
        for name in ("lr", "clip_norm"):
            _check_positive(name, getattr(self, name))
        seconds = self.checkpoint_seconds
        if seconds is not None and not (isinstance(seconds, int | float) and seconds >= 0):
            raise errors.InvalidArgumentError(
                f"Argument `checkpoint_seconds` must be None or seconds >= 0, but received "
                f"{seconds!r}."
            )
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("scheduler", self.scheduler, (*SCHEDULERS, None))
        if self.monitor not in ("loss", "accuracy"):
            raise errors.InvalidArgumentError(
                f"Argument `monitor` must be 'loss' or 'accuracy', but received {self.monitor!r}."
            )
        if not (isinstance(self.min_delta, int | float) and 0 <= self.min_delta < math.inf):
            raise errors.InvalidArgumentError(
                f"Argument `min_delta` must be a number >= 0, but received {self.min_delta!r}."
            )
        if type(self.seed) not in (int, type(None)):
            raise errors.InvalidArgumentError(
                f"Argument `seed` must be an integer or None, but received {self.seed!r}."
            )
        if self.resume not in (True, False, "auto"):
            raise errors.InvalidArgumentError(
                f"Argument `resume` must be True, False or 'auto', but received {self.resume!r}."
            )
        self._check_effects()

    def _check_effects(self) -> None:
        """Raises for options that would have no effect beside the others."""
        if callable(self.optimizer) and self.lr is not None:
            raise errors.InvalidArgumentError(
                "Argument `lr` has no effect beside an optimizer function; set the rate inside it, "
                "e.g. `optimizer=lambda p: torch.optim.Adam(p, lr=0.1)`."
            )
        needs_out = {
            "resume": self.resume,
            "tensorboard": self.tensorboard,
            "metadata": self.metadata,
            "generators": self.generators,
            "checkpoint_every": self.checkpoint_every != 1,
            "checkpoint_seconds": self.checkpoint_seconds is not None,
        }
        if self.out is None and any(needs_out.values()):
            name = next(name for name, given in needs_out.items() if given)
            raise errors.InvalidArgumentError(
                f"Argument `{name}` has no effect without `out`, the folder to write to."
            )

    @property
    def keeps_best(self) -> bool:
        """Whether the run ends with the weights of its best epoch."""
        return self.patience is not None if self.restore_best is None else self.restore_best


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise errors.InvalidArgumentError(
            f"Argument `{name}` must be a positive integer, but received {value!r}."
        )


def _check_positive(name: str, value: Any) -> None:
    if value is not None and not (isinstance(value, int | float) and 0 < value < math.inf):
        raise errors.InvalidArgumentError(
            f"Argument `{name}` must be a positive finite number, but received {value!r}."
        )


def _check_choice(name: str, value: Any, names: Any) -> None:
    if not callable(value) and value not in list(names):
        raise errors.InvalidArgumentError(
            f"Argument `{name}` must be a function or one of {list(names)}, but received {value!r}."
        )
