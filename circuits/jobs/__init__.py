"""Jobs on remote machines that are never lost and never sent twice: the ledger and its waits.

`Jobs(service).run(payload)` sends a request and returns its result. `JobService` is what a machine
must offer; `Ledger` is the file in which all is written down.
"""

from __future__ import annotations

from .digest import content_digest, payload_digest
from .http import http_error, retry_after_seconds
from .jobs import Jobs, failure
from .ledger import Ledger
from .places import default_ledger_path
from .progress import Pace, Progress, progress_lines
from .records import JobEvent, JobRecord
from .secrets import redacted
from .service import JobService, ServiceStatus
from .services import open_service, register_service
from .states import JobState

__all__ = [
    "JobEvent",
    "JobRecord",
    "JobService",
    "JobState",
    "Jobs",
    "Ledger",
    "Pace",
    "Progress",
    "ServiceStatus",
    "content_digest",
    "default_ledger_path",
    "failure",
    "http_error",
    "open_service",
    "payload_digest",
    "progress_lines",
    "redacted",
    "register_service",
    "retry_after_seconds",
]
