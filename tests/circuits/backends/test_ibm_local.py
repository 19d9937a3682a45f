"""`IBM` in local mode: fake devices, cut-out ones and simulators."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import Batch, Session

import circuits
from circuits import Circuit, PauliSum, Request, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    BudgetExceededError,
    InvalidArgumentError,
    KetworkError,
    NonFiniteError,
    ResourceLimitError,
    UnsupportedOperationError,
)
from noise import NoiseModel, PauliTransfer
from qml import QuantumLayer
from tests.circuits.backends.devices import Asymmetric, Device, example_circuit, values
from tests.support.properties import assert_plausible

OBSERVED = ["Z0", "X0 Y1", PauliSum({"ZZZ": 1.0, "XXI": 0.5, "": 0.25})]


def local(**options) -> circuits.IBM:
    device = circuits.cut_out(Asymmetric(), [1, 4, 3])
    return circuits.IBM(device, options.pop("shots", 4000), **options)


@pytest.mark.parametrize("primitive", ["estimator", "sampler"])
def test_values_are_those_of_the_device_s_noise(primitive):
    """9 numbers within 6 errors (false alarm below 1e-7), readout that errs more often on 1."""
    backend = local(primitive=primitive)
    x, w = values()
    torch.manual_seed(5)
    found = example_circuit().estimate(OBSERVED, x, w, backend=backend)
    reference = PauliTransfer(NoiseModel.from_backend(backend.mode.backend))
    expected = example_circuit().expectation(OBSERVED, x, w, backend=reference)
    assert_plausible(found.values, expected, found.standard_errors)
    assert bool((found.standard_errors > 0).all())
    assert found.metadata["primitive"] == primitive


def test_observables_follow_the_layout_and_results_the_order():
    x, w = values(2)
    table = torch.cat([x, w.expand(2, 2)], dim=1)
    circuit = example_circuit()
    requests = [
        Request(circuit, table, [PauliSum("Z0")], shots=3000, generator=1),
        Request(circuit, table[:1], qubits=(2, 0), shots=500, generator=2),
        Request(circuit, table[:1], [PauliSum("X1"), PauliSum("Z2")], shots=3000, generator=3),
        Request(circuit, table[:0], [PauliSum("Z1")], generator=4),
    ]
    backend = circuits.IBM(Device())
    found = backend.run(requests)
    assert [r.values is None for r in found] == [False, True, False, False]
    assert found[1].samples.shape == (1, 500, 2)
    assert found[3].values.shape == (0, 1)
    assert len(backend.plan(requests)) == 2
    noisy = PauliTransfer(NoiseModel.from_backend(Device()))
    lowered = [Request(r.circuit, r.values, r.observables) for r in (requests[0], requests[2])]
    for result, exact in zip((found[0], found[2]), noisy.run(lowered), strict=True):
        assert_plausible(result.values, exact.values, result.standard_errors)


def test_a_generator_decides_what_is_drawn():
    x, w = values(2)

    def draw(seed):
        generator = torch.Generator().manual_seed(seed)
        backend = local(shots=100)
        return example_circuit().expectation(["Z0"], x, w, backend=backend, generator=generator)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_pubs_of_one_job_are_independent_also_from_a_fixed_seed():
    circuit = Circuit(1, [g.h(0)])
    backend = circuits.IBM(AerSimulator(), options={"simulator": {"seed_simulator": 3}})
    found = backend.run([Request(circuit, torch.zeros(2, 0), qubits=(0,), shots=64)] * 2)
    drawn = torch.cat([result.samples for result in found])
    assert len({tuple(row.flatten().tolist()) for row in drawn}) == 4
    again = backend.run([Request(circuit, torch.zeros(2, 0), qubits=(0,), shots=64)] * 2)
    assert torch.equal(drawn, torch.cat([result.samples for result in again]))


def test_a_generator_beside_a_fixed_seed_has_no_effect():
    backend = local(options={"simulator": {"seed_simulator": 3}})
    x, w = values(1)
    with pytest.raises(UnsupportedOperationError, match="no effect beside"):
        example_circuit().expectation(["Z0"], x, w, backend=backend, generator=1)


def test_a_training_step_is_one_job():
    weight = weights(2)
    circuit = Circuit(2, [g.ry(weight[0], 0), g.cx(0, 1), g.rx(weight[1], 1)])
    backend = circuits.IBM(Device(), 200)
    layer = QuantumLayer(circuit, ["Z0", "X1"], backend=backend, shots=200)
    jobs = []
    run = backend._runner.run
    backend._runner.run = lambda sent, *rest: jobs.extend(sent) or run(sent, *rest)
    layer().sum().backward()
    assert len(jobs) == 1
    assert jobs[0].plan.circuits == 5
    assert bool(layer.weight.grad.abs().sum() > 0)


def test_a_pass_manager_translates():
    device = Device()
    manager = generate_preset_pass_manager(
        optimization_level=3, target=device.target, seed_transpiler=4, initial_layout=[4, 1, 2]
    )
    backend = circuits.IBM(device, 4000, pass_manager=manager)
    x, w = values(2)
    torch.manual_seed(6)
    request = Request(example_circuit(), torch.cat([x, w.expand(2, 2)], 1), [PauliSum("Z2")])
    lowered = backend.lower(request)
    assert backend.lower(lowered) is lowered
    assert lowered.observables[0].qubits != (2,)
    result = backend.run([request])[0]
    noisy = PauliTransfer(NoiseModel.from_backend(device)).run([lowered])[0]
    assert_plausible(result.values, noisy.values, result.standard_errors)


def test_copies_and_pickles_behave_alike():
    backend = local(shots=50)
    x, w = values(1)
    draws = []
    for each in (backend, copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        draws.append(example_circuit().expectation(["Z0"], x, w, backend=each, generator=7))
    assert torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("place", [Session, Batch])
def test_a_session_on_a_fake_device_is_local(place):
    x, w = values(1)
    backend = circuits.IBM(place(backend=Device()), 10)
    assert backend.mode.local
    assert example_circuit().expectation(["Z0"], x, w, backend=backend).shape == (1, 1)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_execution_time": 3}, UnsupportedOperationError),
        ({"environment": {"job_tags": ["a"]}}, UnsupportedOperationError),
        ({"execution": {"rep_delay": 1e-4}}, UnsupportedOperationError),
        ({"execution": {"meas_type": "kerneled"}}, UnsupportedOperationError),
        ({"experimental": {"a": 1}}, UnsupportedOperationError),
        ({"default_shots": 3}, UnsupportedOperationError),
        ({"default_precision": 0.1}, UnsupportedOperationError),
        ({"resilience_level": 7}, InvalidArgumentError),
        ({"resilience": {"zne": {"noise_factors": [1]}}}, InvalidArgumentError),
        ({"resillience_level": 1}, InvalidArgumentError),
        (7, ArgumentTypeError),
    ],
)
def test_options_without_effect_or_sense_raise(options, error):
    with pytest.raises(error):
        circuits.IBM(Device(), options=options)


@pytest.mark.parametrize(
    "argument",
    [
        {"ledger": "jobs.sqlite"},
        {"reuse": True},
        {"timeout": 3.0},
        {"per_minute": 5},
        {"primitive": "sampler", "options": {"resilience_level": 1}},
    ],
)
def test_arguments_without_effect_raise(argument):
    with pytest.raises(UnsupportedOperationError):
        circuits.IBM(Device(), **argument)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        (None, ArgumentTypeError),
        (3, ArgumentTypeError),
        ("fake:boston:x", InvalidArgumentError),
        ("fake:boston:0", InvalidArgumentError),
        ("fake:bostom", InvalidArgumentError),
        ("aer:boston", InvalidArgumentError),
        ("ibm:", InvalidArgumentError),
    ],
)
def test_modes_that_are_none_raise(mode, error):
    with pytest.raises(error):
        circuits.IBM(mode)


def test_what_cannot_run_raises():
    w = weights(1)
    circuit = Circuit(1, [g.ry(w[0], 0)])
    one = torch.zeros(1, 1, dtype=torch.float64)
    wide = Circuit(7, [g.h(q) for q in range(7)])
    native = Circuit(5, [g.rz(0.1, 0), g.cx(2, 1)])
    cases = [
        (Request(circuit, one * torch.nan, [PauliSum("Z0")]), NonFiniteError),
        (Request(circuit, one * torch.inf, qubits=(0,)), NonFiniteError),
        (Request(wide, one[:, :0], [PauliSum("Z0")]), KetworkError),
        (Request(circuit, one, [PauliSum("Z0")], shots=10**8), ResourceLimitError),
        (Request(native, one[:, :0], [PauliSum("Z0")]), None),
    ]
    backend = circuits.IBM(Device(), 10)
    for request, error in cases:
        if error is None:
            assert backend.plan([request])
            continue
        with pytest.raises(error):
            backend.run([request])
    with pytest.raises(UnsupportedOperationError, match="shots"):
        circuits.IBM(Device(), None).run([Request(circuit, one, [PauliSum("Z0")])])


def test_the_estimator_on_a_simulator_of_a_whole_device_is_refused():
    simulator = AerSimulator.from_backend(circuits.cut_out(Device(), [0, 1, 2]))
    x, w = values(1)
    assert example_circuit().expectation(
        ["Z0"], x, w, backend=circuits.IBM(simulator, 10)
    ).shape == (1, 1)


def test_many_circuits_in_one_process():
    """Circuits that differ in their parameters only, of which samplomatic takes 13."""
    backend = circuits.IBM(circuits.cut_out(Device(), [1, 2]), 2)
    for _ in range(16):
        w = weights(2)
        circuit = Circuit(2, [g.cx(0, 1), g.rx(w[0], 0), g.ry(w[1], 1)])
        circuit.expectation(["Z0 Z1"], w=torch.zeros(2), backend=backend)


def test_a_budget_counts_estimates_and_stops():
    x, w = values(2)
    backend = local(shots=100, budget=60.0)
    example_circuit().expectation(["Z0"], x, w, backend=backend)
    assert 0 < backend.budget.spent < 60
    wanted = 10**6
    with pytest.raises(BudgetExceededError):
        example_circuit().expectation(["Z0"], x, w, backend=backend, shots=wanted)


def test_requests_are_split_at_the_service_s_limit_and_in_order():
    w = weights(1)
    circuit = Circuit(1, [g.ry(w[0], 0)])
    backend = circuits.IBM(Device(), 4_000_000)
    table = torch.linspace(0, 3, 5, dtype=torch.float64)[:, None]
    request = Request(circuit, table, [PauliSum("Z0")])
    plans = backend.plan([request])
    assert [plan.circuits for plan in plans] == [2, 2, 1]
    assert all(plan.executions <= 10_000_000 for plan in plans)


@pytest.mark.parametrize("primitive", ["estimator", "sampler"])
def test_the_deprecated_primitives_agree(primitive):
    """Their local mode measures with the same noise; 9 numbers within 6 errors."""
    backend = local(primitive=primitive, legacy=True)
    x, w = values()
    found = example_circuit().estimate(OBSERVED, x, w, backend=backend, generator=8)
    again = example_circuit().estimate(OBSERVED, x, w, backend=backend, generator=8)
    assert torch.equal(found.values, again.values)
    reference = PauliTransfer(NoiseModel.from_backend(backend.mode.backend))
    expected = example_circuit().expectation(OBSERVED, x, w, backend=reference)
    assert_plausible(found.values, expected, found.standard_errors)
    assert "legacy" in repr(backend)


def test_the_deprecated_primitives_have_no_mitigation_in_local_mode():
    for options in ({"resilience_level": 1}, {"twirling": {}}, {"dynamical_decoupling": {}}):
        with pytest.raises(UnsupportedOperationError, match="no effect"):
            circuits.IBM(Device(), legacy=True, options=options)
    with pytest.raises(InvalidArgumentError):
        circuits.IBM(Device(), legacy=True, options={"resillience_level": 1})
