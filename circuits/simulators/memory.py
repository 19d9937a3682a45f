"""The check that a simulation fits in memory, made before anything is allocated."""

from __future__ import annotations

import functools
import os

import numpy as np
import torch

from circuits.errors import ResourceLimitError

_STATES_AT_ONCE = 6  # state-sized tensors alive during a run or a gradient


def check_memory(n_qubits: int, points: int, dtype: torch.dtype) -> None:
    """Refuse a run whose states would not fit in this machine's memory.

    Raises:
        ResourceLimitError: With the size needed and the size there is.
    """
    size = 2**n_qubits * max(points, 1) * (8 if dtype == torch.float32 else 16) * _STATES_AT_ONCE
    check_bytes(size, f"{points} state vector(s) of {n_qubits} qubits")


def check_bytes(size: int, what: str) -> None:
    """Refuse a run that would not fit in this machine's memory.

    Args:
        size: Bytes that it needs.
        what: The run in words.

    Raises:
        ResourceLimitError: With the size needed and the size there is.
    """
    total = physical_memory()
    if size > total:
        raise ResourceLimitError(
            f"{what} need about {size / 2**30:.3g} GiB, this machine has {total / 2**30:.3g} GiB. "
            "Use fewer qubits or smaller batches."
        )


@functools.cache
def physical_memory() -> int:
    """Bytes of main memory of this machine."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))
    return int(np.iinfo(np.int64).max)
