"""Estimates against closed forms, on a device whose numbers are known."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("qiskit")

from qiskit import QuantumCircuit

import circuits
from circuits import Circuit, PauliSum, Request, StateVector, estimate_cost, inputs
from circuits import gates as g
from circuits.cost import LIMITS, Assumptions, Recorder
from circuits.cost.device import UNKNOWN, device_of
from circuits.cost.estimate import job_of_plan
from circuits.cost.shape import shape_of
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from qml import QuantumLayer
from tests.circuits.backends.devices import Device

DURATIONS = {("sx", (0,)): 3e-8, ("sx", (1,)): 4e-8, ("cx", (0, 1)): 3e-7, ("x", (1,)): 3e-8}


def native() -> Circuit:
    """12 operations in the gates of the device; both layers of pairs on its coupling."""
    x = inputs(1)
    return Circuit(
        5,
        [g.sx(0), g.rz(x[0], 0), g.sx(0), g.cx(0, 1), g.sx(2), g.cx(1, 2), g.barrier(0, 1, 2),
         g.delay(1e-6, 1), g.x(1)],
    )  # fmt: skip


def test_shape():
    circuit = Circuit(2, [g.sx(0), g.rz(0.1, 0), g.sx(1), g.cx(0, 1), g.delay(1e-6, 1), g.x(1)])
    shape = shape_of(circuit, DURATIONS, 5e-7)
    assert (shape.depth, shape.two_qubit_gates, shape.two_qubit_depth) == (5, 1, 1)
    assert shape.seconds == pytest.approx(4e-8 + 3e-7 + 1e-6 + 3e-8 + 5e-7)
    # Qubit 1: 50 to begin, sx 2, cx 5, delay 2, x 2, measured 10.
    assert shape.instructions == 50 + 2 + 5 + 2 + 2 + 10
    assert shape.untimed == 0
    assert shape_of(circuit, {}, 0.0).untimed == 4


def test_shape_of_qiskit_circuits_is_the_same():
    ours = Circuit(3, [g.sx(0), g.cx(0, 1), g.barrier(0, 1, 2), g.delay(1e-6, 1), g.x(1), g.sx(2)])
    theirs = QuantumCircuit(3, 3)
    theirs.sx(0)
    theirs.cx(0, 1)
    theirs.barrier(0, 1, 2)
    theirs.delay(1000, 1, unit="dt")
    theirs.x(1)
    theirs.sx(2)
    theirs.measure([0, 1, 2], [0, 1, 2])
    found = shape_of(theirs, DURATIONS, 1e-6, dt=1e-9)
    expected = shape_of(ours, DURATIONS, 1e-6)
    assert found.seconds == pytest.approx(expected.seconds)
    assert dataclasses.replace(found, seconds=expected.seconds) == expected
    assert found.depth == ours.depth()


def test_seconds():
    """Low = 1 + n s (r + t), high = 2 + 1.5 n s (r + max(t, 100 us))."""
    request = Request(native(), torch.zeros(7, 1), [PauliSum("Z0 Z1"), PauliSum("X1")], shots=100)
    found = estimate_cost(request, Device(), calls=3)
    seconds = 3e-8 + 3e-8 + 3e-7 + 3e-7 + 1e-6 + 3e-8 + 1e-6
    assert found.circuit_seconds == pytest.approx(seconds)
    assert (found.jobs, found.circuits, found.executions) == (3, 3 * 14, 3 * 1400)
    assert found.seconds[0] == pytest.approx(3 * (1 + 1400 * (250e-6 + seconds)))
    assert found.seconds[1] == pytest.approx(3 * (2 + 1.5 * 1400 * 350e-6))
    given = Assumptions(rep_delay=1e-3, overhead=(0.0, 0.0), usual_circuit=0.0, slack=1.0)
    low, high = estimate_cost(request, Device(), assumptions=given).seconds
    assert low == high == pytest.approx(1400 * (1e-3 + seconds))


def test_the_published_example_lies_in_the_range():
    """A Bell pair with 4,096 shots: IBM's guide shows an estimate of 4.1 s."""
    fakes = pytest.importorskip("qiskit_ibm_runtime.fake_provider")
    bell = Circuit(2, [g.h(0), g.cx(0, 1)])
    request = Request(bell, torch.zeros(1, 0), qubits=(0, 1), shots=4096)
    low, high = estimate_cost(request, fakes.FakeSherbrooke()).seconds
    assert low < 4.1059 < high < 1.1 * 4.1059


