"""The ledger's file: damage, locks, full disks, versions, other programs, many processes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from circuits.errors import (
    InvalidArgumentError,
    JobNotFoundError,
    JobStateError,
    LedgerBusyError,
    LedgerCorruptedError,
    LedgerError,
    LedgerFullError,
)
from circuits.jobs import JobRecord, JobState, Ledger, ServiceStatus, default_ledger_path
from circuits.jobs.schema import MIGRATIONS, prepare
from circuits.jobs.states import FOLLOWERS, check_transition
from tests.circuits.jobs.support import jobs_in
from tests.support.job_service import FolderService, answer, fails

_PRIVATE = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "new folder" / "jobs.sqlite", busy_seconds=0.05)


def plan(ledger: Ledger, payload: bytes = b"abc", key: str | None = None) -> JobRecord:
    return ledger.plan("fake:folder", "tester", payload, digest="0f", key=key, facts={"n": 1})


def edit(ledger: Ledger, sql: str, *values: object) -> None:
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(sql, values)
    connection.close()


def test_what_is_written_is_read(ledger: Ledger) -> None:
    record = plan(ledger, key="step 1")
    assert ledger.get(record.tag) == ledger.get("step 1") == ledger.get("1") == record
    assert (record.number, record.digest, record.facts) == (1, "0f", {"n": 1})
    assert ledger.payload(record.tag) == b"abc"
    ledger.begin_sending(record.tag, None)
    assert ledger.sent(record.tag, "id-7", "submitted").state is JobState.QUEUED
    assert ledger.get("id-7").tag == record.tag
    ledger.observed(record.tag, ServiceStatus(JobState.RUNNING, usage=2.0))
    ledger.observed(record.tag, ServiceStatus(JobState.FINISHED))
    ledger.stored(record.tag, b"result")
    assert ledger.stored(record.tag, b"later").state is JobState.DONE
    assert ledger.result(record.tag) == b"result"
    assert ledger.get(record.tag).usage == 2.0
    plan(ledger)
    assert [r.number for r in ledger.records()] == [1, 2]
    assert [r.number for r in ledger.records(states=[JobState.DONE])] == [1]
    assert ledger.records(service="other") == []
    with pytest.raises(JobNotFoundError, match="no result"):
        ledger.result("2")
    with pytest.raises(InvalidArgumentError, match="facts"):
        ledger.plan("fake:folder", "me", b"", digest="0", facts={"x": float("nan")})
    with pytest.raises(InvalidArgumentError, match="payload"):
        ledger.plan("fake:folder", "me", "text", digest="0")  # type: ignore[arg-type]


def test_the_mode_of_the_file(ledger: Ledger) -> None:
    plan(ledger)
    with ledger._database.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
    ledger.leases.take(1)
    ledger.leases.give_back(1)
    if os.name == "posix":
        for path in [ledger.path.parent, *ledger.path.parent.iterdir()]:
            assert not path.stat().st_mode & _PRIVATE, path


@pytest.mark.parametrize("old", list(JobState))
@pytest.mark.parametrize("new", list(JobState))
def test_transitions(old: JobState, new: JobState) -> None:
    if new in FOLLOWERS[old]:
        check_transition(old, new, "tag")
        assert not (old.is_sent and new in {JobState.PLANNED, JobState.SENDING})
    else:
        with pytest.raises(JobStateError, match=f"is {old} and cannot become {new}"):
            check_transition(old, new, "tag")


def test_old_news_change_nothing(ledger: Ledger) -> None:
    tag = plan(ledger).tag
    ledger.begin_sending(tag, None)
    ledger.sent(tag, "id", "submitted")
    ledger.observed(tag, ServiceStatus(JobState.FINISHED))
    ledger.observed(tag, ServiceStatus(JobState.RUNNING))
    assert ledger.get(tag).state is JobState.FINISHED
    ledger.stored(tag, b"x")
    ledger.observed(tag, ServiceStatus(JobState.FAILED))
    assert ledger.get(tag).state is JobState.DONE
    with pytest.raises(JobStateError):
        ledger.begin_sending(tag, None)


@pytest.mark.parametrize(
    ("column", "value"),
    [("payload", b"abd"), ("payload_sum", "0"), ("payload", b"")],
)
def test_a_damaged_payload_is_not_sent(tmp_path: Path, column: str, value: object) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    record = plan(jobs.ledger)
    edit(jobs.ledger, f"UPDATE jobs SET {column} = ?", value)
    with pytest.raises(LedgerCorruptedError, match="payload of job"):
        jobs.result(record.tag)
    assert service.calls == []


def test_a_damaged_result_is_not_served_but_fetched_again(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    jobs.run(b"abc", key="a")
    jobs.run(b"abd", key="b")
    edit(jobs.ledger, "UPDATE jobs SET result = ? WHERE key = 'a'", b"forged")
    with pytest.raises(LedgerCorruptedError, match="result of job"):
        jobs.ledger.result(jobs.ledger.get("a").tag)
    assert jobs.run(b"abd", key="b") == answer(b"abd")
    assert len(service.times("result")) == 2
    assert jobs.run(b"abc", key="a") == answer(b"abc")
    assert jobs.ledger.result(jobs.ledger.get("a").tag) == answer(b"abc")
    assert len(service.times("result")) == 3
    assert len(service.jobs) == 2
    assert jobs.ledger.events(jobs.ledger.get("a").tag)[-1].note == "damaged result fetched again"


def test_a_damaged_result_that_the_service_has_no_more(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    jobs.run(b"abc", key="a")
    edit(jobs.ledger, "UPDATE jobs SET result = NULL WHERE key = 'a'")
    service.plan("result", fails(JobNotFoundError("no such job")))
    with pytest.raises(JobNotFoundError):
        jobs.run(b"abc", key="a")
    assert jobs.ledger.get("a").state is JobState.DONE


@pytest.mark.parametrize(
    ("column", "value"), [("state", "paid"), ("facts", "{"), ("facts", "[1]"), ("facts", "")]
)
def test_a_damaged_row_leaves_others_alone(tmp_path: Path, column: str, value: str) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    bad, good = plan(jobs.ledger), plan(jobs.ledger)
    edit(jobs.ledger, f"UPDATE jobs SET {column} = ? WHERE number = 1", value)
    with pytest.raises(LedgerCorruptedError, match="Row 1"):
        jobs.ledger.get(bad.tag)
    with pytest.raises(LedgerCorruptedError, match="Row 1"):
        jobs.ledger.records()
    found: list[LedgerCorruptedError] = []
    assert jobs.ledger.records(on_damage=found.append) == [good]
    assert len(found) == 1
    with pytest.raises(LedgerCorruptedError, match="Row 1"):
        jobs.resume()
    assert jobs.result(good.tag) == answer(b"abc")
    assert [job["tag"] for job in service.jobs] == [good.tag]


@pytest.mark.parametrize("content", [b"no database, " * 100, b"SQLite format 3\x00" + b"z" * 5000])
def test_files_that_are_no_ledger(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(content)
    with pytest.raises(LedgerCorruptedError, match="damaged, or no job ledger"):
        plan(Ledger(path))
    assert path.read_bytes() == content


def test_databases_of_others_and_of_the_future(tmp_path: Path) -> None:
    other = Ledger(tmp_path / "other.sqlite")
    with sqlite3.connect(other.path) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()
    with pytest.raises(LedgerError, match="another program"):
        plan(other)
    newer = Ledger(tmp_path / "newer.sqlite")
    plan(newer)
    newer.close()
    edit(newer, "PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="version 99"):
        plan(newer)


def test_old_versions_are_brought_up_to_date(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    record = plan(ledger)
    ledger.close()
    with sqlite3.connect(ledger.path, isolation_level=None) as connection:
        newer = [*MIGRATIONS, "ALTER TABLE jobs ADD COLUMN price REAL"]
        for _ in range(2):
            prepare(connection, "x", newer)
        price = connection.execute("SELECT price FROM jobs WHERE tag = ?", (record.tag,))
        assert price.fetchall() == [(None,)]
        broken = [*newer, "CREATE TABLE more (x INTEGER); CREATE NONSENSE"]
        with pytest.raises(sqlite3.OperationalError):
            prepare(connection, "x", broken)
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(newer)
        assert not connection.execute("SELECT * FROM sqlite_schema WHERE name='more'").fetchall()
    connection.close()


def test_a_locked_ledger(tmp_path: Path, ledger: Ledger) -> None:
    plan(ledger)
    holder = sqlite3.connect(ledger.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerBusyError, match="locked") as caught:
        plan(ledger)
    assert caught.value.retryable
    assert len(ledger.records()) == 1  # readers go on
    holder.execute("ROLLBACK")
    plan(ledger)
    holder.close()


def test_an_id_that_cannot_be_written_at_once_is_not_lost(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    jobs.ledger._database._busy = 0.05
    plan(jobs.ledger)
    holder = sqlite3.connect(jobs.ledger.path, isolation_level=None, check_same_thread=False)
    seen: list[str] = []

    def lock(moment: str) -> None:
        if moment == "after":
            holder.execute("BEGIN IMMEDIATE")

    def unlock(progress: object) -> None:
        seen.append(str(progress))
        if holder.in_transaction:
            holder.execute("ROLLBACK")

    service.plan("submit", lock)
    jobs.pace = type(jobs.pace)(shortest=0.01, longest=0.02, call=0.3)
    assert jobs.run(b"abc", progress=unlock) == answer(b"abc")
    assert len(service.jobs) == 1
    assert any("no answer within" in line for line in seen)
    holder.close()


def limited(ledger: Ledger, pages: int) -> None:
    """Lets the file grow no further than by some pages, as on a full disk."""
    with ledger._database.reading() as connection:
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {used + pages}")


def test_a_full_disk_before_sending(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    jobs.run(b"abc")
    limited(jobs.ledger, 0)
    with pytest.raises(LedgerFullError, match="disk is full") as caught:
        jobs.submit(bytes(100_000))
    assert (caught.value.retryable, caught.value.job_may_exist) == (False, False)
    assert len(service.jobs) == 1
    assert jobs.ledger.records()[0].state is JobState.DONE
    limited(jobs.ledger, 1000)
    assert jobs.run(bytes(100_000)) == answer(bytes(100_000))


def test_a_full_disk_before_the_result(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    record = jobs.submit(os.urandom(20_000))
    limited(jobs.ledger, 1)
    with pytest.raises(LedgerFullError) as caught:
        jobs.result(record.tag)
    assert caught.value.job_may_exist
    assert jobs.ledger.get(record.tag).state is JobState.FINISHED
    limited(jobs.ledger, 1000)
    assert len(jobs.result(record.tag)) == 20_001
    assert len(service.jobs) == 1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be opened"):
        plan(Ledger(tmp_path / "file" / "jobs.sqlite"))


def _worker(folder: Path, number: int) -> None:
    jobs = jobs_in(folder, FolderService(folder / "server"))
    for step in range(4):
        assert jobs.run(b"%d" % step, key=f"step {step}") == answer(b"%d" % step)
        jobs.run(b"own %d %d" % (number, step))


def test_many_processes_share_one_ledger(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    workers = [context.Process(target=_worker, args=(tmp_path, k)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(FolderService(tmp_path / "server").jobs) == 4 + 16
    states = {record.state for record in Ledger(tmp_path / "jobs.sqlite").records()}
    assert states == {JobState.DONE}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_the_file_itself(ledger: Ledger) -> None:
    plan(ledger)
    assert ledger.leases.take(1)
    assert not ledger.leases.take(1)
    inherited = ledger._database._connection
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            works = not ledger.leases.take(1) and plan(ledger).number == 2
            code = 0 if works and ledger._database._connection is not inherited else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not ledger.leases.take(1)
    ledger.leases.give_back(1)
    assert ledger.leases.take(1)
    assert plan(ledger).number == 3


def test_default_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = Path.home()
    for platform, variables, path in (
        ("linux", {}, home / ".local/share/ketwork/jobs.sqlite"),
        ("darwin", {}, home / "Library/Application Support/ketwork/jobs.sqlite"),
        ("win32", {"LOCALAPPDATA": "/x"}, Path("/x/ketwork/jobs.sqlite")),
        ("win32", {}, home / "AppData/Local/ketwork/jobs.sqlite"),
        ("darwin", {"KETWORK_LEDGER": "~/l"}, home / "l"),
    ):
        assert default_ledger_path(variables, platform) == path
    monkeypatch.setenv("KETWORK_LEDGER", str(tmp_path / "mine"))
    assert Ledger().path == tmp_path / "mine"
