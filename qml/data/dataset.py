"""The value that `qml.data.load` returns: tensors, class names and where they came from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from circuits import errors

if TYPE_CHECKING:
    from .preprocessing import FittedPipeline, Pipeline

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class FileRecord:
    """One file that was read.

    Args:
        path: Where it was found.
        sha256: Digest of its content after undoing gzip (of the file itself for ``.npz``).
        verified: Whether the content was compared with a published checksum, and matched.
    """

    path: Path
    sha256: str
    verified: bool


@dataclass(frozen=True)
class Provenance:
    """Where a data set came from and what was done to it.

    Args:
        title: Full name of the data set.
        origin: Who made it, with the reference to cite.
        licence: Its licence as the makers state it.
        files: The files that were read; empty for embedded and generated sets.
        notes: How it was split, which classes were chosen, which checks could not be made.
    """

    title: str
    origin: str
    licence: str
    files: tuple[FileRecord, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class DataSet:
    """A classification data set with its training, validation and test parts.

    Features are float32 of shape ``(n, *feature_shape)``; labels are int64 of shape ``(n,)`` with
    values ``0 .. n_classes - 1`` that index `class_names`. Images are ``(channels, height, width)``
    with values in [0, 1]; tables are ``(features,)`` with the values of the file.

    Args:
        name: Name in the registry.
        x_train, y_train: Training features and labels.
        x_val, y_val: Validation features and labels (no rows if there is no validation part).
        x_test, y_test: Test features and labels.
        class_names: One name per label.
        feature_names: One name per column of a table; None for images.
        provenance: Origin, licence, files and notes.
    """

    name: str
    x_train: Tensor
    y_train: Tensor
    x_val: Tensor
    y_val: Tensor
    x_test: Tensor
    y_test: Tensor
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...] | None
    provenance: Provenance

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.x_train.shape[1:])

    @property
    def n_features(self) -> int:
        """Number of values in one sample, the product of `feature_shape`."""
        return math.prod(self.feature_shape)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def part(self, name: str) -> TensorDataset:
        """One part as a `torch.utils.data.TensorDataset` of (features, label) pairs.

        Args:
            name: ``"train"``, ``"val"`` or ``"test"``.

        Returns:
            The data set of that part.

        Raises:
            InvalidArgumentError: If `name` is none of the three.
        """
        if name not in PARTS:
            raise errors.InvalidArgumentError(f"name: expected one of {PARTS}, received {name!r}")
        return TensorDataset(getattr(self, f"x_{name}"), getattr(self, f"y_{name}"))

    def preprocess(self, pipeline: Pipeline) -> tuple[DataSet, FittedPipeline]:
        """Fit a pipeline on the training part only and apply it to all three parts.

        Args:
            pipeline: The steps to fit.

        Returns:
            The transformed data set, and the fitted pipeline to store beside a model.
        """
        fitted = pipeline.fit(self.x_train)
        train, val, test = (fitted.transform(x) for x in (self.x_train, self.x_val, self.x_test))
        note = "preprocessed by " + " > ".join(step.kind for step in fitted.steps)
        provenance = replace(self.provenance, notes=(*self.provenance.notes, note))
        kept = self.feature_names if train.shape == self.x_train.shape else None
        transformed = replace(
            self,
            x_train=train,
            x_val=val,
            x_test=test,
            feature_names=kept,
            provenance=provenance,
        )
        return transformed, fitted

    def class_counts(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield each part's name with its number of samples per class."""
        for part in PARTS:
            labels = getattr(self, f"y_{part}")
            counts = torch.bincount(labels, minlength=self.n_classes)
            yield part, tuple(int(count) for count in counts)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{part}={len(getattr(self, f'y_{part}'))}" for part in PARTS)
        return (
            f"DataSet({self.name!r}, {sizes}, feature_shape={self.feature_shape}, "
            f"n_classes={self.n_classes})"
        )
