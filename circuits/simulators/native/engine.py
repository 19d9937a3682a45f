"""`NativeEngine`: one circuit and its observables on the compiled kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from circuits import _native
from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.gates.matrices import complex_dtype
from circuits.pauli import PauliSum
from circuits.simulators.binding import AngleTable
from circuits.simulators.native.primitives import primitives
from circuits.simulators.program import PreparationStep
from circuits.simulators.torch_engine import TorchEngine

LARGEST = 30  # qubits; row numbers are 32-bit


def native_support(circuit: Circuit) -> str:
    """Why the native engine cannot run a circuit; empty if it can."""
    if _native.kernels() is None:
        return f"the kernels were not compiled ({_native.reason()})"
    if circuit.n_qubits > LARGEST:
        return f"it takes at most {LARGEST} qubits, the circuit has {circuit.n_qubits}"
    try:
        primitives(circuit, [0] * sum(len(op.angles) for op in circuit.ops))
    except UnsupportedOperationError as error:
        return str(error)
    return ""


@final
class NativeEngine:
    """Exact values, gradients and states of a circuit on the CPU.

    Shapes: inputs `(batch, n_inputs)`, weights `(1 or batch, n_weights)`, both of one real dtype,
    float32 or float64. Nothing here has an autograd graph.

    Args:
        reference: The torch engine of the circuit; it prepares amplitude-encoded start states.
        circuit: The circuit.
        observables: What `values` and `vjp` are about; empty for states only.
    """

    def __init__(
        self, reference: TorchEngine, circuit: Circuit, observables: Sequence[PauliSum] = ()
    ) -> None:
        self.reference = reference
        self.n_qubits = circuit.n_qubits
        self.n_values = len(observables)
        self._prepares = any(isinstance(s, PreparationStep) for s in reference.program.steps)
        self._program = _make(reference, circuit)
        terms = [(x, z, k) for k, o in enumerate(observables) for x, z, _ in o.terms]
        coefficients = [float(np.real(c)) for o in observables for _, _, c in o.terms]
        _kernels().observe(
            self._program,
            len(observables),
            np.array(terms, dtype=np.int64).reshape(-1, 3),
            np.array(coefficients, dtype=np.float64),
        )

    def values(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Expectation values `(batch, n_values)`."""
        values = inputs.new_empty(inputs.shape[0], self.n_values)
        self._run(inputs, weights, self._start(inputs, weights), values=values)
        return values

    def states(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Final states `(batch, 2**n_qubits)` without the global phase."""
        states = torch.empty(inputs.shape[0], 2**self.n_qubits, dtype=complex_dtype(inputs.dtype))
        self._run(inputs, weights, self._start(inputs, weights), states=states)
        return states

    def vjp(self, inputs: Tensor, weights: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients `(batch, n_inputs)` and `(1 or batch, n_weights)` of sum(gradient * values)."""
        by_inputs = torch.empty_like(inputs, memory_format=torch.contiguous_format)
        by_weights = torch.empty_like(weights, memory_format=torch.contiguous_format)
        results = {"by_inputs": by_inputs, "by_weights": by_weights}
        if not self._prepares:
            self._run(inputs, weights, None, gradient=gradient, **results)
            return by_inputs, by_weights
        leaves = inputs.detach().requires_grad_(), weights.detach().requires_grad_()
        with torch.enable_grad():
            start = self.reference.start(*leaves)
        by_start: Tensor | None = None
        if start.requires_grad:
            by_start = torch.empty(
                inputs.shape[0], 2**self.n_qubits, dtype=complex_dtype(inputs.dtype)
            )
        self._run(inputs, weights, start.detach(), gradient=gradient, by_start=by_start, **results)
        if by_start is not None:
            if start.shape[0] == 1:
                by_start = by_start.sum(0, keepdim=True)
            more = torch.autograd.grad(start, leaves, by_start, materialize_grads=True)
            by_inputs, by_weights = by_inputs + more[0], by_weights + more[1]
        return by_inputs, by_weights

    def _start(self, inputs: Tensor, weights: Tensor) -> Tensor | None:
        return self.reference.start(inputs, weights) if self._prepares else None

    def _run(
        self, inputs: Tensor, weights: Tensor, start: Tensor | None, **buffers: Tensor | None
    ) -> None:
        batch = inputs.shape[0]
        if batch == 0:
            for name in ("by_inputs", "by_weights"):
                found = buffers.get(name)
                if found is not None:
                    found.zero_()
            return
        kept = [inputs.contiguous(), weights.contiguous()]
        if start is not None:
            start = start.resolve_conj().contiguous()
        gradient = buffers.get("gradient")
        if gradient is not None:
            buffers["gradient"] = gradient.contiguous()
        module = _kernels()
        run = module.run_double if inputs.dtype == torch.float64 else module.run_float
        run(
            self._program,
            batch,
            kept[0].data_ptr(),
            kept[1].data_ptr(),
            weights.shape[0] > 1,
            _pointer(start),
            start is not None and start.shape[0] > 1,
            *(_pointer(buffers.get(name)) for name in _BUFFERS),
            torch.get_num_threads(),
        )


_BUFFERS = ("gradient", "values", "states", "by_inputs", "by_weights", "by_start")


def _kernels() -> Any:
    return _native.kernels()


def _pointer(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _make(reference: TorchEngine, circuit: Circuit) -> Any:
    """The kernels' program; angles of state preparations stay out of its tables."""
    binding = reference.program.binding
    prepared: set[int] = set()
    first = 0
    for op in circuit.ops:
        if op.kind == "state_preparation":
            prepared.update(range(first, first + len(op.angles)))
        first += len(op.angles)
    numbers = binding.numbers(circuit)
    shared, shared_rows = _angles(binding.shared, prepared, *numbers[:2])
    varying, varying_rows = _angles(binding.per_sample, prepared, *numbers[2:])
    slots = [0] * first
    for slot, row in shared_rows.items():
        slots[slot] = row
    for slot, row in varying_rows.items():
        slots[slot] = len(shared_rows) + row
    rows, data = primitives(circuit, slots).arrays()
    return _kernels().make(
        circuit.n_qubits, circuit.n_inputs, circuit.n_weights, rows, data, shared, varying
    )


def _angles(
    table: AngleTable, left_out: set[int], constants: np.ndarray, coefficients: np.ndarray
) -> tuple[tuple[Any, ...], dict[int, int]]:
    """The kernels' form of an angle table without some slots, and the row of each slot kept."""
    keep = np.array([int(s) not in left_out for s in table.slots], dtype=bool)
    rows = {int(s): r for r, s in enumerate(table.slots[keep])}
    terms = keep[table.targets] if len(table.targets) else np.zeros(0, dtype=bool)
    targets = (np.cumsum(keep) - 1)[table.targets[terms]]
    return (
        np.ascontiguousarray(constants[keep]),
        np.searchsorted(targets, np.arange(len(rows) + 1)).astype(np.int32),
        np.ascontiguousarray(coefficients[terms]),
        np.ascontiguousarray(table.factors[terms].astype(np.int32).ravel()),
        int(table.factors.shape[1]),
    ), rows
