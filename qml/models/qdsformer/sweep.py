"""Doubly stochastic matrices of batched circuits, and their gradients, in one autograd node.

The node keeps the small matrices of the steps and the circuit's matrix, and on the way back needs
one more of its size, so memory hardly grows with the depth of the circuit.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from qml.models.qdsformer.program import Program, Step, token_indices

_CHUNK = 2**18
"""Numbers of the circuits' matrices that are worked on together: they stay in the cache."""


def stochastic(program: Program, stacks: tuple[Tensor, ...]) -> Tensor:
    """P_ij = 2^-a sum_ab |<a, i| U |b, j>|^2 of a batch of circuits.

    Args:
        program: The circuit.
        stacks: Its matrices, as `matrices` returns them.

    Returns:
        `(batch, tokens, tokens)`.
    """
    if forward_ad._current_level >= 0:
        return reference(program, *stacks)
    values: Tensor = _Stochastic.apply(program, *stacks)[0]
    return values


def reference(program: Program, *stacks: Tensor) -> Tensor:
    """As `stochastic`, by operations that torch differentiates."""
    matrix = _identity(program, stacks[0])
    for step in program.steps:
        matrix = _apply(stacks[step.stack][:, step.index], matrix, step)
    return _read(program, matrix)


def _identity(program: Program, like: Tensor) -> Tensor:
    eye = torch.eye(program.dim, dtype=like.dtype, device=like.device)
    return eye.expand(like.shape[0], -1, -1)


def _split(matrix: Tensor, size: int, step: Step) -> Tensor:
    """View `(batch, higher qubits, size, lower qubits and columns)`."""
    columns = 2**step.low * matrix.shape[-1]
    return matrix.reshape(matrix.shape[0], -1, size, columns)


def _apply(small: Tensor, matrix: Tensor, step: Step) -> Tensor:
    """A step's matrices `(batch, size, size)` times the circuits' `(batch, dim, columns)`."""
    return (small[:, None] @ _split(matrix, small.shape[-1], step)).reshape(matrix.shape)


def _weights(matrix: Tensor) -> Tensor:
    return matrix.real.square() + matrix.imag.square() if matrix.is_complex() else matrix.square()


def _read(program: Program, matrix: Tensor) -> Tensor:
    """The doubly stochastic matrices of the circuits' matrices."""
    probabilities = _weights(matrix)
    tokens = token_indices(program.layout, matrix.device)
    chosen = torch.nn.functional.one_hot(tokens, program.tokens).to(probabilities.dtype)
    return chosen.T @ (probabilities @ chosen) * (program.tokens / program.dim)


