"""The simulator of mixed states as a backend: by compiled kernels, or op by op.

The compiled kernels hold a state by its Pauli vector, Tr(P rho) for all strings P, which has the
same entries in another basis. The torch engine applies every op on its own, rho -> U rho U^dagger,
rho -> sum_k K_k rho K_k^dagger, or a named channel's superoperator, without fusing anything: it is
the independent reference for channels, and what runs where the kernels do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from circuits.backends.engines import check_engine, engine_in_use
from circuits.backends.statevector import check_preparations
from circuits.circuit import Circuit
from circuits.compact import compact
from circuits.errors import UnsupportedOperationError
from circuits.execution import Backend, Request, Result, as_generator
from circuits.finite import check_finite
from circuits.gates.matrices import complex_dtype
from circuits.gates.transfer import superoperator
from circuits.gradients.adjoint import AdjointPlan
from circuits.ops import Op
from circuits.remembered import Remembered
from circuits.simulators import kernels, sampling
from circuits.simulators.binding import bind
from circuits.simulators.measurement import marginal
from circuits.simulators.memory import check_memory
from circuits.simulators.strengths import check_strengths
from circuits.simulators.transfer import (
    EntryMeasurement,
    NativeTransfer,
    TransferEngine,
    native_transfer_support,
)
from circuits.simulators.transfer.requests import draws, estimates, exact_plan, measured_qubits

_KEPT = 64  # plans that a backend remembers


@final
class DensityMatrix(Backend):
    """Exact simulation of mixed states; circuits may hold channels.

    Differentiable to any order, in strengths of channels that are symbols too. With shots,
    outcomes are drawn from the exact probabilities.

    Args:
        engine: `"torch"` (any device, op by op), `"native"` (compiled kernels on the CPU), or
            `"auto"`: the kernels for the circuits that they support.

    Raises:
        InvalidArgumentError: If there is no such engine.
        UnsupportedOperationError: If the engine is not installed.

    >>> DensityMatrix("torch")
    DensityMatrix(engine=torch)
    """

    differentiable = True
    deterministic = True

    def __init__(self, engine: str = "auto") -> None:
        self.engine = check_engine(engine)
        self._plans = Remembered[Any](_KEPT)

    @property
    def engine_in_use(self) -> str:
        """`"native"` or `"torch"`: what runs on the CPU; other devices always use torch."""
        return engine_in_use(self.engine)

    def __repr__(self) -> str:
        return f"DensityMatrix(engine={self.engine_in_use})"

    def run(self, requests: Sequence[Request]) -> list[Result]:
        return [self._run(request) for request in requests]

    def _run(self, request: Request) -> Result:
        if self.engine_in_use == "native" and request.inputs.device.type == "cpu":
            plan = self._plan(request)
            if plan is not None:
                return self._by_kernels(request, plan)
        return self._op_by_op(request)

    def _plan(self, request: Request) -> Any:
        """What answers such requests on the kernels; `None` if they cannot run the circuit."""

        def make() -> Any:
            reason = native_transfer_support(compact(request.circuit, measured_qubits(request))[0])
            if not reason:
                check_preparations(request.circuit)
                return what(request.circuit, request, {}, _native_plan)
            if self.engine == "native":
                raise UnsupportedOperationError(
                    f"The native engine cannot run this circuit: {reason}. Use engine='auto'."
                )
            return None

        what: Any = exact_plan
        if request.shots is not None:
            what = estimates if request.qubits is None else draws
        objects = request.circuit, *request.observables
        return self._plans.of(objects, (what, request.qubits, request.bases), make)

    def _by_kernels(self, request: Request, plan: Any) -> Result:
        shots, generator = request.shots, as_generator(request.generator)
        metadata = {**request.tags, "backend": repr(self), "shots": shots}
        if shots is None:
            return Result(values=plan(request.inputs, request.weights), metadata=metadata)
        if request.qubits is not None:
            return Result(samples=plan(request, shots, generator), metadata=metadata)
        means, variances = plan(request, shots, generator)
        return Result(values=means, variances=variances, metadata=metadata)

    def _op_by_op(self, request: Request) -> Result:
        n = request.circuit.n_qubits
        rho = density_matrix(request.circuit, request.inputs, request.weights)
        metadata = {**request.tags, "backend": repr(self), "shots": request.shots}
        if request.qubits is not None:
            probabilities = _diagonal(_rotate(rho, request.rotations, n), n)
            if request.shots is None:
                kept = marginal(probabilities, request.qubits, n)
                return Result(values=kept.T, metadata=metadata)
            check_finite(probabilities, request.inputs, request.weights)
            generator = as_generator(request.generator)
            bits = sampling.sample_bits(probabilities, request.qubits, n, request.shots, generator)
            return Result(samples=bits, metadata=metadata)
        if request.shots is None:
            values = [_trace(rho, observable.terms, n) for observable in request.observables]
            return Result(values=torch.stack(values, dim=1), metadata=metadata)
        fixed = rho.detach()
        check_finite(fixed, request.inputs, request.weights)

        def rotated(basis: dict[int, str]) -> Tensor:
            return _diagonal(_rotate(fixed, basis, n), n).clamp(min=0)

        means, variances = sampling.estimate(
            rotated, request.observables, request.shots, as_generator(request.generator)
        )
        return Result(values=means, variances=variances, metadata=metadata)


def _native_plan(
    circuit: Circuit, measurement: EntryMeasurement, read: Mapping[int, np.ndarray]
) -> AdjointPlan:
    engine = TransferEngine(circuit, read)
    return AdjointPlan(engine, measurement, NativeTransfer(engine, measurement))


def density_matrix(circuit: Circuit, inputs: Tensor, weights: Tensor) -> Tensor:
    """The final state rho as `(4**n, batch)`, row index major: entry r * 2**n + c is rho[r, c].

    Args:
        circuit: The circuit.
        inputs: `(batch, n_inputs)`.
        weights: `(1 or batch, n_weights)`.
    """
    check_preparations(circuit)
    check_memory(2 * circuit.n_qubits, inputs.shape[0], inputs.dtype)
    n, batch = circuit.n_qubits, inputs.shape[0]
    binding = bind(circuit)
    angles = binding.angles(binding.numbers(circuit), inputs, weights)
    check_strengths(circuit, angles)
    rho = kernels.zero_state(2 * n, batch, complex_dtype(inputs.dtype), inputs.device)
    first = 0
    for op in circuit.ops:
        mine = angles[first : first + len(op.angles)]
        first += len(op.angles)
        if op.kind == "state_preparation":
            rho = _prepare(rho, op, mine, n)
        elif op.kind == "kraus":
            assert op.data is not None
            operators = torch.as_tensor(op.data.copy(), dtype=rho.dtype, device=rho.device)
            rho = sum((_sandwich(rho, k[..., None], op.qubits, n) for k in operators), 0 * rho)
        elif op.is_channel:
            matrix = superoperator(op.transfer(mine.T))
            rho = _mapped(rho, matrix.permute(1, 2, 0), op.qubits, n)
        elif op.name not in ("barrier", "delay", "id", "global_phase"):
            matrix = op.gate.matrix(mine.T) if op.gate.block else _full(op, mine)
            matrix = matrix.permute(1, 2, 0) if matrix.dim() == 3 else matrix[..., None]
            rho = _sandwich(rho, matrix, op.qubits, n)
    return rho


def _full(op: Op, angles: Tensor) -> Tensor:
    from circuits.gates.record import controlled_matrix

    return controlled_matrix(op.block(angles.T), op.n_controls)


def _sandwich(rho: Tensor, matrix: Tensor, qubits: tuple[int, ...], n: int) -> Tensor:
    """K rho K^dagger for a matrix `(d, d, batch or 1)`; columns are qubits 0..n-1, rows n..2n-1."""
    rows = tuple(q + n for q in qubits)
    rho = kernels.apply_matrix(rho, matrix, rows, (), 2 * n)
    return kernels.apply_matrix(rho, matrix.conj(), qubits, (), 2 * n)


def _mapped(rho: Tensor, matrix: Tensor, qubits: tuple[int, ...], n: int) -> Tensor:
    """A superoperator `(d^2, d^2, batch)` on the flattened rho, rows the more significant half."""
    return kernels.apply_matrix(rho, matrix, (*qubits, *(q + n for q in qubits)), (), 2 * n)


def _prepare(rho: Tensor, op: Op, angles: Tensor, n: int) -> Tensor:
    if op.data is not None:
        amplitudes = torch.as_tensor(op.data.copy(), dtype=rho.dtype, device=rho.device)[:, None]
    else:
        amplitudes = (angles / torch.linalg.vector_norm(angles, dim=0)).to(rho.dtype)
    rows = tuple(q + n for q in op.qubits)
    rho = kernels.prepare(amplitudes, rows, 2 * n, rho)
    return kernels.prepare(amplitudes.conj(), op.qubits, 2 * n, rho)


def _diagonal(rho: Tensor, n: int) -> Tensor:
    index = torch.arange(2**n, device=rho.device) * (2**n + 1)
    return rho.index_select(0, index).real


def _rotate(rho: Tensor, basis: dict[int, str], n: int) -> Tensor:
    for qubit, letter in basis.items():
        if letter != "Z":
            change = torch.as_tensor(
                sampling.BASIS_CHANGE[letter], dtype=rho.dtype, device=rho.device
            )
            rho = _sandwich(rho, change[..., None], (qubit,), n)
    return rho


def _trace(rho: Tensor, terms: Sequence[tuple[int, int, complex]], n: int) -> Tensor:
    """Tr(O rho) = sum_i (O rho)[i, i], term by term: `(batch,)`."""
    total = rho.real.new_zeros(rho.shape[1])
    states = torch.arange(2**n, device=rho.device)
    for x_mask, z_mask, coefficient in terms:
        source = states ^ x_mask
        entries = rho.index_select(0, source * 2**n + states)
        sign = kernels.parity_sign(n, z_mask, rho).index_select(0, source)
        phase = coefficient * 1j ** ((x_mask & z_mask).bit_count() % 4)
        total = total + (phase * (sign[:, None] * entries).sum(0)).real
    return total
