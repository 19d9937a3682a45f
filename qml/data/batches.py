"""Mini-batches in an order that a seed decides."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from circuits import errors

from .dataset import DataSet
from .splits import make_generator

Batches = DataLoader[tuple[Tensor, ...]]


class Loaders(NamedTuple):
    """One loader per part; each yields features ``(batch, *feature_shape)``, labels ``(batch,)``.

    Args:
        train: Shuffled anew in every epoch.
        val: In order.
        test: In order.
    """

    train: Batches
    val: Batches
    test: Batches


def loaders(dataset: DataSet, batch_size: int, seed: int | torch.Generator) -> Loaders:
    """Make loaders whose order depends on the seed alone; global random state is not touched.

    The last batch of an epoch may be smaller. ``loaders(...).train.generator`` is the shuffling
    generator: its ``get_state()`` before an epoch is what a checkpoint needs to repeat that epoch.

    Args:
        dataset: The data set.
        batch_size: Samples per batch, at least 1.
        seed: Integer or generator that shuffles the training part.

    Returns:
        The three loaders.

    Raises:
        ArgumentTypeError: If `batch_size` is no integer, or `seed` has a wrong type.
        InvalidArgumentError: If `batch_size` is below 1.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int):
        raise errors.ArgumentTypeError(
            f"batch_size: expected an int, received {type(batch_size).__name__}"
        )
    if batch_size < 1:
        raise errors.InvalidArgumentError(f"batch_size: expected >= 1, received {batch_size}")
    shuffling = make_generator(seed)
    return Loaders(
        _loader(dataset, "train", batch_size, shuffling),
        _loader(dataset, "val", batch_size, None),
        _loader(dataset, "test", batch_size, None),
    )


def _loader(
    dataset: DataSet, part: str, batch_size: int, shuffling: torch.Generator | None
) -> Batches:
    rows = dataset.part(part)
    order = (
        SequentialSampler(rows)
        if shuffling is None or not len(rows)
        else RandomSampler(rows, generator=shuffling)
    )
    # A batch is one tensor lookup (batch_size=None hands over whole index lists), and the loader's
    # own generator keeps it from drawing a number from the global one at the start of an epoch.
    return DataLoader(
        rows,
        sampler=BatchSampler(order, batch_size, drop_last=False),
        batch_size=None,
        generator=shuffling or torch.Generator().manual_seed(0),
    )
