"""What Aer is told about noise: our models, devices, and Aer's own models, under one face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from qiskit_aer.noise import NoiseModel as AerNoiseModel
from qiskit_aer.noise import ReadoutError

from circuits.backends.qiskit.device import cut_out
from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, UnsupportedOperationError
from circuits.execution import Request
from circuits.gates import TABLE
from circuits.machines.lowering import lower_request
from circuits.machines.machine import Machine, make_machine
from circuits.machines.target import machine_of, properties_of, readout_flips
from circuits.simulators.readout import Readout

_NAMES = {gate.qiskit: gate.name for gate in TABLE.values() if gate.qiskit and gate.block}


class AerNoise(ABC):
    """A source of noise.

    Attributes:
        machine: Gates that circuits are lowered to and basis changes are made of; `None` for any.
        renumbers: Whether `model` can describe some of the qubits under new numbers.
    """

    machine: Machine | None = None
    renumbers: bool = True

    @property
    @abstractmethod
    def state(self) -> object:
        """Another object after each change of the noise; what was made of it ends then."""

    @abstractmethod
    def lower(self, request: Request, level: int, seed: int) -> Request:
        """The request in the machine's gates."""

    @abstractmethod
    def model(self, qubits: Sequence[int] | None) -> AerNoiseModel | None:
        """Aer's model; of `qubits` only, numbered in that order, unless `None`."""

    @abstractmethod
    def check(self, circuit: Circuit) -> None:
        """Report or refuse gates without noise that should have some."""


@final
class NoNoise(AerNoise):
    """Circuits run as they are."""

    @property
    def state(self) -> object:
        return None

    def lower(self, request: Request, level: int, seed: int) -> Request:
        return request

    def model(self, qubits: Sequence[int] | None) -> AerNoiseModel | None:
        return None

    def check(self, circuit: Circuit) -> None:
        pass


@final
class OwnModel(AerNoise):
    """A `noise.NoiseModel`, known by its methods."""

    def __init__(self, given: Any) -> None:
        self.given = given
        if given.basis_gates is not None:
            self.machine = make_machine(given.basis_gates, None, given.n_qubits)

    @property
    def state(self) -> object:
        return self.given.state

    def lower(self, request: Request, level: int, seed: int) -> Request:
        lowered: Request = self.given.lower(request, optimization_level=level, seed=seed)
        return lowered

    def model(self, qubits: Sequence[int] | None) -> AerNoiseModel | None:
        return (self.given if qubits is None else self.given.for_qubits(qubits)).to_aer()

    def check(self, circuit: Circuit) -> None:
        self.given.apply(circuit)


@final
class DeviceNoise(AerNoise):
    """The calibration data of a device; both flip probabilities of the readout are kept."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.machine = machine_of(backend.target)

    @property
    def state(self) -> object:
        return None

    def lower(self, request: Request, level: int, seed: int) -> Request:
        assert self.machine is not None
        return lower_request(self.machine, request, level, seed)

    def model(self, qubits: Sequence[int] | None) -> AerNoiseModel | None:
        device = self.backend if qubits is None else cut_out(self.backend, qubits)
        result = AerNoiseModel.from_backend(device, readout_error=False)
        properties = properties_of(device)
        for q in range(device.target.num_qubits):
            up, down = readout_flips(properties, device.target, q)
            if up is None or down is None:
                data = device.target["measure"].get((q,)) if "measure" in device.target else None
                up = down = getattr(data, "error", None)
            if up is not None and down is not None and (up or down):
                result.add_readout_error(ReadoutError([[1 - up, up], [down, 1 - down]]), [q])
        return result

    def check(self, circuit: Circuit) -> None:
        pass


@final
class GivenModel(AerNoise):
    """Aer's own model; circuits are lowered to its basis gates, as Qiskit does."""

    renumbers = False

    def __init__(self, given: AerNoiseModel) -> None:
        self.given = given
        names = [_NAMES[name] for name in given.basis_gates if name in _NAMES]
        self.machine = make_machine(list(dict.fromkeys(names)), None, None)

    @property
    def state(self) -> object:
        return None

    def lower(self, request: Request, level: int, seed: int) -> Request:
        assert self.machine is not None
        return lower_request(self.machine, request, level, seed)

    def model(self, qubits: Sequence[int] | None) -> AerNoiseModel | None:
        return self.given

    def check(self, circuit: Circuit) -> None:
        pass


def as_noise(given: Any) -> AerNoise:
    """The face of what a user may give as `noise_model`.

    Raises:
        ArgumentTypeError: If it is none of the three.
    """
    if given is None:
        return NoNoise()
    if isinstance(given, AerNoiseModel):
        return GivenModel(given)
    if hasattr(given, "to_aer") and hasattr(given, "for_qubits"):
        return OwnModel(given)
    if hasattr(getattr(given, "target", None), "operation_names"):
        return DeviceNoise(given)
    raise ArgumentTypeError(
        "Argument `noise_model` must be a noise.NoiseModel, a Qiskit BackendV2 (a fake device), a "
        f"qiskit_aer.noise.NoiseModel or None, got {type(given).__name__}: {given!r}."
    )


def readout_of(model: AerNoiseModel | None, qubits: Sequence[int]) -> Readout:
    """Confusion matrices of single qubits.

    Raises:
        UnsupportedOperationError: If a readout error is correlated between qubits: circuits
            measure qubits one by one, and Aer would not apply it.
    """
    if model is None:
        return {}
    local = model._local_readout_errors
    wide = next((where for where in local if len(where) > 1), None)
    if wide is not None:
        raise UnsupportedOperationError(
            f"The noise model has a correlated readout error of the qubits {tuple(wide)}, which "
            "Aer applies only to instructions that measure them together. Use readout errors of "
            "single qubits."
        )
    found = {}
    for q in qubits:
        error = local.get((q,), model._default_readout_error)
        if error is not None:
            found[q] = np.asarray(error.probabilities, dtype=np.float64)
    return found
