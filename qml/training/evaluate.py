"""Outputs and scores of a model on many samples, in batches, in evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from circuits import errors

from .arrays import check_pair
from .distributed import Group, unwrap
from .losses import Loss, Objective, check_outputs, objective


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on a data set.

    Args:
        loss: Mean loss.
        accuracy: Fraction of right classes in [0, 1]; None for regression.
        samples: Number of samples.
    """

    loss: float
    accuracy: float | None
    samples: int


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Puts a model into evaluation mode; afterwards every module has its own mode again.

    Args:
        model: The model.

    Yields:
        The same model.
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield model
    finally:
        for module, mode in modes.items():
            module.training = mode


def predict(model: nn.Module, x: torch.Tensor, *, batch_size: int = 1024) -> torch.Tensor:
    """Returns the outputs of a model for many samples, without gradients.

    Args:
        model: Any module `(n, ...) -> (n, ...)`; it is put into evaluation mode meanwhile.
        x: Samples, `(n, ...)`; moved to the model's device batch by batch.
        batch_size: Samples per call of the model.

    Returns:
        Outputs, `(n, ...)`, on the device of `x`.

    Raises:
        InvalidArgumentError: If `x` holds no sample or `batch_size` is not positive.

    Examples:
        >>> import torch
        >>> predict(torch.nn.Linear(3, 2), torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """
    check_batch_size(batch_size)
    if not isinstance(x, torch.Tensor):
        raise errors.ArgumentTypeError(
            f"Argument `x` must be a tensor, but received {type(x).__name__}."
        )
    if x.dim() == 0 or len(x) == 0:
        raise errors.ShapeError(
            f"Argument `x` must be (n, ...) with n >= 1, but has shape {tuple(x.shape)}."
        )
    module = unwrap(model)
    device = model_device(module, x.device)
    with evaluating(module), torch.no_grad():
        parts = [module(batch.to(device)).to(x.device) for batch in x.split(batch_size)]
    return torch.cat(parts)


def evaluate(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    batch_size: int = 1024,
    loss: str | Loss = "auto",
) -> Evaluation:
    """Returns mean loss and accuracy of a model on labelled samples.

    Args:
        model: Any module `(n, ...) -> (n, ...)`; it is put into evaluation mode meanwhile.
        x: Samples, `(n, ...)`.
        y: Classes `(n,)` (integer) or targets (floating point).
        batch_size: Samples per call of the model.
        loss: As in `fit`.

    Returns:
        The scores.

    Raises:
        InvalidArgumentError: If arguments do not fit each other.

    Examples:
        >>> import torch
        >>> evaluate(torch.nn.Identity(), torch.eye(3), torch.arange(3)).accuracy
        1.0
    """
    check_batch_size(batch_size)
    check_pair("x and y", x, y)
    return score(unwrap(model), x, y, objective(loss, y), batch_size, Group())


def score(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    task: Objective,
    batch_size: int,
    group: Group,
) -> Evaluation:
    """As `evaluate`, on checked arguments; the ranks of `group` share the samples."""
    device = model_device(model, x.device)
    totals = torch.zeros(2, dtype=torch.float64, device=device)
    top = int(y.max()) if task.classification else 0
    with evaluating(model), torch.no_grad():
        rows = torch.arange(group.rank, len(x), group.size)
        for batch in rows.split(batch_size) if len(rows) else ():
            inputs, targets = x[batch].to(device), y[batch].to(device)
            outputs = model(inputs)
            check_outputs(task, outputs, targets, top)
            loss = task.loss(outputs, targets).double() * len(batch)
            totals += torch.stack([loss, task.correct(outputs, targets).double()])
    loss_sum, correct = group.sum(totals).tolist()
    accuracy = correct / len(x) if task.classification else None
    return Evaluation(loss_sum / len(x), accuracy, len(x))


def model_device(model: nn.Module, otherwise: torch.device) -> torch.device:
    """Returns the device of a model's first parameter or buffer, or `otherwise`."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return otherwise


def check_batch_size(batch_size: int) -> None:
    """Raises InvalidArgumentError unless `batch_size` is a positive integer."""
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise errors.InvalidArgumentError(
            f"Argument `batch_size` must be a positive integer, but received {batch_size!r}."
        )
