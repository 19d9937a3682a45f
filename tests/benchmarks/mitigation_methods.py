"""Twirling, error cancellation, Clifford regression and decoupling on the pinned circuits.

"coherent Z" adds an rz of 0.03 rad on both qubits behind every cx: a coherent error, the case that
twirling is for. Dynamical decoupling is compared on the scheduled circuits, whose waits relax and,
with a rate, drift about Z.

With `--mitiq`, the training circuits of Clifford regression and the samples of error cancellation
are also made by Mitiq, as many as ours, and run on the same simulator; exact noisy values only.
Mitiq cancels local depolarizing noise of the reported infidelity behind each cx; ours cancels what
the noise model says. Mitiq's regression gets an equal share of rotations that keep their angles.

Usage: `python -m tests.benchmarks.mitigation_methods --data-dir DIR [--mitiq PYTHON] [--shots N]
[--samples N] [--first N] [--out FILE]`.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from circuits import Backend, Circuit, Request, StateVector
from noise import CDR, PEC, ZNE, DynamicalDecoupling, NoiseModel, PauliTransfer, PauliTwirling
from noise.channels import OverRotation
from noise.mitigation.cdr import fit
from noise.mitigation.schedule import Window, durations_of, schedule
from tests.benchmarks import mitiq_peer
from tests.benchmarks.pinned_circuits import (
    errors,
    lowered,
    manila,
    measured,
    parser,
    requests_for,
    show,
)

_TRAINING = 30


def models() -> dict[str, NoiseModel]:
    """The device's noise, and the same with a coherent error behind every cx."""
    plain = manila()
    coherent = plain.copy()
    coherent.add(OverRotation(0.03, "ZI"), gates="cx")
    coherent.add(OverRotation(0.03, "IZ"), gates="cx")
    return {"FakeManilaV2": plain, "FakeManilaV2 + coherent Z": coherent}


def methods(model: NoiseModel, coherent: bool, samples: int) -> dict[str, Backend]:
    """Backends by the name of their row."""
    machine = PauliTransfer(model)
    twirled = PauliTwirling(machine, n_twirls=16, seed=3)
    found: dict[str, Backend] = {
        "unmitigated": machine,
        "twirling, 16 twirls": twirled,
        "CDR, half Clifford": CDR(machine, n_training=_TRAINING, seed=4),
        "CDR, 0.3 kept": CDR(machine, n_training=_TRAINING, fraction_non_clifford=0.3, seed=4),
        "ZNE, linear (1, 3)": ZNE(machine, factors=(1, 3), extrapolator="linear"),
        "ZNE of twirling": ZNE(twirled, factors=(1, 3), extrapolator="linear"),
    }
    if coherent:
        found[f"PEC of twirling, {samples} samples"] = PEC(
            PauliTwirling(machine, n_twirls=4, seed=3), model, n_samples=samples, seed=5
        )
    else:
        found[f"PEC, {samples} samples"] = PEC(machine, n_samples=samples, seed=5)
    return found


def table(
    model: NoiseModel, coherent: bool, circuits: Sequence[Circuit], shots: int | None, samples: int
) -> dict[str, dict[str, float]]:
    """Errors of every method; what cannot run within the shots is left out and said."""
    exact = measured(StateVector().run(requests_for(circuits, None, None)))
    rows: dict[str, dict[str, float]] = {}
    for name, backend in methods(model, coherent, samples).items():
        started = time.perf_counter()
        results = backend.run(requests_for(circuits, shots, 6))
        row = errors(measured(results), exact)
        row["seconds"] = time.perf_counter() - started
        row["circuits"] = sum(r.metadata.get("circuits", 1) for r in results) / len(results)
        row["stated"] = float(torch.cat([r.standard_errors[0] for r in results]).nanmean())
        rows[name] = row
    return rows


