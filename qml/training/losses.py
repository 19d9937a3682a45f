"""Losses by name, and what they count as right.

`y` decides the task: integer classes train a classifier (cross-entropy; with one output column a
binary one, whose logit is of class 1), floating point targets a regression (mean squared error).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from circuits import errors

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cross_entropy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of logits.

    -log softmax(o)_y with C >= 2 columns; with one column -log sigmoid(o) for class 1 and
    -log sigmoid(-o) for class 0.

    Args:
        outputs: Logits, `(n, C)`, `(n, 1)` or `(n,)`.
        targets: Classes, `(n,)`, integer.

    Returns:
        The mean, a scalar.
    """
    if is_binary(outputs):
        logits = outputs.reshape(targets.shape)
        return F.binary_cross_entropy_with_logits(logits, targets.to(outputs.dtype))
    return F.cross_entropy(outputs, targets.long())


def mse(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared error of `outputs` and equally many `targets`."""
    return F.mse_loss(outputs, _like(targets, outputs))


def mae(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean absolute error of `outputs` and equally many `targets`."""
    return F.l1_loss(outputs, _like(targets, outputs))


def huber(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Huber loss with delta = 1 of `outputs` and equally many `targets`."""
    return F.huber_loss(outputs, _like(targets, outputs))


CLASSIFICATION: dict[str, Loss] = {"cross-entropy": cross_entropy}
REGRESSION: dict[str, Loss] = {"mse": mse, "mae": mae, "huber": huber}


@dataclass(frozen=True)
class Objective:
    """A loss together with the task it serves.

    Args:
        loss: `(outputs, targets) -> scalar`, a mean over the batch.
        classification: Whether targets are classes, so that accuracy has a meaning.
    """

    loss: Loss
    classification: bool

    def correct(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Returns how many outputs have the right class, a scalar (0 for regression)."""
        if not self.classification:
            return torch.zeros((), device=outputs.device)
        return (classes(outputs) == targets).sum()


def objective(loss: str | Loss, targets: torch.Tensor) -> Objective:
    """Chooses the loss for these targets.

    Args:
        loss: `"auto"`, a name of `CLASSIFICATION` or `REGRESSION`, or a function
            `(outputs, targets) -> mean`.
        targets: All targets of the training data.

    Returns:
        The objective.

    Raises:
        InvalidArgumentError: If the name is unknown, or does not fit the type of `targets`.
    """
    classification = not (targets.is_floating_point() or targets.is_complex())
    names = CLASSIFICATION if classification else REGRESSION
    if callable(loss):
        return Objective(loss, classification)
    if loss == "auto":
        return Objective(next(iter(names.values())), classification)
    if loss not in CLASSIFICATION and loss not in REGRESSION:
        raise errors.InvalidArgumentError(
            f"Argument `loss` must be a function, 'auto' or one of "
            f"{[*CLASSIFICATION, *REGRESSION]}, but received {loss!r}."
        )
    if loss not in names:
        raise errors.InvalidArgumentError(
            f"loss={loss!r} does not fit targets of type {targets.dtype}: with these choose one of "
            f"{list(names)}, or convert the targets (`.long()` for classes, `.float()` for "
            "regression)."
        )
    return Objective(names[loss], classification)


def is_binary(outputs: torch.Tensor) -> bool:
    """Whether outputs of a classifier are one logit per sample: shape `(n,)` or `(n, 1)`."""
    return outputs.dim() == 1 or outputs.shape[1:] == (1,)


def classes(outputs: torch.Tensor) -> torch.Tensor:
    """Returns the most probable class of each row of logits.

    Args:
        outputs: `(n, C)`, or `(n, 1)` or `(n,)` for one logit of class 1.

    Returns:
        Classes, `(n,)`, int64.
    """
    if is_binary(outputs):
        return (outputs.reshape(outputs.shape[0]) > 0).long()
    return outputs.argmax(dim=1)


def probabilities(outputs: torch.Tensor) -> torch.Tensor:
    """Returns class probabilities of rows of logits.

    Args:
        outputs: `(n, C)`, or `(n, 1)` or `(n,)` for one logit of class 1.

    Returns:
        `(n, max(C, 2))`; rows sum to 1.
    """
    if is_binary(outputs):
        logits = outputs.reshape(outputs.shape[0])
        return torch.stack([torch.sigmoid(-logits), torch.sigmoid(logits)], dim=1)
    return torch.softmax(outputs, dim=1)


def check_outputs(task: Objective, outputs: torch.Tensor, targets: torch.Tensor, top: int) -> None:
    """Checks the first outputs of a model against the targets.

    Args:
        task: The objective.
        outputs: Outputs of one batch.
        targets: Targets of the same batch.
        top: Largest class among all targets (unused for regression).

    Raises:
        ShapeError: If there is not one output row per sample, too few columns for the classes,
            or another number of values than targets.
    """
    rows = tuple(outputs.shape)
    if outputs.dim() == 0 or rows[0] != len(targets):
        raise errors.ShapeError(
            f"The model must return one row per sample, ({len(targets)}, ...), but returned {rows}."
        )
    if task.loss not in (*CLASSIFICATION.values(), *REGRESSION.values()):
        return
    if not task.classification:
        _like(targets, outputs)
        return
    columns = 2 if is_binary(outputs) else rows[1]
    if outputs.dim() > 2 or top >= columns:
        raise errors.ShapeError(
            f"The model returns shape {rows}, which serves {columns} classes, but the targets hold "
            f"class {top}. Give the model {top + 1} outputs, `(n, {top + 1})`."
        )


def _like(targets: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
    """Returns targets in the shape of outputs; (n,) and (n, 1) are the same, others raise."""
    if targets.shape == outputs.shape:
        return targets
    if targets.numel() == outputs.numel() and {targets.dim(), outputs.dim()} == {1, 2}:
        return targets.reshape(outputs.shape)
    raise errors.ShapeError(
        f"The model returns shape {tuple(outputs.shape)}, but the targets have shape "
        f"{tuple(targets.shape)}; expected the same shape (or (n, 1) and (n,))."
    )
