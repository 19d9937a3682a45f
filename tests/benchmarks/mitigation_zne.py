"""Zero-noise extrapolation on the pinned circuits, beside Mitiq's extrapolators on the same values.

50 circuits on 5 qubits, 450 values (Z_q and Z_q Z_q+1), the noise of Qiskit's FakeManilaV2 without
readout errors. Circuits are transpiled once at optimization level 1, before folding.

Usage: `python -m tests.benchmarks.mitigation_zne --circuits DIR [--mitiq PYTHON] [--shots N]
[--out FILE]`, where PYTHON is an interpreter that has Mitiq (its pins do not fit ours).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from circuits import Backend, Circuit, PauliSum, Request, Result, StateVector
from circuits.errors import UnsupportedOperationError
from circuits.execution import as_generator
from noise import ZNE
from noise.mitigation.extrapolation import EXTRAPOLATORS, Extrapolator, as_extrapolator
from noise.mitigation.neural import family, train

OBSERVED = tuple(PauliSum(f"Z{q}") for q in range(5)) + tuple(
    PauliSum(f"Z{q} Z{q + 1}") for q in range(4)
)
SETTINGS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("global", (1, 3, 5)),
    ("gates", (1, 3, 5)),
    ("random", (1, 2, 3)),
)

MITIQ = """
import json, sys, warnings
import numpy as np
from mitiq.zne import inference as z
warnings.simplefilter("ignore")
sets = json.load(sys.stdin)
methods = {
    "linear": lambda f, v: z.LinearFactory.extrapolate(f, v),
    "polynomial 2": lambda f, v: z.PolyFactory.extrapolate(f, v, 2),
    "richardson": lambda f, v: z.RichardsonFactory.extrapolate(f, v),
    "fake nodes": lambda f, v: z.FakeNodesFactory.extrapolate(f, v),
    "exponential, asymptote 0": lambda f, v: z.ExpFactory.extrapolate(f, v, asymptote=0.0),
    "exponential, free": lambda f, v: z.ExpFactory.extrapolate(f, v),
    "poly-exponential 2": lambda f, v: z.PolyExpFactory.extrapolate(f, v, 2, asymptote=0.0),
}
found = {}
for name, columns in sets.items():
    found[name] = {}
    for method, extrapolate in methods.items():
        out = []
        for factors, values in columns:
            try:
                out.append(float(np.real(extrapolate(factors, values))))
            except Exception:
                out.append(float("nan"))
        found[name][method] = out
json.dump(found, sys.stdout)
"""


@final
class AerDensity(Backend):
    """FakeManilaV2 on Aer's density matrices, for circuits that are native and diagonal Paulis."""

    def __init__(self) -> None:
        from qiskit_aer import AerSimulator
        from qiskit_aer.noise import NoiseModel
        from qiskit_ibm_runtime.fake_provider import FakeManilaV2

        device = FakeManilaV2()
        model = NoiseModel.from_backend(device, readout_error=False)
        self.native = {"rz", "sx", "x", "cx", "id", "global_phase"}
        self.simulator = AerSimulator(method="density_matrix", noise_model=model)

    def __repr__(self) -> str:
        return "AerDensity(FakeManilaV2)"

    def lower(self, request: Request) -> Request:
        foreign = set(request.circuit.count_ops()) - self.native
        if foreign:
            raise UnsupportedOperationError(f"Not native: {foreign}.")
        return request

    def run(self, requests: Sequence[Request]) -> list[Result]:
        circuits = []
        for request in requests:
            circuit = self.lower(request).circuit.to_qiskit()
            circuit.save_probabilities()
            circuits.append(circuit)
        done = self.simulator.run(circuits, shots=1).result()
        return [
            self._result(request, torch.as_tensor(done.data(k)["probabilities"]))
            for k, request in enumerate(requests)
        ]

    def _result(self, request: Request, probabilities: Tensor) -> Result:
        index = torch.arange(32)
        bits = torch.stack([1 - 2 * (index >> q & 1) for q in range(5)]).double()
        signs = torch.cat([bits, bits[:-1] * bits[1:]])
        facts = {**request.tags, "shots": request.shots}
        if request.shots is None:
            return Result(values=(signs @ probabilities)[None], metadata=facts)
        drawn = torch.multinomial(
            probabilities.clamp(min=0),
            request.shots,
            True,
            generator=request.generator,  # type: ignore[arg-type]
        )
        means = signs[:, drawn].mean(1)
        spread = (1 - means**2) / (request.shots - 1)
        return Result(values=means[None], variances=spread[None], metadata=facts)


def lowered(folder: Path) -> list[Circuit]:
    """The pinned circuits in the device's gates."""
    from qiskit import QuantumCircuit, transpile

    basis, lines = ["rz", "sx", "x", "cx"], [[q, q + d] for q in range(5) for d in (-1, 1)]
    coupling = [pair for pair in lines if 0 <= pair[1] < 5]
    paths = sorted(folder.glob("random5_*.qasm"))
    if len(paths) != 50:
        raise SystemExit(f"{folder} holds {len(paths)} of the 50 pinned circuits.")
    circuits = []
    for path in paths:
        circuit = transpile(
            QuantumCircuit.from_qasm_file(str(path)), basis_gates=basis, coupling_map=coupling,
            initial_layout=range(5), optimization_level=1, seed_transpiler=0,
        )  # fmt: skip
        circuits.append(Circuit.from_qiskit(circuit))
    return circuits


