"""Doubly stochastic matrices of angles: on the compiled kernels, or by operations of torch."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from qml.models.qdsformer import native
from qml.models.qdsformer.program import Program, matrices
from qml.models.qdsformer.sweep import folded, reference, stochastic


def evaluate(program: Program, angles: Tensor) -> Tensor:
    """Matrices `(batch, T, T)` of angles `(batch, n_angles)`, differentiable to any order.

    On the compiled kernels first derivatives take about as long as values; second derivatives and
    forward-mode derivatives are computed by torch.
    """
    if forward_ad._current_level < 0 and native.supports(program, angles):
        values: Tensor = _Circuit.apply(program, angles)[0]
        return values
    return stochastic(program, matrices(program, angles))


def _by_torch(program: Program, angles: Tensor) -> Tensor:
    return reference(program, *matrices(program, angles))


class _Circuit(torch.autograd.Function):
    """Values on the kernels; the second output, not differentiated, is kept for the gradients."""

    @staticmethod
    def forward(program: Program, angles: Tensor) -> tuple[Tensor, Tensor]:
        return native.values(program, angles)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.program, angles = inputs
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(angles, output[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None, _: Any) -> tuple[Any, ...]:
        if gradient is None:
            return None, None
        angles, kept = ctx.saved_tensors
        return None, _Gradients.apply(ctx.program, angles, gradient, kept)

    @staticmethod
    def vmap(info: Any, in_dims: Any, program: Program, angles: Tensor) -> Any:
        values, kept = _Circuit.apply(program, *folded(info, in_dims[1:], (angles,)))
        return (values.unflatten(0, (info.batch_size, -1)), kept), (0, None)


class _Gradients(torch.autograd.Function):
    """Gradients on the kernels; their own gradients go through torch."""

    @staticmethod
    def forward(program: Program, angles: Tensor, gradient: Tensor, kept: Tensor | None) -> Tensor:
        if kept is None:
            kept = native.values(program, angles)[1]
        return native.gradients(program, angles, kept, gradient)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.program, angles, gradient, _ = inputs
        ctx.save_for_backward(angles, gradient)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Any, ...]:
        def slopes(angles: Tensor, gradient: Tensor) -> Tensor:
            pullback = torch.func.vjp(lambda a: _by_torch(ctx.program, a), angles)[1]
            found: Tensor = pullback(gradient)[0]
            return found

        with torch.autocast(cotangent.device.type, enabled=False):
            by_angles, by_gradient = torch.func.vjp(slopes, *ctx.saved_tensors)[1](cotangent)
        return None, by_angles, by_gradient, None

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, program: Program, angles: Tensor, gradient: Tensor, _: Any
    ) -> Any:
        given = folded(info, in_dims[1:3], (angles, gradient))
        found = _Gradients.apply(program, *given, None)
        return found.unflatten(0, (info.batch_size, -1)), 0


# `Function.apply` inspects the signature at every call unless it finds it here.
for _forward in (_Circuit.forward, _Gradients.forward):
    setattr(_forward, "__signature__", inspect.signature(_forward))  # noqa: B010
