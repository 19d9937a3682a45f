"""Probabilities of the circuit on Bell pairs on any backend."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor

from circuits import SPSA, Backend, Circuit, Probabilities
from circuits.evaluate import check_backend
from circuits.execution import check_shots
from circuits.gradients import make_evaluator


@final
class BellRunner:
    """The circuit on Bell pairs on a backend; copies and pickles carry no handles.

    Args:
        circuit: The circuit, with inputs `x` and weights.
        qubits: What to measure.
        backend: Where to run.
        shots: Measurements of every sample; `None` is exact.
        diff_method: See `QuantumLayer`.
        generator: Randomness of shots.
    """

    def __init__(
        self,
        circuit: Circuit,
        qubits: tuple[int, ...],
        backend: Backend,
        shots: int | None,
        diff_method: str | SPSA,
        generator: torch.Generator | None,
    ) -> None:
        self.circuit, self.qubits = circuit, qubits
        self.backend, self.shots = check_backend(backend), check_shots(shots)
        self.diff_method, self.generator = diff_method, generator
        self._prepare()

    def __call__(self, x: Tensor, weights: Tensor) -> Tensor:
        """Probabilities `(batch, 2^k)` of the k measured qubits."""
        found: Tensor = self.evaluate(x, weights)
        return found

    def _prepare(self) -> None:
        self.evaluate = make_evaluator(
            self.circuit,
            Probabilities(self.qubits),
            self.backend,
            self.shots,
            self.generator,
            self.diff_method,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "evaluate"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()
