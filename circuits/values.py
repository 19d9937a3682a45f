"""From what a user passes as `x` and `w` to checked values in one dtype, with a flat batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import (
    ArgumentTypeError,
    DtypeError,
    InvalidArgumentError,
    ShapeError,
    SymbolError,
)
from circuits.execution import Values
from circuits.symbols import Group

_REAL = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
_COMPUTED = (torch.float64, torch.float32)


@dataclass(frozen=True, slots=True)
class Bound:
    """Values of a circuit and how to shape what comes out.

    Attributes:
        values: Inputs `(points, n_inputs)` and weights `(1 or points, n_weights)`.
        batch: Leading dimensions of the result.
        dtype: Real dtype of the result.
    """

    values: Values
    batch: tuple[int, ...]
    dtype: torch.dtype


def bind_values(circuit: Circuit, x: Any, w: Any, *, flat: bool = False) -> Bound:
    """Check and flatten the values of a circuit's symbols.

    Args:
        circuit: The circuit.
        x: Inputs `(*batch, *shape)` or `(*batch, size)`; a dict by name for several groups.
        w: Weights, likewise. The batches of `x` and `w` broadcast.
        flat: Prefer the flat feature axis of inputs where both readings are possible.

    Returns:
        The values in the promoted dtype (half types in float32), their batch, and the dtype of
        `x` (of `w` without `x`, float64 without both).

    Raises:
        KetworkError: If values are missing, superfluous, of the wrong shape or dtype.
    """
    plain = _plain(circuit, x, w)
    if plain is not None:
        return plain
    inputs, input_batch = _flattened("x", "input", circuit.input_groups, x, flat)
    weights, weight_batch = _flattened("w", "weight", circuit.weight_groups, w, False)
    given = [*inputs, *weights]
    dtype = given[0].dtype if given else torch.float64
    compute = dtype
    for tensor in given[1:]:
        compute = torch.promote_types(compute, tensor.dtype)
    if compute in (torch.float16, torch.bfloat16):
        compute = torch.float32
    device = given[0].device if given else torch.device("cpu")
    for tensor in given[1:]:
        if tensor.device != device:
            raise InvalidArgumentError(
                f"Values of one circuit must be on one device, got {device} and {tensor.device}. "
                "Move them with `.to(device)`."
            )
    batch = _broadcast(input_batch, weight_batch)
    points = math.prod(batch)
    data = _joined(inputs, batch, points, compute, device)
    if math.prod(weight_batch) == 1:
        trained = _joined(weights, (1,) * len(weight_batch), 1, compute, device)
    else:
        trained = _joined(weights, batch, points, compute, device)
    return Bound(Values(data, trained), batch, dtype)


def _plain(circuit: Circuit, x: Any, w: Any) -> Bound | None:
    """The common case without detours: a row of features per sample, and one set of weights.

    What comes out is what the general rules would give, with as few operations as possible.
    """
    if not isinstance(x, Tensor) or not isinstance(w, Tensor) or x.dim() < 2:
        return None
    groups = circuit.input_groups, circuit.weight_groups
    if len(groups[0]) != 1 or len(groups[1]) != 1:
        return None
    dtype, shape, size = x.dtype, x.shape, groups[0][0].size
    if dtype not in _COMPUTED or w.dtype != dtype or w.device != x.device:
        return None
    if groups[0][0].shape != (size,) or shape[-1] != size or groups[1][0].shape != w.shape:
        return None
    rows = x if len(shape) == 2 else x.reshape(-1, size)
    weights = w if w.dim() == 2 and w.shape[0] == 1 else w.reshape(1, -1)
    return Bound(Values(rows, weights), tuple(shape[:-1]), dtype)


def shaped(values: Tensor, batch: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Values `(points, k)` as `(*batch, k)` in a dtype; the same tensor where it is that already.

    Args:
        values: What an evaluator returned for bound values.
        batch: The `batch` of the bound values.
        dtype: Their `dtype`.
    """
    if len(batch) != 1:
        values = values.reshape(*batch, values.shape[-1])
    return values if values.dtype == dtype else values.to(dtype)


