"""Circuits of abstract gates on a machine: same meaning, native gates, symbols kept."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings

from circuits import Circuit, DensityMatrix, PauliSum, Request, StateVector, errors, inputs, weights
from circuits import gates as g
from circuits.compact import compact
from noise import BitFlip, Depolarizing, NoiseModel
from tests.support import strategies

LINE = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (3, 4), (4, 3)]


def machine(**options: object) -> NoiseModel:
    basis = ["id", "rz", "sx", "x", "cx"]
    return NoiseModel(basis_gates=basis, coupling=LINE, noiseless=["rz", "id"], **options)  # type: ignore[arg-type]


def native(circuit: Circuit) -> bool:
    return all(
        op.name in ("rz", "sx", "x", "id", "global_phase", "barrier", "delay")
        or (op.name == "cx" and op.qubits in LINE)
        for op in circuit.ops
    )


# === without Qiskit ===


def test_a_native_circuit_is_returned_as_it_is() -> None:
    w = weights(1)
    circuit = Circuit(3, [g.sx(0), g.rz(w[0], 1), g.cx(2, 1), g.barrier(), g.delay(1e-6, 0)])
    folded = Circuit(3, [*circuit.ops, g.cx(2, 1), g.cx(2, 1), g.id(0), g.global_phase(0.1)])
    for one in (
        circuit,
        folded,
        machine(missing="ignore").add(BitFlip(0.1), gates="sx").apply(circuit),
    ):
        lowered = machine().lower(one, [PauliSum("Z2")], [1])
        assert lowered.circuit is one
        assert (lowered.qubits, lowered.layout) == ((1,), (0, 1, 2))
    request = Request(circuit, torch.zeros(1, 1), qubits=[0])
    assert machine().lower(request) is request


def test_a_model_without_a_machine_leaves_every_circuit_alone() -> None:
    circuit = Circuit(2, [g.ryy(0.1, 0, 1)])
    assert NoiseModel().add(BitFlip(0.1)).lower(circuit).circuit is circuit


def test_what_cannot_be_lowered() -> None:
    with pytest.raises(errors.QubitError, match="machine with 5"):
        machine().lower(Circuit(6, [g.h(5)]))
    with pytest.raises(errors.UnsupportedOperationError, match="holds the channel"):
        machine().lower(Circuit(1, [g.h(0), g.bit_flip(0.1, 0)]))
    with pytest.raises(errors.InvalidArgumentError, match="0, 1, 2 or 3"):
        machine().lower(Circuit(1), optimization_level=4)
    with pytest.raises(errors.QubitError, match="names qubit 3"):
        machine().lower(Circuit(1), qubits=[3])
    with pytest.raises(errors.ObservableError):
        machine().lower(Circuit(1), [PauliSum("Z3")])
    with pytest.raises(errors.ArgumentTypeError, match="Circuit"):
        machine().lower("h 0")  # type: ignore[call-overload]
    request = Request(Circuit(1), torch.zeros(1, 0), qubits=[0])
    with pytest.raises(errors.InvalidArgumentError, match="brings its own"):
        machine().lower(request, None, [0])  # type: ignore[call-overload]


# === with Qiskit's transpiler ===


def needs_qiskit() -> None:
    pytest.importorskip("qiskit")


@given(strategies.circuits(max_qubits=3, max_ops=6))
@settings(max_examples=15)
def test_lowered_circuits_mean_the_same_for_all_values(circuit: Circuit) -> None:
    needs_qiskit()
    if any(op.kind == "state_preparation" and op.angles for op in circuit.ops):
        return
    lowered = machine().lower(circuit, [PauliSum(f"Z{q}") for q in range(circuit.n_qubits)])
    assert native(lowered.circuit)
    assert set(lowered.circuit.parameters) <= set(circuit.parameters)
    x, w = strategies.random_values(circuit, 5, (3,))
    expected = circuit.expectation([f"Z{q}" for q in range(circuit.n_qubits)], x, w)
    inner = lowered.circuit
    found = inner.expectation(
        lowered.observables, x if inner.input_groups else None, w if inner.weight_groups else None
    )
    torch.testing.assert_close(found.expand_as(expected), expected, atol=1e-9, rtol=0)


def test_lowering_is_idempotent_seeded_and_remembered() -> None:
    needs_qiskit()
    w = weights(3)
    circuit = Circuit(4, [*(g.ry(w[k], k) for k in range(3)), g.cx(0, 3), g.cz(1, 3), g.h(2)])
    first = machine().lower(circuit)
    assert machine().lower(circuit).circuit is first.circuit
    assert machine().lower(first.circuit).circuit is first.circuit
    assert machine().lower(Circuit(4, [g.h(0)])).circuit != first.circuit


def test_circuits_that_differ_in_numbers_or_symbols_are_not_confused() -> None:
    needs_qiskit()
    model = machine()

    def value(angle: float) -> float:
        lowered = model.lower(Circuit(1, [g.ry(angle, 0)]), [PauliSum("Z0")])
        return float(lowered.circuit.expectation(lowered.observables))

    assert value(0.3) == pytest.approx(0.955336489, abs=1e-8)
    assert value(1.1) == pytest.approx(0.453596121, abs=1e-8)
    first, second = weights(1), weights(1)
    one, two = (model.lower(Circuit(1, [g.ry(w[0], 0)])).circuit for w in (first, second))
    assert one.parameters[0].token != two.parameters[0].token


def test_requests_keep_their_values_when_groups_change_order_or_vanish() -> None:
    needs_qiskit()
    a, b, x, y = weights(2, name="a"), weights(1, name="b"), inputs(1), inputs(2, name="y")
    circuit = Circuit(3, [g.rz(x[0], 0), g.ry(b[0] * y[1], 1), g.ry(a[1] + x[0], 2), g.h(0),
                          g.cx(0, 2), g.rz(y[0], 0), g.crx(a[0], 1, 2)])  # fmt: skip
    values = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(2, 6).requires_grad_()
    observables = [PauliSum("Z2"), PauliSum("X0 Z1")]
    request = Request(circuit, values, observables)
    lowered = machine().lower(request)
    assert native(lowered.circuit)
    expected = StateVector().run([request])[0].values
    found = StateVector().run([lowered])[0].values
    assert expected is not None
    assert found is not None
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)
    slopes = [torch.autograd.grad(v.sum(), values)[0] for v in (expected, found)]
    torch.testing.assert_close(slopes[1], slopes[0], atol=1e-9, rtol=0)
    gone = Request(Circuit(1, [g.rz(x[0], 0), g.rz(-x[0], 0), g.h(0)]), values[:, :1].detach(),
                   qubits=[0], bases="X", shots=5, generator=1)  # fmt: skip
    lowered = machine().lower(gone)
    assert (lowered.shots, lowered.bases, lowered.generator) == (5, "X", 1)
    assert lowered.values.shape == (2, lowered.circuit.n_inputs)


def test_followed_qubits_and_measurements_move_along() -> None:
    needs_qiskit()
    circuit = Circuit(3, [g.x(0), g.h(1), g.h(1), g.cx(0, 2), g.ry(0.2, 2)], measured={0: 2})
    lowered = machine().lower(circuit, qubits=[0, 1])
    assert lowered.circuit.n_qubits == 5
    assert lowered.qubits == (lowered.layout[0], lowered.layout[1])
    assert lowered.circuit.measured == {lowered.layout[0]: 2}
    small, new = compact(lowered.circuit, lowered.qubits)
    p = small.probabilities(qubits=[new[q] for q in lowered.qubits])
    torch.testing.assert_close(p, torch.tensor([0.0, 1, 0, 0], dtype=torch.float64))


@pytest.mark.parametrize("coupling", [None, LINE])
def test_basis_gates_and_coupling_are_each_optional(coupling: list[tuple[int, int]] | None) -> None:
    needs_qiskit()
    circuit = Circuit(3, [g.h(0), g.ccx(0, 1, 2), g.swap(0, 2), g.ryy(0.3, 0, 2)])
    basis = NoiseModel(basis_gates=["u", "cz"], coupling=coupling)
    lowered = basis.lower(circuit)
    assert set(lowered.circuit.count_ops()) <= {"u", "cz", "global_phase"}
    placed = NoiseModel(coupling=LINE).lower(circuit, [PauliSum("Z0 X2")])
    assert all(len(op.qubits) < 2 or op.qubits in LINE for op in placed.circuit.ops)
    found = placed.circuit.expectation(placed.observables)
    torch.testing.assert_close(found, circuit.expectation(["Z0 X2"]), atol=1e-9, rtol=0)


def test_noise_meets_circuits_of_abstract_gates() -> None:
    needs_qiskit()
    model = machine(missing="raise").add(Depolarizing(0.05, 2), gates="cx")
    model.add(BitFlip(0.02), gates=["sx", "x"])
    circuit = Circuit(2, [g.ry(0.4, 0), g.rz(0.2, 0), g.h(1), g.cz(0, 1), g.h(1)])
    with pytest.raises(errors.NoiseNotAppliedError, match="without gate noise"):
        model.apply(circuit)
    lowered = model.lower(circuit, [PauliSum("Z1")])
    noisy = model.apply(lowered.circuit)
    assert {"depolarizing", "bit_flip"} <= set(noisy.count_ops())
    ideal = float(circuit.expectation("Z1"))
    value = float(noisy.expectation(lowered.observables, backend=DensityMatrix("torch")))
    assert 0.8 * ideal < value < 0.97 * ideal


def test_what_the_transpiler_cannot_do_is_an_error_of_ours() -> None:
    needs_qiskit()
    poor = NoiseModel(basis_gates=["x", "cx"], coupling=[(0, 1)])
    with pytest.raises(errors.ConversionError, match=r"\(x, cx\) on its coupling"):
        poor.lower(Circuit(2, [g.h(0)]))
    apart = NoiseModel(basis_gates=["rz", "sx", "cx"], coupling=[(0, 1), (2, 3)])
    with pytest.raises(errors.ConversionError, match="on its coupling"):
        apart.lower(Circuit(4, [g.cx(0, 1), g.cx(1, 2), g.cx(2, 3), g.cx(0, 3)]))