def _chunks(program: Program, batch: int) -> Iterator[slice]:
    size = max(1, _CHUNK // program.dim**2)
    return (slice(k, min(k + size, batch)) for k in range(0, batch, size))


def _forward(program: Program, stacks: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    batch, dim = stacks[0].shape[0], program.dim
    total = stacks[0].new_empty(batch, dim, dim)
    for part in _chunks(program, batch):
        matrix = _identity(program, stacks[0][part])
        for step in program.steps:
            matrix = _apply(stacks[step.stack][part, step.index], matrix, step)
        total[part] = matrix
    return _read(program, total), total


def _backward(
    program: Program, stacks: tuple[Tensor, ...], total: Tensor, gradient: Tensor
) -> tuple[Tensor, ...]:
    """Gradients by the stacks, within the unitary matrices; `total` is the circuits' matrix U.

    With G the gradient by the matrix at some step, the anti-Hermitian part of G U^-1 is all that
    is carried back: every step conjugates it, and its partial trace times the step's matrix is the
    gradient by that matrix.
    """
    found = tuple(torch.empty_like(stack) for stack in stacks)
    tokens = token_indices(program.layout, total.device)
    places = (tokens[:, None] * program.tokens + tokens).flatten()
    scaled = gradient.flatten(1) * (program.tokens / program.dim)
    for part in _chunks(program, total.shape[0]):
        matrix = total[part]
        wanted = scaled[part].index_select(1, places).view(matrix.shape)
        slope = (wanted * matrix) @ matrix.mH
        slope = slope - slope.mH
        sign = 1
        for step in reversed(program.steps):
            small = stacks[step.stack][part, step.index]
            trace = _partial_trace(slope, small.shape[-1], step)
            found[step.stack][part, step.index] = trace if sign > 0 else -trace
            if step is program.steps[0]:
                break
            inverse = small.mH.contiguous()
            slope = _apply(inverse, slope, step)
            if step.low == 0:
                columns = slope.reshape(slope.shape[0], -1, small.shape[-1])
                slope = (columns @ small).reshape(slope.shape)
            else:  # M^-1 A M is anti-Hermitian: minus its adjoint, which is M^-1 (M^-1 A)^H
                slope = _apply(inverse, slope.mH.contiguous(), step)
                sign = -sign
    return tuple(trace @ stack for trace, stack in zip(found, stacks, strict=True))


def _partial_trace(matrix: Tensor, size: int, step: Step) -> Tensor:
    """Trace `(batch, size, size)` over the qubits that a step leaves alone."""
    low = int(2**step.low)
    shape = (matrix.shape[1] // (size * low), size, low)
    parts = matrix.reshape(-1, *shape, *shape).diagonal(0, 1, 4).diagonal(0, 2, 4)
    return parts.sum((-2, -1))


def folded(info: Any, in_dims: tuple[Any, ...], tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """Tensors whose mapped axis is part of the batch."""
    return [
        (
            tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
        ).flatten(0, 1)
        for tensor, dim in zip(tensors, in_dims, strict=True)
    ]


def _unfold(info: Any, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(t.reshape(info.batch_size, -1, *t.shape[1:]) for t in tensors)


class _Stochastic(torch.autograd.Function):
    """`stochastic`; the second output is the circuits' matrix, which is not differentiated."""

    @staticmethod
    def forward(program: Program, *stacks: Tensor) -> tuple[Tensor, Tensor]:
        return _forward(program, stacks)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.program, *stacks = inputs
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1], *stacks)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None, _: Any) -> tuple[Any, ...]:
        total, *stacks = ctx.saved_tensors
        if gradient is None:
            return (None,) * (1 + len(stacks))
        return (None, *_Gradients.apply(ctx.program, total, gradient, *stacks))

    @staticmethod
    def vmap(info: Any, in_dims: Any, program: Program, *stacks: Tensor) -> Any:
        values = _Stochastic.apply(program, *folded(info, in_dims[1:], stacks))
        return _unfold(info, values), (0, 0)


class _Gradients(torch.autograd.Function):
    """Gradients by the stacks; its own gradients go through `reference`."""

    @staticmethod
    def forward(
        program: Program, total: Tensor, gradient: Tensor, *stacks: Tensor
    ) -> tuple[Tensor, ...]:
        return _backward(program, stacks, total, gradient)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.program, _, *rest = inputs
        ctx.save_for_backward(*rest)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        def slopes(gradient: Tensor, *stacks: Tensor) -> tuple[Tensor, ...]:
            pullback = torch.func.vjp(functools.partial(reference, ctx.program), *stacks)[1]
            found: tuple[Tensor, ...] = pullback(gradient)
            return tuple(  # within the unitary matrices, as `_backward`
                (slope - stack @ slope.mH @ stack) / 2
                for slope, stack in zip(found, stacks, strict=True)
            )

        pullback = torch.func.vjp(slopes, *ctx.saved_tensors)[1]
        return (None, None, *pullback(gradients))

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, program: Program, total: Tensor, gradient: Tensor, *stacks: Tensor
    ) -> Any:
        arguments = folded(info, in_dims[1:], (total, gradient, *stacks))
        values = _Gradients.apply(program, *arguments)
        return _unfold(info, values), (0,) * len(stacks)