def _broadcast(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    if first == second or not second:
        return first
    if not first:
        return second
    try:
        return tuple(torch.broadcast_shapes(first, second))
    except RuntimeError:
        raise ShapeError(
            f"The batch of `x` {first} and the batch of `w` {second} do not broadcast."
        ) from None


def _joined(
    tensors: list[Tensor],
    batch: tuple[int, ...],
    points: int,
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    if not tensors:
        return torch.zeros(points, 0, dtype=dtype, device=device)
    rows = [t.to(dtype).expand(*batch, t.shape[-1]).reshape(points, t.shape[-1]) for t in tensors]
    return rows[0] if len(rows) == 1 else torch.cat(rows, dim=1)


def _flattened(
    argument: str, kind: str, groups: tuple[Group, ...], given: Any, flat: bool
) -> tuple[list[Tensor], tuple[int, ...]]:
    """One tensor `(*batch, size)` per group, and the common batch."""
    if not groups:
        if given is not None and not (isinstance(given, Mapping) and not given):
            raise InvalidArgumentError(
                f"Argument `{argument}` was given, but the circuit has no {kind}s. Declare them "
                f"with `{kind}s(...)` or leave `{argument}` out."
            )
        return [], ()
    by_name = _by_name(argument, kind, groups, given)
    tensors: list[Tensor] = []
    batch: tuple[int, ...] = ()
    for group in groups:
        named = f"{argument}[{group.name!r}]" if isinstance(given, Mapping) else argument
        tensor = as_real_tensor(by_name[group.name], named)
        lead = _leading(tensor, group, argument, flat)
        tensors.append(tensor.reshape(*lead, group.size))
        batch = _broadcast(batch, lead)
    return tensors, batch


def _by_name(argument: str, kind: str, groups: tuple[Group, ...], given: Any) -> Mapping[str, Any]:
    names = [group.name for group in groups]
    if given is None:
        raise InvalidArgumentError(
            f"Argument `{argument}` is missing: pass values for "
            + ", ".join(f"the {kind}s {g.name!r} of shape {g.shape}" for g in groups)
            + "."
        )
    if not isinstance(given, Mapping):
        if len(groups) == 1:
            return {names[0]: given}
        return _sliced(argument, kind, groups, given)
    if set(given) != set(names):
        raise SymbolError(
            f"Argument `{argument}` must have the keys {sorted(names)}, one for each group of "
            f"{kind}s, got {sorted(map(str, given))}."
        )
    return given


def _sliced(argument: str, kind: str, groups: tuple[Group, ...], given: Any) -> Mapping[str, Any]:
    """Several groups from one tensor with a flat last axis, in the order of first use."""
    tensor = as_real_tensor(given, argument)
    total = sum(group.size for group in groups)
    if tensor.dim() == 0 or tensor.shape[-1] != total:
        raise ShapeError(
            f"The circuit has {len(groups)} groups of {kind}s ({', '.join(g.name for g in groups)})"
            f": pass a dict by name, or a last axis of {total} values in that order; got shape "
            f"{tuple(tensor.shape)}."
        )
    parts = tensor.split([group.size for group in groups], dim=-1)
    return {
        group.name: part.reshape(*part.shape[:-1], *group.shape)
        for group, part in zip(groups, parts, strict=True)
    }


def as_real_tensor(value: Any, argument: str) -> Tensor:
    """A floating-point tensor; lists and arrays become tensors, integers and complex raise."""
    if not isinstance(value, Tensor):
        try:
            value = torch.as_tensor(np.asarray(value))
        except (TypeError, ValueError):
            raise ArgumentTypeError(
                f"Argument `{argument}` must be a tensor or an array of numbers, got "
                f"{type(value).__name__}."
            ) from None
    if value.dtype not in _REAL:
        raise DtypeError(
            f"Argument `{argument}` must be a float64, float32, float16 or bfloat16 tensor, got "
            f"{value.dtype}. "
            "Convert it, for example with `.float()`"
            + (" or take `.real`." if value.dtype.is_complex else ".")
        )
    return value


def _leading(tensor: Tensor, group: Group, argument: str, flat: bool) -> tuple[int, ...]:
    """The batch dimensions of a tensor for a group, from either of the two layouts."""
    shape, own = tuple(tensor.shape), group.shape
    structured = len(shape) >= len(own) and shape[len(shape) - len(own) :] == own
    flattened = len(shape) >= 1 and shape[-1] == group.size and (own != () or flat)
    if flattened and (flat or not structured):
        return shape[:-1]
    if structured:
        return shape[: len(shape) - len(own)]
    layouts = f"(..., {', '.join(map(str, own))})" if own else "(...)"
    if len(own) > 1:
        layouts += f" or (..., {group.size})"
    raise ShapeError(
        f"Argument `{argument}` must have shape {layouts} for the group {group.name!r} of "
        f"{group.size} {group.kind}(s), got {shape}. Change the data (a Linear layer or "
        "PCA in front) or the circuit so that they agree."
    )
