"""The doubly stochastic circuit under `torch.compile`, as an opaque operator of its angles."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from circuits.eager import eager
from qml.models.qdsformer.engine import evaluate
from qml.models.qdsformer.program import program_of


def _values(angles: Tensor, ansatz: str, n_data: int, n_auxiliary: int, layers: int) -> Tensor:
    program = program_of(ansatz, n_data, n_auxiliary, layers)
    return evaluate(program, angles)


@torch.library.custom_op("ketwork::doubly_stochastic", mutates_args=())
def _operator(angles: Tensor, ansatz: str, n_data: int, n_auxiliary: int, layers: int) -> Tensor:
    with eager(), torch.no_grad():
        return _values(angles, ansatz, n_data, n_auxiliary, layers)


@_operator.register_fake
def _(angles: Tensor, ansatz: str, n_data: int, n_auxiliary: int, layers: int) -> Tensor:
    return angles.new_empty(angles.shape[0], 2**n_data, 2**n_data)


@torch.library.custom_op("ketwork::doubly_stochastic_vjp", mutates_args=())
def _operator_vjp(
    angles: Tensor, gradient: Tensor, ansatz: str, n_data: int, n_auxiliary: int, layers: int
) -> Tensor:
    with eager(), torch.enable_grad():
        leaf = angles.detach().requires_grad_()
        found = _values(leaf, ansatz, n_data, n_auxiliary, layers)
        return torch.autograd.grad(found, leaf, gradient)[0]


@_operator_vjp.register_fake
def _(
    angles: Tensor, gradient: Tensor, ansatz: str, n_data: int, n_auxiliary: int, layers: int
) -> Tensor:
    return angles.new_empty(angles.shape)


class _Compiled(torch.autograd.Function):
    @staticmethod
    def forward(angles: Tensor, ansatz: str, n_data: int, n_auxiliary: int, layers: int) -> Tensor:
        values: Tensor = _operator(angles, ansatz, n_data, n_auxiliary, layers)
        return values

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        angles, ctx.ansatz, ctx.n_data, ctx.n_auxiliary, ctx.layers = inputs
        ctx.save_for_backward(angles)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        (angles,) = ctx.saved_tensors
        sizes = ctx.n_data, ctx.n_auxiliary, ctx.layers
        return _operator_vjp(angles, gradient, ctx.ansatz, *sizes), None, None, None, None


def opaque(angles: Tensor, ansatz: str, n_data: int, n_auxiliary: int, layers: int) -> Tensor:
    """Matrices `(batch, T, T)` of angles `(batch, n_angles)`, for graphs that are compiled."""
    values: Tensor = _Compiled.apply(angles, ansatz, n_data, n_auxiliary, layers)
    return values
