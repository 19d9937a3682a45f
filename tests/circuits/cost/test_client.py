"""What options of IBM's client add, against the programs that the client really makes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qiskit import QuantumCircuit, generate_preset_pass_manager
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from circuits import Circuit
from circuits import gates as g
from circuits.backends.ibm.recorder import recorded
from circuits.backends.qiskit.pubs import precision_of
from circuits.cost import Assumptions, Budget
from circuits.cost.client import Extra, extra_of
from circuits.cost.device import UNKNOWN
from circuits.cost.estimate import job_of_plan

ESTIMATOR = [
    {"resilience_level": 0},
    {"resilience_level": 1},
    {"resilience_level": 2},
    {"resilience_level": 0, "twirling": {"enable_gates": True}},
    {"resilience_level": 1, "twirling": {"num_randomizations": 10}},
    {"resilience_level": 1, "twirling": {"shots_per_randomization": 100}},
    {
        "resilience_level": 1,
        "twirling": {"num_randomizations": 3, "shots_per_randomization": 90},
    },
    {"resilience_level": 1, "resilience": {"measure_noise_learning": {"num_randomizations": 7}}},
    {"resilience_level": 1, "resilience": {"measure_mitigation": False}},
]
SAMPLER = [
    {},
    {"twirling": {"enable_gates": True}},
    {"twirling": {"enable_measure": True, "num_randomizations": 10}},
]


class Enough(Exception):
    """The program is made, and shall not run."""


@pytest.fixture(scope="module")
def bell():
    device = FakeManilaV2()
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    native = generate_preset_pass_manager(1, device).run(circuit)
    return device, native, SparsePauliOp(["ZZ"]).apply_layout(native.layout)


def executions(kind, bell, options, shots):
    """Of one circuit in one basis, as the client would send it."""
    device, circuit, observable = bell
    programs = []

    def keep(backend, options, program):
        programs.append(program)
        raise Enough

    pub = (circuit, observable, None, precision_of(shots))
    if kind == "sampler":
        pub = (circuit.measure_all(inplace=False), None, shots)
    with pytest.raises(Exception, match="Enough"):
        recorded(kind, [pub], options, device, keep)
    (program,) = programs
    return sum(int(np.prod(item.shape)) * program.shots for item in program.items)


def planned(kind, options, shots):
    factors = (1.0, 3.0, 5.0) if options.get("resilience_level") == 2 else (1.0,)
    pub = SimpleNamespace(circuit=Circuit(1, [g.sx(0)]), points=1, bases=1, factors=factors)
    return SimpleNamespace(
        pubs=[pub], shots=shots, device="five", target=None, options=options, primitive=kind
    )


@pytest.mark.parametrize("shots", [500, 1000, 5000])
@pytest.mark.parametrize(
    ("kind", "options"),
    [*(("estimator", o) for o in ESTIMATOR), *(("sampler", o) for o in SAMPLER)],
    ids=str,
)
def test_executions_are_those_of_the_client(kind, options, shots, bell):
    job = job_of_plan(planned(kind, options, shots), UNKNOWN, Assumptions())
    assert job.load.executions == executions(kind, bell, options, shots)


def test_cancellation_is_bounded_by_its_overhead():
    options = {"resilience_level": 0, "resilience": {"pec_mitigation": True}}
    extra = extra_of(options, 640, estimator=True)
    assert (extra.rounding, extra.overhead, extra.calibration) == (1.0, 100.0, 0)
    assert "100 times" in extra.text[0]
    options["resilience"]["pec"] = {"max_overhead": 12.0}
    assert extra_of(options, 640, estimator=True).overhead == 12.0
    given = Assumptions(rep_delay=1.0, overhead=(0.0, 0.0), usual_circuit=0.0, slack=1.0)
    budget = Budget(1e6, assumptions=given)
    budget.admit(planned("estimator", options, 640))
    assert budget.spent == pytest.approx(12 * 640)


def test_nothing_is_added_without_options():
    assert extra_of({"resilience_level": 0}, 100, estimator=True) == Extra()
    assert extra_of({}, 100, estimator=False) == Extra()
    assert extra_of({}, 128, estimator=True).calibration == 128  # the client's own level is 1


def test_precisions_stand_for_exactly_the_shots():
    for shots in [*range(1, 3000), 10_000, 99_999, 10**6, 10**7]:
        assert int(np.ceil(1 / precision_of(shots) ** 2)) == shots
