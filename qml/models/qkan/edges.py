"""The autograd boundary of the activations: one node for all edges of a layer.

The backward of the first `autograd.Function` is the second, whose own backward goes through the
differentiable operations of `bloch.py`. Under `torch.compile` both are opaque operators. Compiled
kernels run on the CPU where they were built, and the sweep of `sweep.py` everywhere else.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from circuits.eager import eager
from qml.models.qkan import native, sweep
from qml.models.qkan.bloch import Activation, edge_values
from qml.models.qkan.domain import check_slopes, finite


def edges(
    kind: Activation,
    reduce: bool,
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
) -> Tensor:
    """As `edge_values`, differentiable, with memory for the arguments and results only."""
    arguments = x, theta, weight, bias, scale
    with torch.autocast(x.device.type, enabled=False):
        if torch.compiler.is_compiling():
            compiled: Tensor = _CompiledEdges.apply(*arguments, kind, reduce)
            return compiled
        if forward_ad._current_level >= 0:
            return edge_values(kind, reduce, *arguments)
        values: Tensor = _Edges.apply(*arguments, kind, reduce)
        return values


def _values(kind: Activation, reduce: bool, *arguments: Tensor) -> Tensor:
    engine = native if native.supports(kind, arguments[0]) else sweep
    with torch.no_grad():
        return engine.values(kind, reduce, *arguments)


def _vjp(kind: Activation, reduce: bool, *arguments: Tensor) -> sweep.Gradients:
    engine = native if native.supports(kind, arguments[0]) else sweep
    with torch.no_grad():
        found = engine.vjp(kind, reduce, *arguments)
    if kind.record.arccos and finite(arguments[-1]):
        check_slopes(*found)
    return found


def _reference_vjp(kind: Activation, reduce: bool, *arguments: Tensor) -> sweep.Gradients:
    pullback = torch.func.vjp(functools.partial(edge_values, kind, reduce), *arguments[:5])[1]
    gradients: sweep.Gradients = pullback(arguments[5])
    return gradients


@torch.library.custom_op("ketwork::qkan_edges", mutates_args=())
def _operator(
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
    ansatz: str,
    reps: int,
    fast: bool,
    reduce: bool,
) -> Tensor:
    with eager():
        return _values(Activation(ansatz, reps, fast), reduce, x, theta, weight, bias, scale)


@_operator.register_fake
def _(
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
    ansatz: str,
    reps: int,
    fast: bool,
    reduce: bool,
) -> Tensor:
    return x.new_empty(x.shape[0], *(scale.shape[:1] if reduce else scale.shape))


@torch.library.custom_op("ketwork::qkan_edges_vjp", mutates_args=())
def _operator_vjp(
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
    gradient: Tensor,
    ansatz: str,
    reps: int,
    fast: bool,
    reduce: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    with eager():
        kind = Activation(ansatz, reps, fast)
        return _vjp(kind, reduce, x, theta, weight, bias, scale, gradient)


@_operator_vjp.register_fake
def _(
    x: Tensor,
    theta: Tensor,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
    gradient: Tensor,
    ansatz: str,
    reps: int,
    fast: bool,
    reduce: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    by = [t.new_empty(t.shape) for t in (x, theta, weight, bias, scale)]
    return by[0], by[1], by[2], by[3], by[4]


class _CompiledEdges(torch.autograd.Function):
    """`edges` under `torch.compile`, which does not trace `vmap` rules."""

    @staticmethod
    def forward(
        x: Tensor,
        theta: Tensor,
        weight: Tensor,
        bias: Tensor,
        scale: Tensor,
        kind: Activation,
        reduce: bool,
    ) -> Tensor:
        values: Tensor = _operator(
            x, theta, weight, bias, scale, kind.ansatz, kind.reps, kind.fast, reduce
        )
        return values

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *arguments, ctx.kind, ctx.reduce = inputs
        ctx.save_for_backward(*arguments)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        kind = ctx.kind
        found = _operator_vjp(
            *ctx.saved_tensors, gradient, kind.ansatz, kind.reps, kind.fast, ctx.reduce
        )
        return (*found, None, None)


def _mapped(arguments: tuple[Tensor, ...], in_dims: tuple[Any, ...]) -> tuple[Tensor, ...]:
    return tuple(
        t if dim is None else t.movedim(dim, 0) for t, dim in zip(arguments, in_dims, strict=True)
    )


class _Edges(torch.autograd.Function):
    """`edges` for autograd and vmap."""

    @staticmethod
    def forward(
        x: Tensor,
        theta: Tensor,
        weight: Tensor,
        bias: Tensor,
        scale: Tensor,
        kind: Activation,
        reduce: bool,
    ) -> Tensor:
        return _values(kind, reduce, x, theta, weight, bias, scale)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *arguments, ctx.kind, ctx.reduce = inputs
        ctx.save_for_backward(*arguments)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        found = _Gradients.apply(*ctx.saved_tensors, gradient, ctx.kind, ctx.reduce)
        return (*found, None, None)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> tuple[Tensor, int]:
        *tensors, kind, reduce = arguments
        mapped = _mapped(tuple(tensors), in_dims[:5])
        if all(dim is None for dim in in_dims[1:5]):  # data only: one larger batch
            folded = _Edges.apply(mapped[0].flatten(0, 1), *mapped[1:], kind, reduce)
            return folded.unflatten(0, mapped[0].shape[:2]), 0
        reference = functools.partial(edge_values, kind, reduce)
        dims = tuple(None if dim is None else 0 for dim in in_dims[:5])
        return torch.vmap(reference, dims)(*mapped), 0


class _Gradients(torch.autograd.Function):
    """`sweep.vjp` for autograd and vmap."""

    @staticmethod
    def forward(
        x: Tensor,
        theta: Tensor,
        weight: Tensor,
        bias: Tensor,
        scale: Tensor,
        gradient: Tensor,
        kind: Activation,
        reduce: bool,
    ) -> sweep.Gradients:
        return _vjp(kind, reduce, x, theta, weight, bias, scale, gradient)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *arguments, ctx.kind, ctx.reduce = inputs
        ctx.save_for_backward(*arguments)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        function = functools.partial(_reference_vjp, ctx.kind, ctx.reduce)
        with torch.autocast(gradients[0].device.type, enabled=False):
            pullback = torch.func.vjp(function, *ctx.saved_tensors)[1]
            return (*pullback(gradients), None, None)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *arguments: Any) -> tuple[tuple[Tensor, ...], Any]:
        *tensors, kind, reduce = arguments
        mapped = _mapped(tuple(tensors), in_dims[:6])
        dims = tuple(None if dim is None else 0 for dim in in_dims[:6])
        reference = functools.partial(_reference_vjp, kind, reduce)
        return torch.vmap(reference, dims)(*mapped), (0,) * 5


# `Function.apply` inspects the signature at every call unless it finds it here.
for _forward in (_CompiledEdges.forward, _Edges.forward, _Gradients.forward):
    setattr(_forward, "__signature__", inspect.signature(_forward))  # noqa: B010
