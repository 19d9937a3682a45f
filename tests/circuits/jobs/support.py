"""Ledgers and jobs with short pauses."""

from __future__ import annotations

from pathlib import Path

from circuits.jobs import Jobs, Ledger, Pace
from tests.support.job_service import FolderService

QUICK = Pace(shortest=0.005, longest=0.02, call=5.0, patience=1.0, submissions=5)


def jobs_in(folder: Path, service: FolderService | None = None, pace: Pace = QUICK) -> Jobs:
    """Jobs whose ledger and service are in `folder`."""
    service = FolderService(folder / "server") if service is None else service
    return Jobs(service, Ledger(folder / "jobs.sqlite"), pace=pace)
