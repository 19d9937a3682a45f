"""The autograd boundary of exact simulators with an adjoint sweep.

Values and first derivative sit inside two `autograd.Function`s: the backward of the first is the
second, and the backward of the second goes through the torch engine, which is differentiable to
any order. Where nothing but an ordinary first derivative can be wanted, a leaner function does the
same and keeps the final states, so that the gradient need not run forward again. Under
`torch.compile` the two are opaque operators (`torch.library.custom_op`), so that the compiler sees
two nodes and an engine may be anything. (Eager code does not go through the operators: their first
call would import the compiler.)
"""

from __future__ import annotations

import inspect
import itertools
import weakref
from collections.abc import Callable
from typing import Any, Protocol, final

import torch
from torch import Tensor
from torch.autograd import forward_ad

from circuits.eager import eager
from circuits.finite import check_finite, is_transformed
from circuits.simulators.measurement import Measurement
from circuits.simulators.native import Forward

_PLANS: weakref.WeakValueDictionary[str, AdjointPlan] = weakref.WeakValueDictionary()
_NEXT = itertools.count()


def _forward_mode() -> bool:
    """Whether forward-mode derivatives are being taken.

    Then plain torch operations run, whose tangents are right at any order and nesting: torch
    switches outer tangents off inside of an `autograd.Function`'s `jvp`, without a word.
    """
    return not torch.compiler.is_compiling() and forward_ad._current_level >= 0


