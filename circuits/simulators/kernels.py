"""Passes over batched state vectors as pure tensor functions.

A state is a complex tensor `(2**n, batch)`: amplitudes first, the batch innermost, so that every
pass is a long contiguous loop whatever the qubit. Matrices are `(d, d, batch or 1)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def split(n_qubits: int, qubits: tuple[int, ...]) -> tuple[list[int], dict[int, int]]:
    """A view shape that gives each of `qubits` its own axis of extent 2.

    Returns:
        The shape without the batch axis, and the axis of each qubit.
    """
    shape: list[int] = []
    axes: dict[int, int] = {}
    above = n_qubits
    for q in sorted(qubits, reverse=True):
        shape += [2 ** (above - 1 - q), 2]
        axes[q] = len(shape) - 1
        above = q
    return [*shape, 2**above], axes


def apply_matrix(
    state: Tensor,
    matrix: Tensor,
    targets: tuple[int, ...],
    controls: tuple[int, ...],
    n_qubits: int,
) -> Tensor:
    """Apply `(d, d, batch or 1)` to `targets` where all `controls` are 1."""
    shape, axes = split(n_qubits, targets + controls)
    view = state.reshape(*shape, state.shape[-1])
    target_axes = [axes[q] for q in targets]
    control_axes = [axes[q] for q in controls]

    def act(part: Tensor) -> Tensor:
        return _contract(part, matrix, target_axes)

    return _where_controlled(view, control_axes, act).reshape(state.shape[0], -1)


def _where_controlled(view: Tensor, axes: list[int], act: Callable[[Tensor], Tensor]) -> Tensor:
    if not axes:
        return act(view)
    axis, *others = axes
    passive, active = view.narrow(axis, 0, 1), view.narrow(axis, 1, 1)
    changed = _where_controlled(active, others, act)
    if passive.shape[-1] != changed.shape[-1]:
        passive = passive.expand(*passive.shape[:-1], changed.shape[-1])
    return torch.cat([passive, changed], dim=axis)


def _contract(view: Tensor, matrix: Tensor, axes: list[int]) -> Tensor:
    """Multiply the target axes of a view by a matrix, column by column or as one product."""
    k = len(axes)
    if matrix.shape[0] == 1:
        return view * matrix[0, 0]
    if k > 2:
        return _contract_dense(view, matrix, axes)
    spread = [1] * (view.dim() - 1)
    for axis in axes:
        spread[axis] = 2
    order = sorted(range(k), key=lambda i: axes[i])
    out: Tensor | None = None
    for j in range(2**k):
        column = matrix[:, j].reshape([2] * k + [-1])  # axes: last target first
        column = column.permute(*[k - 1 - i for i in order], k).reshape([*spread, -1])
        part = view
        for i, axis in enumerate(axes):
            part = part.narrow(axis, j >> i & 1, 1)
        out = column * part if out is None else torch.addcmul(out, column, part)
    assert out is not None
    return out


def _contract_dense(view: Tensor, matrix: Tensor, axes: list[int]) -> Tensor:
    k, batch = len(axes), view.shape[-1]
    front = [axes[i] for i in reversed(range(k))]  # last target is the most significant bit
    moved = view.movedim(front, list(range(k)))
    flat = moved.reshape(2**k, math.prod(moved.shape[k:-1]), batch)
    if matrix.shape[-1] == 1:
        out = (matrix[..., 0] @ flat.reshape(2**k, -1)).reshape(flat.shape)
    else:
        out = torch.einsum("ijb,jrb->irb", matrix, flat)
    return out.reshape(*moved.shape[:-1], out.shape[-1]).movedim(list(range(k)), front)


def overlap_matrix(
    left: Tensor,
    right: Tensor,
    targets: tuple[int, ...],
    controls: tuple[int, ...],
    n_qubits: int,
    *,
    per_sample: bool,
) -> Tensor:
    """The cotangent of a matrix: left_i conj(right_j), summed over the other qubits.

    Returns:
        `(d, d, batch)`, or `(d, d, 1)` summed over the batch unless `per_sample`.
    """
    shape, axes = split(n_qubits, targets + controls)
    front = [axes[q] for q in reversed(targets)]
    k = len(targets)
    flat: list[Tensor] = []
    for state in (left, right):
        view = state.reshape(*shape, state.shape[-1])
        for q in controls:
            view = view.narrow(axes[q], 1, 1)
        rest = 2 ** (n_qubits - k - len(controls))
        flat.append(view.movedim(front, list(range(k))).reshape(2**k, rest, state.shape[-1]))
    if per_sample:
        right_bar = flat[1].conj().resolve_conj()
        return torch.stack([(row * right_bar).sum(1) for row in flat[0]])
    a, b = flat[0].reshape(2**k, -1), flat[1].reshape(2**k, -1)
    return (a @ b.conj().T)[..., None]


def parity_sign(n_qubits: int, mask: int, like: Tensor) -> Tensor:
    """(-1)^(number of ones of i & mask) for each basis index i, real `(2**n,)`."""
    indices = torch.arange(2**n_qubits, device=like.device) & mask
    for shift in (32, 16, 8, 4, 2, 1):
        if shift < max(n_qubits, 2):
            indices = indices ^ (indices >> shift)
    return (1 - 2 * (indices & 1)).to(real_dtype(like.dtype))


def real_dtype(dtype: torch.dtype) -> torch.dtype:
    """The dtype of the parts of a complex dtype."""
    return torch.float32 if dtype in (torch.complex64, torch.float32) else torch.float64


def apply_pauli(state: Tensor, x_mask: int, z_mask: int, n_qubits: int) -> Tensor:
    """P|state> for a Pauli string given by bit masks.

    With Y = i X Z on each qubit, (P psi)_i = i^m (-1)^(|(i ^ x) & z|) psi_(i ^ x), m = |x & z|.
    """
    factor = 1j ** ((x_mask & z_mask).bit_count() % 4)
    result = state
    if z_mask:
        result = result * parity_sign(n_qubits, z_mask, state)[:, None]
    if x_mask:
        source = torch.arange(2**n_qubits, device=state.device) ^ x_mask
        result = result.index_select(0, source)
    return result if factor == 1 else result * factor


def pauli_rotation(state: Tensor, angle: Tensor, x_mask: int, z_mask: int, n_qubits: int) -> Tensor:
    """exp(-i angle P / 2)|state> for `angle (batch or 1,)`."""
    half = angle / 2
    c, s = torch.cos(half), torch.sin(half)
    if not x_mask:
        sign = parity_sign(n_qubits, z_mask, state)[:, None]
        phase = torch.complex(c.expand_as(sign * s), -(sign * s))
        return state * phase
    turned = apply_pauli(state, x_mask, z_mask, n_qubits)
    return c * state - 1j * s * turned


def prepare(amplitudes: Tensor, qubits: tuple[int, ...], n_qubits: int, state: Tensor) -> Tensor:
    """Write `amplitudes (2**k, batch or 1)` to qubits that are |0...0> in `state`."""
    shape, axes = split(n_qubits, qubits)
    view = state.reshape(*shape, state.shape[-1])
    for q in qubits:
        view = view.narrow(axes[q], 0, 1)
    k = len(qubits)
    order = sorted(range(k), key=lambda i: axes[qubits[i]])
    spread = [1] * (view.dim() - 1)
    for q in qubits:
        spread[axes[q]] = 2
    column = amplitudes.reshape([2] * k + [-1]).permute(*[k - 1 - i for i in order], k)
    return (column.reshape([*spread, -1]) * view).reshape(state.shape[0], -1)


def prepared_part(state: Tensor, qubits: tuple[int, ...], n_qubits: int) -> Tensor:
    """The state as `(2**k, rest, batch)` with the listed qubits in front, last most significant."""
    shape, axes = split(n_qubits, qubits)
    view = state.reshape(*shape, state.shape[-1])
    front = [axes[q] for q in reversed(qubits)]
    k = len(qubits)
    rest = 2 ** (n_qubits - k)
    return view.movedim(front, list(range(k))).reshape(2**k, rest, state.shape[-1])


def zero_state(n_qubits: int, batch: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """|0...0>, `(2**n, batch)`."""
    one = torch.ones(1, batch, dtype=dtype, device=device)
    rest = torch.zeros(2**n_qubits - 1, batch, dtype=dtype, device=device)
    return torch.cat([one, rest])
