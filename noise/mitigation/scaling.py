"""Direct noise scaling: the same circuit under a stronger copy of the noise model."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, final

from circuits.errors import ArgumentTypeError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result
from circuits.ops import Op
from circuits.remembered import Remembered

FACTOR = "noise_factor"
_KEPT = 16  # scaled backends that are remembered


@final
class NoiseScaling(Backend):
    """Runs each request under the inner backend's noise model scaled by the request's tag.

    The tag `noise_factor` (default 1) multiplies the strength of every rule, as
    `NoiseModel.scaled` defines it. Requests of one factor run in one call.

    Args:
        backend: A simulator with a `noise_model`, or a mitigation around one.

    Raises:
        ArgumentTypeError: If `backend` is no backend.
        UnsupportedOperationError: If there is no noise model to scale.
    """

    def __init__(self, backend: Backend) -> None:
        if not isinstance(backend, Backend):
            raise ArgumentTypeError(
                f"Argument `backend` must be a Backend such as noise.PauliTransfer(model), got "
                f"{type(backend).__name__}: {backend!r}."
            )
        model = noise_model_of(backend)
        if model is None:
            raise UnsupportedOperationError(
                f"{backend!r} has no noise model that could be scaled. Use a simulator with one, "
                'such as noise.PauliTransfer(model), or fold gates: fold="global".'
            )
        if not hasattr(model, "scaled"):
            raise UnsupportedOperationError(
                f"The noise of {backend!r} has no `scaled`: it is a {type(model).__name__}. Make a "
                "noise.NoiseModel of it (NoiseModel.from_backend, NoiseModel.from_aer), or fold "
                'gates: fold="global".'
            )
        self.backend = backend
        self._scaled = Remembered[Backend](_KEPT)
        self.differentiable = backend.differentiable
        self.exact = backend.exact
        self.deterministic = backend.deterministic
        self.max_points = backend.max_points

    def __repr__(self) -> str:
        return f"NoiseScaling({self.backend!r})"

    def lower(self, request: Request) -> Request:
        return self.backend.lower(request)

    def expand(self, requests: Sequence[Request]) -> list[Request]:
        return self.backend.expand(requests)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        by_factor: dict[float, list[int]] = {}
        for position, request in enumerate(requests):
            for place, op in enumerate(request.circuit.ops):
                _refuse_channel(place, op)
            by_factor.setdefault(float(request.tags.get(FACTOR, 1.0)), []).append(position)
        found: dict[int, Result] = {}
        for factor, positions in by_factor.items():
            results = self._at(factor).run([requests[k] for k in positions])
            found.update(zip(positions, results, strict=True))
        return [found[k] for k in range(len(requests))]

    def _at(self, factor: float) -> Backend:
        """The inner backend at a factor; the same one until its noise model changes."""
        model = noise_model_of(self.backend)
        state = getattr(model, "state", model)
        return self._scaled.of((self.backend, state), factor, lambda: scaled(self.backend, factor))


def noise_model_of(backend: Backend) -> Any:
    """The noise model of a backend or of the backend inside mitigations; `None` without one."""
    model = getattr(backend, "noise_model", None)
    inner = getattr(backend, "backend", None)
    return noise_model_of(inner) if model is None and isinstance(inner, Backend) else model


def scaled(backend: Backend, factor: float) -> Backend:
    """A copy of a backend whose noise model is `factor` times as strong."""
    return backend if factor == 1 else with_noise_model(backend, noise_model_of(backend), factor)


def with_noise_model(backend: Backend, model: Any, factor: float) -> Backend:
    """A copy of a backend, or of the mitigations around it, with `model.scaled(factor)`.

    Backends are plain configuration: the copy shares everything but the noise model.
    """
    twin = copy.copy(backend)
    inner = getattr(backend, "backend", None)
    if isinstance(inner, Backend):
        twin.backend = with_noise_model(inner, model, factor)  # type: ignore[attr-defined]
    else:
        twin.noise_model = model.scaled(factor)  # type: ignore[attr-defined]
    return twin


def _refuse_channel(position: int, op: Op) -> None:
    if op.gate.is_channel:
        raise UnsupportedOperationError(
            f"Operation {position} (`{op.name}`) is a channel in the circuit itself, which scaling "
            "the noise model does not reach. Put it into the noise model."
        )
