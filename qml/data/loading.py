"""`load`: from a name to a data set with its parts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits import errors

from .dataset import PARTS, DataSet, Provenance
from .formats.content import MAX_BYTES
from .parts import choose, limited, split
from .raw import Labels
from .registry import find
from .sets.record import Query, Record
from .splits import make_generator

Limit = int | Mapping[str, int]


def load(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    classes: Sequence[int | str] | None = None,
    seed: int | torch.Generator = 0,
    val_fraction: float | None = None,
    test_fraction: float | None = None,
    limit: Limit | None = None,
    n_samples: int | None = None,
    noise: float | None = None,
    file: str | os.PathLike[str] | None = None,
    verify: bool | None = None,
    max_bytes: int | None = None,
) -> DataSet:
    """Load a classification data set; nothing is ever downloaded.

    The order is: read, choose classes, split, limit. A test or validation part that the makers
    published is kept as it is; what is missing is split off at random, stratified by class, with
    identical rows always in the same part. Rows keep their original order within a part, so shuffle
    for training (`loaders` does). The same arguments give the same data set on every machine, and
    the split does not depend on `limit`. Global random state is neither read nor changed.

    Args:
        name: One of `available()`.
        data_dir: Directory that holds the files, by default the environment variable
            `KETWORK_DATA`. Looked at by sets that are read from files only.
        classes: Numbers or names of the classes to keep; the k-th gets label k. All by default.
        seed: Integer in ``[0, 2**63)`` or CPU generator for everything random.
        val_fraction: Share of the training samples that becomes the validation part, in [0, 1);
            0.1 by default. Not for sets that have one.
        test_fraction: Share of all samples that becomes the test part, in [0, 1); 0.2 by default.
            Not for sets that have one.
        limit: At most so many samples in each part, or in the parts named in a dict such as
            ``{"train": 1000, "test": 500}``; drawn at random, stratified by class, and at least one
            per class.
        n_samples: Number of samples of a generated set, 500 by default.
        noise: Standard deviation of the Gaussian noise of a generated set.
        file: File of your own, for the sets ``"csv"`` and ``"medmnist"``; looked for as given, then
            in the data directory.
        verify: Whether files are compared with the published checksums (the default); without, the
            provenance says so.
        max_bytes: Largest accepted uncompressed size of one file, 512 MiB by default.

    Returns:
        The data set; features float32, labels int64.

    Raises:
        DataNotFoundError: If files are missing; says what was looked for where and how to get it.
        DataCorruptedError: If a file's checksum, format or content is wrong; names the file, what
            was expected and what was received.
        InvalidArgumentError: If an argument has a wrong value, or no effect for this set.
        ArgumentTypeError: If `seed` or `classes` has a wrong type.

    >>> iris = load("iris", seed=0)
    >>> iris
    DataSet('iris', train=108, val=12, test=30, feature_shape=(4,), n_classes=3)
    >>> load("digits", classes=[3, 8]).class_names
    ('3', '8')
    """
    record = find(name)
    given = {
        "n_samples": n_samples,
        "noise": noise,
        "file": file,
        "verify": verify,
        "max_bytes": max_bytes,
    }
    _check_options(record, given)
    generator = make_generator(seed)
    limits = _limits(limit)
    raw = record.read(
        Query(
            record,
            None if data_dir is None else os.fspath(data_dir),
            generator,
            True if verify is None else verify,
            MAX_BYTES if max_bytes is None else max_bytes,
            n_samples,
            noise,
            None if file is None else os.fspath(file),
        )
    )
    notes = list(raw.notes)
    chosen, class_names = choose(raw, classes, notes)
    parts = split(record.name, chosen, val_fraction, test_fraction, generator, notes)
    parts = limited(parts, limits, len(class_names), generator, notes)
    tensors: dict[str, Any] = {}
    for part in PARTS:
        rows, index, labels = parts[part]
        tensors[f"x_{part}"] = rows.take(index)
        tensors[f"y_{part}"] = _labels(labels)
    provenance = Provenance(record.title, record.origin, record.licence, raw.files, tuple(notes))
    return DataSet(
        record.name,
        **tensors,
        class_names=class_names,
        feature_names=raw.feature_names,
        provenance=provenance,
    )


def _check_options(record: Record, given: Mapping[str, object]) -> None:
    for option, value in given.items():
        if value is not None and option not in record.options:
            allowed = ", ".join(sorted(record.options)) or "none"
            raise errors.InvalidArgumentError(
                f"{option}: has no effect for {record.name!r}, a data set of the kind "
                f"{record.kind!r}; options of this set: {allowed}"
            )
    max_bytes = given["max_bytes"]
    if max_bytes is not None and (not isinstance(max_bytes, int) or max_bytes < 1):
        raise errors.InvalidArgumentError(
            f"max_bytes: expected an int >= 1, received {max_bytes!r}"
        )


def _limits(limit: Limit | None) -> dict[str, int]:
    if limit is None:
        return {}
    limits = dict(limit) if isinstance(limit, Mapping) else dict.fromkeys(PARTS, limit)
    for part, size in limits.items():
        if part not in PARTS:
            raise errors.InvalidArgumentError(
                f"limit: expected parts among {PARTS}, received {part!r}"
            )
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise errors.InvalidArgumentError(
                f"limit: expected integers >= 1, received {size!r} for {part}"
            )
    return limits


def _labels(labels: Labels) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64, copy=True))
