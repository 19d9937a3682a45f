"""What a machine could not run is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qiskit.transpiler import PassManager

from circuits import IBM, Circuit, PauliSum, Request, inputs, weights
from circuits import gates as g
from circuits.errors import KetworkError
from tests.support.ibm_service import IBMService

pytestmark = pytest.mark.filterwarnings("ignore")

NAN, INF = float("nan"), float("inf")
SENDING = ("usage", "submit", "status", "jobs", "results", "machine")


def ansatz() -> Circuit:
    x, w = inputs(1), weights(2)
    return Circuit(2, [g.ry(x[0], 0), g.rx(w[0], 1), g.cx(0, 1), g.rz(w[1], 1)])


def values(*numbers: float) -> torch.Tensor:
    return torch.tensor([numbers], dtype=torch.float64)


def request(table: torch.Tensor, **options: object) -> Request:
    return Request(ansatz(), table, [PauliSum("Z0")], **options)  # type: ignore[arg-type]


CALLS: dict[str, Callable[[IBM], object]] = {
    "NaN": lambda machine: machine.run([request(values(NAN, 0.0, 0.0))]),
    "infinite": lambda machine: machine.run([request(values(0.0, INF, 0.0))]),
    "one of many points NaN": lambda machine: machine.run(
        [request(torch.cat([values(0.1, 0.2, 0.3), values(0.1, 0.2, NAN)]))]
    ),
    "the second request NaN": lambda machine: machine.run(
        [request(values(0.1, 0.2, 0.3)), request(values(0.1, 0.2, -INF))]
    ),
    "too few columns": lambda machine: machine.run([request(values(0.1, 0.2))]),
    "inputs of the wrong shape": lambda machine: ansatz().expectation(
        "Z0", x=torch.zeros(3, 2), w=torch.zeros(2), backend=machine
    ),
    "integers": lambda machine: ansatz().expectation(
        "Z0", x=torch.zeros(1, dtype=torch.int64), w=torch.zeros(2), backend=machine
    ),
    "observable beyond the circuit": lambda machine: ansatz().expectation(
        "Z7", x=torch.zeros(1), w=torch.zeros(2), backend=machine
    ),
    "too many qubits": lambda machine: Circuit(9, [g.h(q) for q in range(9)]).expectation(
        "Z8", backend=machine
    ),
    "a channel": lambda machine: Circuit(1, [g.bit_flip(0.1, 0)]).expectation(
        "Z0", backend=machine
    ),
    "no shots": lambda machine: machine.run([request(values(0.1, 0.2, 0.3), shots=0)]),
    "a seed": lambda machine: machine.run([request(values(0.1, 0.2, 0.3), generator=3)]),
    "more executions than a job may have at one point": lambda machine: machine.run(
        [request(values(0.1, 0.2, 0.3), shots=10_000_001)]
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_sent(ibm_service: IBMService, tmp_path: Path, name: str) -> None:
    machine = IBM("ibm_quiet", 100, ledger=tmp_path / "jobs.sqlite", per_minute=None)
    with pytest.raises(KetworkError):
        CALLS[name](machine)
    assert ibm_service.jobs == []
    assert ibm_service.calls(*SENDING) == []


def test_circuits_in_other_gates_send_nothing(ibm_service: IBMService, tmp_path: Path) -> None:
    """The client would send them, and the machine refuse them when their turn has come."""
    machine = IBM("ibm_quiet", 100, ledger=tmp_path / "jobs.sqlite", pass_manager=PassManager([]))
    with pytest.raises(KetworkError, match="cannot run"):
        machine.run([request(values(0.1, 0.2, 0.3))])
    assert ibm_service.calls(*SENDING) == []


def test_options_without_effect_send_nothing(ibm_service: IBMService, tmp_path: Path) -> None:
    for options in ({"resilience": 1}, {"resilience_level": 9}, {"simulator": {"seed": 1}}):
        with pytest.raises(KetworkError):
            IBM("ibm_quiet", 100, options=options, ledger=tmp_path / "jobs.sqlite")
    assert ibm_service.calls(*SENDING) == []
