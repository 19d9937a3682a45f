"""Which samples a rank sees in which step."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from .distributed import Group


def steps_per_epoch(n: int, batch_size: int, group: Group) -> int:
    """Returns the number of batches in an epoch of `n` samples (the last may be smaller)."""
    return -(-n // (batch_size * group.size))


def epoch_batches(
    n: int, batch_size: int, group: Group, generator: torch.Generator | None
) -> Iterator[tuple[torch.Tensor, float]]:
    """Yields this rank's sample indices for each step of one epoch.

    A step takes the next `batch_size * group.size` samples of one permutation that all ranks
    share, and rank r takes every `group.size`-th of them from the r-th on. Ranks may differ in
    size in the last step, so each mean loss comes with the weight that makes the average over
    ranks the mean over all samples: w = n_rank * ranks / n_step. A rank without samples gets
    one sample with weight 0.

    Args:
        n: Number of samples.
        batch_size: Samples per rank and step.
        group: The processes that train together.
        generator: Shuffles; None keeps the order.

    Yields:
        Indices `(n_rank,)` int64, and the weight of their mean loss.
    """
    order = torch.arange(n) if generator is None else torch.randperm(n, generator=generator)
    for step in order.split(batch_size * group.size):
        mine = step[group.rank :: group.size]
        weight = len(mine) * group.size / len(step)
        yield (mine, weight) if len(mine) else (step[:1], 0.0)
