"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, ReduceLROnPlateau

from circuits import errors

OptimizerFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
SchedulerFactory = Callable[[torch.optim.Optimizer], LRScheduler]

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
    "lbfgs": torch.optim.LBFGS,
}
SCHEDULERS: dict[str, Callable[[torch.optim.Optimizer, int], LRScheduler]] = {
    "cosine": lambda optimizer, epochs: CosineAnnealingLR(optimizer, T_max=epochs),
    "plateau": lambda optimizer, epochs: ReduceLROnPlateau(optimizer),
}


def build_optimizer(
    spec: str | OptimizerFactory, lr: float | None, model: nn.Module
) -> torch.optim.Optimizer:
    """Makes the optimizer of a model's trainable parameters.

    Args:
        spec: A name of `OPTIMIZERS`, or a function of the parameters.
        lr: Learning rate for a named optimizer; None takes torch's default.
        model: The model.

    Returns:
        The optimizer.

    Raises:
        InvalidArgumentError: If the model has no trainable parameters.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise errors.InvalidArgumentError(
            "The model has no trainable parameters (none has requires_grad=True), so there is "
            "nothing to train."
        )
    if callable(spec):
        return spec(parameters)
    options: dict[str, Any] = {} if lr is None else {"lr": lr}
    return OPTIMIZERS[spec](parameters, **options)


def build_scheduler(
    spec: str | SchedulerFactory | None, optimizer: torch.optim.Optimizer, epochs: int
) -> LRScheduler | None:
    """Makes the schedule, which steps once per epoch.

    Args:
        spec: A name of `SCHEDULERS`, a function of the optimizer, or None.
        optimizer: The optimizer.
        epochs: Length of the run.

    Returns:
        The schedule, or None.
    """
    if spec is None:
        return None
    return spec(optimizer) if callable(spec) else SCHEDULERS[spec](optimizer, epochs)


def step_scheduler(scheduler: LRScheduler | None, loss: float) -> None:
    """Advances the schedule by one epoch; `loss` is what a plateau schedule watches."""
    with warnings.catch_warnings():
        # The optimizer always steps first, if in an earlier part of a resumed run.
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(loss)
        elif scheduler is not None:
            scheduler.step()
