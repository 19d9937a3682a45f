"""Faults of submitting, and of looking for a job that may exist: the right result or our error."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from tests.ibm.cases import LOOKING, SUBMITTING
from tests.ibm.run_case import check
from tests.support.ibm_service import IBMService

pytestmark = pytest.mark.filterwarnings("ignore")

CASES = {**SUBMITTING, **LOOKING}


@pytest.mark.parametrize("name", CASES)
def test_case(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check(ibm_service, CASES[name], tmp_path, monkeypatch)
