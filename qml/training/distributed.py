"""Data-parallel training: which rank we are, and the few sums that ranks share.

Start with `torchrun`, call `torch.distributed.init_process_group`, wrap the model in
`torch.nn.parallel.DistributedDataParallel`, call `fit` on every rank. Each rank trains on its
share of every batch; R ranks with batch size B take the same steps as one process with R * B.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from circuits import errors


@dataclass(frozen=True)
class Group:
    """The processes that train together.

    Args:
        rank: Number of this process, from 0; only rank 0 writes files.
        size: Number of processes.
    """

    rank: int = 0
    size: int = 1

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Returns the sum of `values` over all ranks."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def gather(self, value: Any) -> list[Any]:
        """Returns the `value` of every rank, in the order of ranks."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def agree(self, value: Any) -> Any:
        """Returns the `value` of rank 0."""
        return self.gather(value)[0]


def current_group(model: nn.Module) -> Group:
    """Finds the group this process belongs to, and checks that the model fits it.

    Args:
        model: The model that is to be trained.

    Returns:
        The group; a lone process is rank 0 of 1.

    Raises:
        TrainingError: If this is one of several processes that could not train together.
    """
    if not (dist.is_available() and dist.is_initialized()):
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise errors.TrainingError(
                f"WORLD_SIZE is {os.environ['WORLD_SIZE']}, but there is no process group: every "
                "process would train alone. Call `torch.distributed.init_process_group('gloo')` "
                "and wrap the model in DistributedDataParallel before `fit`."
            )
        return Group()
    group = Group(dist.get_rank(), dist.get_world_size())
    if group.size > 1 and not isinstance(model, DistributedDataParallel):
        raise errors.TrainingError(
            f"`fit` runs on {group.size} ranks, but the model is a {type(model).__name__}: its "
            "gradients would not be shared. Wrap it: "
            "`torch.nn.parallel.DistributedDataParallel(model)`."
        )
    return group


def unwrap(model: nn.Module) -> nn.Module:
    """Returns the module inside a DistributedDataParallel wrapper, or the model itself."""
    return model.module if isinstance(model, DistributedDataParallel) else model