@pytest.mark.parametrize("wrap", ["aer", "primitives", "device"])
def test_backends_say_what_they_imitate(wrap):
    pytest.importorskip("qiskit_aer")
    from qiskit.primitives import BackendSamplerV2

    device = Device()
    backend = {
        "aer": lambda: circuits.Aer(noise_model=device),
        "primitives": lambda: circuits.Primitives(
            sampler=BackendSamplerV2(backend=device), backend=device
        ),
        "device": lambda: device,
    }[wrap]()
    request = Request(native(), torch.zeros(2, 1), [PauliSum("Z0")], shots=50)
    found = estimate_cost(request, backend)
    assert found.device == "five"
    assert found == estimate_cost(request, device)


def test_circuits_are_lowered():
    far = Circuit(5, [g.h(0), g.cx(0, 1), g.cx(0, 2), g.cx(0, 3), g.cx(0, 4), g.cx(1, 3)])
    request = Request(far, torch.zeros(1, 0), [PauliSum("Z0")], shots=10)
    found = estimate_cost(request, Device())
    machine = device_of(Device()).machine
    from circuits.machines.lowering import lower_request

    lowered = lower_request(machine, request, 1, 0).circuit
    assert found.two_qubit_gates == lowered.count_ops()["cx"] > 5
    assert found.depth == lowered.depth()


def test_simulators_have_no_machine_time():
    request = Request(native(), torch.zeros(3, 1), [PauliSum("Z0")])
    found = estimate_cost(request, StateVector("torch"), shots=20)
    assert (found.device, found.seconds, found.circuit_seconds) == (None, None, None)
    assert found.executions == 60
    assert "no machine time" in str(found)


def test_different_shots_are_different_jobs():
    table = torch.zeros(2, 1)
    requests = [
        Request(native(), table, [PauliSum("Z0")], shots=10),
        Request(native(), table, [PauliSum("Z0")], shots=20),
        Request(native(), table, qubits=(0,), shots=20),
        Request(native(), table, [PauliSum("X0")], shots=20),
    ]
    found = estimate_cost(requests, Device())
    assert (found.jobs, found.shots, found.executions) == (3, (10, 20), 20 + 3 * 40)


def test_jobs_are_split_at_the_limit_of_executions():
    request = Request(native(), torch.zeros(2500, 1), [PauliSum("Z0")], shots=10_000)
    found = estimate_cost(request, Device())
    assert found.jobs == 3
    assert found.executions == 25_000_000
    assert not any(hit.name == "executions" for hit in found.limits)


def test_points_with_several_bases_fill_a_job_sooner():
    pair = [PauliSum("Z0"), PauliSum("X0")]
    request = Request(native(), torch.zeros(700, 1), pair, shots=10_000)
    found = estimate_cost(request, Device())
    assert (found.jobs, found.executions) == (2, 14_000_000)
    assert not any(hit.name == "executions" for hit in found.limits)


def test_jobs_that_a_backend_plans_itself():
    """Its client's noise factors lengthen circuits: 1 + 3 times 5 circuits of 10 shots."""
    pub = SimpleNamespace(circuit=native(), points=5, bases=1, factors=(1.0, 3.0))
    plan = SimpleNamespace(pubs=[pub], shots=10, device="five", target=Device().target)
    given = Assumptions(rep_delay=0.0, overhead=(0.0, 0.0), usual_circuit=0.0, slack=1.0)
    job = job_of_plan(plan, UNKNOWN, given)
    shape = device_of(Device()).shape(native())
    assert job.load.executions == 10 * 2 * 5
    assert job.load.two_qubit_gates == 2 * 5 * (1 + 3)
    assert job.load.instructions == shape.instructions * 5 * (1 + 3)
    assert job.seconds == (pytest.approx(10 * 5 * 4 * shape.seconds),) * 2


