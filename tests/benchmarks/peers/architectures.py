"""Many different noisy circuits, one energy each, on other simulators.

Random gates as a search proposes them: RX, RY, RZ and CX on any qubits. Noise like the median of
IBM's Mumbai: relaxation during every gate, depolarizing noise on each of its qubits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

Gate = tuple[str, tuple[int, ...], float]
Step = Callable[[], np.ndarray]

T1, T2, POPULATION = 124.3e-6, 170.0e-6, 0.075
TIMES = {"rx": 35.5e-9, "ry": 35.5e-9, "rz": 35.5e-9, "cx": 423e-9}
P = {"rx": 3e-4, "ry": 3e-4, "rz": 3e-4, "cx": 9e-3}

H2 = {
    "IIII": -0.09886396933545827, "ZIII": 0.17119774903432972, "IZII": 0.17119774903432972,
    "IIZI": -0.2227859304041844, "IIIZ": -0.2227859304041844, "ZZII": 0.16862219158920944,
    "ZIZI": 0.12054482205301797, "ZIIZ": 0.16586702410589194, "IZZI": 0.16586702410589194,
    "IZIZ": 0.12054482205301797, "IIZZ": 0.1743484418557566, "XXYY": -0.04532220205287396,
    "XYYX": 0.04532220205287396, "YXXY": 0.04532220205287396, "YYXX": -0.04532220205287396,
}  # fmt: skip
"""H2 at 0.7414 angstrom in the STO-3G basis, Jordan-Wigner; the last letter is qubit 0."""


def hamiltonian(n: int) -> dict[str, float]:
    """That of H2 on the lowest four qubits."""
    return {"I" * (n - 4) + label: value for label, value in H2.items()}


def propose(n: int, size: int, count: int, seed: int) -> list[list[Gate]]:
    """Random circuits as lists of gates."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        gates: list[Gate] = []
        for _ in range(size):
            if random.random() < 0.4:
                a, b = random.choice(n, 2, replace=False)
                gates.append(("cx", (int(a), int(b)), 0.0))
            else:
                name = ("rx", "ry", "rz")[random.integers(3)]
                angle = float(random.uniform(-np.pi, np.pi))
                gates.append((name, (int(random.integers(n)),), angle))
        found.append(gates)
    return found


def ketwork(n: int, circuits: list[list[Gate]], build: bool) -> Step:
    """Ours: one `run` over all circuits."""
    from circuits import Circuit, PauliSum, Request
    from circuits import gates as g
    from noise import Depolarizing, NoiseModel, PauliTransfer, ThermalRelaxation

    model = NoiseModel()
    for name, time in TIMES.items():
        model.add(ThermalRelaxation(T1, T2, time, POPULATION), gates=name)
        model.add(Depolarizing(P[name]), gates=name)
    backend, energy = PauliTransfer(model), PauliSum(hamiltonian(n))
    nothing = torch.zeros(1, 0, dtype=torch.float64)

    def requests() -> list[Request]:
        made = []
        for gates in circuits:
            ops = [
                g.cx(*where) if name == "cx" else getattr(g, name)(angle, *where)
                for name, where, angle in gates
            ]
            made.append(Request(Circuit(n, ops), nothing, [energy]))
        return made

    ready = None if build else requests()

    def step() -> np.ndarray:
        results = backend.run(requests() if ready is None else ready)
        return torch.cat([r.values[:, 0] for r in results if r.values is not None]).numpy()

    return step


def qulacs(n: int, circuits: list[list[Gate]], build: bool) -> Step:
    """Qulacs' density matrices; noise as Kraus channels that are merged and made beforehand."""
    from qulacs import DensityMatrix, Observable, QuantumCircuit
    from qulacs.gate import CNOT, CPTP, RX, RY, RZ, DenseMatrix

    from noise import Depolarizing, ThermalRelaxation

    turns = {"rx": RX, "ry": RY, "rz": RZ}
    noise = {}
    for name, time in TIMES.items():
        channel = ThermalRelaxation(T1, T2, time, POPULATION).then(Depolarizing(P[name]))
        for q in range(n):
            noise[name, q] = CPTP([DenseMatrix(q, np.asarray(k)) for k in channel.kraus()])
    energy = Observable(n)
    for label, value in hamiltonian(n).items():
        letters = [f"{c} {q}" for q, c in enumerate(reversed(label)) if c != "I"]
        energy.add_operator(value, " ".join(letters))

    def make(gates: list[Gate]) -> QuantumCircuit:
        circuit = QuantumCircuit(n)
        for name, where, angle in gates:  # its rotations are exp(+i angle P / 2)
            circuit.add_gate(CNOT(*where) if name == "cx" else turns[name](*where, -angle))
            for q in where:
                circuit.add_gate(noise[name, q])
        return circuit

    ready = None if build else [make(gates) for gates in circuits]

    def step() -> np.ndarray:
        state, found = DensityMatrix(n), []
        for circuit in ready or map(make, circuits):
            state.set_zero_state()
            circuit.update_quantum_state(state)
            found.append(energy.get_expectation_value(state))
        return np.array(found)

    return step


def aer(n: int, circuits: list[list[Gate]], build: bool) -> Step:
    """Aer's density matrices: one `run` over all circuits."""
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, depolarizing_error, thermal_relaxation_error

    model = NoiseModel()
    for name, time in TIMES.items():
        error = thermal_relaxation_error(T1, T2, time, POPULATION).compose(
            depolarizing_error(P[name], 1)
        )
        error = error.tensor(error) if name == "cx" else error
        model.add_all_qubit_quantum_error(error, [name])
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    energy = SparsePauliOp.from_list(list(hamiltonian(n).items()))

    def make(gates: list[Gate]) -> QuantumCircuit:
        circuit = QuantumCircuit(n)
        for name, where, angle in gates:
            getattr(circuit, name)(*(() if name == "cx" else (angle,)), *where)
        circuit.save_expectation_value(energy, range(n), label="energy")
        return circuit

    ready = None if build else [make(gates) for gates in circuits]

    def step() -> np.ndarray:
        made = ready or [make(gates) for gates in circuits]
        done = simulator.run(made, shots=1).result()
        return np.array([done.data(k)["energy"] for k in range(len(made))])

    return step


CONTESTANTS = {"ketwork": ketwork, "Qulacs DensityMatrix": qulacs, "Aer density_matrix": aer}
