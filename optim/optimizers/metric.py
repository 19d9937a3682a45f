"""The Fubini-Study metric of a circuit's state: what natural gradients divide by.

    G_ij = Re <d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi>

is a quarter of the quantum Fisher information. It is found in full from the derivatives of the
state, or in blocks from expectation values, which any backend can measure: in a layer of rotations
exp(-i t P_i / 2) that commute, with the state before the layer,

    G_ij = (<P_i P_j> - <P_i><P_j>) / 4.

References:
    Stokes, Izaac, Killoran, Carleo, Quantum 4, 269 (2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from circuits import Backend, Circuit
from circuits.errors import InvalidArgumentError
from circuits.execution import Seed
from optim.optimizers.angles import angles_at, flattened
from optim.optimizers.layers import kept_entries, measured_blocks
from optim.optimizers.states import states_of

Array = NDArray[np.float64]

APPROXIMATIONS = ("full", "block-diagonal", "diagonal")


def fubini_study_metric(
    circuit: Circuit,
    parameters: Any,
    *,
    approximation: str = "full",
    backend: Backend | None = None,
    shots: int | None = None,
    generator: Seed = None,
) -> Array:
    """The metric of the state that a circuit prepares.

    Args:
        circuit: Circuit with weights only.
        parameters: Values of all weights `(n,)`: groups in order, row-major.
        approximation: `"full"`: exact, from the simulated state; `"block-diagonal"`: between
            rotations of one layer only, where a layer is a run of gates with angles on different
            qubits; `"diagonal"`: without correlations within a layer either.
        backend: Where the blocks are measured; default: from the simulated state.
        shots: Measurements for each layer; `None` is exact.
        generator: Source of randomness for shots.

    Returns:
        Symmetric `(n, n)`. A weight that enters several gates, or with a factor, sums over these
        as the chain rule says; within an approximation, over pairs that it keeps.

    Raises:
        UnsupportedOperationError: If blocks are asked for and a gate with an angle is no Pauli
            rotation.
        InvalidArgumentError: If the circuit has inputs, or an argument has no effect.
    """
    if approximation not in APPROXIMATIONS:
        raise InvalidArgumentError(
            f"Argument `approximation` must be one of {APPROXIMATIONS}, got {approximation!r}."
        )
    if circuit.n_inputs:
        raise InvalidArgumentError(
            "The metric is defined at one state: bind the inputs first, `circuit.bind(x=...)`."
        )
    point = np.asarray(parameters, dtype=np.float64).reshape(-1)
    values, jacobian = angles_at(circuit, point)
    if not len(values):
        return np.zeros((len(point), len(point)))
    diagonal = approximation == "diagonal"
    if backend is not None and approximation != "full":
        metric = measured_blocks(circuit, values, diagonal, backend, shots, generator)
    elif backend is None and shots is None and generator is None:
        metric = _from_states(circuit, values)
        if approximation != "full":
            metric = metric * kept_entries(circuit, diagonal)
    else:
        raise InvalidArgumentError(
            "Without `backend`, and with approximation='full', the metric is computed from the "
            "simulated state: `shots` and `generator` are for a backend, and a backend is for "
            "approximation='block-diagonal' and 'diagonal'."
        )
    result: Array = jacobian.T @ metric @ jacobian
    return result


def _from_states(circuit: Circuit, point: Array) -> Array:
    """The metric `(m, m)` of all angles that vary, from the state and its derivatives."""
    flat, rotations = flattened(circuit)
    if rotations:
        # A rotation by pi more is -i P times the rotation: the derivative, times 2.
        states = states_of(flat, np.concatenate([point[None], point + np.pi * np.eye(len(point))]))
        state, slopes = states[0], states[1:] / 2
    else:
        state, slopes = _forward_mode(flat, point)
    along = slopes.conj() @ state
    overlaps = slopes.conj() @ slopes.T - np.outer(along, along.conj())
    metric: Array = overlaps.real
    return metric


def _forward_mode(flat: Circuit, values: Array) -> tuple[Any, Any]:
    def real_state(point: Tensor) -> Tensor:
        return torch.view_as_real(flat.statevector(w=point))

    point = torch.from_numpy(values)
    jacobian = torch.func.jacfwd(real_state)(point)
    slopes = torch.view_as_complex(jacobian.movedim(-1, 0).contiguous())
    return flat.statevector(w=point).numpy(), slopes.numpy()
