"""Budgets on the path to hardware: nothing is sent that might pass them, restarts included."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("qiskit_aer")
pytest.importorskip("qiskit_ibm_runtime")

import circuits
from circuits import Circuit, Request, estimate_cost
from circuits import gates as g
from circuits.cost import Budget
from circuits.errors import BudgetExceededError

SHOTS = 200


def ask(backend):
    circuit = Circuit(1, [g.h(0)])
    return backend.run([Request(circuit, torch.zeros(1, 0), qubits=(0,))])[0]


def connect(tmp_path, seconds):
    """A new object, as in a new process: all it knows of earlier jobs is in the ledger."""
    return circuits.IBM(
        "ibm_quiet", SHOTS, ledger=tmp_path / "jobs.sqlite", per_minute=None, budget=seconds
    )


def test_the_count_survives_restarts(ibm_service, tmp_path):
    most = 2 + 1.5 * SHOTS * 350e-6
    backend = connect(tmp_path, 3 * most)
    for _ in range(2):
        ask(backend)
    usage = backend.budget.spent
    assert 0 < usage <= 2 * most
    again = connect(tmp_path, usage + 0.5 * most)
    with pytest.raises(BudgetExceededError, match="Nothing was sent"):
        ask(again)
    assert again.budget.spent == pytest.approx(usage)
    assert len(ibm_service.jobs) == len(ibm_service.calls("submit")) == 2
    other = connect(tmp_path, Budget(1.1 * most, name="other"))
    ask(other)
    assert len(ibm_service.jobs) == 3


def test_jobs_that_are_taken_up_count_once(ibm_service, tmp_path):
    most = 2 + 1.5 * SHOTS * 350e-6
    for _ in range(3):
        backend = connect(tmp_path, 1.5 * most)
        with backend.keyed("a run"):
            ask(backend)
        assert backend.budget.attached(None).spent <= most
    assert len(ibm_service.jobs) == 1


def test_estimates_send_nothing_and_bound_what_is_spent(ibm_service, tmp_path):
    backend = connect(tmp_path, 60.0)
    request = Request(Circuit(1, [g.h(0)]), torch.zeros(1, 0), qubits=(0,))
    estimate = estimate_cost(request, backend)
    assert not ibm_service.calls("submit")
    assert estimate.device == "ibm_quiet"
    assert (estimate.jobs, estimate.executions) == (1, SHOTS)
    ask(backend)
    assert backend.budget.spent <= estimate.seconds[1]
