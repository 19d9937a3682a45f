"""Faults of the service: each is overcome, or one error of ours; never two jobs, never a hang."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from circuits.errors import (
    AuthenticationError,
    DuplicateJobWarning,
    JobError,
    JobNotFoundError,
    JobRejectedError,
    QuotaExceededError,
    RateLimitedError,
    ServiceAnswerError,
    ServiceUnavailableError,
    SubmissionUncertainError,
    WaitTimeoutError,
)
from circuits.jobs import JobState, Pace, http_error
from tests.circuits.jobs.support import jobs_in
from tests.support.job_service import FolderService, answer, fails, stalls

_DROPPED = ConnectionResetError("reset by peer")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "error",
    [
        _DROPPED,
        TimeoutError("read timed out"),
        KeyError("id"),
        ValueError("Expecting value: line 1 column 1"),
        http_error(502, "bad gateway", submitting=True),
        http_error(500, "oops", submitting=True),
        http_error(408, "timeout", submitting=True),
        ServiceUnavailableError("gone"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_submissions_of_unknown_fate(tmp_path: Path, error: Exception, when: str) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    service.plan("submit", fails(error, when))
    assert jobs.run(b"abc") == answer(b"abc")
    assert len(service.jobs) == 1
    assert len(service.times("submit")) == (1 if when == "after" else 2)
    assert len(service.times("find")) == (1 if when == "after" else 2)  # looked twice
    notes = [event.note for event in jobs.ledger.events(jobs.ledger.records()[0].tag)]
    assert ("found by its tag" in notes) == (when == "after")


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (http_error(401, "who are you", submitting=True), JobState.PLANNED),
        (http_error(403, "not you", submitting=True), JobState.PLANNED),
        (http_error(402, "pay", submitting=True), JobState.PLANNED),
        (http_error(409, "usage exceeded", submitting=True), JobState.PLANNED),
        (http_error(400, "bad circuit", submitting=True), JobState.REJECTED),
        (http_error(404, "no such machine", submitting=True), JobState.REJECTED),
        (http_error(422, "no", submitting=True), JobState.REJECTED),
    ],
)
def test_submissions_that_are_refused(tmp_path: Path, error: JobError, kept: JobState) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    service.plan("submit", fails(error))
    with pytest.raises(type(error), match=str(error)[-6:]) as caught:
        jobs.submit(b"abc")
    assert (caught.value.retryable, caught.value.job_may_exist) == (False, False)
    record = jobs.ledger.records()[0]
    assert record.state is kept
    assert len(service.times("submit")) == 1
    if kept is JobState.REJECTED:
        with pytest.raises(type(error), match="was refused"):
            jobs.result(record.tag)
    else:
        assert jobs.result(record.tag) == answer(b"abc")  # once the cause is removed


def test_a_refused_connection_is_tried_again(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    refused = ServiceUnavailableError("refused", job_may_exist=False)
    service.plan("submit", fails(refused), fails(refused), fails(refused))
    assert jobs.run(b"abc") == answer(b"abc")
    assert service.times("find") == []  # certain that nothing was made
    assert len(service.jobs) == 1


@pytest.mark.parametrize("call", ["find", "status", "result"])
@pytest.mark.parametrize(
    "error",
    [
        _DROPPED,
        http_error(500, "oops"),
        http_error(503, "busy", retry_after="0"),
        TypeError("NoneType is not subscriptable"),
        ServiceAnswerError("garbage"),
    ],
    ids=["dropped", "500", "503", "TypeError", "garbage"],
)
def test_other_calls_are_repeated(tmp_path: Path, call: str, error: Exception) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    service.plan("submit", fails(_DROPPED, "after"))
    service.plan(call, fails(error), fails(error))
    assert jobs.run(b"abc", timeout=60) == answer(b"abc")
    assert len(service.jobs) == 1


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("submit", None),
        ("submit", ""),
        ("submit", 7),
        ("find", "abc"),
        ("find", [None]),
        ("find", None),
        ("status", None),
        ("status", "RUNNING"),
        ("status", {"state": "?"}),
        ("result", None),
        ("result", "text"),
    ],
)
def test_answers_that_mean_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, value: Any
) -> None:
    service = FolderService(tmp_path / "server")
    pace = Pace(shortest=0.005, longest=0.01, call=5.0, patience=0.05)
    jobs = jobs_in(tmp_path, service, pace)
    if call == "find":
        service.plan("submit", fails(_DROPPED, "after"))
    with monkeypatch.context() as patch:
        patch.setattr(service, call, lambda *_: value)
        with pytest.raises(JobError) as caught:
            jobs.run(b"abc")
        assert type(caught.value) in {ServiceAnswerError, SubmissionUncertainError}
        assert caught.value.job_may_exist
    record = jobs.ledger.records()[0]
    assert not record.state.is_final
    assert jobs.result(record.tag) == answer(b"abc")  # once the service is well again
    assert len(service.jobs) == 1


def test_a_service_that_fails_for_good(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    pace = Pace(shortest=0.005, longest=0.01, call=5.0, patience=0.1)
    jobs = jobs_in(tmp_path, service, pace)
    service.plan("status", *[fails(http_error(503, "down"))] * 1000)
    with pytest.raises(ServiceUnavailableError, match="down") as caught:
        jobs.run(b"abc")
    assert caught.value.retryable
    service.faults.clear()
    assert jobs.result(jobs.ledger.records()[0].tag) == answer(b"abc")


def test_submissions_that_never_succeed_end(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    service.plan("submit", *[fails(_DROPPED)] * 100)
    with pytest.raises(SubmissionUncertainError) as caught:
        jobs.submit(b"abc")
    assert len(service.times("submit")) == 5
    assert caught.value.job_may_exist
    assert jobs.ledger.records()[0].state is JobState.SENDING


@pytest.mark.parametrize("error", [http_error(401, "expired"), http_error(403, "no")])
def test_credentials_that_end_while_waiting(tmp_path: Path, error: JobError) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    service.plan("status", fails(error))
    with pytest.raises(AuthenticationError):
        jobs.run(b"abc")
    assert jobs.result(jobs.ledger.records()[0].tag) == answer(b"abc")
    assert len(service.jobs) == 1


def test_a_job_that_was_deleted(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    record = jobs.submit(b"abc")
    for path in service.folder.glob("*.json"):
        path.unlink()
    with pytest.raises(JobNotFoundError):
        jobs.result(record.tag)


@pytest.mark.parametrize("call", ["submit", "find", "status", "result"])
def test_waits_end_in_time_whatever_stalls(tmp_path: Path, call: str) -> None:
    service = FolderService(tmp_path / "server", polls=0)
    jobs = jobs_in(tmp_path, service, Pace(shortest=0.005, longest=0.02))
    if call == "find":
        service.plan("submit", fails(_DROPPED, "after"))
    release = threading.Event()
    service.plan(call, stalls(release))
    start = time.monotonic()
    with pytest.raises(WaitTimeoutError) as caught:
        jobs.run(b"abc", timeout=0.2)
    assert time.monotonic() - start < 5.2
    assert caught.value.job_may_exist
    release.set()
    assert jobs.result(jobs.ledger.records()[0].tag, timeout=60) == answer(b"abc")
    assert len(service.jobs) == 1


def test_a_stalled_poll_is_left_behind(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=0)
    jobs = jobs_in(tmp_path, service, Pace(shortest=0.005, longest=0.02, call=0.1))
    release = threading.Event()
    service.plan("status", *[stalls(release)] * 3)
    assert jobs.run(b"abc") == answer(b"abc")
    assert not release.is_set()
    release.set()


def test_a_submission_that_hangs_is_not_sent_again_beside_it(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=0)
    jobs = jobs_in(tmp_path, service, Pace(shortest=0.005, longest=0.02, call=0.1))
    release = threading.Event()
    service.plan("submit", stalls(release))
    threading.Timer(0.5, release.set).start()
    assert jobs.run(b"abc") == answer(b"abc")
    assert len(service.times("submit")) == 1
    assert service.times("find") == []
    notes = [event.note for event in jobs.ledger.events(jobs.ledger.records()[0].tag)]
    assert notes.count("submitted") == 1


def test_hanging_calls_do_not_pile_up(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=0)
    jobs = jobs_in(tmp_path, service, Pace(shortest=0.001, longest=0.001, call=0.01))
    release = threading.Event()
    service.plan("status", *[stalls(release)] * 100)
    with pytest.raises(ServiceUnavailableError, match="16 earlier calls hang"):
        jobs.run(b"abc")
    assert len(service.times("status")) == 16
    release.set()


def test_ctrl_c_leaves_the_job_as_it_is(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=3)
    jobs = jobs_in(tmp_path, service)
    record = jobs.submit(b"abc")

    def interrupt(progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.wait(record.tag, progress=interrupt)
    assert jobs.ledger.get(record.tag).state is JobState.QUEUED
    assert jobs.result(record.tag) == answer(b"abc")


def test_too_many_requests_are_waited_out(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    service.plan("submit", fails(http_error(429, "slow", retry_after="1.5")))
    service.plan("status", fails(http_error(429, "slow")))
    assert jobs.run(b"abc") == answer(b"abc")
    first, second = service.times("submit")
    assert second - first >= 1.49
    refused, again = service.times("status")[:2]
    assert again - refused >= 0.99
    assert len(service.jobs) == 1


def test_a_pause_holds_for_all_calls_and_processes(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", polls=9)
    jobs = jobs_in(tmp_path, service)
    record = jobs.submit(b"abc")
    service.plan("submit", fails(http_error(429, "slow", retry_after="900")))
    with pytest.raises(WaitTimeoutError, match="left alone") as caught:
        jobs.submit(b"other", timeout=0.1)
    assert not caught.value.job_may_exist
    before = len(service.calls)
    other = jobs_in(tmp_path, service)
    with pytest.raises(WaitTimeoutError):
        other.wait(record.tag, timeout=0.1)
    assert len(service.calls) == before
    assert 890 < other.ledger.pause_left("tester") <= 900


def test_repeated_submissions_below_us_are_noticed(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    service.submits_once = False
    jobs = jobs_in(tmp_path, service)
    submit = service.submit

    def thrice(payload: bytes, tag: str) -> str:
        return [submit(payload, tag) for _ in range(3)][-1]

    service.submit = thrice  # type: ignore[method-assign]
    with pytest.warns(DuplicateJobWarning, match="held 3 jobs"):
        record = jobs.submit(b"abc")
    assert len(service.live) == 1
    assert jobs.result(record.tag) == answer(b"abc")


def test_one_id_for_two_jobs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service, Pace(shortest=0.005, longest=0.01, patience=0.05))
    first = jobs.submit(b"abc")
    monkeypatch.setattr(service, "submit", lambda *_: first.job_id)
    with pytest.raises(ServiceAnswerError, match="to another one before"):
        jobs.submit(b"other")


def test_threads_that_wait_for_one_job_send_it_once(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server")
    jobs = jobs_in(tmp_path, service)
    record = jobs.ledger.plan(service.name, service.account, b"abc", digest="0")
    release = threading.Event()
    service.plan("submit", stalls(release))
    threading.Timer(0.3, release.set).start()
    results: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: results.append(jobs.result(record.tag))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [answer(b"abc")] * 6
    assert len(service.jobs) == 1


def test_http_answers() -> None:
    assert isinstance(http_error(429, "slow"), RateLimitedError)
    assert isinstance(http_error(409, "quota", submitting=True), QuotaExceededError)
    assert isinstance(http_error(418, "teapot", submitting=True), JobRejectedError)
    strange = http_error(302, "elsewhere", submitting=True)
    assert isinstance(strange, ServiceAnswerError)
    assert strange.job_may_exist
