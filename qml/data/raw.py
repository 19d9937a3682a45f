"""What a reader hands over: rows that become tensors only once the wanted ones are known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .dataset import FileRecord

Labels = NDArray[np.int64]
Index = NDArray[np.int64]


class Rows(Protocol):
    """Labelled samples from which some can be taken as tensors.

    Laws: `take` keeps the order of its index; `first_copies` gives, per row, the index of the first
    row with the same content (its own index where no earlier row equals it).
    """

    @property
    def labels(self) -> Labels:
        """Class number of each row."""
        ...

    def take(self, index: Index) -> Tensor:
        """The chosen rows as float32 ``(len(index), *feature_shape)``."""
        ...

    def first_copies(self) -> Index:
        """Index of the first identical row, for each row."""
        ...


@dataclass(frozen=True, eq=False)
class TableRows:
    """Rows of a table: `x` of shape ``(n, features)`` and any real type."""

    x: NDArray[Any]
    labels: Labels

    def take(self, index: Index) -> Tensor:
        """The chosen rows as float32."""
        return torch.from_numpy(self.x[index].astype(np.float32))

    def first_copies(self) -> Index:
        """Index of the first identical row, for each row."""
        return _first_by_key(len(self.labels), lambda row: self.x[row].tobytes())


@dataclass(frozen=True, eq=False)
class ImageRows:
    """Images: `x` of shape ``(n, height, width)`` or ``(n, height, width, channels)``.

    Args:
        x: Pixel values between 0 and `full_scale`.
        labels: Class number of each image.
        full_scale: The value that becomes 1.0.
    """

    x: NDArray[Any]
    labels: Labels
    full_scale: float = 255.0

    def take(self, index: Index) -> Tensor:
        """The chosen images as float32 ``(n, channels, height, width)`` in [0, 1]."""
        images = torch.from_numpy(self.x[index].astype(np.float32)).div_(self.full_scale)
        if images.ndim == 3:
            return images.unsqueeze(1)
        return images.permute(0, 3, 1, 2).contiguous()

    def first_copies(self) -> Index:
        """Index of the first identical image, for each image."""
        return _first_by_key(len(self.labels), lambda row: self.x[row].tobytes())


@dataclass(frozen=True, eq=False)
class RawSet:
    """A data set before class choice and splitting.

    Args:
        parts: The makers' own parts: ``{"all"}``, ``{"train", "test"}`` or all of train, val, test.
        class_names: One name per label.
        feature_names: One name per column, for tables.
        files: The files that were read.
        notes: What the user should know about how it was read.
    """

    parts: dict[str, Rows]
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...] | None = None
    files: tuple[FileRecord, ...] = ()
    notes: tuple[str, ...] = ()


def _first_by_key(n: int, key: Callable[[int], bytes]) -> Index:
    first: dict[bytes, int] = {}
    index = (first.setdefault(hashlib.blake2b(key(row)).digest(), row) for row in range(n))
    return np.fromiter(index, dtype=np.int64, count=n)
