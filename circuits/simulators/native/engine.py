"""`NativeEngine`: one circuit and its observables on the compiled kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from circuits import _native
from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.execution import Probabilities
from circuits.gates.matrices import complex_dtype
from circuits.pauli import PauliSum
from circuits.simulators.binding import AngleTable
from circuits.simulators.memory import check_bytes
from circuits.simulators.native.primitives import input_columns, primitives
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


LARGEST_KEPT = 2**25  # bytes of final states that a forward run keeps for its gradient


class Forward(NamedTuple):
    """What a forward run found.

    Attributes:
        values: Values `(batch, n_values)`.
        kept: The final states in the kernels' own layout, for `vjp`; `None` if not kept.
        finite: Whether all values are finite.
    """

    values: Tensor
    kept: Tensor | None
    finite: bool


class Work(NamedTuple):
    """What the kernels do for a batch.

    Attributes:
        operations: Floating-point operations, without those of sines and cosines.
        traffic: Bytes between memory and caches for states that do not fit into a fast cache;
            0 where they do.
    """

    operations: float
    traffic: float


@final
class NativeEngine:
    """Exact values, gradients and states of a circuit on the CPU.

    Shapes: inputs `(batch, n_inputs)`, weights `(1 or batch, n_weights)`, both of one real dtype,
    float32 or float64. Nothing here has an autograd graph.

    Memory: for each thread about three states of a group of samples (up to 9 qubits) or of one
    sample, two states of one sample beyond 13 qubits; and where a forward run keeps its final
    states for the gradient, at most `LARGEST_KEPT` bytes of those.

    Args:
        reference: The torch engine of the circuit; it prepares amplitude-encoded start states.
        circuit: The circuit.
        observed: What `values` and `vjp` are about: observables, or probabilities of the outcomes
            on some qubits; empty for states only.
    """

    def __init__(
        self,
        reference: TorchEngine,
        circuit: Circuit,
        observed: Sequence[PauliSum] | Probabilities = (),
    ) -> None:
        self.reference = reference
        self.n_qubits = circuit.n_qubits
        self._module = _kernels()
        self._program = _make(reference, circuit)
        # Preparations that the kernels do not know are done by the reference.
        columns = input_columns(circuit)
        if columns is not None:
            self._module.start_from_inputs(self._program, columns)
        steps = reference.program.steps
        self._prepares = columns is None and any(isinstance(s, PreparationStep) for s in steps)
        if isinstance(observed, Probabilities):
            qubits = observed.qubits or tuple(range(circuit.n_qubits))
            self.n_values = 2 ** len(qubits)
            self._module.observe_outcomes(self._program, np.array(qubits, dtype=np.int64))
            return
        self.n_values = len(observed)
        terms = [(x, z, k) for k, o in enumerate(observed) for x, z, _ in o.terms]
        coefficients = [float(np.real(c)) for o in observed for _, _, c in o.terms]
        self._module.observe(
            self._program,
            len(observed),
            np.array(terms, dtype=np.int64).reshape(-1, 3),
            np.array(coefficients, dtype=np.float64),
        )

    def forward(self, inputs: Tensor, weights: Tensor, *, keep: bool = False) -> Forward:
        """Values, and the final states for a later `vjp` if that is wanted and they are small.

        Args:
            inputs: `(batch, n_inputs)`.
            weights: `(1 or batch, n_weights)`.
            keep: Whether a gradient will be asked for.
        """
        batch = inputs.shape[0]
        self._check_memory(inputs, self.n_values)
        values = inputs.new_empty(batch, self.n_values)
        start = self._start(inputs, weights)
        kept = self._room(inputs) if keep else None
        finite = self._run(inputs, weights, start, values=values, keep=kept)
        return Forward(values, kept, finite)

    def work(self, batch: int, dtype: torch.dtype) -> Work:
        """How much a value and its gradient, for inputs and weights, are to compute and to move.

        Args:
            batch: Number of samples.
            dtype: float64 or float32.
        """
        double = dtype == torch.float64
        visits = self._module.visits_double if double else self._module.visits_float
        moved = (2 + 4) * (16 if double else 8) * 2**self.n_qubits  # reads and writes
        return Work(
            batch * self._module.operations(self._program, not self._prepares),
            batch * moved * visits(self._program, batch),
        )

    def values(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Expectation values or probabilities `(batch, n_values)`."""
        return self.forward(inputs, weights).values

    def states(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Final states `(batch, 2**n_qubits)` without the global phase."""
        self._check_memory(inputs, 2 * 2**self.n_qubits)
        states = torch.empty(inputs.shape[0], 2**self.n_qubits, dtype=complex_dtype(inputs.dtype))
        self._run(inputs, weights, self._start(inputs, weights), states=states)
        return states

    def vjp(
        self,
        inputs: Tensor,
        weights: Tensor,
        gradient: Tensor,
        kept: Tensor | None = None,
        *,
        for_inputs: bool = True,
    ) -> tuple[Tensor | None, Tensor]:
        """Gradients `(batch, n_inputs)` and `(1 or batch, n_weights)` of sum(gradient * values).

        Args:
            inputs: `(batch, n_inputs)`.
            weights: `(1 or batch, n_weights)`.
            gradient: `(batch, n_values)`.
            kept: What `forward` kept for the same inputs and weights; it is not changed.
            for_inputs: Whether the gradient by the inputs is wanted; else it is `None`.
        """
        self._check_memory(inputs, 0)
        by_inputs: Tensor | None = None
        if for_inputs:
            by_inputs = torch.empty_like(inputs, memory_format=torch.contiguous_format)
        by_weights = torch.empty_like(weights, memory_format=torch.contiguous_format)
        if not self._prepares:
            self._run(inputs, weights, None, gradient, by_inputs, by_weights, kept=kept)
            return by_inputs, by_weights
        leaves = inputs.detach().requires_grad_(for_inputs), weights.detach().requires_grad_()
        with torch.enable_grad():
            start = self.reference.start(*leaves)
        by_start: Tensor | None = None
        if start.requires_grad:
            by_start = torch.empty(
                inputs.shape[0], 2**self.n_qubits, dtype=complex_dtype(inputs.dtype)
            )
        self._run(
            inputs,
            weights,
            start.detach(),
            gradient,
            by_inputs,
            by_weights,
            by_start=by_start,
            kept=kept,
        )
        if by_start is not None:
            if start.shape[0] == 1:
                by_start = by_start.sum(0, keepdim=True)
            more = torch.autograd.grad(
                start, leaves if for_inputs else leaves[1:], by_start, materialize_grads=True
            )
            by_weights = by_weights + more[-1]
            if by_inputs is not None:
                by_inputs = by_inputs + more[0]
        return by_inputs, by_weights

    def _start(self, inputs: Tensor, weights: Tensor) -> Tensor | None:
        return self.reference.start(inputs, weights) if self._prepares else None

    def _room(self, inputs: Tensor) -> Tensor | None:
        """Memory for the final states, or `None` where they are too large to be kept."""
        module, batch = self._module, inputs.shape[0]
        double = inputs.dtype == torch.float64
        size = (module.kept_size_double if double else module.kept_size_float)(self._program, batch)
        return None if size * (8 if double else 4) > LARGEST_KEPT else inputs.new_empty(size)

    def _check_memory(self, inputs: Tensor, outputs: int) -> None:
        """Refuse what would not fit: `outputs` numbers per sample, and two states or three."""
        if self.n_qubits > 20 or outputs * inputs.shape[0] > 2**26:
            width = inputs.element_size()
            check_bytes(
                width * (outputs * inputs.shape[0] + 6 * 2**self.n_qubits),
                f"{inputs.shape[0]} sample(s) of {self.n_qubits} qubits",
            )

    def _run(
        self,
        inputs: Tensor,
        weights: Tensor,
        start: Tensor | None,
        gradient: Tensor | None = None,
        by_inputs: Tensor | None = None,
        by_weights: Tensor | None = None,
        *,
        values: Tensor | None = None,
        states: Tensor | None = None,
        by_start: Tensor | None = None,
        keep: Tensor | None = None,
        kept: Tensor | None = None,
    ) -> bool:
        """Call the kernels; returns whether all values are finite."""
        batch = inputs.shape[0]
        if batch == 0:
            for found in (by_inputs, by_weights):
                if found is not None:
                    found.zero_()
            return True
        held = inputs.contiguous(), weights.contiguous()
        if start is not None:
            start = start.resolve_conj().contiguous()
        if gradient is not None:
            gradient = gradient.contiguous()
        module = self._module
        run = module.run_double if inputs.dtype == torch.float64 else module.run_float
        finite: bool = run(
            self._program,
            batch,
            held[0].data_ptr(),
            held[1].data_ptr(),
            weights.shape[0] > 1,
            0 if start is None else start.data_ptr(),
            start is not None and start.shape[0] > 1,
            0 if gradient is None else gradient.data_ptr(),
            0 if values is None else values.data_ptr(),
            0 if states is None else states.data_ptr(),
            0 if by_inputs is None else by_inputs.data_ptr(),
            0 if by_weights is None else by_weights.data_ptr(),
            0 if by_start is None else by_start.data_ptr(),
            0 if keep is None else keep.data_ptr(),
            0 if kept is None else kept.data_ptr(),
            torch.get_num_threads(),
        )
        return finite


def _kernels() -> Any:
    return _native.kernels()


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
