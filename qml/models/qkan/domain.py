"""Values and slopes must be finite: the ansatz px has both inside of [-1, 1] alone.

Looked at on the CPU, where it costs next to nothing, and not under transforms of `torch.func`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from circuits.errors import NonFiniteError
from circuits.finite import can_look
from qml.models.qkan.ansatz import Ansatz


def check_values(record: Ansatz, values: Tensor, data: Tensor) -> None:
    """Raise unless all values that were computed from data are finite."""
    if finite(values):
        return
    hint = ""
    if record.arccos and bool(torch.isfinite(data.detach()).all()):
        hint = (
            " The ansatz 'px' encodes arccos(w x + b): it needs abs(w x + b) <= 1. Scale the data, "
            "or use another ansatz; hidden nodes of a network easily leave that interval."
        )
    raise NonFiniteError(
        f"The layer's values are not finite. Inputs and parameters must be finite.{hint}"
    )


def arccos(encoded: Tensor) -> Tensor:
    """The angle of encoded data; where its slope is infinite, backward raises."""
    differentiated = encoded.requires_grad and torch.is_grad_enabled()
    if differentiated and _seen(encoded) and bool((encoded.detach().abs() == 1).any()):
        encoded.register_hook(check_slopes)
    return encoded.arccos()


def check_slopes(*slopes: Tensor) -> None:
    """Raise unless all gradients of px are finite."""
    if not all(finite(slope) for slope in slopes):
        raise NonFiniteError(
            "The layer's gradients are not finite. The ansatz 'px' encodes arccos(w x + b), which "
            "has an infinite slope where abs(w x + b) = 1. Scale the data into the open interval "
            "(-1, 1), for example by 0.95, or use another ansatz."
        )


def finite(tensor: Tensor) -> bool:
    """Whether all numbers are finite; true where nobody looks."""
    return not _seen(tensor) or bool(torch.isfinite(tensor.detach()).all())


def _seen(tensor: Tensor) -> bool:
    return can_look(tensor) and tensor.device.type == "cpu"
