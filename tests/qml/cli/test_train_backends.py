"""`ketwork train --backend`: simulators, fake devices, and the service, interrupted or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from circuits.backends.ibm.remote import ServiceRunner
from circuits.backends.ibm.runners import LocalRunner
from circuits.jobs import JobState, Ledger
from qml.cli import runs
from qml.training import load_checkpoint
from tests.support.ibm_service import IBMService

from .support import ketwork, result_of, weights_of, words, works

SMALL = (
    *("train", "--model", "reupload", "--n-qubits", "2", "--layers", "1", "--data", "iris"),
    *("--limit", "8", "--batch-size", "4", "--epochs", "2"),
)
CALLS = 2 * (2 + 2) + 1  # 2 steps and 2 batches of validation in each epoch, and the test part


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class Stopped(BaseException):
    pass


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Lets the n-th call of a runner end the program, before or after the job."""

    def plan(runner: type, call: int, after: bool) -> None:
        made = [0]
        run = runner.run

        def interrupted(self: Any, *arguments: Any) -> Any:
            made[0] += 1
            if made[0] == call and not after:
                raise Stopped
            found = run(self, *arguments)
            if made[0] == call:
                raise Stopped
            return found

        monkeypatch.setattr(runner, "run", interrupted)

    yield plan
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("backend", "options"),
    [
        ("aer", ("--diff-method", "spsa")),
        ("aer:density_matrix", ("--shots", "50")),
        ("fake:manila:2", ("--shots", "50", "--diff-method", "spsa")),
    ],
)
def test_backends_train_and_seeds_repeat(backend, options, tmp_path: Path) -> None:
    for name in ("a", "b"):
        works(*SMALL, "--backend", backend, *options, "--seed", 4, "--out", tmp_path / name)
    a, b = weights_of(tmp_path / "a"), weights_of(tmp_path / "b")
    assert same(a, b)
    assert load_checkpoint(tmp_path / "a" / "last.ckpt").metadata["settings"]["backend"] == backend
    assert result_of(tmp_path / "a")["accuracy"] == result_of(tmp_path / "b")["accuracy"]


@pytest.mark.parametrize(
    ("seconds", "call", "after"), [(0.0, 2, False), (0.0, 4, True), (1e9, 6, True)]
)
def test_an_interrupted_run_on_a_fake_device_ends_like_another(
    seconds, call, after, tmp_path, stop_at, monkeypatch
) -> None:
    monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", seconds)
    command = (*SMALL, "--backend", "fake:manila:2", "--shots", "20", "--diff-method", "spsa")
    works(*command, "--out", tmp_path / "whole")
    stop_at(LocalRunner, call, after)
    with pytest.raises(Stopped):
        ketwork(*command, "--out", tmp_path / "cut")
    monkeypatch.undo()
    works("train", "--resume", "--out", tmp_path / "cut")
    assert same(weights_of(tmp_path / "cut"), weights_of(tmp_path / "whole"))
    numbers = [result_of(tmp_path / name) for name in ("cut", "whole")]
    assert numbers[0] | {"seconds": 0} == numbers[1] | {"seconds": 0}


@pytest.fixture
def service(ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IBMService:
    monkeypatch.setenv("KETWORK_LEDGER", str(tmp_path / "jobs.sqlite"))
    monkeypatch.setenv("KETWORK_IBM_PER_MINUTE", "none")
    monkeypatch.setenv("KETWORK_IBM_LISTING_DELAY", "0.05")
    return ibm_service


ON_SERVICE = ("--backend", "ibm:ibm_quiet", "--shots", "50", "--diff-method", "spsa", "--quiet")


@pytest.mark.parametrize("after", [False, True])
def test_a_run_at_the_service_is_one_job_for_each_call_whatever_happens(
    after, tmp_path, service, stop_at, monkeypatch
) -> None:
    monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", 1e9)
    works(*SMALL, *ON_SERVICE, "--out", tmp_path / "whole")
    calls = CALLS
    assert len(service.jobs) == calls
    stop_at(ServiceRunner, 4, after)
    with pytest.raises(Stopped):
        ketwork(*SMALL, *ON_SERVICE, "--out", tmp_path / "cut")
    monkeypatch.undo()
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KETWORK_LEDGER", str(tmp_path / "jobs.sqlite"))
    monkeypatch.setenv("KETWORK_IBM_PER_MINUTE", "none")
    works("train", "--resume", "--quiet", "--out", tmp_path / "cut")
    assert len(service.jobs) == 2 * calls
    records = Ledger(tmp_path / "jobs.sqlite").records()
    assert len({record.key for record in records}) == 2 * calls
    assert {record.state for record in records} == {JobState.DONE}
    assert same(weights_of(tmp_path / "cut"), weights_of(tmp_path / "whole"))


def test_a_budget_stops_before_it_is_passed_and_counts_across_restarts(tmp_path, service) -> None:
    out = tmp_path / "run"
    ran = ketwork(*SMALL, *ON_SERVICE, "--budget", "0.001", "--out", out)
    assert ran.code == 1
    assert "budget" in ran.err
    assert service.jobs == []
    ran = ketwork(*SMALL, *ON_SERVICE, "--budget", "9", "--overwrite", "--out", out)
    made = len(service.jobs)
    assert ran.code == 1
    assert 0 < made < CALLS
    ran = ketwork("train", "--resume", "--budget", "9", "--quiet", "--out", out)
    assert ran.code == 1
    assert len(service.jobs) == made
    works("train", "--resume", "--quiet", "--out", out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--backend", "fake:boston"), "--shots"),
        (("--backend", "fake", "--shots", "5"), "name the device"),
        (("--backend", "fake:bostom", "--shots", "5"), "boston"),
        (("--backend", "qpu:x", "--shots", "5"), "kind of backend"),
        (("--backend", "aer", "--budget", "5"), "no effect"),
        (("--budget", "5"), "no effect"),
        (("--backend", "aer", "--diff-method", "adjoint"), "adjoint"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message, tmp_path) -> None:
    ran = ketwork(*SMALL, *options, "--out", tmp_path / "run")
    assert ran.code in (1, 2)
    assert message in words(ran.err)
    assert not (tmp_path / "run" / "last.ckpt").exists()


def test_a_model_without_a_circuit_has_no_backend(tmp_path) -> None:
    ran = ketwork(
        "train", "--model", "mlp", "--data", "iris", "--backend", "aer", "--out", tmp_path
    )
    assert ran.code == 2
    assert "no effect" in ran.err
