"""Requests for circuits of numbers only, all in one call of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from torch import Tensor

from circuits.execution import Request
from circuits.ops import Op
from circuits.simulators.transfer import EntryMeasurement, FlatCircuit, Flattener, run_flat
from noise.model.lookup import Coverage, Lookup

if TYPE_CHECKING:
    from noise.model import NoiseModel

_MOST_MEASUREMENTS = 64  # that are remembered for each set of qubits


@final
class FlatRuns:
    """Runs the exact requests whose circuits have no symbols.

    Args:
        model: The noise, which must not change.
        reading: For a mapping from qubits to positions the matrix that reading each applies.
        measurement: What a request reads from a vector whose qubits are at given positions.
    """

    def __init__(
        self,
        model: NoiseModel | None,
        reading: Callable[[dict[int, int]], dict[int, np.ndarray]],
        measurement: Callable[[Request, dict[int, int]], EntryMeasurement],
    ) -> None:
        self._width = None if model is None else model.n_qubits
        self._measurement = measurement
        strict = False
        if model is not None:
            device = model.basis_gates is not None
            strict = model.missing not in ("ignore", "auto") or (model.missing == "auto" and device)
        inspect = None if model is None else model.check_twice
        self._flattener = Flattener(_after(model), strict, _read(reading), inspect)

    def values(self, requests: Sequence[Request]) -> list[Tensor | None]:
        """Values `(points, n_values)` of each request; `None` where it needs a plan of its own."""
        found: list[Tensor | None] = [None] * len(requests)
        groups: dict[Any, list[tuple[int, FlatCircuit]]] = {}
        reads: dict[Any, int] = {}  # what is read, and the same by the ids of the observables
        for number, request in enumerate(requests):
            flat = self._flat(request)
            if flat is not None:
                same = *map(id, request.observables), request.qubits, request.bases
                if same not in reads:
                    reads[same] = reads.setdefault(_what(request), len(reads))
                key = id(flat.table), reads[same], request.inputs.dtype
                groups.setdefault(key, []).append((number, flat))
        for (_, _, dtype), members in groups.items():
            first, flat = members[0]
            values = run_flat([c for _, c in members], self._read(requests[first], flat), dtype)
            for (number, _), row in zip(members, values.split(1), strict=True):
                points = requests[number].points
                found[number] = row if points == 1 else row.repeat(points, 1)
        return found

    def _flat(self, request: Request) -> FlatCircuit | None:
        inputs, circuit = request.inputs, request.circuit
        if (
            request.shots is not None
            or circuit.parameters
            or inputs.device.type != "cpu"
            or inputs.dtype not in (torch.float32, torch.float64)
            or inputs.requires_grad
            or request.weights.requires_grad
            or (self._width is not None and circuit.n_qubits > self._width)
        ):
            return None
        return self._flattener.flatten(circuit)

    def _read(self, request: Request, flat: FlatCircuit) -> EntryMeasurement:
        known, key = flat.table.measurements, _what(request)
        if key not in known:
            if len(known) >= _MOST_MEASUREMENTS:
                known.clear()
            known[key] = self._measurement(request, flat.table.position)
        return known[key]


def _what(request: Request) -> Any:
    return request.observables, request.qubits, request.bases


def _after(model: NoiseModel | None) -> Callable[[Op], tuple[tuple[Op, ...], bool]]:
    if model is None:
        return lambda _: ((), False)
    lookup = Lookup(model.rules, model.idle, model.noiseless)
    silent = not (model.rules or model.idle)

    def after(op: Op) -> tuple[tuple[Op, ...], bool]:
        ops, coverage = lookup(op)
        return ops, coverage is Coverage.MISSING and not silent

    return after


def _read(
    reading: Callable[[dict[int, int]], dict[int, np.ndarray]],
) -> Callable[[Iterable[int]], Mapping[int, np.ndarray]]:
    """The same by qubit."""
    return lambda qubits: reading({q: q for q in qubits})
