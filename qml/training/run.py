"""The mutable state of one run, and its way into a checkpoint and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from circuits import errors

from .checkpoint import Checkpoint, load_state, save_checkpoint
from .config import FitConfig
from .distributed import Group, unwrap
from .evaluate import model_device
from .history import EpochRecord
from .randomness import capture, named_generators, restore


@dataclass
class Run:
    """Everything that changes while training, beside the weights themselves.

    Args:
        config: Options of the run.
        group: The processes that train together.
        model: The model, perhaps wrapped for data-parallel training.
        optimizer: Its optimizer.
        scheduler: Its learning-rate schedule, if any.
        shuffler: Generator of the order of samples.
        settings: What must be equal when a run is resumed.
        history: Finished epochs.
        best: Best monitored number so far, smaller is better; None before the first epoch.
        best_epoch: Its epoch.
        best_state: Weights of that epoch on the CPU, where the run keeps them.
        partial: Steps of an unfinished epoch that are done, and what they add up to.
        order: State of the shuffler at the beginning of that epoch.
    """

    config: FitConfig
    group: Group
    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: LRScheduler | None
    shuffler: torch.Generator
    settings: dict[str, Any]
    history: list[EpochRecord] = field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    best_state: dict[str, torch.Tensor] | None = None
    partial: tuple[int, torch.Tensor] | None = None
    order: torch.Tensor | None = None
    saved_at: float = field(default_factory=monotonic)

    @property
    def module(self) -> nn.Module:
        """The model without its data-parallel wrapper."""
        return unwrap(self.model)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return model_device(self.module, torch.device("cpu"))

    @property
    def out_of_patience(self) -> bool:
        """Whether the last improvement is `patience` epochs ago."""
        patience = self.config.patience
        return patience is not None and len(self.history) - self.best_epoch >= patience

    def add(self, record: EpochRecord) -> None:
        """Appends an epoch, and notes whether it is the best so far."""
        self.partial = None
        self.history.append(record)
        monitored = self._monitored(record)
        if self.best is None or monitored < self.best - self.config.min_delta:
            self.best, self.best_epoch = monitored, record.epoch
            if self.config.keeps_best:
                state = self.module.state_dict()
                self.best_state = {k: v.detach().cpu().clone() for k, v in state.items()}

    def begin_epoch(self) -> tuple[int, torch.Tensor]:
        """Notes the order of the epoch's samples; returns what is done of it."""
        self.order = self.shuffler.get_state()
        return self.partial or (0, torch.zeros(2, dtype=torch.float64))

    def did_step(self, step: int, totals: torch.Tensor) -> None:
        """Notes a step of the epoch, and writes a checkpoint if one is due."""
        seconds = self.config.checkpoint_seconds
        if seconds is None or self.config.out is None:
            return
        self.partial = step, totals.cpu().clone()
        if monotonic() - self.saved_at >= seconds:
            self.save(Path(self.config.out) / "last.ckpt")

    def save(self, path: Path) -> None:
        """Writes a checkpoint from which `load` continues exactly; called on every rank."""
        self.saved_at = monotonic()
        generators = named_generators(self.module, self.config.generators)
        states = self.group.gather(capture(generators, self.device))
        if self.group.rank == 0:
            training = {
                "settings": self.settings,
                "optimizer": self.optimizer.state_dict(),
                "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
                "shuffler": self.shuffler.get_state() if self.partial is None else self.order,
                "partial": self.partial,
                "generators": states,
                "history": [record.as_dict() for record in self.history],
                "best": self.best,
                "best_epoch": self.best_epoch,
                "best_state": self.best_state,
            }
            save_checkpoint(path, self.module, metadata=self.config.metadata, training=training)

    def load(self, checkpoint: Checkpoint) -> None:
        """Continues from a checkpoint that `save` wrote.

        Args:
            checkpoint: The checkpoint.

        Raises:
            CheckpointError: If it belongs to another run, another model, or is malformed.
        """
        training = checkpoint.training
        if training is None:
            raise errors.CheckpointError(
                "The checkpoint holds a model without the state of a run; resume from `last.ckpt`."
            )
        try:
            _check_settings(training["settings"], self.settings)
            load_state(self.module, checkpoint.model)
            self.optimizer.load_state_dict(training["optimizer"])
            if self.scheduler is not None:
                self.scheduler.load_state_dict(training["scheduler"])
            self.shuffler.set_state(training["shuffler"])
            self.history = [EpochRecord(**record) for record in training["history"]]
            self.best = training["best"]
            self.best_epoch = training["best_epoch"]
            self.best_state = training["best_state"]
            self.partial = _checked_partial(training.get("partial"))
            generators = named_generators(self.module, self.config.generators)
            restore(training["generators"][self.group.rank], generators, self.device)
        except errors.KetworkError:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
            raise errors.CheckpointError(
                f"The checkpoint's training state is malformed: {type(error).__name__}: {error}"
            ) from error

    def restore_best(self) -> None:
        """Gives the model the weights of its best epoch."""
        if self.best_state is not None:
            load_state(self.module, self.best_state)

    def _monitored(self, record: EpochRecord) -> float:
        loss, accuracy = record.val_loss, record.val_accuracy
        if loss is None:
            loss, accuracy = record.train_loss, record.train_accuracy
        if self.config.monitor == "accuracy" and accuracy is not None:
            return -accuracy
        return loss


def _checked_partial(saved: Any) -> tuple[int, torch.Tensor] | None:
    """The steps of an unfinished epoch, from a checkpoint."""
    if saved is None:
        return None
    step, totals = saved
    if type(step) is not int or step < 1 or totals.shape != (2,):
        raise ValueError("partial epoch")
    return step, totals.double()


def _check_settings(saved: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raises CheckpointError naming the settings that differ between two parts of a run."""
    different = [name for name in own if saved.get(name) != own[name]]
    if different:
        name = different[0]
        raise errors.CheckpointError(
            f"The run cannot be resumed with other settings: {', '.join(different)} differ "
            f"(`{name}` was {saved.get(name)!r}, is now {own[name]!r}). Pass the same settings, or "
            "start afresh with `resume=False`."
        )
