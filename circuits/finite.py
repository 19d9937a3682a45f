"""The check that what was computed is finite, with the cause named if it is not."""

from __future__ import annotations

import torch
from torch import Tensor

from circuits.errors import NonFiniteError


def can_look(tensor: Tensor) -> bool:
    """Whether Python may look at the numbers of a tensor: not while tracing or transforming."""
    return not torch.compiler.is_compiling() and not is_transformed(tensor)


def is_transformed(tensor: Tensor) -> bool:
    """Whether the tensor belongs to a transform of `torch.func` that is running."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def check_finite(values: Tensor, inputs: Tensor, weights: Tensor) -> None:
    """Refuse what is not finite, values or what they come from, on the CPU where looking is free.

    Args:
        values: What was computed.
        inputs: Inputs `(points, n_inputs)` it was computed from.
        weights: Weights `(1 or points, n_weights)` it was computed from.

    Raises:
        NonFiniteError: Naming inputs, weights or amplitudes as the cause.
    """
    all_three = values, inputs, weights
    if values.device.type != "cpu" or not all(map(can_look, all_three)):
        return
    # An angle that is not finite need not reach what is read from a Pauli vector.
    if all(bool(torch.isfinite(tensor.detach()).all()) for tensor in all_three):
        return
    for name, tensor in (("inputs", inputs.detach()), ("weights", weights.detach())):
        wrong = ~torch.isfinite(tensor)
        if bool(wrong.any()):
            row, column = (int(i) for i in wrong.nonzero()[0])
            raise NonFiniteError(
                f"Angles must be finite: value {column} of the {name} is "
                f"{float(tensor[row, column])}" + (f" (sample {row})." if len(tensor) > 1 else ".")
            )
    raise NonFiniteError(
        "A state preparation received amplitudes that are all zero, which cannot be normalised; "
        "or an angle is too large to compute with."
    )
