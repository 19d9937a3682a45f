"""What this machine can do at most, measured: arithmetic of a matrix product, speed of a copy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import torch

_SIZE = 1024
_BYTES = 2**27
_SECONDS = 0.5


class Peak(NamedTuple):
    """Rates with all threads.

    Attributes:
        flops: Floating-point operations per second of a product of matrices by torch's BLAS.
        bandwidth: Bytes per second read and written by a copy between arrays larger than caches.
    """

    flops: float
    bandwidth: float


def measure_peak(dtype: torch.dtype) -> Peak:
    """Measure for one precision; takes about a second.

    Args:
        dtype: float64 or float32.
    """
    a, b = torch.rand(2, _SIZE, _SIZE, dtype=dtype)
    product = torch.empty_like(a)
    source = torch.zeros(_BYTES // dtype.itemsize, dtype=dtype)
    target = torch.zeros_like(source)
    return Peak(
        2 * _SIZE**3 / _best(lambda: torch.mm(a, b, out=product)),
        2 * _BYTES / _best(lambda: target.copy_(source)),
    )


def _best(action: Callable[[], object]) -> float:
    times: list[float] = []
    while sum(times) < _SECONDS:
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)
