"""Whether a Choi matrix is that of a completely positive trace-preserving map."""

from __future__ import annotations

import torch
from torch import Tensor

from circuits.errors import ChannelError
from noise.representations.convert import dimension


def deviation_from_cptp(choi: Tensor) -> tuple[float, float]:
    """How far a map is from completely positive and from trace preserving.

    Args:
        choi: `(d^2, d^2)`.

    Returns:
        The negative part of the smallest eigenvalue of the Choi matrix (or how far it is from
        Hermitian, if that is more), and the largest entry of |Tr_out C - 1|; both at least 0.
    """
    d = dimension(choi, "choi")
    hermitian = (choi + choi.mH) / 2
    smallest = float(torch.linalg.eigvalsh(hermitian)[0])
    reduced = torch.einsum("iaja->ij", choi.reshape(d, d, d, d))
    eye = torch.eye(d, dtype=choi.dtype, device=choi.device)
    lost = float((choi - hermitian).abs().max())
    return max(-smallest, lost, 0.0), float((reduced - eye).abs().max())


def check_cptp(choi: Tensor, tolerance: float = 1e-6, name: str = "choi") -> Tensor:
    """The Choi matrix, if its map is completely positive and trace preserving.

    Args:
        choi: `(d^2, d^2)`, trace d, the input the more significant factor.
        tolerance: The largest deviation allowed.
        name: What to call the map in messages.

    Raises:
        ChannelError: Naming the condition and the deviation.

    >>> check_cptp(torch.eye(4) / 2).shape  # the completely depolarizing channel
    torch.Size([4, 4])
    """
    negative, trace = deviation_from_cptp(choi)
    if trace > tolerance:
        raise ChannelError(
            f"The map `{name}` does not preserve the trace: the partial trace of its Choi matrix "
            f"over the output differs from the identity by {trace:.3g}, expected at most "
            f"{tolerance:g}."
        )
    if negative > tolerance:
        raise ChannelError(
            f"The map `{name}` is not completely positive: its Choi matrix is Hermitian and "
            f"positive only up to {negative:.3g}, expected at most {tolerance:g}."
        )
    return choi
