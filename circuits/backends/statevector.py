"""The exact state-vector simulator as a backend."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from circuits.backends.engines import check_engine, engine_in_use
from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.execution import Backend, Probabilities, Request, Result, as_generator
from circuits.finite import can_look, check_finite
from circuits.pauli import PauliSum
from circuits.simulators import kernels, sampling
from circuits.simulators.measurement import BasisProbabilities, Expectations
from circuits.simulators.native import NativeEngine, native_support
from circuits.simulators.torch_engine import TorchEngine


@final
class StateVector(Backend):
    """Exact simulation of pure states; with shots, sampled from the exact state.

    Differentiable to any order. Memory of an adjoint gradient is a constant number of states.

    Args:
        engine: `"torch"` (any device), `"native"` (compiled kernels on the CPU), or `"auto"`:
            the fastest one that is installed.

    Raises:
        UnsupportedOperationError: If the engine is not installed.

    >>> StateVector("torch")
    StateVector(engine=torch)
    """

    differentiable = True
    deterministic = True

    def __init__(self, engine: str = "auto") -> None:
        self.engine = check_engine(engine)

    @property
    def engine_in_use(self) -> str:
        """`"native"` or `"torch"`: what runs on the CPU; other devices always use torch."""
        return engine_in_use(self.engine)

    def __repr__(self) -> str:
        return f"StateVector(engine={self.engine_in_use})"

    def native_engine(
        self, circuit: Circuit, observed: tuple[PauliSum, ...] | Probabilities = ()
    ) -> NativeEngine | None:
        """The compiled kernels for a circuit, or `None` where the torch engine is to be used.

        Args:
            circuit: The circuit.
            observed: Observables or probabilities.

        Raises:
            UnsupportedOperationError: If `engine="native"` and the kernels cannot run the circuit.
        """
        if self.engine_in_use == "torch":
            return None
        simulation = engine_for(circuit)  # first: it names what no state vector can hold
        reason = native_support(circuit)
        if reason and self.engine == "native":
            raise UnsupportedOperationError(
                f"The native engine cannot run this circuit: {reason}. Use engine='auto'."
            )
        return None if reason else NativeEngine(simulation, circuit, observed)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        return [self._run(request) for request in requests]

    def _state(self, request: Request) -> Tensor:
        """Final states `(2**n, batch)`, with torch's graph where one is wanted."""
        inputs, weights = request.inputs, request.weights
        tracked = torch.is_grad_enabled() and (inputs.requires_grad or weights.requires_grad)
        if not tracked and inputs.device.type == "cpu" and can_look(inputs) and can_look(weights):
            native = self.native_engine(request.circuit)
            if native is not None:
                return native.states(inputs, weights).T
        return engine_for(request.circuit).state(inputs, weights, phase=False)

    def _run(self, request: Request) -> Result:
        state = self._state(request)
        metadata = {**request.tags, "backend": repr(self), "shots": request.shots}
        n = request.circuit.n_qubits
        if request.qubits is not None:
            state = _rotate(state, n, request.rotations)
            if request.shots is None:
                measured = BasisProbabilities(request.qubits, n).values(state)
                return Result(values=measured.T, metadata=metadata)
            check_finite(state, request.inputs, request.weights)
            probabilities = state.real**2 + state.imag**2
            bits = sampling.sample_bits(
                probabilities, request.qubits, n, request.shots, as_generator(request.generator)
            )
            return Result(samples=bits, metadata=metadata)
        if request.shots is None:
            return Result(
                values=Expectations(request.observables, n).values(state).T, metadata=metadata
            )
        check_finite(state, request.inputs, request.weights)
        means, variances = sampling.estimate(
            functools.partial(_rotated, state.detach(), n),
            request.observables,
            request.shots,
            as_generator(request.generator),
        )
        return Result(values=means, variances=variances, metadata=metadata)


def _rotate(state: Tensor, n_qubits: int, basis: dict[int, str]) -> Tensor:
    """The state with the named qubits turned so that measuring Z measures their letters."""
    for qubit, letter in basis.items():
        if letter != "Z":
            change = torch.as_tensor(
                sampling.BASIS_CHANGE[letter], dtype=state.dtype, device=state.device
            )
            state = kernels.apply_matrix(state, change[..., None], (qubit,), (), n_qubits)
    return state


def _rotated(state: Tensor, n_qubits: int, basis: dict[int, str]) -> Tensor:
    state = _rotate(state, n_qubits, basis)
    return state.real**2 + state.imag**2


def check_pure(circuit: Circuit) -> None:
    """Refuse what a state vector cannot represent.

    Raises:
        UnsupportedOperationError: For channels, and for state preparation on used qubits.
    """
    for position, op in enumerate(circuit.ops):
        if op.is_channel:
            raise UnsupportedOperationError(
                f"Operation {position} (`{op.name}`) is a channel, which a state vector cannot "
                "hold. Use backend=circuits.DensityMatrix() or a noise simulator."
            )
    check_preparations(circuit)


def check_preparations(circuit: Circuit) -> None:
    """Refuse state preparation on qubits that may have left |0>.

    Raises:
        UnsupportedOperationError: Naming the op and the qubits.
    """
    touched: set[int] = set()
    for position, op in enumerate(circuit.ops):
        if op.kind == "state_preparation" and touched.intersection(op.qubits):
            raise UnsupportedOperationError(
                f"Operation {position} (`state_preparation`) acts on qubits "
                f"{sorted(touched.intersection(op.qubits))} that earlier operations have used. "
                "Amplitudes can only be written to qubits in |0>: put it first."
            )
        if op.kind not in ("barrier", "delay", "id"):
            touched.update(op.qubits)


@functools.lru_cache(maxsize=256)
def _engine(circuit: _Exact) -> TorchEngine:
    check_pure(circuit.circuit)
    return TorchEngine(circuit.circuit)


class _Exact:
    """A circuit that compares by content including numbers."""

    __slots__ = ("circuit",)

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Exact) and (
            self.circuit is other.circuit or self.circuit == other.circuit
        )

    def __hash__(self) -> int:
        return hash(self.circuit)


def engine_for(circuit: Circuit) -> TorchEngine:
    """The engine of a circuit, made once per circuit.

    Raises:
        UnsupportedOperationError: If the circuit has no state-vector meaning, naming the op.
    """
    return _engine(_Exact(circuit))
