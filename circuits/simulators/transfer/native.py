"""`NativeTransfer`: one noisy circuit and what is read from it on the compiled kernels."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from circuits import _native
from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.simulators.binding import bind
from circuits.simulators.native.engine import Forward
from circuits.simulators.transfer.engine import TransferEngine
from circuits.simulators.transfer.measurement import EntryMeasurement
from circuits.simulators.transfer.memory import check_vectors, vectors_of_gradient
from circuits.simulators.transfer.rows import LARGEST, RowTable, table_of

_TAPE = 2**25  # bytes that a worker may use to remember states
_WIDEST = 6  # qubits of a permutation that is one table


def native_transfer_support(circuit: Circuit) -> str:
    """Why the kernels cannot run a circuit; empty if they can."""
    if _native.kernels() is None:
        return f"the kernels were not compiled ({_native.reason()})"
    if circuit.n_qubits > LARGEST:
        return f"it takes at most {LARGEST} qubits, the circuit has {circuit.n_qubits}"
    one_of_each = {(op.gate.name, len(op.qubits)): op for op in circuit.ops}
    try:
        table_of(one_of_each.values(), {})
    except UnsupportedOperationError as error:
        return str(error)
    return ""


@final
class NativeTransfer:
    """Values and first derivatives of a noisy circuit on the CPU.

    Shapes: inputs `(batch, n_inputs)`, weights `(1 or batch, n_weights)`, both of one real dtype,
    float32 or float64. Nothing here has an autograd graph.

    Args:
        reference: The torch engine of the circuit; it computes start vectors and the transfer
            matrices of channels whose strengths are symbols.
        measurement: What to read.
    """

    def __init__(self, reference: TransferEngine, measurement: EntryMeasurement) -> None:
        circuit = reference.circuit
        self.reference = reference
        self.measurement = measurement
        self._prepares = any(op.kind == "state_preparation" for op in circuit.ops)
        table = table_of(circuit.ops, reference.readout)
        self._given = table.given
        rows, data = table.arrays()
        shared, varying, places = angle_tables(circuit, table)
        turns = np.isin(rows[:, 0], (0, 1, 2, 6))
        rows[turns, 3] = places[rows[turns, 3]]
        self._program = _kernels().make_transfer(
            circuit.n_qubits,
            circuit.n_inputs,
            circuit.n_weights,
            table.n_given,
            rows,
            data,
            shared,
            varying,
            np.ascontiguousarray(measurement.indices, dtype=np.int64),
            _WIDEST if circuit.n_qubits <= 2 * _WIDEST else 3,
        )

    def forward(self, inputs: Tensor, weights: Tensor, *, keep: bool = False) -> Forward:
        """Values `(batch, n_values)`; nothing is kept, whether that would be of use or not."""
        entries = inputs.new_empty(inputs.shape[0], len(self.measurement.indices))
        given, start = (t.detach() if t is not None else None for t in self._lead(inputs, weights))
        self._run(inputs, weights, given, start, entries=entries)
        with torch.no_grad():
            values = self.measurement.combine(entries.T).T.contiguous()
            return Forward(values, None, bool(torch.isfinite(values).all()))

    def values(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """Values `(batch, n_values)`."""
        return self.forward(inputs, weights).values

    def vjp(
        self,
        inputs: Tensor,
        weights: Tensor,
        gradient: Tensor,
        kept: Tensor | None = None,
        *,
        for_inputs: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """Gradients `(batch, n_inputs)` and `(1 or batch, n_weights)` of sum(gradient * values).

        Both always: `for_inputs` is for kernels to which one of them costs less, and `kept` is
        what `forward` kept, nothing.
        """
        with torch.no_grad():
            by_entries = self.measurement.spread(gradient.T).T.contiguous()
        by_inputs = torch.empty_like(inputs, memory_format=torch.contiguous_format)
        by_weights = torch.empty_like(weights, memory_format=torch.contiguous_format)
        leaves = inputs.detach().requires_grad_(), weights.detach().requires_grad_()
        with torch.enable_grad():
            given, start = self._lead(*leaves)
        by_given = None if given is None else torch.empty_like(given.detach()).contiguous()
        by_start = None
        if start is not None and start.requires_grad:
            by_start = start.new_empty(inputs.shape[0], start.shape[1]).detach()
        self._run(
            inputs,
            weights,
            None if given is None else given.detach(),
            None if start is None else start.detach(),
            gradient=by_entries,
            by_inputs=by_inputs,
            by_weights=by_weights,
            by_given=by_given,
            by_start=by_start,
        )
        outputs: list[Tensor] = []
        gradients: list[Tensor] = []
        if given is not None and given.requires_grad and by_given is not None:
            outputs.append(given)
            gradients.append(by_given)
        if start is not None and by_start is not None:
            outputs.append(start)
            gradients.append(by_start if len(start) > 1 else by_start.sum(0, keepdim=True))
        if outputs:
            more = torch.autograd.grad(outputs, leaves, gradients, materialize_grads=True)
            by_inputs, by_weights = by_inputs + more[0], by_weights + more[1]
        return by_inputs, by_weights

    def _lead(self, inputs: Tensor, weights: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Given numbers `(1 or batch, n_given)` and start vectors `(1 or batch, 4**n)`."""
        start = self.reference.start(inputs, weights) if self._prepares else None
        if not self._given:
            return None, start
        positions = [g.position for g in self._given]
        matrices = self.reference.matrices(positions, inputs, weights)
        parts = [
            matrix.flatten(0, 1).index_select(0, torch.as_tensor(g.entries))
            for matrix, g in zip(matrices, self._given, strict=True)
        ]
        batch = max(part.shape[1] for part in parts)
        return torch.cat([part.expand(-1, batch) for part in parts]).T, start

    def _run(
        self,
        inputs: Tensor,
        weights: Tensor,
        given: Tensor | None,
        start: Tensor | None,
        **buffers: Tensor | None,
    ) -> None:
        batch = inputs.shape[0]
        threads = torch.get_num_threads()
        alive = vectors_of_gradient(self._program.n_steps, threads)
        check_vectors(self.reference.n_qubits, alive, inputs.dtype)
        if batch == 0 or not len(self.measurement.indices):  # nothing is read, e.g. of an identity
            for name in ("by_inputs", "by_weights", "by_given", "by_start"):
                found = buffers.get(name)
                if found is not None:
                    found.zero_()
            return
        inputs, weights = inputs.contiguous(), weights.contiguous()
        given = None if given is None else given.contiguous()
        start = None if start is None else start.contiguous()
        double = inputs.dtype == torch.float64
        run = _kernels().run_transfer_double if double else _kernels().run_transfer_float
        run(
            self._program,
            batch,
            inputs.data_ptr(),
            weights.data_ptr(),
            weights.shape[0] > 1,
            _pointer(given),
            given is not None and given.shape[0] > 1,
            _pointer(start),
            start is not None and start.shape[0] > 1,
            *(_pointer(buffers.get(name)) for name in _BUFFERS),
            _TAPE,
            threads,
        )


