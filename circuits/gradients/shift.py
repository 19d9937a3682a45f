"""Gradients from function values only: parameter shift and SPSA, for any backend.

The shifted points ride in the forward job, so `backward` never runs anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.execution import as_generator
from circuits.finite import check_finite, is_transformed
from circuits.gradients.occurrences import Occurrences
from circuits.gradients.rules import rules_of

Jacobian = Callable[[Tensor, list[int]], tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class SPSA:
    """Simultaneous perturbation: two evaluations per sample and draw, whatever the size.

    With a random sign vector D, the estimate (f(a + c D) - f(a - c D)) / (2 c) * D over all
    angles a has the mean f'(a) up to terms of order c^2: for angles of frequency at most 1 its
    bias is at most (n c)^2 / 6 times the largest third derivative in n angles.

    Args:
        step: c, radians, > 0.
        samples: Number of independent draws that are averaged.

    References:
        Spall, IEEE Trans. Automatic Control 37, 332 (1992).
    """

    step: float = 0.1
    samples: int = 1

    def __post_init__(self) -> None:
        if not self.step > 0 or self.step == float("inf"):
            raise InvalidArgumentError(f"Argument `step` must be finite and > 0, got {self.step}.")
        if not isinstance(self.samples, int) or self.samples < 1:
            raise InvalidArgumentError(
                f"Argument `samples` must be an integer >= 1, got {self.samples}."
            )


@final
class ShiftEvaluator:
    """`(inputs, weights) -> values` whose gradient comes from further function values.

    Args:
        occurrences: The circuit as a function of its angles, on a backend.
        spsa: Use SPSA with these settings; `None` uses the parameter-shift rule.
    """

    def __init__(self, occurrences: Occurrences, spsa: SPSA | None = None) -> None:
        self.occurrences = occurrences
        self.spsa = spsa

    def __call__(self, inputs: Tensor, weights: Tensor) -> Tensor:
        occurrences = self.occurrences
        varied = occurrences.varied(inputs, weights)
        angles = occurrences.angles(inputs, weights)
        if is_transformed(angles):
            raise UnsupportedOperationError(
                "The transforms of torch.func (vmap, grad, jvp, ...) are not defined for "
                "diff_method='parameter-shift' and 'spsa', which find derivatives by further runs. "
                "Use an exact backend with diff_method='adjoint' or 'backprop', or autograd."
            )
        check_finite(angles, inputs, weights)
        if not len(angles):
            varied = []
        # Also where no gradient is wanted: forward-mode derivatives raise there instead of
        # coming out as zero.
        method = self._shift if self.spsa is None else self._simultaneous
        result: Tensor = _WithJacobian.apply(angles, varied, method)
        return result

    def _shift(self, angles: Tensor, varied: list[int]) -> tuple[Tensor, Tensor]:
        """Values `(batch, m)` and Jacobian `(batch, m, len(varied))` by the shift rules."""
        slots = self.occurrences.slots
        offsets: list[Tensor] = [angles.new_zeros(angles.shape[1])]
        weights_of: list[tuple[int, int, float]] = []
        for column, slot in enumerate(varied):
            op, which = slots[slot]
            rule = rules_of(op)[which]
            for shift, coefficient in zip(rule.shifts, rule.coefficients, strict=True):
                for sign in (1.0, -1.0):
                    offset = torch.zeros_like(offsets[0])
                    offset[slot] = sign * shift
                    weights_of.append((len(offsets), column, sign * coefficient))
                    offsets.append(offset)
        values = self._run_at(angles, torch.stack(offsets)[:, None])
        jacobian = values.new_zeros(*values.shape[1:], len(varied))
        for point, column, coefficient in weights_of:
            jacobian[..., column] += coefficient * values[point]
        return values[0], jacobian

    def _simultaneous(self, angles: Tensor, varied: list[int]) -> tuple[Tensor, Tensor]:
        """Values and the SPSA estimate of the Jacobian; each sample draws its own directions."""
        assert self.spsa is not None
        draws, step = self.spsa.samples if varied else 0, self.spsa.step
        generator = as_generator(self.occurrences.generator)
        device = angles.device if generator is None else generator.device
        shape = (draws, angles.shape[0], len(varied))
        signs = torch.randint(0, 2, shape, generator=generator, device=device)
        direction = angles.new_zeros(draws, *angles.shape)
        direction[..., varied] = (2 * signs - 1).to(angles)
        offsets = torch.cat([angles.new_zeros(1, *angles.shape), step * direction])
        values = self._run_at(angles, torch.cat([offsets, -step * direction]))
        slope = (values[1 : draws + 1] - values[draws + 1 :]) / (2 * step)
        jacobian = (slope[..., None] * direction[..., None, :][..., varied]).mean(0)
        return values[0], jacobian

    def _run_at(self, angles: Tensor, offsets: Tensor) -> Tensor:
        """Values `(points, batch, m)` at `angles + offsets`."""
        points = angles + offsets
        values = self.occurrences.run(points.flatten(0, 1)).values
        assert values is not None
        return values.reshape(len(points), angles.shape[0], values.shape[-1])


class _WithJacobian(torch.autograd.Function):
    """Values whose Jacobian with respect to some angles was found in the forward pass."""

    @staticmethod
    def forward(ctx: Any, angles: Tensor, varied: list[int], method: Jacobian) -> Tensor:
        values, jacobian = method(angles.detach(), varied)
        ctx.save_for_backward(jacobian, angles)
        ctx.varied, ctx.n_angles = varied, angles.shape[1]
        return values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        jacobian, angles = ctx.saved_tensors
        by_varied = (gradient[..., None] * jacobian).sum(1)
        result = gradient.new_zeros(gradient.shape[0], ctx.n_angles)
        result[:, ctx.varied] = by_varied
        return _OnlyOnce.apply(result, angles), None, None


class _OnlyOnce(torch.autograd.Function):
    """A gradient that raises when it is differentiated.

    `once_differentiable` would not do: it lets second derivatives pass as zero where the incoming
    gradient is a constant, as it is for a sum of outputs.
    """

    @staticmethod
    def forward(ctx: Any, result: Tensor, angles: Tensor) -> Tensor:
        return result.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        raise UnsupportedOperationError(
            "Second derivatives are not defined for diff_method='parameter-shift' and 'spsa'. Use "
            "an exact backend with diff_method='adjoint' or 'backprop'."
        )
