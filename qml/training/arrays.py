"""The tensors a run trains on: checked once, then trusted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch

from circuits import errors

Pair = tuple[torch.Tensor, torch.Tensor]


@runtime_checkable
class Splits(Protocol):
    """Anything with training and validation tensors, such as `qml.data.DataSet`."""

    @property
    def x_train(self) -> torch.Tensor:
        """Training samples, `(n, ...)`."""
        ...

    @property
    def y_train(self) -> torch.Tensor:
        """Training targets, `(n, ...)`."""
        ...

    @property
    def x_val(self) -> torch.Tensor | None:
        """Validation samples, perhaps none."""
        ...

    @property
    def y_val(self) -> torch.Tensor | None:
        """Validation targets, perhaps none."""
        ...


@dataclass(frozen=True)
class Arrays:
    """Training data and, perhaps, validation data."""

    train: Pair
    validation: Pair | None

    def digest(self) -> str:
        """Returns a SHA-256 digest of all numbers, shapes and dtypes."""
        sha = hashlib.sha256()
        for tensor in (*self.train, *(self.validation or ())):
            flat = tensor.detach().cpu().contiguous()
            sha.update(f"{tuple(flat.shape)} {flat.dtype}".encode())
            sha.update(memoryview(flat.reshape(-1).view(torch.uint8).numpy()))
        return sha.hexdigest()


def gather_arrays(
    train: Pair | Splits, validation: Pair | None, dtype: torch.dtype | None
) -> Arrays:
    """Checks the data of a run and brings them into one form.

    Args:
        train: `(x, y)`, or an object with `x_train`, `y_train`, `x_val` and `y_val`.
        validation: `(x, y)` or None; must be None where `train` has validation data itself.
        dtype: Floating point type to convert to, or None to leave the data alone.

    Returns:
        The checked data.

    Raises:
        InvalidArgumentError: If the data are of the wrong type, empty, of different lengths, not
            finite, or given twice.
    """
    if isinstance(train, Splits):
        pair = (train.x_train, train.y_train)
        if train.x_val is not None and train.y_val is not None and len(train.x_val):
            if validation is not None:
                raise errors.InvalidArgumentError(
                    "Validation data were given twice: `train` has its own and `validation` was "
                    "passed too. Pass `(train.x_train, train.y_train)` to use yours."
                )
            validation = (train.x_val, train.y_val)
    else:
        pair = _as_pair("train", train)
    check_pair("train", *pair)
    if validation is not None:
        validation = _as_pair("validation", validation)
        check_pair("validation", *validation)
        if validation[0].shape[1:] != pair[0].shape[1:] or validation[1].dtype != pair[1].dtype:
            raise errors.ShapeError(
                "Training and validation data must have samples of one shape and targets of one "
                f"type, but are {_text(pair)} and {_text(validation)}."
            )
    if dtype is None:
        return Arrays(pair, validation)
    return Arrays(_cast(pair, dtype), None if validation is None else _cast(validation, dtype))


def check_pair(name: str, x: torch.Tensor, y: torch.Tensor) -> None:
    """Checks samples and targets.

    Args:
        name: What to call them in an error.
        x: Samples, `(n, ...)`.
        y: Targets, `(n,)` integer classes counted from 0, or `(n, ...)` floating point.

    Raises:
        ArgumentTypeError: If one is no tensor.
        ShapeError: If they are empty, of different lengths, or classes are not `(n,)`.
        NonFiniteError: If one holds NaN or infinity.
        InvalidArgumentError: If a class is negative.
    """
    for part, tensor in (("x", x), ("y", y)):
        if not isinstance(tensor, torch.Tensor):
            raise errors.ArgumentTypeError(
                f"`{part}` of {name} must be a tensor, but received {type(tensor).__name__}. "
                "Convert it with `torch.as_tensor`."
            )
    if x.dim() == 0 or y.dim() == 0 or len(x) != len(y) or len(x) == 0:
        raise errors.ShapeError(
            f"x and y of {name} must hold equally many samples, at least one, but have shapes "
            f"{tuple(x.shape)} and {tuple(y.shape)}."
        )
    for part, tensor in (("x", x), ("y", y)):
        if not bool(torch.isfinite(tensor).all()):
            raise errors.NonFiniteError(
                f"`{part}` of {name} holds NaN or infinite numbers; clean the data first."
            )
    if not y.is_floating_point():
        if y.dim() != 1 or y.is_complex():
            raise errors.ShapeError(
                f"Classes of {name} must be integers of shape (n,), but are {y.dtype} of shape "
                f"{tuple(y.shape)}. Use `.argmax(-1)` on one-hot rows, `.float()` for regression."
            )
        if int(y.min()) < 0:
            raise errors.InvalidArgumentError(
                f"Classes of {name} must be 0, 1, ..., but include {int(y.min())}."
            )


def _as_pair(name: str, value: Any) -> Pair:
    if isinstance(value, tuple | list) and len(value) == 2:
        return value[0], value[1]
    raise errors.ArgumentTypeError(
        f"Argument `{name}` must be a pair (x, y) of tensors or a data set with `x_train`, "
        f"`y_train`, `x_val` and `y_val`, but received {type(value).__name__}."
    )


def _cast(pair: Pair, dtype: torch.dtype) -> Pair:
    x, y = (t.to(dtype) if t.is_floating_point() else t for t in pair)
    return x, y


def _text(pair: Pair) -> str:
    return ", ".join(f"{tuple(t.shape)} {t.dtype}" for t in pair)
