"""Samples of the user's own: `.npy`, `.npz` and `.csv` files."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from circuits.errors import DataCorruptedError, DataNotFoundError, InvalidArgumentError, ShapeError
from qml.data.formats.csv import parse_numbers, read_lines, split_header
from qml.data.formats.npz import read_npz

LABEL_COLUMNS = ("label", "class", "target", "y")
"""Names by which the header of a table marks the column of labels."""


@dataclass(frozen=True)
class Samples:
    """Samples and, where the file has them, their labels.

    Args:
        x: Features `(n, *shape)`, float32.
        y: Class numbers `(n,)`, int64, or None.
    """

    x: Tensor
    y: Tensor | None


def read_samples(path: Path, shape: Sequence[int], class_names: Sequence[str]) -> Samples:
    """Reads samples for a model.

    Args:
        path: `.npy`: an array of samples. `.npz`: arrays `x` and, optionally, `y`. `.csv`: one
            sample per line, with or without a header; labels stand in a column called label,
            class, target or y or, without a header, in one column more than there are features.
        shape: Shape of one sample that the model expects; flat samples are accepted too.
        class_names: Names of the classes; a label is a name or, where it is none, a number.

    Returns:
        The samples, with the values of the file.

    Raises:
        DataNotFoundError: If there is no such file.
        InvalidArgumentError: If its suffix is unknown.
        DataCorruptedError: If it cannot be read, holds no number where one belongs, or a label
            that is no class.
        ShapeError: If samples have another shape.
    """
    readers = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidArgumentError(
            f"--input {path}: expected a file of type {', '.join(readers)}, received "
            f"{path.suffix or 'no suffix'!r}."
        )
    if not path.is_file():
        raise DataNotFoundError(f"--input {path}: there is no such file.")
    values, labels = reader(path, int(np.prod(shape)))
    samples = torch.tensor(_finite(path, values), dtype=torch.float32)
    flat = tuple(samples.shape[1:])
    if len(samples) == 0 or flat not in (tuple(shape), (int(np.prod(shape)),)):
        raise ShapeError(
            f"--input {path}: the model expects samples of shape {tuple(shape)} (or flat, "
            f"{int(np.prod(shape))} numbers each), so an array (n, ...); received "
            f"{tuple(samples.shape)}."
        )
    samples = samples.reshape(-1, *shape)
    return Samples(samples, None if labels is None else _classes(path, labels, class_names))


def _read_npy(path: Path, n_features: int) -> tuple[NDArray[Any], None]:
    try:  # mapping the file first checks that it is as long as its header claims
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False)), None
    except (ValueError, EOFError, OSError) as error:
        raise DataCorruptedError(f"--input {path}: no readable .npy file ({error}).") from error


def _read_npz(path: Path, n_features: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
    if not zipfile.is_zipfile(path):
        raise DataCorruptedError(f"--input {path}: no .npz archive.")
    with zipfile.ZipFile(path) as archive:
        keys = ("x", "y") if "y.npy" in archive.namelist() else ("x",)
    arrays, _ = read_npz(path, keys, None)
    return arrays["x"], arrays.get("y")


def _read_csv(path: Path, n_features: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
    lines, _ = read_lines(path, None)
    header, body = split_header(path, lines)
    table = parse_numbers(path, body)
    if header is not None:
        named = [k for k, name in enumerate(header) if name.strip().lower() in LABEL_COLUMNS]
        column = named[0] if len(named) == 1 and len(header) == table.shape[1] else None
    else:
        column = n_features if table.shape[1] == n_features + 1 else None
    if column is None:
        return table, None
    return np.delete(table, column, axis=1), table[:, column]


def _finite(path: Path, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "biuf" or values.ndim < 2:
        raise DataCorruptedError(
            f"--input {path}: expected an array of real numbers with a row per sample, received "
            f"type {values.dtype} and shape {values.shape}."
        )
    if not np.isfinite(values).all():
        row = int(np.nonzero(~np.isfinite(values))[0][0])
        raise DataCorruptedError(f"--input {path}: sample {row} holds NaN or infinite values.")
    return values


def _classes(path: Path, labels: NDArray[Any], class_names: Sequence[str]) -> Tensor:
    numbers = {name: number for number, name in enumerate(class_names)}
    found = []
    for label in labels.reshape(-1).tolist():
        text = str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
        number = numbers.get(text, int(text) if text.isdecimal() else -1)
        if not 0 <= number < len(class_names):
            raise DataCorruptedError(
                f"--input {path}: {text!r} is no class of this model; its classes are "
                f"{', '.join(class_names)}."
            )
        found.append(number)
    return torch.tensor(found, dtype=torch.int64)
