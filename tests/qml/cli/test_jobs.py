"""`ketwork jobs`: list, show, wait, resume, cancel, export."""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from circuits.errors import AuthenticationError
from circuits.jobs import JobState, Ledger, ServiceStatus, default_ledger_path, register_service
from tests.circuits.jobs.support import jobs_in
from tests.qml.cli.support import ketwork, result_of, words, works
from tests.support.job_service import FolderService, answer, fails


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderService:
    """A service that the command line knows, and a ledger of its own."""
    monkeypatch.setenv("KETWORK_LEDGER", str(tmp_path / "jobs.sqlite"))
    monkeypatch.setattr("circuits.jobs.services._OPENERS", {})
    service = FolderService(tmp_path / "server", polls=0)
    register_service("fake", lambda name: service)
    return service


def planned(tmp_path: Path, payload: bytes = b"abc", name: str = "fake:folder") -> str:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    return ledger.plan(name, "tester", payload, digest="0f" * 32, facts={"shots": 100}).tag


def numbers(out: str) -> list[str]:
    """Numbers of the jobs in a printed table."""
    first = [line.split()[0] for line in out.splitlines() if line.startswith(" ") and line.strip()]
    return [word for word in first if word.isdigit()]


def test_list(tmp_path: Path, service: FolderService) -> None:
    assert "No jobs yet" in works("jobs", "list").out
    assert not (tmp_path / "jobs.sqlite").exists()
    jobs = jobs_in(tmp_path, service)
    jobs.run(b"abc")
    planned(tmp_path)
    planned(tmp_path, name="ibm:x")
    ran = works("jobs", "list")
    assert f"3 jobs in {tmp_path / 'jobs.sqlite'}" in ran.out
    assert numbers(ran.out) == ["1", "2", "3"]
    assert "done fake:folder" in words(ran.out)
    assert "planned ibm:x" in words(ran.out)
    for arguments, shown in (
        (["--state", "open"], ["2", "3"]),
        (["--state", "done", "--state", "failed"], ["1"]),
        (["--service", "ibm:x"], ["3"]),
        (["--limit", "1"], ["3"]),
    ):
        assert numbers(works("jobs", "list", *arguments).out) == shown
    assert "The newest 1 of 3 jobs" in works("jobs", "list", "--limit", 1).out


def test_a_ledger_named_on_the_command_line(tmp_path: Path, service: FolderService) -> None:
    Ledger(tmp_path / "other").plan("fake:folder", "me", b"", digest="0")
    assert "1 job in" in works("jobs", "list", "--ledger", tmp_path / "other").out


def test_damaged_rows_are_said(tmp_path: Path, service: FolderService) -> None:
    planned(tmp_path)
    planned(tmp_path)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("UPDATE jobs SET facts = '{' WHERE number = 1")
    connection.close()
    ran = ketwork("jobs", "list")
    assert ran.code == 1
    assert "Row 1 of the job ledger is damaged" in words(ran.err)
    assert numbers(ran.out) == ["2"]


def test_show(tmp_path: Path, service: FolderService) -> None:
    jobs = jobs_in(tmp_path, service)
    service.plan("submit", fails(OSError("[reset] by peer"), "after"))
    jobs.run(b"abc", key="step 1", facts={"shots": 100})
    out = works("jobs", "show", 1).out
    record = jobs.ledger.get("1")
    for text in (
        *(record.tag, record.job_id or "", "step 1", "shots: 100", "1.5 s", "3 bytes", "4 bytes"),
        *("planned", "[reset] by peer", "found by its tag", "result stored"),
    ):
        assert text in out
    assert works("jobs", "show", record.tag).out == out
    assert works("jobs", "show", record.job_id).out == out


def test_wait(tmp_path: Path, service: FolderService) -> None:
    tag = planned(tmp_path)
    ran = works("jobs", "wait", 1)
    assert "Job 1" in ran.out
    assert "done at fake:folder" in ran.out
    assert "job 1 at fake:folder: queued" in ran.err
    assert Ledger(tmp_path / "jobs.sqlite").result(tag) == answer(b"abc")
    quiet = works("jobs", "wait", tag, "--quiet")
    assert quiet.out == quiet.err == ""


def test_wait_for_too_short(tmp_path: Path, service: FolderService) -> None:
    planned(tmp_path)
    service._polls = 1000
    ran = ketwork("jobs", "wait", 1, "--timeout", "0.2")
    assert ran.code == 1
    assert "Job 1 at fake:folder is queued after 0.2 s" in words(ran.err)


