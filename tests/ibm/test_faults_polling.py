"""Faults of waiting, and ends of jobs: the right result, or an error of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from tests.ibm.cases import ENDING, POLLING
from tests.ibm.run_case import check
from tests.support.ibm_service import IBMService

pytestmark = pytest.mark.filterwarnings("ignore")

CASES = {**POLLING, **ENDING}


@pytest.mark.parametrize("name", CASES)
def test_case(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check(ibm_service, CASES[name], tmp_path, monkeypatch)
