"""What a contestant is: something that prepares a step and returns values and gradients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qml.bench.workloads import Array, Data, Workload

Results = dict[str, NDArray[np.float64]]
LEARNING_RATE = 0.01


class Peer(ABC):
    """A contestant in its own process.

    Attributes:
        loops: Whether it runs samples one by one, so that its time is proportional to the batch
            and a slow one may be timed on fewer samples.
        gates: Names of the gates that it can differentiate.
        amplitude: Whether it differentiates after a given initial state.
    """

    loops = False
    gates = frozenset({"rx", "ry", "rz", "cx"})
    amplitude = False

    def unsupported(self, work: Workload) -> str:
        """Why the workload cannot be run; empty if it can."""
        if work.amplitude and not self.amplitude:
            return "no gradients after a given initial state"
        missing = sorted(work.gate_names - self.gates)
        return f"no gradients of {', '.join(missing)}" if missing else ""

    @abstractmethod
    def settings(self, work: Workload) -> str:
        """The configuration in words."""

    @abstractmethod
    def prepare(self, work: Workload, data: Data) -> Callable[[], Any]:
        """Build the circuit; return a function that runs forward and backward once."""

    def kernel_seconds(self) -> float:
        """How long its compiled kernels have run so far, if it counts that; else 0."""
        return 0.0

    def work(self) -> tuple[float, float]:
        """Floating-point operations and bytes of memory traffic of a step, 0 where unknown."""
        return 0.0, 0.0

    @abstractmethod
    def results(self, raw: Any) -> Results:
        """`values` (batch, outputs), `weights` (k,), `inputs` (batch, d) from what a step gave."""


class TorchPeer(Peer):
    """A contestant that is a differentiable function of torch tensors."""

    dtype = torch.float64
    device = "cpu"

    @abstractmethod
    def function(self, work: Workload, weights: nn.Parameter) -> Callable[[Tensor], Tensor]:
        """Build the circuit; return `x -> (batch, outputs)`, which uses these weights."""

    def amplitudes(self, x: Array) -> Array:
        """Initial states in the library's order of basis states."""
        return x

    def prepare(self, work: Workload, data: Data) -> Callable[[], Any]:
        weights = nn.Parameter(self._tensor(data.weights))
        run = self.function(work, weights)
        inputs = self.amplitudes(data.x) if work.amplitude else data.x
        x = self._tensor(inputs).requires_grad_(not work.training)
        cotangents, labels = self._tensor(data.cotangents), self._tensor(data.labels)

        def step() -> tuple[Tensor, Tensor, Tensor]:
            x.grad = weights.grad = None
            values = run(x)
            if work.training:
                _training_loss(values, labels).backward()
                with torch.no_grad():
                    assert weights.grad is not None
                    weights.sub_(weights.grad, alpha=LEARNING_RATE)
            else:
                (values * cotangents).sum().backward()
            if self.device != "cpu":
                torch.cuda.synchronize()
            return values, weights, x

        return step

    def _tensor(self, array: Array) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def results(self, raw: Any) -> Results:
        values, weights, x = raw
        found = {"values": values.detach(), "weights": weights.grad}
        if x.grad is not None and x.numel():
            found["inputs"] = x.grad
        return {name: tensor.double().cpu().numpy() for name, tensor in found.items()}


def _training_loss(values: Tensor, labels: Tensor) -> Tensor:
    probabilities = ((1 + values[:, 0]) / 2).clamp(1e-6, 1 - 1e-6)
    return torch.nn.functional.binary_cross_entropy(probabilities, labels)