def test_wait_for_what_fails(
    tmp_path: Path, service: FolderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(tmp_path)
    planned(tmp_path)
    status = service.status
    bad = ServiceStatus(JobState.FAILED, reason="no such qubit")
    states = iter([bad])
    monkeypatch.setattr(service, "status", lambda job_id: next(states, None) or status(job_id))
    ran = ketwork("jobs", "wait", 1, 2)
    assert ran.code == 1
    assert "run and failed: no such qubit" in words(ran.err)
    assert "done at fake:folder" in ran.out  # the other one was waited for all the same


def test_resume(tmp_path: Path, service: FolderService) -> None:
    tags = [planned(tmp_path) for _ in range(2)]
    ledger = Ledger(tmp_path / "jobs.sqlite")
    ledger.begin_sending(tags[0], None)
    service.submit(b"abc", tags[0])
    ran = works("jobs", "resume")
    assert ran.out.count("done at fake:folder") == 2
    assert sorted(job["tag"] for job in service.jobs) == sorted(tags)
    assert "none to take up" in works("jobs", "resume").out
    planned(tmp_path, name="ibm:x")
    assert "none to take up" in works("jobs", "resume", "--service", "fake:folder").out
    unknown = ketwork("jobs", "resume")
    assert unknown.code == 1
    assert "no way to reach 'ibm:x'" in words(unknown.err)


def test_errors_of_the_service(tmp_path: Path, service: FolderService) -> None:
    planned(tmp_path)
    service.plan("submit", fails(AuthenticationError("The key has expired.")))
    ran = ketwork("jobs", "resume")
    assert ran.code == 1
    assert "The key has expired." in words(ran.err)
    assert numbers(works("jobs", "list", "--state", "planned").out) == ["1"]


def test_cancel(tmp_path: Path, service: FolderService) -> None:
    jobs = jobs_in(tmp_path, service)
    service._polls = 1000
    jobs.submit(b"abc")
    planned(tmp_path)
    assert works("jobs", "cancel", 1, 2).out.count("cancelled at fake:folder") == 2
    assert service.live == []
    ran = ketwork("jobs", "cancel", 1)
    assert ran.code == 1
    assert "Job 1 is cancelled and cannot be cancelled" in words(ran.err)


def test_export(tmp_path: Path, service: FolderService) -> None:
    jobs_in(tmp_path, service).run(b"abc", facts={"shots": 100})
    planned(tmp_path, b"xyz")
    out = tmp_path / "out"
    ran = works("jobs", "export", "--out", out)
    assert (out / "request-1.bin").read_bytes() == b"abc"
    assert (out / "result-1.bin").read_bytes() == answer(b"abc")
    assert (out / "request-2.bin").read_bytes() == b"xyz"
    assert not (out / "result-2.bin").exists()
    first, second = result_of(out)["jobs"]
    assert (first["state"], first["facts"], first["usage"]) == ("done", {"shots": 100}, 1.5)
    assert [event["state"] for event in first["history"]][-1] == "done"
    assert (first["result_file"], second["result_file"]) == ("result-1.bin", None)
    with (out / "jobs.csv").open() as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["done", "planned"]
    assert "result-1.bin" in ran.out
    assert ketwork("jobs", "export", 2, "--out", out).code == 2
    works("jobs", "export", 2, "--out", out, "--overwrite", "--quiet")
    assert sorted(path.name for path in out.iterdir()) == [
        *("jobs.csv", "request-2.bin", "result.json"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["show", "7"], 1, "no job called '7'"),
        (["show", "1", "1"], 2, "named twice"),
        (["list", "--state", "quued"], 2, "Did you mean 'queued'"),
        (["wait", "1", "--timeout", "-1"], 2, "--timeout"),
    ],
)
def test_refusals_say_what_is_wrong(
    tmp_path: Path, service: FolderService, arguments: list[str], code: int, text: str
) -> None:
    planned(tmp_path)
    ran = ketwork("jobs", *arguments)
    assert ran.code == code
    assert text in words(ran.err)


@pytest.mark.parametrize("command", ["show", "wait", "cancel"])
def test_without_a_ledger(tmp_path: Path, service: FolderService, command: str) -> None:
    ran = ketwork("jobs", command, 1)
    assert ran.code == 1
    assert "There is no job ledger" in words(ran.err)
    assert not (tmp_path / "jobs.sqlite").exists()


def test_the_default_ledger_is_the_library_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETWORK_LEDGER", "somewhere.sqlite")
    assert str(default_ledger_path()) in works("jobs", "list").out


_PROGRAM = """
import sys
from pathlib import Path
from circuits.jobs import register_service
from qml.cli import app
from tests.support.job_service import FolderService, kills
service = FolderService(Path(sys.argv.pop(1)), polls=0)
when = sys.argv.pop(1)
if when != "never":
    call, moment = when.split()
    service.plan(call, kills(moment))
register_service("fake", lambda name: service)
app()
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line in a process of its own."""

    def run(when: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(tmp_path / "server"), when, *arguments],
            env={**os.environ, "KETWORK_LEDGER": str(tmp_path / "jobs.sqlite")},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_killed_while_it_resumes(
    tmp_path: Path, program: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    planned(tmp_path)
    assert program("submit after", "jobs", "resume").returncode == -9
    assert Ledger(tmp_path / "jobs.sqlite").get("1").state is JobState.SENDING
    ran = program("never", "jobs", "wait", "1")
    assert ran.returncode == 0, ran.stderr
    assert len(FolderService(tmp_path / "server").jobs) == 1
    assert Ledger(tmp_path / "jobs.sqlite").get("1").state is JobState.DONE
