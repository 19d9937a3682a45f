"""The exact state-vector simulator as a backend."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError, ResourceLimitError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result, as_generator
from circuits.simulators import kernels, sampling
from circuits.simulators.measurement import BasisProbabilities, Expectations
from circuits.simulators.torch_engine import TorchEngine

_ENGINES = ("auto", "native", "torch")
_STATES_AT_ONCE = 6  # state-sized tensors alive during a run or a gradient


@final
class StateVector(Backend):
    """Exact simulation of pure states; with shots, sampled from the exact state.

    Differentiable to any order. Memory of an adjoint gradient is a constant number of states.

    Args:
        engine: `"torch"` (any device), `"native"` (compiled kernels on the CPU), or `"auto"`:
            the fastest one that is installed.

    Raises:
        UnsupportedOperationError: If the engine is not installed.

    >>> StateVector().name
    'StateVector(engine=torch)'
    """

    differentiable = True

    def __init__(self, engine: str = "auto") -> None:
        if engine not in _ENGINES:
            raise InvalidArgumentError(
                f"Argument `engine` must be one of {_ENGINES}, got {engine!r}."
            )
        if engine == "native":
            raise UnsupportedOperationError(
                "The native engine is not part of this installation. Use engine='torch'."
            )
        self.engine = engine

    @property
    def name(self) -> str:
        """Name with the engine in use."""
        return "StateVector(engine=torch)"

    def __repr__(self) -> str:
        return self.name

    def run(self, requests: Sequence[Request]) -> list[Result]:
        return [self._run(request) for request in requests]

    def _run(self, request: Request) -> Result:
        simulation = engine_for(request.circuit)
        check_memory(request.circuit.n_qubits, request.points, request.inputs.dtype)
        state = simulation.state(request.inputs, request.weights, phase=False)
        metadata = {**request.tags, "backend": self.name, "shots": request.shots}
        n = request.circuit.n_qubits
        if request.qubits is not None:
            probabilities = state.real**2 + state.imag**2
            if request.shots is None:
                measured = BasisProbabilities(request.qubits, n).values(state)
                return Result(values=measured.T, metadata=metadata)
            bits = sampling.sample_bits(
                probabilities, request.qubits, n, request.shots, as_generator(request.generator)
            )
            return Result(samples=bits, metadata=metadata)
        if request.shots is None:
            return Result(
                values=Expectations(request.observables, n).values(state).T, metadata=metadata
            )
        means, variances = sampling.estimate(
            functools.partial(_rotated, state.detach(), n),
            request.observables,
            request.shots,
            as_generator(request.generator),
        )
        return Result(values=means, variances=variances, metadata=metadata)


def _rotated(state: Tensor, n_qubits: int, basis: dict[int, str]) -> Tensor:
    for qubit, letter in basis.items():
        if letter != "Z":
            change = torch.as_tensor(
                sampling.BASIS_CHANGE[letter], dtype=state.dtype, device=state.device
            )
            state = kernels.apply_matrix(state, change[..., None], (qubit,), (), n_qubits)
    return state.real**2 + state.imag**2


def check_pure(circuit: Circuit) -> None:
    """Refuse what a state vector cannot represent.

    Raises:
        UnsupportedOperationError: For channels, and for state preparation on used qubits.
    """
    touched: set[int] = set()
    for position, op in enumerate(circuit.ops):
        if op.kind == "kraus":
            raise UnsupportedOperationError(
                f"Operation {position} (`kraus`) is a channel, which a state vector cannot hold. "
                "Use backend=circuits.DensityMatrix() or a noise simulator."
            )
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


def check_memory(n_qubits: int, points: int, dtype: torch.dtype) -> None:
    """Refuse a run whose states would not fit in this machine's memory.

    Raises:
        ResourceLimitError: With the size needed and the size there is.
    """
    size = 2**n_qubits * max(points, 1) * (8 if dtype == torch.float32 else 16) * _STATES_AT_ONCE
    total = physical_memory()
    if size > total:
        raise ResourceLimitError(
            f"{points} state vector(s) of {n_qubits} qubits need about {size / 2**30:.3g} GiB, "
            f"this machine has {total / 2**30:.3g} GiB. Use fewer qubits or smaller batches."
        )


@functools.cache
def physical_memory() -> int:
    """Bytes of main memory of this machine."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))
    return int(np.iinfo(np.int64).max)
