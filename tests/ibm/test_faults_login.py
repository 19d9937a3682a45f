"""Faults of logging in: the right result, or an error of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from tests.ibm.cases import LOGIN
from tests.ibm.run_case import check
from tests.support.ibm_service import IBMService

pytestmark = pytest.mark.filterwarnings("ignore")

CASES = LOGIN

NEVER_ANSWERED = ("token service down", "token service drops", "token service stalls")


@pytest.mark.parametrize("name", CASES)
def test_case(
    ibm_service: IBMService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seconds = 3.0 if name in NEVER_ANSWERED else 60.0
    check(ibm_service, CASES[name], tmp_path, monkeypatch, login=seconds)
