"""Sending, waiting, fetching, cancelling and resuming, without faults."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import pytest

from circuits.errors import (
    InvalidArgumentError,
    JobCancelledError,
    JobFailedError,
    JobNotFoundError,
    JobStateError,
    JobTooLongError,
    LedgerConflictError,
    UnsupportedOperationError,
    WaitTimeoutError,
)
from circuits.jobs import (
    Jobs,
    JobState,
    Ledger,
    Progress,
    ServiceStatus,
    open_service,
    register_service,
)
from tests.circuits.jobs.support import QUICK, jobs_in
from tests.support.job_service import FolderService, answer


def test_a_request_goes_through_all_states(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=2)
    jobs = jobs_in(tmp_path, service)
    seen: list[Progress] = []
    record = jobs.submit(b"abc", facts={"shots": 100})
    assert record.state is JobState.QUEUED
    assert service.jobs[0]["tag"] == record.tag
    assert service.jobs[0]["id"] == record.job_id
    assert jobs.result(record.tag, progress=seen.append) == answer(b"abc")
    done = jobs.ledger.get(record.tag)
    assert (done.state, done.usage, done.facts) == (JobState.DONE, 1.5, {"shots": 100})
    events = [event.state for event in jobs.ledger.events(record.tag)]
    assert events == ["planned", "sending", "queued", "finished", "done"]
    assert {progress.record.state for progress in seen} == {"queued", "finished", "done"}
    assert "1 ahead" in str(seen[0])
    calls = len(service.calls)
    assert jobs.result(record.tag) == answer(b"abc")  # from the ledger
    assert len(service.calls) == calls


def test_the_same_request_twice_is_two_jobs_unless_asked(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    first = jobs.submit(b"abc")
    assert jobs.submit(b"abc", reuse=True).tag != first.tag  # the first has not finished
    assert len(service.jobs) == 2
    jobs.result(first.tag)
    assert jobs.run(b"abc", reuse=True) == answer(b"abc")
    assert jobs.submit(b"abd", reuse=True).tag != first.tag
    assert len(service.jobs) == 3
    assert jobs.run(b"abc") == answer(b"abc")
    assert len(service.jobs) == 4


def test_a_key_stands_for_one_request(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    first = jobs.submit(b"abc", key="step 1")
    assert jobs.submit(b"abc", key="step 1").tag == first.tag
    assert jobs.run(b"abc", key="step 1") == answer(b"abc")
    assert jobs.submit(b"abc", key="step 1").state is JobState.DONE
    assert len(service.jobs) == 1
    with pytest.raises(LedgerConflictError, match="already names"):
        jobs.submit(b"other", key="step 1")
    assert len(service.jobs) == 1


def test_another_process_resumes_from_the_ledger_alone(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    sent = jobs.submit(b"sent")
    planned = jobs.ledger.plan(service.name, service.account, b"planned", digest="0")
    sending = jobs.ledger.plan(service.name, service.account, b"sending", digest="1")
    jobs.ledger.begin_sending(sending.tag, None)
    other = jobs_in(tmp_path, FolderService(tmp_path / "server", polls=0))
    assert {record.tag for record in other.resume()} == {sent.tag, planned.tag, sending.tag}
    for record, payload in ((sent, b"sent"), (planned, b"planned"), (sending, b"sending")):
        assert other.result(record.tag) == answer(payload)
    assert len(service.jobs) == 3
    assert other.resume() == []


def test_cancel_in_each_state(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=100)
    jobs = jobs_in(tmp_path, service)
    plan = jobs.ledger.plan
    planned = plan(service.name, service.account, b"a", digest="0").tag
    assert jobs.cancel(planned).state is JobState.CANCELLED
    assert service.jobs == []
    lost = plan(service.name, service.account, b"b", digest="1").tag
    jobs.ledger.begin_sending(lost, None)
    assert jobs.cancel(lost).state is JobState.CANCELLED
    assert service.jobs == []
    orphan = plan(service.name, service.account, b"c", digest="2").tag
    jobs.ledger.begin_sending(orphan, None)
    service.submit(b"c", orphan)
    assert jobs.cancel(orphan).state is JobState.CANCELLED
    sent = jobs.submit(b"d").tag
    assert jobs.cancel(sent).state is JobState.CANCELLED
    assert service.live == []
    with pytest.raises(JobStateError, match="cannot be cancelled"):
        jobs.cancel(sent)
    with pytest.raises(JobCancelledError, match="by the user"):
        jobs.result(sent)


def test_cancelled_at_the_service_by_someone_else(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=100)
    jobs = jobs_in(tmp_path, service)
    record = jobs.submit(b"d")
    service.cancel(record.job_id or "")
    assert jobs.cancel(record.tag).state is JobState.CANCELLED


@pytest.mark.parametrize(("too_long", "error"), [(False, JobFailedError), (True, JobTooLongError)])
def test_jobs_that_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, too_long: bool, error: type[Exception]
) -> None:
    jobs = jobs_in(tmp_path)
    status = ServiceStatus(JobState.FAILED, reason="no qubit 7", too_long=too_long)
    monkeypatch.setattr(jobs.service, "status", lambda job_id: status)
    record = jobs.submit(b"d")
    assert jobs.wait(record.tag).state is JobState.FAILED
    for again in (jobs, jobs_in(tmp_path)):
        with pytest.raises(error, match="no qubit 7") as caught:
            again.result(record.tag)
        assert type(caught.value) is error
        assert (caught.value.retryable, caught.value.job_may_exist) == (False, True)


def test_waits_time_out_and_go_on(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path, FolderService(tmp_path / "server", polls=3))
    record = jobs.submit(b"d")
    with pytest.raises(WaitTimeoutError, match="ketwork jobs wait 1") as caught:
        jobs.result(record.tag, timeout=0)
    assert caught.value.retryable
    assert caught.value.job_may_exist
    assert jobs.result(record.tag, timeout=30) == answer(b"d")
    with pytest.raises(InvalidArgumentError, match="timeout"):
        jobs.wait(record.tag, timeout=float("nan"))


def test_jobs_of_others_are_refused(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path)
    record = jobs.ledger.plan("ibm:x", "me", b"a", digest="0")
    for call in (jobs.wait, jobs.result, jobs.cancel, jobs.refresh):
        with pytest.raises(JobStateError, match="belongs to ibm:x"):
            call(record.tag)
    with pytest.raises(JobNotFoundError, match="no job called 'nobody'"):
        jobs.wait("nobody")
    assert jobs.resume() == []


def test_many_threads_share_one_ledger(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    results: dict[int, bytes] = {}

    def work(index: int) -> None:
        for step in range(4):
            results[4 * index + step] = jobs.run(b"%d" % step, key=f"step {step}")
            jobs.run(b"own %d %d" % (index, step))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[k] for k in range(16)] == [answer(b"%d" % (k % 4)) for k in range(16)]
    assert len(service.jobs) == 4 + 16
    assert len({job["tag"] for job in service.jobs}) == 20


def test_ledgers_are_pickled_and_jobs_are_not(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path)
    record = jobs.submit(b"abc")
    copy = pickle.loads(pickle.dumps(jobs.ledger))
    assert isinstance(copy, Ledger)
    assert copy.get(record.tag) == jobs.ledger.get(record.tag)
    assert pickle.loads(pickle.dumps(record)) == record
    with pytest.raises(UnsupportedOperationError, match="not pickled"):
        pickle.dumps(jobs)
    assert repr(jobs) == f"Jobs('fake:folder', Ledger({str(tmp_path / 'jobs.sqlite')!r}))"


def test_services_are_opened_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circuits.jobs.services._OPENERS", {})
    with pytest.raises(UnsupportedOperationError, match="known kinds of services: none"):
        open_service("fake:folder")
    register_service("fake", lambda name: FolderService(tmp_path / name.partition(":")[2]))
    service = open_service("fake:folder")
    assert Jobs(service, Ledger(tmp_path / "x"), pace=QUICK).run(b"a") == answer(b"a")
