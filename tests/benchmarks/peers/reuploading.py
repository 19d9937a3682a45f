"""The noisy re-uploading circuit on other simulators.

n qubits, L layers; in each layer RX(x_q), RZ, RY, RZ(weights) on every qubit and a ring of CX;
depolarizing noise rho -> (1 - p) rho + p I/2 after every gate on each of its qubits. Observables:
Z on every qubit. A step is value and gradients of the sum of all values, by inputs and weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

P = 0.01
Step = Callable[[], np.ndarray]
"""Runs once; returns values and gradients, or values, as one flat array."""


def flat(values: Tensor, *leaves: Tensor) -> np.ndarray:
    """Values and the gradients of leaves as one array."""
    grads = [t.grad.ravel() for t in leaves if t.grad is not None]
    return torch.cat([values.detach().ravel(), *grads]).numpy()


def ketwork(n: int, layers: int, x: np.ndarray, w: np.ndarray, gradient: bool) -> Step:
    """Ours."""
    from circuits import Circuit, Op, inputs, weights
    from circuits import gates as g
    from noise import Depolarizing, NoiseModel, PauliTransfer
    from qml import QuantumLayer

    features, angles = inputs(n), weights(layers, n, 3)
    ops: list[Op] = []
    for layer in range(layers):
        for q in range(n):
            ops += [g.rx(features[q], q), g.rz(angles[layer, q, 0], q)]
            ops += [g.ry(angles[layer, q, 1], q), g.rz(angles[layer, q, 2], q)]
        ops += [g.cx(q, (q + 1) % n) for q in range(n)]
    model = NoiseModel().add(Depolarizing(P))
    module = QuantumLayer(Circuit(n, ops), backend=PauliTransfer(model)).double()
    weight = module.weight
    assert isinstance(weight, torch.nn.Parameter)
    weight.data.copy_(torch.as_tensor(w))
    points = torch.tensor(x, requires_grad=gradient)

    def step() -> np.ndarray:
        if not gradient:
            with torch.no_grad():
                return flat(module(points))
        points.grad = None
        module.zero_grad()
        values = module(points)
        values.sum().backward()
        return flat(values, points, weight)

    return step


def pennylane(n: int, layers: int, x: np.ndarray, w: np.ndarray, gradient: bool) -> Step:
    """`default.mixed`, backpropagation, the batch broadcast."""
    import pennylane as qp

    @qp.qnode(qp.device("default.mixed", wires=n), interface="torch", diff_method="backprop")
    def node(points: Tensor, angles: Tensor) -> Any:
        def noisy(gate: Any, *angle: Tensor, wires: Any) -> None:
            gate(*angle, wires=wires)
            for wire in wires:
                qp.DepolarizingChannel(0.75 * P, wires=wire)

        for layer in range(layers):
            for q in range(n):
                noisy(qp.RX, points[:, q], wires=[q])
                for k, gate in enumerate((qp.RZ, qp.RY, qp.RZ)):
                    noisy(gate, angles[layer, q, k], wires=[q])
            for q in range(n):
                noisy(qp.CNOT, wires=[q, (q + 1) % n])
        return [qp.expval(qp.PauliZ(q)) for q in range(n)]

    def step() -> np.ndarray:
        points = torch.tensor(x, requires_grad=gradient)
        angles = torch.tensor(w, requires_grad=gradient)
        values = torch.stack(list(node(points, angles)), dim=-1)
        if gradient:
            values.sum().backward()
        return flat(values, points, angles)

    return step


def tensorcircuit(n: int, layers: int, x: np.ndarray, w: np.ndarray, gradient: bool) -> Step:
    """`DMCircuit` on JAX, vmapped and compiled."""
    import jax
    import jax.numpy as jnp
    import tensorcircuit as tc

    jax.config.update("jax_enable_x64", True)
    tc.set_backend("jax")
    tc.set_dtype("complex128")

    def values(point: Any, angles: Any) -> Any:
        circuit = tc.DMCircuit(n)

        def noise(*qubits: int) -> None:
            for q in qubits:
                circuit.depolarizing(q, px=P / 4, py=P / 4, pz=P / 4)

        for layer in range(layers):
            for q in range(n):
                circuit.rx(q, theta=point[q])
                noise(q)
                for k, name in enumerate(("rz", "ry", "rz")):
                    getattr(circuit, name)(q, theta=angles[layer, q, k])
                    noise(q)
            for q in range(n):
                circuit.cnot(q, (q + 1) % n)
                noise(q, (q + 1) % n)
        found = [circuit.expectation_ps(z=[q]) for q in range(n)]
        return jnp.real(jnp.stack(found))

    batched = jax.vmap(values, in_axes=(0, None))
    points, weights = jnp.asarray(x), jnp.asarray(w)
    if not gradient:
        forward = jax.jit(batched)
        return lambda: np.asarray(forward(points, weights)).ravel()

    def total(p: Any, a: Any) -> Any:
        found = batched(p, a)
        return found.sum(), found

    both = jax.jit(jax.value_and_grad(total, argnums=(0, 1), has_aux=True))

    def step() -> np.ndarray:
        (_, found), (by_points, by_weights) = both(points, weights)
        return np.concatenate([np.asarray(t).ravel() for t in (found, by_points, by_weights)])

    return step


def aer(n: int, layers: int, x: np.ndarray, w: np.ndarray, gradient: bool) -> Step:
    """Aer's density matrices: values only, one `run` with all bindings."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.quantum_info import Pauli
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    if gradient:
        raise NotImplementedError("Aer has no gradients of noisy circuits.")
    points = ParameterVector("x", n)
    circuit = QuantumCircuit(n)
    for layer in range(layers):
        for q in range(n):
            a, b, c = (float(v) for v in w[layer, q])
            circuit.rx(points[q], q)
            circuit.rz(a, q)
            circuit.ry(b, q)
            circuit.rz(c, q)
        for q in range(n):
            circuit.cx(q, (q + 1) % n)
    for q in range(n):
        circuit.save_expectation_value(Pauli("Z"), [q], label=f"z{q}")
    one = depolarizing_error(P, 1)
    model = NoiseModel()
    model.add_all_qubit_quantum_error(one, ["rx", "ry", "rz"])
    model.add_all_qubit_quantum_error(one.tensor(one), ["cx"])
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    bindings = {points[q]: [float(v) for v in x[:, q]] for q in range(n)}

    def step() -> np.ndarray:
        done = simulator.run(circuit, parameter_binds=[bindings], shots=1).result()
        rows = [[done.data(k)[f"z{q}"] for q in range(n)] for k in range(len(x))]
        return np.array(rows).ravel()

    return step


CONTESTANTS = {
    "ketwork": ketwork,
    "PennyLane default.mixed": pennylane,
    "tensorcircuit-ng DMCircuit": tensorcircuit,
    "Aer density_matrix": aer,
}
