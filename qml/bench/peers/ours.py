"""ketwork itself: `QuantumLayer(circuit)` and `backward()`, nothing special."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits import Circuit, PauliSum, StateVector, _native, encodings, gates, inputs, weights
from circuits.ops import Op
from qml.bench.peers.base import TorchPeer
from qml.bench.workloads import Slot, Workload
from qml.layer import QuantumLayer


@final
class Ours(TorchPeer):
    """`qml.QuantumLayer` on the exact simulator."""

    gates = frozenset(gates.TABLE)
    amplitude = True

    def __init__(self, engine: str = "auto", dtype: str = "float64", device: str = "cpu") -> None:
        self.backend = StateVector(engine=engine)
        self.dtype = getattr(torch, dtype)
        self.device = device
        self._work = (0.0, 0.0)

    def settings(self, work: Workload) -> str:
        return f"QuantumLayer, {self.backend!r}, {str(self.dtype).removeprefix('torch.')}"

    def layer(self, work: Workload) -> QuantumLayer:
        """The layer of a workload."""
        w = weights(work.n_weights)
        x: Any = inputs(work.n_inputs) if work.n_inputs and not work.amplitude else ()
        symbols: dict[str, Any] = {"x": x, "w": w}
        ops = [
            Op(gates.TABLE[name], qubits, tuple(_angle(symbols, slot) for slot in slots))
            for name, qubits, slots in work.instructions()
        ]
        circuit = Circuit(work.n_qubits, ops)
        if work.amplitude:
            circuit = encodings.amplitude(work.n_inputs, work.n_qubits) + circuit
        observables = [
            PauliSum({label: coefficient for coefficient, label in terms})
            for terms in work.observables
        ]
        return QuantumLayer(
            circuit, observables, backend=self.backend, dtype=self.dtype, device=self.device
        )

    def kernel_seconds(self) -> float:
        return _native.seconds()

    def work(self) -> tuple[float, float]:
        return self._work

    def function(self, work: Workload, weights: nn.Parameter) -> Callable[[Tensor], Tensor]:
        layer = self.layer(work)
        native = self.backend.native_engine(layer.circuit, layer.observables)
        if native is not None and self.device == "cpu":
            self._work = native.work(work.batch, self.dtype)
        layer.weight = weights
        if work.n_inputs:
            return layer
        return lambda x: layer().reshape(1, -1)


def _angle(symbols: dict[str, Sequence[Any]], slot: Slot) -> Any:
    return symbols[slot.kind][slot.position]
