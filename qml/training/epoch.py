"""One epoch: a step per batch, then the validation score."""

from __future__ import annotations

import math
import time

import torch
from torch import nn

from circuits import errors

from .arrays import Arrays, Pair
from .batches import epoch_batches
from .evaluate import score
from .history import EpochRecord
from .losses import Objective, check_outputs
from .observers import AbstractObserver
from .optimizers import step_scheduler
from .run import Run


def train_epoch(
    run: Run, arrays: Arrays, task: Objective, observers: list[AbstractObserver]
) -> EpochRecord:
    """Trains for one epoch, then scores the validation data and advances the schedule.

    Args:
        run: The run.
        arrays: Its data.
        task: Its loss.
        observers: Told of every step.

    Returns:
        The numbers of the epoch.

    Raises:
        TrainingError: If a loss is NaN or infinite.
    """
    start = time.perf_counter()
    number, rate = len(run.history) + 1, float(run.optimizer.param_groups[0]["lr"])
    loss, accuracy = _pass(run, arrays.train, task, observers, number)
    _check_finite_loss(loss, "training", number)
    validation = None
    if arrays.validation is not None:
        x, y = arrays.validation
        if run.config.before_step is not None:
            run.config.before_step(number, 0)
        validation = score(run.module, x, y, task, run.config.batch_size, run.group)
        _check_finite_loss(validation.loss, "validation", number)
    step_scheduler(run.scheduler, loss if validation is None else validation.loss)
    return EpochRecord(
        epoch=number,
        train_loss=loss,
        train_accuracy=accuracy,
        val_loss=None if validation is None else validation.loss,
        val_accuracy=None if validation is None else validation.accuracy,
        lr=rate,
        seconds=time.perf_counter() - start,
    )


def _pass(
    run: Run, pair: Pair, task: Objective, observers: list[AbstractObserver], epoch: int
) -> tuple[float, float | None]:
    """Takes one step per batch; returns mean loss and accuracy, each batch before its step.

    Steps that a resumed run has behind it are left out.
    """
    (x, y), config, device = pair, run.config, run.device
    top = int(y.max()) if task.classification else 0
    done, totals = run.begin_epoch()
    totals = totals.to(device)
    shuffler = run.shuffler if config.shuffle else None
    batches = epoch_batches(len(x), config.batch_size, run.group, shuffler)
    for step, (rows, weight) in enumerate(batches, 1):
        if step > done:
            if config.before_step is not None:
                config.before_step(epoch, step)
            inputs, targets = x[rows].to(device), y[rows].to(device)
            totals += _step(run, inputs, targets, weight, task, top)
            run.did_step(step, totals)
        for observer in observers:
            observer.step()
    loss_sum, correct = run.group.sum(totals).tolist()
    return loss_sum / len(x), correct / len(x) if task.classification else None


def _step(
    run: Run,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    weight: float,
    task: Objective,
    top: int,
) -> torch.Tensor:
    """Updates the weights once; returns summed loss and number of right classes before that."""
    before: list[torch.Tensor] = []
    count = len(inputs) if weight else 0

    def closure() -> float:
        run.optimizer.zero_grad()
        outputs = run.model(inputs)
        if not before:
            check_outputs(task, outputs, targets, top)
        loss = task.loss(outputs, targets)
        (loss * weight).backward()
        if run.config.clip_norm is not None:
            nn.utils.clip_grad_norm_(run.model.parameters(), run.config.clip_norm)
        if not before:
            correct = task.correct(outputs, targets)
            before.append(torch.stack([loss.detach().double(), correct.double() / len(inputs)]))
        return loss.detach()  # type: ignore[return-value]  # what torch's own examples do

    run.optimizer.step(closure)
    return before[0] * count


def _check_finite_loss(loss: float, kind: str, epoch: int) -> None:
    if not math.isfinite(loss):
        raise errors.TrainingError(
            f"The {kind} loss is {loss} in epoch {epoch}. Lower `lr`, scale the inputs, or set "
            "`clip_norm`; a checkpoint in `out` still holds the epoch before."
        )