_BUFFERS = ("gradient", "entries", "by_inputs", "by_weights", "by_given", "by_start")


def _kernels() -> Any:
    return _native.kernels()


def _pointer(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def angle_tables(
    circuit: Circuit, table: RowTable
) -> tuple[tuple[Any, ...], tuple[Any, ...], np.ndarray]:
    """The kernels' tables of shared and varying angles, and the place of each of a table's slots.

    A slot is an angle of the circuit times a number, or a constant.
    """
    binding = bind(circuit)
    numbers = binding.numbers(circuit)
    home: dict[int, tuple[int, int]] = {}
    for which, angles in enumerate((binding.shared, binding.per_sample)):
        home.update({int(slot): (which, row) for row, slot in enumerate(angles.slots)})
    terms: list[list[list[int]]] = []
    for angles in (binding.shared, binding.per_sample):
        of_row: list[list[int]] = [[] for _ in angles.slots]
        for t, row in enumerate(angles.targets):
            of_row[int(row)].append(t)
        terms.append(of_row)
    constants: list[list[float]] = [[], []]
    first: list[list[int]] = [[0], [0]]
    chosen: list[list[int]] = [[], []]
    scales: list[list[float]] = [[], []]
    place: list[tuple[int, int]] = []
    for angle, factor in table.slots:
        which, row = home[angle] if angle >= 0 else (0, -1)
        place.append((which, len(constants[which])))
        constants[which].append(factor if row < 0 else factor * float(numbers[2 * which][row]))
        mine = terms[which][row] if row >= 0 else []
        chosen[which] += mine
        scales[which] += [factor] * len(mine)
        first[which].append(len(chosen[which]))
    tables = []
    for which, angles in enumerate((binding.shared, binding.per_sample)):
        picked = np.array(chosen[which], dtype=np.int64)
        tables.append(
            (
                np.array(constants[which], dtype=np.float64),
                np.array(first[which], dtype=np.int32),
                np.array(scales[which], dtype=np.float64) * numbers[2 * which + 1][picked],
                np.ascontiguousarray(angles.factors[picked].astype(np.int32).ravel()),
                int(angles.factors.shape[1]),
            )
        )
    offset = len(constants[0])
    places = np.array([row + which * offset for which, row in place], dtype=np.int64)
    return tables[0], tables[1], places
