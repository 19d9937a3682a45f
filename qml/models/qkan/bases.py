"""Base activations, the classical functions beside the circuits on the edges."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from circuits.arguments import one_of
from circuits.errors import InvalidArgumentError

BASES: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": functional.silu,
    "gelu": functional.gelu,
    "relu": functional.relu,
    "tanh": torch.tanh,
    "identity": lambda x: x,
}
"""Functions by name; `"silu"` is the default."""


def checked_base(name: str | None, trainable: bool) -> str | None:
    """The name of the base activation; `None` where there is none.

    Raises:
        InvalidArgumentError: If there is no such function, or a name without effect.
    """
    if trainable:
        return one_of("silu" if name is None else name, tuple(BASES), "base_activation")
    if name is not None:
        raise InvalidArgumentError(
            "Argument `base_activation` has no effect with ba_trainable=False, got "
            f"{name!r}. Leave it out, or set ba_trainable=True."
        )
    return None


def based(name: str | None, x: Tensor) -> Tensor:
    """B(x) of a layer that has a base activation."""
    return BASES[name or "silu"](x)
