"""A few qubits of a large device as a small one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

from qiskit.circuit import Measure
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import QubitProperties, Target

from circuits.arguments import integer
from circuits.errors import InvalidArgumentError, MissingDependencyError, QubitError
from circuits.machines.target import (
    UNUSABLE,
    calibration,
    check_backend,
    number,
    properties_of,
    readout_flips,
)
from circuits.ops import check_qubits

_USUAL = 4


@final
class CutOut(BackendV2):
    """Some qubits of a device, with their gates, errors, durations, T1, T2 and readout.

    Attributes:
        qubits: Qubit k of this device is qubit `qubits[k]` of the large one.
    """

    def __init__(self, device: Any, qubits: tuple[int, ...]) -> None:
        name = getattr(device, "name", type(device).__name__)
        super().__init__(name=f"{name}[{','.join(map(str, qubits))}]")
        self.qubits = qubits
        self._target = _small(device.target, qubits)
        properties = properties_of(device)
        self._flips = _Flips([readout_flips(properties, device.target, q) for q in qubits])

    @property
    def target(self) -> Target:
        """Qiskit's description."""
        return self._target

    @property
    def max_circuits(self) -> int | None:
        """No limit."""
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def properties(self) -> _Flips | None:
        """Both flip probabilities of the readout; the target has their mean only."""
        return self._flips if self._flips.known else None

    def run(self, run_input: Any, **options: Any) -> Any:
        """Run circuits on Aer with this device's noise."""
        try:
            from qiskit_aer import AerSimulator
        except ImportError as error:
            raise MissingDependencyError(
                "qiskit_aer", extra="aer", purpose="Running a cut-out device"
            ) from error
        return AerSimulator.from_backend(self).run(run_input, **options)


@final
class _Flips:
    """The part of a device's properties that its target does not have."""

    def __init__(self, flips: Sequence[tuple[float | None, float | None]]) -> None:
        self._flips = tuple(flips)

    @property
    def known(self) -> bool:
        """Whether all qubits have both numbers."""
        return all(up is not None and down is not None for up, down in self._flips)

    def qubit_property(self, qubit: int) -> Mapping[str, tuple[float | None]]:
        """P(1|0) and P(0|1) under Qiskit's names."""
        up, down = self._flips[qubit]
        return {"prob_meas1_prep0": (up,), "prob_meas0_prep1": (down,)}


def cut_out(
    backend: Any, qubits: Sequence[int] | None = None, *, n_qubits: int | None = None
) -> CutOut:
    """Some qubits of a large device as a small device.

    Simulating 4 qubits of a 156-qubit device then costs what 4 qubits cost.

    Args:
        backend: A Qiskit `BackendV2`: a fake device or a real one.
        qubits: Qubit `qubits[k]` becomes qubit k. `None` takes the best connected ones: a tree of
            pairs is grown from each pair by the partner of least error, and the tree of the
            smallest total infidelity (pairs, one-qubit gates, readout) wins.
        n_qubits: How many, if `qubits` is `None`; by default 4, or all of a smaller device.

    Returns:
        A `BackendV2` that transpilers, `noise.NoiseModel.from_backend`, `circuits.Aer` and Aer
        take like any other.

    Raises:
        ArgumentTypeError: If `backend` is no `BackendV2`.
        QubitError: If the device does not have these qubits, or not that many connected ones.
    """
    target = check_backend(backend)
    if qubits is None:
        wanted = min(_USUAL, target.num_qubits) if n_qubits is None else n_qubits
        return CutOut(backend, best_connected(target, integer(wanted, "n_qubits")))
    if n_qubits is not None:
        raise InvalidArgumentError(
            "Arguments `qubits` and `n_qubits` exclude each other: the former says how many."
        )
    chosen = check_qubits(list(qubits), "qubits")
    if not chosen or max(chosen) >= target.num_qubits:
        raise QubitError(
            f"Argument `qubits` must list qubits of the device, 0 to {target.num_qubits - 1}, got "
            f"{list(qubits)}."
        )
    return CutOut(backend, chosen)


def best_connected(target: Any, n: int) -> tuple[int, ...]:
    """Connected qubits of small errors, in the order in which they were joined."""
    found = calibration(target)
    pairs: dict[tuple[int, int], float] = {}
    single = dict.fromkeys(range(target.num_qubits), 0.0)
    for gate, places in found.gates.items():
        for where, data in places.items():
            error = number(data, "error")
            if where is not None and len(where) == 2:
                pair = (min(where), max(where))
                pairs[pair] = min(error, pairs.get(pair, math.inf))
            elif where is not None and gate.name != "id":
                single[where[0]] = max(single[where[0]], error)
    readout = target["measure"] if "measure" in target else {}
    for q in single:
        single[q] += number(readout.get((q,)), "error")
    usable = {q: cost for q, cost in single.items() if q not in found.dead and cost < UNUSABLE}
    starts = [(q,) for q in usable] if n == 1 else [p for p in pairs if usable.keys() >= set(p)]
    best: tuple[float, tuple[int, ...]] = (math.inf, ())
    for start in starts:
        grown = _grown(start, n, pairs, usable)
        best = min(best, grown)
    if not best[1]:
        raise QubitError(
            f"The device has no {n} connected usable qubits (it has {target.num_qubits} qubits). "
            "Ask for fewer with `n_qubits`, or name them with `qubits`."
        )
    return best[1]


def _grown(
    start: tuple[int, ...],
    n: int,
    pairs: Mapping[tuple[int, int], float],
    single: Mapping[int, float],
) -> tuple[float, tuple[int, ...]]:
    """Total error and qubits of a tree that is grown greedily; infinite if it cannot grow."""
    chosen = list(start)
    cost = sum(single[q] for q in start) + sum(e for pair, e in pairs.items() if pair == start)
    while len(chosen) < n:
        inside = set(chosen)
        steps = [
            (error + single[new], new)
            for (a, b), error in pairs.items()
            for new in ((b,) if a in inside else (a,))
            if (a in inside) != (b in inside) and new in single
        ]
        if not steps:
            return math.inf, ()
        step, new = min(steps)
        cost += step
        chosen.append(new)
    return cost, tuple(chosen)


def _small(target: Target, qubits: tuple[int, ...]) -> Target:
    """The target of some qubits, without gates that are marked unusable."""
    new = {q: k for k, q in enumerate(qubits)}
    listed = target.qubit_properties
    result = Target(
        num_qubits=len(qubits),
        dt=target.dt,
        granularity=target.granularity,
        min_length=target.min_length,
        pulse_alignment=target.pulse_alignment,
        acquire_alignment=target.acquire_alignment,
        qubit_properties=[listed[q] if listed else QubitProperties() for q in qubits],
    )
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        entries = target[name]
        if isinstance(operation, type) or entries is None or None in entries:
            if not isinstance(operation, type):
                result.add_instruction(operation, None, name=name)
            continue
        kept = {
            tuple(new[q] for q in where): data
            for where, data in entries.items()
            if all(q in new for q in where)
            and (isinstance(operation, Measure) or number(data, "error") != UNUSABLE)
        }
        if kept:
            result.add_instruction(operation, kept, name=name)
    return result