def requests_for(circuits: Sequence[Circuit], shots: int | None, seed: int | None) -> list[Request]:
    """One request per circuit."""
    source = as_generator(seed)
    point = torch.zeros(1, 0, dtype=torch.float64)
    return [Request(c, point, OBSERVED, shots=shots, generator=source) for c in circuits]


def measured(results: Sequence[Result]) -> Tensor:
    """All values of results as one row."""
    return torch.cat([result.values[0] for result in results if result.values is not None])


def errors(values: Tensor, exact: Tensor) -> dict[str, float]:
    """Mean, median and worst absolute error; NaN counts as the error of answering 0."""
    gap = (torch.nan_to_num(values) - exact).abs()
    return {"mean": float(gap.mean()), "median": float(gap.median()), "worst": float(gap.max())}


def evaluate(
    backend: Backend,
    circuits: Sequence[Circuit],
    extrapolators: dict[str, tuple[tuple[float, ...], Extrapolator]],
    fold: str,
    factors: tuple[float, ...],
    shots: int | None,
) -> tuple[dict[str, Tensor], list[Any]]:
    """Mitigated values per extrapolator, and the values at the factors, for Mitiq.

    Each extrapolator runs its own circuits when there are shots (it chooses its shares); exact
    values are measured once.
    """
    options: dict[str, Any] = {"seed": 11} if fold == "random" else {}
    found, columns = {}, []
    for name, (needed, extrapolator) in extrapolators.items():
        if needed and needed != factors:
            continue
        start = factors[:2] if extrapolator.rounds else factors
        zne = ZNE(backend, start, fold, extrapolator, **options)
        results = zne.run(requests_for(circuits, shots, 5))
        found[name] = measured(results)
        if name == "linear":
            for result in results:
                reached = list(result.metadata["factors"])
                raw = result.metadata["raw"][:, 0]
                columns += [(reached, raw[:, k].tolist()) for k in range(raw.shape[1])]
    return found, columns


def mitiq(python: str, columns: dict[str, list[Any]]) -> dict[str, dict[str, list[float]]]:
    """Mitiq's extrapolations of the same values, in its own interpreter."""
    done = subprocess.run(
        [python, "-c", MITIQ], input=json.dumps(columns), capture_output=True, text=True, check=True
    )
    found: dict[str, dict[str, list[float]]] = json.loads(done.stdout)
    return found


def neural(backend: Backend, circuits: Sequence[Circuit], shots: int | None) -> Extrapolator:
    """A network trained on the same circuits with other angles; one sample of each circuit."""
    others = [family(c, 1, strength=1.0, generator=100 + k)[0] for k, c in enumerate(circuits)]
    return train(ZNE(backend, (1, 3, 5)), others, list(OBSERVED), shots=shots, generator=9)


def show(title: str, rows: dict[str, dict[str, float]], raw: dict[str, float]) -> None:
    """Print a table, best first."""
    print(f"\n{title}\n{'':50} {'mean':>8} {'median':>8} {'worst':>8} {'ratio':>7}")
    for name, row in sorted(rows.items(), key=lambda item: item[1]["mean"]):
        ratio = raw["mean"] / row["mean"]
        print(f"{name:50} {row['mean']:8.5f} {row['median']:8.5f} {row['worst']:8.5f} {ratio:7.2f}")


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", type=Path, required=True)
    parser.add_argument("--mitiq", help="interpreter that has Mitiq")
    parser.add_argument("--shots", type=int, default=10_000)
    parser.add_argument("--out", type=Path, help="write all numbers as JSON")
    options = parser.parse_args()
    started = time.perf_counter()
    backend, circuits = AerDensity(), lowered(options.circuits)
    exact = measured(StateVector().run(requests_for(circuits, None, None)))
    report: dict[str, Any] = {}
    for shots in (None, options.shots):
        what = "exact noisy values" if shots is None else f"{shots} shots per mitigated value"
        raw = errors(measured(backend.run(requests_for(circuits, shots, 5))), exact)
        rows, columns = {"unmitigated": raw}, {}
        extrapolators: dict[str, tuple[tuple[float, ...], Extrapolator]] = {
            name: ((), as_extrapolator(name)) for name in EXTRAPOLATORS
        }
        extrapolators["neural"] = ((1, 3, 5), neural(backend, circuits, shots))
        for fold, factors in SETTINGS:
            label = f"{fold} {','.join(f'{f:g}' for f in factors)}"
            found, columns[label] = evaluate(backend, circuits, extrapolators, fold, factors, shots)
            rows.update({f"{n}, {label}": errors(v, exact) for n, v in found.items()})
        show(f"ketwork, {what}", rows, raw)
        report[what] = {"ketwork": rows}
        if options.mitiq:
            theirs = {
                f"{n}, {label}": errors(torch.tensor(v, dtype=torch.float64), exact)
                for label, methods in mitiq(options.mitiq, columns).items()
                for n, v in methods.items()
            }
            show(f"Mitiq, {what}, the same values", theirs, raw)
            report[what]["mitiq"] = theirs
    print(f"\n{time.perf_counter() - started:.0f} s")
    if options.out:
        options.out.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
