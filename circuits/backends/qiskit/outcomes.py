"""From outcomes of measurements to samples and estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from circuits.execution import Request, Result
from circuits.simulators.sampling import Group


def bits_of(words: Iterable[str], width: int) -> np.ndarray:
    """Bits uint8 `(n, width)` of hexadecimal outcomes; column k is bit k."""
    size = (width + 7) // 8
    packed = b"".join(int(word, 16).to_bytes(size, "little") for word in words)
    rows = np.frombuffer(packed, dtype=np.uint8).reshape(-1, size)
    return np.unpackbits(rows, axis=1, bitorder="little")[:, :width]


def bits_of_array(packed: np.ndarray, width: int) -> np.ndarray:
    """Bits uint8 `(..., width)` of a `BitArray`'s bytes `(..., size)`; column k is bit k."""
    bits: np.ndarray = np.unpackbits(packed[..., ::-1], axis=-1, bitorder="little")[..., :width]
    return bits


def of_counts(counts: Mapping[str, int], width: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits `(n, width)` of the distinct outcomes, and how often each was seen `(n,)`."""
    number = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
    return bits_of(counts, width), number


def measured_qubits(group: Group) -> list[int]:
    """The qubits that a group of strings measures, in the order of the bits."""
    return sorted(group.basis)


def add_group(
    group: Group,
    point: int | slice,
    bits: np.ndarray,
    number: np.ndarray,
    means: np.ndarray,
    variances: np.ndarray,
) -> None:
    """Add to means and variances `(points, m)` what a group's outcomes say.

    The variance of a mean is the unbiased sample variance of the observable's value in this group
    divided by the shots, so covariances of strings that are measured together count.

    Args:
        group: Strings that were measured together.
        point: Row or rows of `means` that the outcomes belong to.
        bits: `(..., n, k)`.
        number: How often each was seen `(..., n)`.
        means: Estimates so far.
        variances: Their variances so far; NaN for a single shot.
    """
    qubits = measured_qubits(group)
    signs = 1.0 - 2.0 * bits
    values: dict[int, np.ndarray] = {}
    for k, mask, coefficient in group.terms:
        columns = [i for i, q in enumerate(qubits) if mask >> q & 1]
        term = coefficient * signs[..., columns].prod(-1)
        values[k] = values[k] + term if k in values else term
    shots = number.sum(-1)
    for k, value in values.items():
        mean = (number * value).sum(-1) / shots
        spread = (number * (value - mean[..., None]) ** 2).sum(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(shots > 1, spread / (shots - 1) / shots, np.nan)
        means[point, k] += mean
        variances[point, k] += error


def as_tensor(values: np.ndarray, request: Request) -> Tensor:
    """Numbers in the dtype and on the device of the request's values."""
    like = request.inputs if request.inputs.shape[1] else request.weights
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)


def as_samples(bits: np.ndarray, request: Request) -> Tensor:
    """Samples uint8 on the device of the request's values."""
    return torch.as_tensor(np.ascontiguousarray(bits), device=request.inputs.device)


def nothing(request: Request, shots: int | None, facts: Mapping[str, object]) -> Result:
    """The result for no points."""
    k = len(request.qubits or ())
    if request.qubits is not None and shots is not None:
        samples = torch.zeros(0, shots, k, dtype=torch.uint8, device=request.inputs.device)
        return Result(samples=samples, metadata=facts)
    width = 2**k if request.qubits is not None else len(request.observables)
    values = as_tensor(np.zeros((0, width)), request)
    return Result(values=values, variances=None if shots is None else values, metadata=facts)


def constants_of(constants: Sequence[float], points: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances `(points, m)` before anything was measured."""
    means = np.tile(np.asarray(constants, dtype=np.float64), (points, 1))
    return means, np.zeros_like(means)
