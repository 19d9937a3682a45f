"""The pinned circuits for mitigation: 50 on 5 qubits, 450 values, the noise of FakeManilaV2.

Observables are Z_q and Z_q Z_q+1. Circuits are transpiled once at optimization level 1, before
anything is folded or inserted; readout errors are off. The folder with `random5_00.qasm` to
`random5_49.qasm` is given by `--data-dir` or the environment variable `KETWORK_BENCH_DATA`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from circuits import Circuit, PauliSum, Request, Result
from circuits.execution import as_generator
from noise import NoiseModel

OBSERVED = tuple(PauliSum(f"Z{q}") for q in range(5)) + tuple(
    PauliSum(f"Z{q} Z{q + 1}") for q in range(4)
)
BASIS = ["rz", "sx", "x", "cx"]


def parser(text: str | None) -> argparse.ArgumentParser:
    """The options that benchmarks on these circuits share."""
    found = argparse.ArgumentParser(description=text)
    default = os.environ.get("KETWORK_BENCH_DATA")
    found.add_argument(
        "--data-dir", type=Path, default=default, required=default is None,
        help="folder of the pinned circuits (default: KETWORK_BENCH_DATA)",
    )  # fmt: skip
    found.add_argument("--mitiq", help="interpreter that has Mitiq; its pins do not fit ours")
    found.add_argument("--shots", type=int, default=10_000, help="per mitigated value")
    found.add_argument("--first", type=int, default=50, help="take only the first circuits")
    found.add_argument("--out", type=Path, help="write all numbers as JSON")
    return found


def lowered(folder: Path, first: int = 50) -> list[Circuit]:
    """The pinned circuits in the device's gates."""
    from qiskit import QuantumCircuit, transpile

    coupling = [[q, q + d] for q in range(5) for d in (-1, 1) if 0 <= q + d < 5]
    paths = sorted(Path(folder).glob("random5_*.qasm"))
    if len(paths) != 50:
        raise SystemExit(f"{folder} holds {len(paths)} of the 50 pinned circuits.")
    circuits = []
    for path in paths[:first]:
        circuit = transpile(
            QuantumCircuit.from_qasm_file(str(path)), basis_gates=BASIS, coupling_map=coupling,
            initial_layout=range(5), optimization_level=1, seed_transpiler=0,
        )  # fmt: skip
        circuits.append(Circuit.from_qiskit(circuit))
    return circuits


def manila() -> NoiseModel:
    """The noise of the device's gates."""
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    model = NoiseModel.from_backend(FakeManilaV2())
    for qubit in model.readout:
        model.add_readout([[1.0, 0.0], [0.0, 1.0]], qubit)
    return model


def aer_values(circuits: Sequence[Circuit]) -> Tensor:
    """Noisy values of native circuits by Aer's density matrices and its own model of the device."""
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel as AerModel
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    model = AerModel.from_backend(FakeManilaV2(), readout_error=False)
    ready = [circuit.to_qiskit() for circuit in circuits]
    for circuit in ready:
        circuit.save_probabilities()
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    done = simulator.run(ready, shots=1).result()
    index = torch.arange(32)
    bits = torch.stack([1 - 2 * (index >> q & 1) for q in range(5)]).double()
    signs = torch.cat([bits, bits[:-1] * bits[1:]])
    rows = [torch.as_tensor(done.data(k)["probabilities"]) for k in range(len(ready))]
    return torch.cat([signs @ row for row in rows])


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


def show(title: str, rows: dict[str, dict[str, float]], reference: float) -> None:
    """Print a table, best first; `ratio` is how many times smaller the mean error is."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    print(f"\n{title}\n{'':52}" + "".join(f"{c:>10}" for c in columns) + f"{'ratio':>8}")
    for name, row in sorted(rows.items(), key=lambda item: item[1]["mean"]):
        cells = "".join(f"{row[c]:10.4g}" if c in row else f"{'':10}" for c in columns)
        print(f"{name:52}{cells}{reference / row['mean']:8.2f}")
