"""A planted key occurs nowhere: logs, exceptions, reprs, pickles, ledger, checkpoints."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from circuits import IBM, Circuit, inputs, weights
from circuits import gates as g
from circuits.errors import KetworkError
from circuits.jobs import Ledger
from qml import QuantumLayer
from qml.training import save_checkpoint
from tests.ibm.cases import FETCHING, LOGIN, POLLING, SUBMITTING, Case
from tests.ibm.run_case import IMPATIENT
from tests.ibm.training import COMMAND
from tests.qml.cli.support import works
from tests.support.ibm_service import FOR_EVER, Fault, IBMService

KEY = "c4n4ry-Xq7-4815162342-zzTop"
TROUBLE: dict[str, Case] = {
    **{f"submit, {name}": SUBMITTING[name] for name in ("400", "401 for ever", "429 for ever")},
    **{f"poll, {name}": POLLING[name] for name in ("no JSON for ever", "404", "401 for ever")},
    **{f"fetch, {name}": FETCHING[name] for name in ("nothing for ever", "damaged for ever")},
    **{f"login, {name}": LOGIN[name] for name in ("key refused", "token service drops")},
    "the key in an answer": Case(
        (Fault("submit", status=400, body=f"what is {KEY}?", times=FOR_EVER),)
    ),
    "the key in a reason": Case(
        (Fault("run", "job", body={"status": "Failed", "reason": f"bad key {KEY}"}),)
    ),
}


def layer(folder: Path) -> QuantumLayer:
    x, w = inputs(1), weights(2)
    circuit = Circuit(2, [g.ry(x[0], 0), g.rx(w[0], 1), g.cx(0, 1), g.rz(w[1], 1)])
    machine = IBM("ibm_quiet", 20, ledger=folder / "jobs.sqlite", per_minute=None, pace=IMPATIENT)
    return QuantumLayer(circuit, ["Z0"], backend=machine)


def everything(error: BaseException | None) -> str:
    """All that can be reached from an exception, frames without their variables."""
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
    return text + everything(error.__cause__) + everything(error.__context__)


@pytest.fixture
def canary(ibm_service: IBMService, monkeypatch: pytest.MonkeyPatch) -> IBMService:
    """The service with the planted key."""
    ibm_service.set(key=KEY)
    monkeypatch.setenv("QISKIT_IBM_TOKEN", KEY)
    return ibm_service


def absent(*texts: str) -> None:
    for text in texts:
        assert KEY not in text
        assert KEY.encode().hex() not in text


def in_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_a_training_step(
    canary: IBMService,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    model = layer(tmp_path)
    with warnings.catch_warnings(record=True) as warned:
        model(torch.tensor([[0.3]])).sum().backward()
    save_checkpoint(tmp_path / "model.ckpt", model, metadata={"backend": repr(model.backend)})
    torch.save(model.state_dict(), tmp_path / "model.pt")
    (tmp_path / "backend.pickle").write_bytes(pickle.dumps(model.backend))
    (tmp_path / "layer.pickle").write_bytes(pickle.dumps(copy.deepcopy(model)))
    assert len(canary.jobs) == 1
    assert "POST" in caplog.text or "Posting" in caplog.text  # the logs do hold what happens
    absent(caplog.text, *capfd.readouterr(), repr(model), repr(vars(model.backend)))
    absent(*(str(warning.message) for warning in warned))
    ledger = Ledger(tmp_path / "jobs.sqlite")
    absent(repr(ledger.records()), *(repr(ledger.events(job.tag)) for job in ledger.records()))
    in_files(tmp_path)


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble(
    canary: IBMService,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    canary.plan(*TROUBLE[name].faults)
    with warnings.catch_warnings(record=True) as warned, pytest.raises(KetworkError) as caught:
        layer(tmp_path)(torch.tensor([[0.3]]))
    absent(everything(caught.value), pickle.dumps(caught.value).decode("latin1"))
    absent(caplog.text, *capfd.readouterr(), *(str(warning.message) for warning in warned))
    in_files(tmp_path)
    assert not [row for row in canary.calls() if row["auth"] == "apikey"]


def test_ketwork_train_and_jobs(
    canary: IBMService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Folders, tables, exports and pictures of the command line."""
    monkeypatch.setenv("KETWORK_LEDGER", str(tmp_path / "jobs.sqlite"))
    monkeypatch.setenv("KETWORK_IBM_PER_MINUTE", "none")
    # An epoch of one step; a table's width would wrap the key, had it been there.
    monkeypatch.setenv("COLUMNS", "400")
    said = works(*COMMAND, "--batch-size", "6", "--epochs", "1", "--out", tmp_path / "run")
    listed = works("jobs", "list")
    shown = works("jobs", "show", "1")
    works("jobs", "export", "--out", tmp_path / "export")
    assert len(canary.jobs) >= 2
    assert "ibm_quiet" in listed.out
    absent(*(text for ran in (said, listed, shown) for text in (ran.out, ran.err)))
    absent(*capfd.readouterr())
    in_files(tmp_path)


def _revoked(service: IBMService) -> None:
    service.revoke_tokens()


def _expired(service: IBMService) -> None:
    service.set(token_lifetime=-1)
    service.revoke_tokens()


@pytest.mark.parametrize("end", [_revoked, _expired])
def test_the_key_is_never_sent_in_place_of_a_token(
    canary: IBMService, tmp_path: Path, end: Callable[[IBMService], None]
) -> None:
    """The stock client would send it, with a warning, when the token service is down."""
    model = layer(tmp_path)
    model(torch.tensor([[0.3]]))
    end(canary)
    canary.plan(Fault("token", times=FOR_EVER))
    with pytest.raises(KetworkError):
        model(torch.tensor([[0.4]]))
    assert {row["auth"] for row in canary.calls("submit", "status")} <= {"bearer", "expired"}
    assert len(canary.jobs) == 1