class Engine(Protocol):
    """What a simulator made of torch operations offers; see `TorchEngine`."""

    def state(self, inputs: Tensor, weights: Tensor, *, phase: bool = True) -> Tensor:
        """The final state, differentiable by torch."""

    def adjoint(
        self, inputs: Tensor, weights: Tensor, cotangent: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Gradients of inputs and weights from the cotangent of the final state."""


class Kernels(Protocol):
    """What compiled kernels for a circuit and its measurement offer; see `NativeEngine`."""

    def forward(self, inputs: Tensor, weights: Tensor, *, keep: bool = False) -> Forward:
        """Values `(batch, n_values)`, and what `vjp` can use again if it may `keep` something."""

    def vjp(
        self,
        inputs: Tensor,
        weights: Tensor,
        gradient: Tensor,
        kept: Tensor | None = None,
        *,
        for_inputs: bool = True,
    ) -> tuple[Tensor | None, Tensor]:
        """Gradients of inputs (if wanted) and weights of sum(gradient * values)."""


@final
class AdjointPlan:
    """A circuit and a measurement, ready to run: `(inputs, weights) -> values`.

    Args:
        engine: The torch engine of the circuit.
        measurement: What to read from the final state.
        native: The compiled kernels for the same circuit and observables; `None` uses torch.

    Call:
        inputs `(batch, n_inputs)` and weights `(1 or batch, n_weights)` to values
        `(batch, n_values)`.
    """

    def __init__(
        self, engine: Engine, measurement: Measurement, native: Kernels | None = None
    ) -> None:
        self.engine = engine
        self.measurement = measurement
        self.native = native
        self.n_values = measurement.n_values
        self.key = f"plan{next(_NEXT)}"
        _PLANS[self.key] = self

    def __call__(self, inputs: Tensor, weights: Tensor) -> Tensor:
        if _forward_mode():
            values = self.reference(inputs, weights)
            check_finite(values, inputs, weights)
            return values
        if torch.compiler.is_compiling():
            function: Any = _CompiledValues
        elif torch._C._are_functorch_transforms_active():
            function = _Values
        elif torch.is_grad_enabled() and (inputs.requires_grad or weights.requires_grad):
            function = _EagerValues
        else:
            return self.values(inputs, weights)
        found: Tensor = function.apply(inputs, weights, self)
        return found

    def reference(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """The same values by differentiable torch operations."""
        with torch.autocast(inputs.device.type, enabled=False):
            state = self.engine.state(inputs, weights, phase=False)
            return self.measurement.values(state).T

    def values(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Values `(batch, n_values)` without a graph, checked to be finite."""
        return self.values_and_kept(inputs, weights, keep=False)[0]

    def values_and_kept(
        self, inputs: Tensor, weights: Tensor, *, keep: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Values, and what `vjp` can use again if it is to `keep` that; `None` if nothing."""
        if self.native is not None and inputs.is_cpu:
            values, kept, finite = self.native.forward(inputs, weights, keep=keep)
            if not finite:
                check_finite(values, inputs, weights)
            return values, kept
        with torch.no_grad(), torch.autocast(inputs.device.type, enabled=False):
            values = self.reference(inputs, weights).contiguous()
        check_finite(values, inputs, weights)
        return values, None

    def vjp(self, inputs: Tensor, weights: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients `(batch, n_inputs)` and `(1 or batch, n_weights)`, by the adjoint sweep."""
        by_inputs, by_weights = self.vjp_of_kept(inputs, weights, gradient, None, for_inputs=True)
        assert by_inputs is not None
        return by_inputs, by_weights

    def vjp_of_kept(
        self,
        inputs: Tensor,
        weights: Tensor,
        gradient: Tensor,
        kept: Tensor | None,
        *,
        for_inputs: bool,
    ) -> tuple[Tensor | None, Tensor]:
        """`vjp` with what `values_and_kept` kept; without the first gradient if unwanted."""
        if self.native is not None and inputs.is_cpu:
            return self.native.vjp(inputs, weights, gradient, kept, for_inputs=for_inputs)
        with torch.no_grad(), torch.autocast(inputs.device.type, enabled=False):
            by_inputs, by_weights = self.engine.adjoint(
                inputs, weights, lambda state: self.measurement.cotangent(state, gradient.T)
            )
        return by_inputs.contiguous(), by_weights.contiguous()

    def reference_vjp(
        self, inputs: Tensor, weights: Tensor, gradient: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The same gradients by differentiable torch operations."""
        pullback = torch.func.vjp(self.reference, inputs, weights)[1]
        gradients: tuple[Tensor, Tensor] = pullback(gradient)
        return gradients


@torch.library.custom_op("ketwork::expectation", mutates_args=())
def _expectation(inputs: Tensor, weights: Tensor, plan: str, n_values: int) -> Tensor:
    with eager():
        return _PLANS[plan].values(inputs, weights)


@_expectation.register_fake
def _(inputs: Tensor, weights: Tensor, plan: str, n_values: int) -> Tensor:
    return inputs.new_empty(inputs.shape[0], n_values)


@torch.library.custom_op("ketwork::expectation_vjp", mutates_args=())
def _expectation_vjp(
    inputs: Tensor, weights: Tensor, gradient: Tensor, plan: str
) -> tuple[Tensor, Tensor]:
    with eager():
        return _PLANS[plan].vjp(inputs, weights, gradient)


@_expectation_vjp.register_fake
def _(inputs: Tensor, weights: Tensor, gradient: Tensor, plan: str) -> tuple[Tensor, Tensor]:
    return torch.empty_like(inputs), torch.empty_like(weights)


def _fold(
    size: int, tensor: Tensor, dim: int | None, batch: int, *, shared: bool = False
) -> Tensor:
    """Fold a mapped axis into the batch axis: `(size * batch, n)`; unmapped tensors repeat.

    With `shared`, an unmapped tensor of one row is kept as it is.
    """
    if dim is None:
        if shared and tensor.shape[0] == 1:
            return tensor
        tensor = tensor.expand(size, *tensor.shape)
    else:
        tensor = tensor.movedim(dim, 0)
    return tensor.expand(size, batch, tensor.shape[-1]).reshape(size * batch, tensor.shape[-1])


def _batch_of(inputs: Tensor, dim: int | None) -> int:
    return inputs.shape[0] if dim is None else inputs.movedim(dim, 0).shape[1]


class _CompiledValues(torch.autograd.Function):
    """`AdjointPlan.__call__` under `torch.compile`, which does not trace `vmap` rules."""

    @staticmethod
    def forward(inputs: Tensor, weights: Tensor, plan: AdjointPlan) -> Tensor:
        values: Tensor = _expectation(inputs, weights, plan.key, plan.n_values)
        return values

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        values, weights, ctx.plan = inputs
        ctx.save_for_backward(values, weights)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        inputs, weights = ctx.saved_tensors
        by_inputs, by_weights = _expectation_vjp(inputs, weights, gradient, ctx.plan.key)
        return by_inputs, by_weights, None


class _EagerValues(torch.autograd.Function):
    """`AdjointPlan.__call__` outside of all transforms, where the final states may be kept."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, plan: AdjointPlan) -> Tensor:
        values, kept = plan.values_and_kept(inputs, weights, keep=True)
        ctx.plan = plan
        ctx.save_for_backward(inputs, weights, kept)
        return values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, None]:
        inputs, weights, kept = ctx.saved_tensors  # raises if they were changed since
        if torch._C._functorch.is_legacy_batchedtensor(gradient):  # `is_grads_batched`
            by_inputs, by_weights = _expectation_vjp(inputs, weights, gradient, ctx.plan.key)
        elif torch.is_grad_enabled() or is_transformed(gradient):
            by_inputs, by_weights = _Gradients.apply(inputs, weights, gradient, ctx.plan)
        else:
            by_inputs, by_weights = ctx.plan.vjp_of_kept(
                inputs, weights, gradient, kept, for_inputs=ctx.needs_input_grad[0]
            )
        return by_inputs, by_weights, None


class _Values(torch.autograd.Function):
    """`AdjointPlan.__call__` for autograd and vmap."""

    @staticmethod
    def forward(inputs: Tensor, weights: Tensor, plan: AdjointPlan) -> Tensor:
        return plan.values(inputs, weights)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        values, weights, ctx.plan = inputs
        ctx.save_for_backward(values, weights)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        inputs, weights = ctx.saved_tensors
        by_inputs, by_weights = _Gradients.apply(inputs, weights, gradient, ctx.plan)
        return by_inputs, by_weights, None

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, inputs: Tensor, weights: Tensor, plan: AdjointPlan
    ) -> tuple[Tensor, int]:
        batch = _batch_of(inputs, in_dims[0])
        folded = _Values.apply(
            _fold(info.batch_size, inputs, in_dims[0], batch),
            _fold(info.batch_size, weights, in_dims[1], batch, shared=True),
            plan,
        )
        return folded.reshape(info.batch_size, batch, plan.n_values), 0


class _Gradients(torch.autograd.Function):
    """`AdjointPlan.vjp` for autograd and vmap."""

    @staticmethod
    def forward(
        inputs: Tensor, weights: Tensor, gradient: Tensor, plan: AdjointPlan
    ) -> tuple[Tensor, Tensor]:
        return plan.vjp(inputs, weights, gradient)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        values, weights, gradient, ctx.plan = inputs
        ctx.save_for_backward(values, weights, gradient)

    @staticmethod
    def backward(
        ctx: Any, by_inputs: Tensor, by_weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None]:
        function: Callable[..., tuple[Tensor, Tensor]] = ctx.plan.reference_vjp
        with torch.autocast(by_inputs.device.type, enabled=False):
            pullback = torch.func.vjp(function, *ctx.saved_tensors)[1]
            return (*pullback((by_inputs, by_weights)), None)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: Any,
        inputs: Tensor,
        weights: Tensor,
        gradient: Tensor,
        plan: AdjointPlan,
    ) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
        size, batch = info.batch_size, _batch_of(inputs, in_dims[0])
        rows = weights.shape[0] if in_dims[1] is None else weights.movedim(in_dims[1], 0).shape[1]
        by_inputs, by_weights = _Gradients.apply(
            _fold(size, inputs, in_dims[0], batch),
            _fold(size, weights, in_dims[1], batch),
            _fold(size, gradient, in_dims[2], batch),
            plan,
        )
        by_inputs = by_inputs.reshape(size, batch, by_inputs.shape[-1])
        by_weights = by_weights.reshape(size, batch, by_weights.shape[-1])
        if rows == 1:
            by_weights = by_weights.sum(1, keepdim=True)
        return (by_inputs, by_weights), (0, 0)


# `Function.apply` inspects the signature at every call unless it finds it here.
for _forward in (_CompiledValues.forward, _Values.forward, _Gradients.forward):
    setattr(_forward, "__signature__", inspect.signature(_forward))  # noqa: B010
