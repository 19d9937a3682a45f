"""A planted key appears nowhere: not in the ledger, exceptions, logs, reprs or pickles."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path

import pytest

from circuits.errors import InvalidArgumentError, JobError, ServiceAnswerError
from circuits.jobs import JobState, Pace, ServiceStatus, redacted
from tests.circuits.jobs.support import jobs_in
from tests.support.job_service import FolderService, answer, fails

_KEY = "c4n4ry-Xq7-4815162342-zzTop"


def everything(error: BaseException | None) -> str:
    """All that can be reached from an exception."""
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
    return text + everything(error.__cause__) + everything(error.__context__)


@pytest.mark.parametrize("source", ["service", "environment"])
def test_a_planted_key_appears_nowhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    source: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    if source == "environment":
        monkeypatch.setenv("QISKIT_IBM_TOKEN", _KEY)
    service = FolderService(tmp_path / "server", key=_KEY if source == "service" else "")
    jobs = jobs_in(tmp_path, service, Pace(0.005, 0.01, call=5.0, patience=0.05))
    found: list[str] = [repr(jobs), repr(jobs.ledger), pickle.dumps(jobs.ledger).hex()]
    notes: list[str] = []
    leaks = [
        RuntimeError(f"POST failed, headers {{'Authorization': 'apikey {_KEY}'}}"),
        ConnectionError(f"https://user:{_KEY}@host refused"),
        ServiceAnswerError(f"what is {_KEY}?"),
    ]
    for call in ("submit", "find", "status", "result"):
        for number, leak in enumerate(leaks):
            if call == "find":
                service.plan("submit", fails(OSError("reset"), "after"))
            service.plan(call, *[fails(leak)] * 100)
            with pytest.raises(JobError) as caught:
                jobs.run(
                    b"%d" % number, key=f"{call} {number}", progress=lambda p: notes.append(str(p))
                )
            found += [everything(caught.value), pickle.dumps(caught.value).decode("latin1")]
            service.faults.clear()
    status = ServiceStatus(JobState.FAILED, reason=f"token {_KEY} was refused")
    record = jobs.submit(b"d")
    with monkeypatch.context() as patch:
        patch.setattr(service, "status", lambda job_id: status)
        with pytest.raises(JobError, match="was refused") as caught:
            jobs.result(record.tag)
    found += [everything(caught.value), repr(jobs.ledger.records()), *notes, caplog.text]
    found += [repr(jobs.ledger.events(job.tag)) for job in jobs.ledger.records()]
    found += capfd.readouterr()
    for text in found:
        assert _KEY not in text
        assert _KEY.encode().hex() not in text
    for path in tmp_path.glob("jobs*"):
        assert _KEY.encode() not in path.read_bytes(), path
    assert "[secret]" in "".join(found)


def test_a_key_in_a_request_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FolderService(tmp_path / "server", key=_KEY)
    jobs = jobs_in(tmp_path, service)
    for payload, key, facts in (
        (f"token={_KEY}".encode(), None, {}),
        (b"", f"run {_KEY}", {}),
        (b"", None, {"account": {"token": _KEY}}),
    ):
        with pytest.raises(InvalidArgumentError, match="key or token") as caught:
            jobs.submit(payload, key=key, facts=facts)
        assert _KEY not in everything(caught.value).replace(repr(payload), "")
    assert service.jobs == []
    assert jobs.ledger.records() == []
    monkeypatch.setattr(service, "result", lambda job_id: f"{{'token': '{_KEY}'}}".encode())
    with pytest.raises(ServiceAnswerError, match="key or token"):
        jobs.run(b"abc")
    monkeypatch.undo()
    assert jobs.result(jobs.ledger.records()[0].tag) == answer(b"abc")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRETSECRET",
        "Authorization=apikey SECRETSECRET",
        '{"apikey": "SECRETSECRET"}',
        "grant_type=x&api_key=SECRETSECRET&y=1",
        "access_token: 'SECRETSECRET'",
        "https://me:SECRETSECRET@host/path",
        "got eyJhbGciOiJ.SECRETSECRET.SECRETSECRET",
    ],
)
def test_what_looks_like_a_key_is_taken_out(text: str) -> None:
    assert "SECRET" not in redacted(text)
    assert "[secret]" in redacted(text)


def test_other_text_stays() -> None:
    text = "Job 7 failed: qubit 3 of ibm_boston is faulty (code 1305), see https://x.y/z"
    assert redacted(text) == text
    assert len(redacted("x" * 10_000)) < 2100
