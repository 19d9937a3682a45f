"""Classical maps of attention scores to (nearly) stochastic matrices, to compare circuits with."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.finite import can_look

_SMALL = 1e-6


def softmax(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """exp(s_ij) / sum_k exp(s_ik): rows sum to 1.

    Args:
        scores: `(..., T, T)`.
        mask: Booleans that broadcast to the scores; where false, a token is not attended to.

    Raises:
        InvalidArgumentError: If the mask leaves a row empty.
    """
    return _masked(scores, mask).softmax(-1)


def softmax_sigma(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """The softmax of scores that are divided by their variance over the matrix.

    Args:
        scores: `(..., T, T)`, not rescaled.
        mask: Booleans that broadcast to the scores; where false, a token is not attended to, and
            the score has no part in the variance.

    Raises:
        InvalidArgumentError: If the mask leaves a row empty.
    """
    kept = torch.ones_like(scores) if mask is None else mask.expand(scores.shape).to(scores.dtype)
    numbers = kept.sum((-2, -1), keepdim=True)
    mean = (kept * scores).sum((-2, -1), keepdim=True) / numbers
    variance = (kept * (scores - mean).square()).sum((-2, -1), keepdim=True) / numbers
    return softmax(scores / variance.clamp_min(torch.finfo(scores.dtype).eps), mask)


def sinkhorn(scores: Tensor, mask: Tensor | None = None, *, iterations: int = 3) -> Tensor:
    """Rows, columns, rows, ... of exp(scores) are normalised in turn.

    Args:
        scores: `(..., T, T)`.
        mask: Booleans that broadcast to the scores; where false, the entry is zero. A column
            without any entry stays zero.
        iterations: Number of normalisations, odd: the last is of rows. 1 is the softmax.

    Raises:
        InvalidArgumentError: If the mask leaves a row empty.

    References:
        Sander et al., Sinkformers, arXiv:2110.11773.
    """
    logs = _masked(scores, mask)
    for k in range(iterations):
        total = logs.logsumexp(-1 if k % 2 == 0 else -2, keepdim=True)
        logs = logs - torch.where(total == -torch.inf, torch.zeros_like(total), total)
    return logs.exp()


def qr(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Q_ij^2 of the decomposition scores = Q R, which is doubly stochastic.

    It is computed in float64. Where the scores have no full rank, and Q no gradient, fixed noise
    of deviation 1e-7 is added to them.

    Args:
        scores: `(..., T, T)`.
        mask: None: zeros of the scores are no zeros of Q.

    Raises:
        UnsupportedOperationError: If there is a mask.
    """
    refuse_mask(mask, "qr")
    exact = scores.double()
    pivots = torch.linalg.qr(exact.detach(), mode="r")[1].diagonal(dim1=-2, dim2=-1).abs()
    tiny = torch.finfo(torch.float64).eps * scores.shape[-1]
    deficient = pivots.amin(-1, keepdim=True) <= tiny * pivots.amax(-1, keepdim=True)
    noise = _noise(scores.shape[-1]).to(exact.device)
    disturbed = exact + torch.where(deficient[..., None], noise, torch.zeros_like(noise))
    return torch.linalg.qr(disturbed)[0].square().to(scores.dtype)


@torch.compiler.assume_constant_result
def _noise(size: int) -> Tensor:
    return torch.from_numpy(_drawn(size))


@functools.lru_cache(maxsize=16)
def _drawn(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1e-7, (size, size))


def rescaled(scores: Tensor, size: float) -> Tensor:
    """Scores whose root mean square over the matrix is `size`; nearly zero scores stay small.

    Args:
        scores: `(..., T, T)`.
        size: What to bring them to.
    """
    mean_square = scores.square().mean((-2, -1), keepdim=True)
    return scores * (size * (mean_square + _SMALL).rsqrt())


def refuse_mask(mask: Tensor | None, method: str) -> None:
    """Raise if there is a mask, for methods that cannot keep entries at zero."""
    if mask is not None:
        raise UnsupportedOperationError(
            f"Argument `mask` is not defined for method {method!r}, whose matrices have no zeros "
            "at chosen places. Use method 'softmax', 'softmax_sigma' or 'sinkhorn', or leave the "
            "mask out."
        )


def _masked(scores: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return scores
    if can_look(mask) and not bool(mask.any(-1).all()):
        raise InvalidArgumentError(
            "Argument `mask` leaves a row empty: every token must attend to one token at least. "
            "Let tokens that are left out attend to themselves."
        )
    return scores.masked_fill(~mask, -torch.inf)
