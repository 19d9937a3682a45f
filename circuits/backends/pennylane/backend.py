"""`PennyLane`: any PennyLane device as a backend."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Sequence
from typing import Any, final

import pennylane as qp
import torch

from circuits.arguments import integer
from circuits.backends.pennylane.prepared import prepare
from circuits.backends.pennylane.tapes import (
    Tapes,
    circuits_of,
    exact_tapes,
    nothing,
    sampled_tapes,
)
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    JobFailedError,
    KetworkError,
    UnsupportedOperationError,
)
from circuits.execution import Backend, Request, Result, Seed, as_generator, check_shots

_OURS = {
    "wires": "circuits bring their own number of qubits",
    "shots": "it is an argument of its own",
    "seed": "it is an argument of its own",
}
_LARGEST = 2**22  # amplitudes that the points of one tape may have together
_SQUARED = ("default.mixed",)  # devices that hold density matrices


@final
class PennyLane(Backend):
    """A PennyLane device: exact values without shots, statistics of measurements with them.

    A circuit is looked at once; its angles are computed for all points together and given to the
    device as arrays (PennyLane's parameter broadcasting), so that devices which broadcast, such as
    `default.qubit`, run a request without a loop over its points. Numbers that are the same at all
    points stay numbers. Wire k is qubit k; bit order is ours.

    Without shots a tape measures every Pauli string; with shots one tape per commuting group of
    observables is measured, after the group's basis changes. What else the device does to a tape
    (decompositions, compilation, its own noise) is its matter, so mitigation that folds circuits
    needs a device that leaves them alone; the devices of PennyLane itself do.

    Args:
        device_name: A name that `pennylane.device` takes, such as `"default.qubit"`,
            `"default.mixed"`, `"lightning.qubit"`, or that of a plugin.
        shots: Shots of requests that name none; `None` leaves them exact.
        seed: Seed or `torch.Generator` for requests that bring none; a seed gives the same draws in
            every run. `None` is torch's default generator.
        max_points: Points in one tape; by default as many as have 2^22 amplitudes together.
        device_options: Options of the device, such as `max_workers=2` or `c_dtype=numpy.complex64`.

    Raises:
        MissingDependencyError: If PennyLane is not installed.
        InvalidArgumentError: If there is no such device.

    >>> from circuits import Circuit, gates as g
    >>> bell = Circuit(2, [g.h(0), g.cx(0, 1)])
    >>> bell.expectation(["Z0 Z1", "X0 Z1"], backend=PennyLane("default.qubit")).tolist()
    [1.0, 0.0]
    """

    def __init__(
        self,
        device_name: str,
        *,
        shots: int | None = None,
        seed: Seed = None,
        max_points: int | None = None,
        **device_options: Any,
    ) -> None:
        self.device_name = _known(device_name)
        self.shots = check_shots(shots)
        as_generator(seed)
        self.seed = seed
        self.max_points = None if max_points is None else integer(max_points, "max_points")
        for name in device_options:
            if name in _OURS:
                raise InvalidArgumentError(
                    f"Argument `{name}` is no option of the device here: {_OURS[name]}."
                )
        self.device_options = dict(device_options)
        self.exact = self.shots is None
        self.deterministic = self.shots is None
        self._devices: dict[int, Any] = {}

    def __repr__(self) -> str:
        parts = [repr(self.device_name)]
        if self.shots is not None:
            parts.append(f"shots={self.shots}")
        parts += [f"{name}={value!r}" for name, value in self.device_options.items()]
        return f"PennyLane({', '.join(parts)})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_devices": {}}

    def run(self, requests: Sequence[Request]) -> list[Result]:
        planned = [self._plan(request) for request in requests]
        stream = as_generator(self.seed)
        jobs: dict[Any, list[int]] = {}
        for position, request in enumerate(requests):
            sampled = self._shots(request) is not None
            own = position if sampled and request.generator is not None else None
            jobs.setdefault((request.circuit.n_qubits, sampled, own), []).append(position)
        results: dict[int, Result] = {}
        for (width, sampled, _), members in jobs.items():
            first = requests[members[0]]
            generator = stream if first.generator is None else as_generator(first.generator)
            device = self._seeded(width, generator) if sampled else self._device(width)
            found = self._executed(device, [t for k in members for t in planned[k].tapes], first)
            position = 0
            for k in members:
                number = len(planned[k].tapes)
                results[k] = planned[k].finish(found[position : position + number])
                position += number
        return [results[k] for k in range(len(requests))]

    def _shots(self, request: Request) -> int | None:
        return self.shots if request.shots is None else request.shots

    def _plan(self, request: Request) -> Tapes:
        shots = self._shots(request)
        facts = {**request.tags, "backend": repr(self), "shots": shots}
        prepared = prepare(request.circuit)
        if request.points == 0:
            return nothing(request, shots, facts)
        exponent = request.circuit.n_qubits * (2 if self.device_name in _SQUARED else 1)
        most = self.max_points or max(1, _LARGEST >> min(exponent, 62))
        circuits = circuits_of(request, prepared, most, shots is not None)
        if shots is None:
            return exact_tapes(request, circuits, facts)
        return sampled_tapes(request, circuits, shots, facts)

    def _device(self, width: int) -> Any:
        """The device for exact values, kept."""
        if width not in self._devices:
            self._devices[width] = self._made(width)
        return self._devices[width]

    def _seeded(self, width: int, generator: torch.Generator | None) -> Any:
        """A device that draws from a seed, if it takes one."""
        if "seed" not in self._parameters(width):
            if generator is not None:
                raise UnsupportedOperationError(
                    f"The device {self.device_name!r} takes no seed, so neither `generator` of a "
                    "request nor `seed` of the backend has an effect. Leave them out."
                )
            return self._device(width)
        place = torch.device("cpu") if generator is None else generator.device
        number = torch.randint(2**31 - 1, (), generator=generator, device=place)
        return self._made(width, seed=int(number))

    def _parameters(self, width: int) -> set[str]:
        made = self._device(width)
        return set(inspect.signature(type(made).__init__).parameters)

    def _made(self, width: int, **more: Any) -> Any:
        try:
            return qp.device(self.device_name, wires=width, **self.device_options, **more)
        except ImportError as error:
            raise UnsupportedOperationError(
                f"The device {self.device_name!r} is not complete: {error}"
            ) from error
        except (TypeError, ValueError, AttributeError, qp.exceptions.DeviceError) as error:
            raise InvalidArgumentError(
                f"PennyLane cannot make the device {self.device_name!r} with {width} wires and "
                f"the options {self.device_options}: {error}"
            ) from error

    def _executed(self, device: Any, tapes: list[Any], request: Request) -> Sequence[Any]:
        """What the device returns for the tapes."""
        if not tapes:
            return []
        try:
            found: Sequence[Any] = qp.execute(tapes, device, diff_method=None, cache=False)
        except KetworkError:
            raise
        except qp.exceptions.DeviceError as error:
            channel = next((op.name for op in request.circuit.ops if op.is_channel), None)
            about = f"The circuit holds the channel `{channel}`. " if channel else ""
            raise UnsupportedOperationError(
                f"The device {self.device_name!r} cannot run this: {about}{error}"
            ) from error
        except Exception as error:  # plugins raise classes of many libraries
            raise JobFailedError(
                f"The device {self.device_name!r} could not run the circuits: "
                f"{type(error).__name__}: {error}",
                job_may_exist=False,
            ) from error
        return found


def _known(name: Any) -> str:
    """The name of a device that is installed."""
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"Argument `device_name` must be the name of a PennyLane device, such as "
            f"'default.qubit', got {type(name).__name__}: {name!r}."
        )
    if name not in qp.plugin_devices:
        qp.refresh_devices()
    if name not in qp.plugin_devices:
        near = difflib.get_close_matches(name, qp.plugin_devices, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InvalidArgumentError(
            f"PennyLane has no device {name!r}.{hint} Installed: "
            f"{', '.join(sorted(qp.plugin_devices))}. Others come with plugins."
        )
    return name
