"""Running circuits directly: the functions behind `Circuit`'s methods.

Each converts and checks the values, runs, and shapes the result, in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from circuits.backends.statevector import StateVector, engine_for
from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from circuits.execution import (
    Backend,
    Probabilities,
    Request,
    Result,
    Seed,
    check_seed,
    check_shots,
    listed,
)
from circuits.finite import check_finite
from circuits.gradients import make_evaluator
from circuits.ops import check_qubits
from circuits.pauli import PauliSum, as_observables
from circuits.values import bind_values, shaped


def check_backend(backend: Any) -> Backend:
    """The backend, or the default one for `None`."""
    if backend is None:
        return StateVector()
    if not isinstance(backend, Backend):
        raise ArgumentTypeError(
            f"Argument `backend` must be a Backend such as circuits.StateVector(), got "
            f"{type(backend).__name__}: {backend!r}."
        )
    return backend


def check_observables(circuit: Circuit, observables: Any) -> tuple[PauliSum, ...]:
    """Hermitian observables that fit the circuit.

    Raises:
        ObservableError: If one is malformed, not Hermitian, or on a missing qubit.
    """
    checked = tuple(as_observables(observables))
    for k, observable in enumerate(checked):
        observable.check_fits(circuit.n_qubits)
        observable.check_hermitian(f"observables[{k}]")
    return checked


def check_generator(generator: Seed, shots: int | None, backend: Backend) -> Seed:
    """A source of randomness, where there is something to draw.

    Raises:
        InvalidArgumentError: If it is none, or has no effect.
    """
    if check_seed(generator) is not None and shots is None and backend.deterministic:
        raise InvalidArgumentError(
            f"Argument `generator` has no effect: without shots {backend!r} draws nothing. Give "
            "`shots`, or leave it out."
        )
    return generator


def check_kept(circuit: Circuit, qubits: Sequence[int] | None) -> tuple[int, ...]:
    """Qubits of the circuit to keep; all for `None`."""
    if qubits is None:
        return tuple(range(circuit.n_qubits))
    kept = check_qubits(listed(qubits), "qubits")
    if not kept or max(kept) >= circuit.n_qubits:
        raise InvalidArgumentError(
            f"Argument `qubits` must list qubits of the circuit, 0 to {circuit.n_qubits - 1}, got "
            f"{kept}."
        )
    return kept


def statevector(circuit: Circuit, x: Any = None, w: Any = None) -> Tensor:
    """See `Circuit.statevector`."""
    bound = bind_values(circuit, x, w)
    values = bound.values
    engine = engine_for(circuit)
    with torch.autocast(values.inputs.device.type, enabled=False):
        state = engine.state(values.inputs, values.weights)
    check_finite(state, values.inputs, values.weights)
    complex_dtype = torch.complex128 if bound.dtype == torch.float64 else torch.complex64
    return state.T.reshape(*bound.batch, 2**circuit.n_qubits).to(complex_dtype)


def expectation(
    circuit: Circuit,
    observables: Any,
    x: Any = None,
    w: Any = None,
    backend: Backend | None = None,
    shots: int | None = None,
    generator: Seed = None,
) -> Tensor:
    """See `Circuit.expectation`."""
    checked = check_observables(circuit, observables)
    machine, spent = check_backend(backend), check_shots(shots)
    bound = bind_values(circuit, x, w)
    source = check_generator(generator, spent, machine)
    evaluate = make_evaluator(circuit, checked, machine, spent, source)
    values = evaluate(bound.values.inputs, bound.values.weights)
    return shaped(values, bound.batch, bound.dtype)


def estimate(
    circuit: Circuit,
    observables: Any,
    x: Any = None,
    w: Any = None,
    backend: Backend | None = None,
    shots: int | None = None,
    generator: Seed = None,
) -> Result:
    """See `Circuit.estimate`."""
    checked = check_observables(circuit, observables)
    machine, spent = check_backend(backend), check_shots(shots)
    source = check_generator(generator, spent, machine)
    bound = bind_values(circuit, x, w)
    request = Request(circuit, bound.values, checked, shots=spent, generator=source)
    result = machine.run([request])[0]
    assert result.values is not None
    check_finite(result.values, bound.values.inputs, bound.values.weights)
    return result.reshape(bound.batch, bound.dtype)


def probabilities(
    circuit: Circuit,
    x: Any = None,
    w: Any = None,
    backend: Backend | None = None,
    qubits: Sequence[int] | None = None,
) -> Tensor:
    """See `Circuit.probabilities`."""
    kept = check_kept(circuit, qubits)
    machine = check_backend(backend)
    bound = bind_values(circuit, x, w)
    evaluate = make_evaluator(circuit, Probabilities(kept), machine)
    values = evaluate(bound.values.inputs, bound.values.weights)
    return shaped(values, bound.batch, bound.dtype)


def sample(
    circuit: Circuit,
    shots: int,
    x: Any = None,
    w: Any = None,
    backend: Backend | None = None,
    generator: Seed = None,
) -> Tensor:
    """See `Circuit.sample`."""
    if shots is None:
        raise InvalidArgumentError("Argument `shots` must be a positive integer, got None.")
    machine = check_backend(backend)
    bound = bind_values(circuit, x, w)
    everything = tuple(range(circuit.n_qubits))
    request = Request(circuit, bound.values, qubits=everything, shots=shots, generator=generator)
    samples = machine.run([request])[0].samples
    assert samples is not None
    return samples.reshape(*bound.batch, *samples.shape[1:])
