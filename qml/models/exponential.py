"""exp(i H) of Hermitian matrices, and sequences of such evolutions, with exact derivatives.

With H = V diag(w) V^dagger the derivative of exp(i H) in the direction E is

    V (D o (V^dagger E V)) V^dagger,   D_jk = i exp(i (w_j + w_k) / 2) sinc((w_j - w_k) / 2),

where o multiplies entries and sinc(u) = sin(u) / u: the divided differences of the exponential in
a form that is exact for equal eigenvalues too, where derivatives of the eigenvectors do not exist
(Daleckii and Krein; Higham, Functions of Matrices, theorem 3.11). Second derivatives, transforms
of `torch.func` and compilation take `torch.linalg.matrix_exp` instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.forward_ad import unpack_dual

from circuits.finite import can_look

_CACHE = 2**21


def exponential(h: Tensor) -> Tensor:
    """exp(i H) of complex Hermitian matrices.

    Args:
        h: Matrices `(..., N, N)`, Hermitian (not checked).

    Returns:
        Unitary matrices `(..., N, N)`.
    """
    if _plain(h):
        found: Tensor = _Exponential.apply(h)
        return found
    return torch.linalg.matrix_exp(1j * h)


def evolve(m: Tensor, times: Tensor, unitaries: Tensor) -> Tensor:
    """prod_l U_l exp(-i t_l M) |+...+>, factor l = 0 acting first.

    Args:
        m: Real symmetric matrices `(points, N, N)`.
        times: Real times `(L,)`, or `(1,)` for the same time L times.
        unitaries: Matrices U_l `(L, N, N)`, complex.

    Returns:
        States `(points, N)`.
    """
    if _plain(m) and _plain(times) and _plain(unitaries):
        parts = [_Evolution.apply(part, times, unitaries) for part in m.split(_portion(m))]
        return torch.cat(parts) if len(parts) > 1 else parts[0]
    return _evolve_reference(m, times, unitaries)


def _portion(m: Tensor) -> int:
    """How many matrices to evolve at once: on a CPU as many as stay in its cache."""
    size = m.shape[-1] ** 2 * m.element_size()
    return max(1, _CACHE // size if m.device.type == "cpu" else len(m))


@contextmanager
def full_precision(like: Tensor) -> Iterator[None]:
    """No automatic casts to half types inside, on the device of `like`."""
    with torch.autocast(like.device.type, enabled=False):
        yield


def _plain(tensor: Tensor) -> bool:
    """Whether the first derivative, backwards, is all that can be asked for."""
    return can_look(tensor) and unpack_dual(tensor).tangent is None


def _evolve_reference(m: Tensor, times: Tensor, unitaries: Tensor) -> Tensor:
    state = torch.full_like(m[..., 0], m.shape[-1] ** -0.5).to(unitaries.dtype)
    steps = torch.linalg.matrix_exp(-1j * times[:, None, None, None] * m)
    for k, unitary in enumerate(unitaries):
        step = steps[k if len(times) > 1 else 0]
        state = (step @ state.unsqueeze(-1)).squeeze(-1) @ unitary.mT
    return state


def _sinc(u: Tensor) -> Tensor:
    """sin(u) / u; several times as fast as `torch.sinc` on a CPU."""
    return torch.where(u == 0, 1, torch.sin(u) / u)


def _rotate(v: Tensor, state: Tensor) -> Tensor:
    """Real matrices `(points, N, N)` times complex vectors `(points, N)`.

    Real and imaginary parts are rows: products with two columns take almost twice as long.
    """
    rows = torch.stack((state.real, state.imag), -2) @ v.mT
    return torch.complex(rows[..., 0, :], rows[..., 1, :])


class _Exponential(Function):
    @staticmethod
    def forward(ctx: Any, h: Tensor) -> Tensor:
        w, v = torch.linalg.eigh(h)
        ctx.save_for_backward(h, w, v)
        return (v * torch.exp(1j * w).unsqueeze(-2)) @ v.mH

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,), (h, w, v) = gradients, ctx.saved_tensors
        if torch.is_grad_enabled():
            again = torch.linalg.matrix_exp(1j * h)
            return torch.autograd.grad(again, h, gradient, create_graph=True)[0]
        first, second = w.unsqueeze(-1), w.unsqueeze(-2)
        divided = 1j * torch.exp(0.5j * (first + second)) * _sinc((first - second) / 2)
        return v @ (divided.conj() * (v.mH @ gradient @ v)) @ v.mH


class _Evolution(Function):
    """Keeps the eigenvectors and two states per factor.

    In the eigenbasis the derivative by M of one factor, for the gradient g of its result and the
    state s before it, is t sinc(t (w_j - w_k) / 2) Im(conj(a_j) b_k) with a = exp(i t w / 2) g
    and b = exp(-i t w / 2) s.
    """

    @staticmethod
    def forward(ctx: Any, m: Tensor, times: Tensor, unitaries: Tensor) -> Tensor:
        w, v = torch.linalg.eigh(m)
        state = torch.full_like(w, w.shape[-1] ** -0.5).to(unitaries.dtype)
        before, after = [], []
        for k, unitary in enumerate(unitaries):
            time = times[k if len(times) > 1 else 0]
            before.append(_rotate(v.mT, state))
            after.append(_rotate(v, torch.exp(-1j * time * w) * before[-1]))
            state = after[-1] @ unitary.mT
        ctx.save_for_backward(m, times, unitaries, w, v, torch.stack(before), torch.stack(after))
        return state

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        (g,), (m, times, unitaries, w, v, before, after) = gradients, ctx.saved_tensors
        if torch.is_grad_enabled():
            return _second(ctx, g, m, times, unitaries)
        shared = len(times) == 1
        by_time, by_unitary = torch.zeros_like(times), torch.empty_like(unitaries)
        left, right = [], []
        for k in reversed(range(len(unitaries))):
            slot = 0 if shared else k
            phase = torch.exp(-1j * times[slot] * w)
            by_unitary[k] = g.mT @ after[k].conj()
            g = _rotate(v.mT, g @ unitaries[k].conj())
            by_time[slot] += (w * (g.conj() * phase * before[k]).imag).sum()
            half = torch.exp(-0.5j * times[slot] * w)
            left.append(half.conj() * g)
            right.append(half * before[k])
            g = _rotate(v, phase.conj() * g)
        by_matrix = None
        if ctx.needs_input_grad[0]:
            a, b = torch.stack(left, 1), torch.stack(right, 1)
            gaps = w.unsqueeze(-1) - w.unsqueeze(-2)
            by_matrix = v @ _weighted(a, b, times.flip(0), gaps) @ v.mT
        return by_matrix, by_time, by_unitary


def _weighted(a: Tensor, b: Tensor, times: Tensor, gaps: Tensor) -> Tensor:
    """sum_l t_l sinc(t_l gaps / 2) Im(conj(a_l) b_l^T), for vectors `(points, L, N)`."""
    groups = [slice(None)] if len(times) == 1 else [slice(k, k + 1) for k in range(len(times))]
    total = torch.zeros_like(gaps)
    for time, group in zip(times, groups, strict=True):
        p, q = a[:, group], b[:, group]
        products = p.real.mT @ q.imag - p.imag.mT @ q.real
        total += time * _sinc(time * gaps / 2) * products
    return total


def _second(ctx: Any, g: Tensor, *arguments: Tensor) -> Any:
    """The first derivatives again, as functions that can be differentiated."""
    wanted = [a for a, needed in zip(arguments, ctx.needs_input_grad, strict=True) if needed]
    again = _evolve_reference(*arguments)
    found = iter(torch.autograd.grad(again, wanted, g, create_graph=True, allow_unused=True))
    return tuple(next(found) if needed else None for needed in ctx.needs_input_grad)