def by_mitiq(
    python: str, model: NoiseModel, circuits: Sequence[Circuit], samples: int
) -> dict[str, dict[str, float]]:
    """Errors of Mitiq's regression and cancellation on exact noisy values."""
    machine = PauliTransfer(model)
    exact = measured(StateVector().run(requests_for(circuits, None, None)))
    noisy = _values(machine, circuits)
    rows = {}
    for fraction in (0.5, 0.3):
        made = mitiq_peer.training_circuits(python, circuits, _TRAINING, fraction)
        found = [
            fit(_values(machine, c)[:, None], _values(StateVector(), c)[:, None]).predict(row)
            for c, row in zip(made, noisy, strict=True)
        ]
        rows[f"Mitiq: CDR, {fraction:g} kept"] = errors(torch.cat(found).flatten(), exact)
    cancelled = [
        torch.tensor(weights, dtype=torch.float64) @ _values(machine, drawn) / len(drawn)
        for drawn, weights in mitiq_peer.sampled_circuits(python, circuits, samples, _levels())
    ]
    rows[f"Mitiq: PEC, {samples} samples"] = errors(torch.cat(cancelled), exact)
    return rows


def _values(backend: Backend, circuits: Sequence[Circuit]) -> Tensor:
    """Exact values of a backend `(circuits, 9)`."""
    return measured(backend.run(requests_for(circuits, None, None))).view(len(circuits), -1)


def _levels() -> dict[tuple[int, int], float]:
    """Depolarizing level p of both qubits of each cx, from 1 - (1 - p)^2 = 5/4 infidelity."""
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    table = FakeManilaV2().target["cx"]
    return {pair: 1 - (1 - 1.25 * facts.error) ** 0.5 for pair, facts in table.items()}


def decoupling(circuits: Sequence[Circuit], rate: float) -> dict[str, dict[str, float]]:
    """Errors of scheduled circuits whose waiting qubits relax and drift."""
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    durations = durations_of(FakeManilaV2())
    machine = _Drifting(manila(), rate)
    exact = measured(StateVector().run(requests_for(circuits, None, None)))
    waiting = [_waits(c, durations) for c in circuits]
    rows = {"no pulses": errors(measured(machine.run(requests_for(waiting, None, None))), exact)}
    for sequence in ("XX", "XpXm", "XY4"):
        backend = DynamicalDecoupling(machine, sequence, durations=durations)
        results = backend.run(requests_for(circuits, None, None))
        rows[sequence] = errors(measured(results), exact)
        rows[sequence]["pulses"] = sum(r.metadata["pulses"] for r in results) / len(results)
    return rows


def _waits(circuit: Circuit, durations: Any) -> Circuit:
    from circuits import gates as g

    ops = [
        g.delay(step.seconds, step.qubit) if isinstance(step, Window) else step
        for step in schedule(circuit, durations)
    ]
    return Circuit(circuit.n_qubits, ops)


class _Drifting(Backend):
    """A noise model whose waiting qubits also turn about Z at a fixed rate."""

    def __init__(self, model: NoiseModel, rate: float) -> None:
        self.model, self.rate = model, rate

    def lower(self, request: Request) -> Request:
        return PauliTransfer(self.model).lower(request)

    def run(self, requests: Sequence[Request]) -> list[Any]:
        from circuits import gates as g

        drifted = []
        for request in requests:
            ops = []
            for op in self.model.apply(request.circuit).ops:
                ops.append(op)
                if op.name == "delay":
                    ops.append(g.rz(self.rate * op.angles[0], *op.qubits))
            drifted.append(request.with_circuit(Circuit(request.circuit.n_qubits, ops)))
        return PauliTransfer().run(drifted)


def main() -> None:
    """Run the benchmark and print its tables."""
    shared = parser(__doc__)
    shared.add_argument("--samples", type=int, default=200, help="samples of error cancellation")
    options = shared.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    circuits = lowered(options.data_dir, options.first)
    report: dict[str, Any] = {}
    for shots in (None, options.shots):
        what = "exact noisy values" if shots is None else f"{shots} shots per mitigated value"
        for k, (label, model) in enumerate(models().items()):
            rows = table(model, k > 0, circuits, shots, options.samples)
            if options.mitiq and shots is None:
                rows.update(by_mitiq(options.mitiq, model, circuits, options.samples))
            report[f"{label}, {what}"] = rows
            show(f"{label}, {what}", rows, rows["unmitigated"]["mean"])
    for rate in (0.0, 2e5):
        rows = decoupling(circuits, rate)
        report[f"decoupling, {rate:g} rad/s"] = rows
        title = f"Scheduled circuits, waiting qubits turn at {rate:g} rad/s"
        show(title, rows, rows["no pulses"]["mean"])
    if options.out:
        options.out.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
