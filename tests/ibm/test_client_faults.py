"""Planned faults do to the stock client what was measured: why it needs the job ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import (
    IBMNotAuthorizedError,
    IBMRuntimeError,
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobMaxTimeoutError,
    RuntimeJobTimeoutError,
)

from tests.ibm.test_client import sample
from tests.support.ibm_service import FOR_EVER, Fault, IBMService

pytestmark = pytest.mark.filterwarnings("ignore")

SUBMITTING: dict[str, tuple[Fault, type[Exception] | None, int]] = {
    "500 twice": (Fault("submit", times=2), None, 1),
    "502 twice after storing": (Fault("submit", status=502, when="after", times=2), None, 3),
    "429": (Fault("submit", status=429, headers={"Retry-After": "1"}), IBMRuntimeError, 0),
    "dropped before storing": (Fault("submit", "drop"), IBMRuntimeError, 0),
    "dropped after storing": (Fault("submit", "drop", when="after"), IBMRuntimeError, 1),
    "no JSON": (Fault("submit", status=200, body="what?"), Exception, 0),
    "empty object": (Fault("submit", status=200, body={}), KeyError, 0),
}
FETCHING: dict[str, tuple[Fault, type[Exception] | None]] = {
    "status 500 three times": (Fault("status", times=3), None),
    "status dropped twice": (Fault("status", "drop", times=2), None),
    "status 429": (Fault("status", status=429), RequestsApiError),
    "status 401": (Fault("status", status=401), IBMNotAuthorizedError),
    "results truncated": (Fault("results", "truncate", times=FOR_EVER), RequestsApiError),
    "results damaged": (Fault("results", "damage"), Exception),
    "no JSON": (Fault("results", status=200, body="what?"), TypeError),
    "empty object": (Fault("results", status=200, body={}), ValueError),
}
ENDING: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "failed": ({"status": "Failed", "reason": "no"}, RuntimeJobFailureError),
    "too long": (
        {"status": "Cancelled", "reason_code": 1305, "reason": "long"},
        RuntimeJobMaxTimeoutError,
    ),
    "cancelled": ({"status": "Cancelled", "reason": "by staff"}, RuntimeInvalidStateError),
    "unknown": ({"status": "Exploded"}, RuntimeJobTimeoutError),
    "queued for ever": ({}, RuntimeJobTimeoutError),
}


def check(call: Callable[[], Any], error: type[Exception] | None) -> None:
    if error is None:
        assert call() is not None
    else:
        with pytest.raises(error):
            call()


@pytest.mark.parametrize("name", SUBMITTING)
def test_submitting(ibm_service: IBMService, name: str) -> None:
    fault, error, stored = SUBMITTING[name]
    backend = QiskitRuntimeService().backend("ibm_quiet")
    ibm_service.pause()
    ibm_service.plan(fault)
    check(lambda: sample(backend), error)
    assert len(ibm_service.jobs) == stored


@pytest.mark.parametrize("name", FETCHING)
def test_fetching(ibm_service: IBMService, name: str) -> None:
    fault, error = FETCHING[name]
    job = sample(QiskitRuntimeService().backend("ibm_quiet"))
    ibm_service.plan(fault)
    check(lambda: job.result(timeout=60), error)
    assert len(ibm_service.jobs) == 1


@pytest.mark.parametrize("name", ENDING)
def test_ending(ibm_service: IBMService, name: str) -> None:
    end, error = ENDING[name]
    ibm_service.plan(Fault("run", "job", body=end))
    job = sample(QiskitRuntimeService().backend("ibm_quiet"))
    never_ends = error is RuntimeJobTimeoutError
    check(lambda: job.result(timeout=1 if never_ends else 60), error)


def test_an_empty_result_is_none(ibm_service: IBMService) -> None:
    job = sample(QiskitRuntimeService().backend("ibm_quiet"))
    ibm_service.plan(Fault("results", status=200, body=""))
    assert job.result(timeout=60) is None


def test_the_key_itself_is_sent_when_tokens_fail(ibm_service: IBMService) -> None:
    backend = QiskitRuntimeService().backend("ibm_quiet")
    ibm_service.revoke_tokens()
    backend._api_client._session.auth.tm.expire_time = 0  # as after an hour
    ibm_service.plan(Fault("token", times=FOR_EVER))
    backend.status()
    assert ibm_service.calls("machine")[-1]["auth"] == "apikey"


def test_faults_in_order_and_limits(ibm_service: IBMService) -> None:
    backend = QiskitRuntimeService().backend("ibm_quiet")
    ibm_service.pause()
    ibm_service.set(per_minute=1)
    job = sample(backend)
    with pytest.raises(IBMRuntimeError, match="429"):
        sample(backend)
    ibm_service.plan(Fault("status", status=404, skip=1), Fault("status", status=403))
    for code in ("403", "404"):
        with pytest.raises(RequestsApiError, match=code):
            job.status()
    assert job.status() == "QUEUED"