def test_limits():
    request = Request(native(), torch.zeros(6000, 1), [PauliSum("Z0")], shots=1)
    hits = {hit.name: hit for hit in estimate_cost(request, Device(), calls=12).limits}
    assert set(hits) == {"two_qubit_gates", "jobs_per_minute"}
    assert hits["two_qubit_gates"].value == 12_000
    assert "2 minutes" in hits["jobs_per_minute"].text
    wide = Request(native(), torch.zeros(10, 1), [PauliSum("Z0")], shots=1_000_000)
    slow = Assumptions(rep_delay=1e-2)
    hits = {hit.name for hit in estimate_cost(wide, Device(), assumptions=slow).limits}
    assert hits == {"job_seconds", "free_plan_seconds"}
    deep = Circuit(5, [g.sx(0)] * 3000)
    long = Request(deep, torch.zeros(5000, 0), [PauliSum("Z0")], shots=1)
    (hit,) = estimate_cost(long, Device()).limits
    assert (hit.name, hit.value) == ("instructions_per_qubit", 5000 * 6060)
    assert hit.limit == LIMITS["instructions_per_qubit"]


def test_a_training_step_holds_its_shifted_points():
    x = inputs(2)
    w = circuits.weights(3)
    circuit = Circuit(
        2, [g.rx(x[0], 0), g.ry(w[0], 0), g.cx(0, 1), g.rz(w[1], 1), g.rx(w[2], 0), g.ry(x[1], 1)]
    )
    recorder = Recorder()
    layer = QuantumLayer(circuit, ["Z0", "X0"], backend=recorder, shots=100)
    layer(torch.rand(8, 2)).sum().backward()
    assert len(recorder.calls) == 1
    found = estimate_cost(recorder.calls, Device(), calls=10)
    assert found.circuits == 10 * 2 * 8 * (1 + 2 * 3)
    assert found.jobs == 10


def test_a_recorder_answers_every_kind_of_request():
    table = torch.zeros(3, 1, dtype=torch.float64)
    recorder = Recorder()
    requests = [
        Request(native(), table, [PauliSum("Z0")]),
        Request(native(), table, [PauliSum("Z0")], shots=5),
        Request(native(), table, qubits=(0, 1)),
        Request(native(), table, qubits=(0, 1), shots=5),
    ]
    values, estimates, probabilities, samples = recorder.run(requests)
    assert values.values.shape == estimates.variances.shape == (3, 1)
    assert values.variances is None
    assert probabilities.values.shape == (3, 4)
    assert samples.samples.shape == (3, 5, 2)
    assert recorder.calls == [requests]


def test_several_calls_are_several_jobs():
    requests = [Request(native(), torch.zeros(2, 1), [PauliSum("Z0")], shots=10)] * 2
    together = estimate_cost(requests, Device(), calls=2)
    apart = estimate_cost([[one] for one in requests], Device(), calls=2)
    assert (together.jobs, apart.jobs) == (2, 4)
    assert together.executions == apart.executions == 80
    assert apart.seconds[0] == pytest.approx(together.seconds[0] + 2)


def test_text():
    request = Request(native(), torch.zeros(6, 1), [PauliSum("Z0")], shots=1000)
    text = str(estimate_cost(request, Device(), calls=100))
    assert "100 with 600 circuits of 1,000 shots (600,000 executions)" in text
    assert "Machine time: 2" in text
    assert "Limit 5: 100 jobs, so submitting them takes 19 minutes" in text
    assert "250 us between shots (assumed)" in text


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"requests": []}, ArgumentTypeError, "requests"),
        ({"requests": [3]}, ArgumentTypeError, "requests"),
        ({"requests": [[]]}, ArgumentTypeError, "requests"),
        ({"backend": "ibm_boston"}, ArgumentTypeError, "backend"),
        ({"calls": 0}, InvalidArgumentError, "calls"),
        ({}, InvalidArgumentError, "shots"),
        ({"shots": -1}, InvalidArgumentError, "shots"),
    ],
)
def test_bad_arguments(options, error, match):
    given = {
        "requests": Request(native(), torch.zeros(1, 1), [PauliSum("Z0")]),
        "backend": Device(),
    }
    given |= options
    with pytest.raises(error, match=match):
        estimate_cost(given.pop("requests"), given.pop("backend"), **given)


@pytest.mark.parametrize(
    "options",
    [
        {"rep_delay": -1.0},
        {"overhead": (2.0, 1.0)},
        {"slack": 0.5},
        {"usual_circuit": float("nan")},
    ],
)
def test_bad_assumptions(options):
    with pytest.raises(InvalidArgumentError, match=next(iter(options))):
        Assumptions(**options)


def test_estimates_are_values():
    request = Request(native(), torch.zeros(1, 1), [PauliSum("Z0")], shots=10)
    found = estimate_cost(request, Device())
    assert dataclasses.replace(found) == found == estimate_cost(request, Device())
