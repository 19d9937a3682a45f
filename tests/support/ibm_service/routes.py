"""The endpoints: what is asked for, under which name, and what answers it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from . import account_calls as account
from . import job_calls as job
from . import session_calls as sessions
from .answers import BASE, Answer, Call

ROUTES: tuple[tuple[str, str, str, Callable[..., Answer]], ...] = (
    ("token", "POST", "/iam/identity/token", account.token),
    ("search", "POST", "/search/v3/resources/search", account.search),
    ("catalog", "GET", "/catalog/([^/]+)", account.catalog),
    ("backends", "GET", f"{BASE}/backends", account.backends),
    ("configuration", "GET", f"{BASE}/backends/([^/]+)/configuration", account.configuration),
    ("properties", "GET", f"{BASE}/backends/([^/]+)/properties", account.properties),
    ("machine", "GET", f"{BASE}/backends/([^/]+)/status", account.machine),
    ("usage", "GET", f"{BASE}/instances/usage", account.usage),
    ("submit", "POST", f"{BASE}/jobs", job.submit),
    ("jobs", "GET", f"{BASE}/jobs", job.jobs),
    ("status", "GET", f"{BASE}/jobs/([^/]+)", job.job),
    ("delete", "DELETE", f"{BASE}/jobs/([^/]+)", job.delete),
    ("results", "GET", f"{BASE}/jobs/([^/]+)/results", job.results),
    ("cancel", "POST", f"{BASE}/jobs/([^/]+)/cancel", job.cancel),
    ("metrics", "GET", f"{BASE}/jobs/([^/]+)/metrics", job.metrics),
    ("logs", "GET", f"{BASE}/jobs/([^/]+)/logs", job.logs),
    ("tags", "PUT", f"{BASE}/jobs/([^/]+)/tags", job.tags),
    ("open session", "POST", f"{BASE}/sessions", sessions.open_session),
    ("session", "GET", f"{BASE}/sessions/([^/]+)", sessions.session),
    ("change session", "PATCH", f"{BASE}/sessions/([^/]+)", sessions.change_session),
    ("close session", "DELETE", f"{BASE}/sessions/([^/]+)/close", sessions.close_session),
)
"""Name, method, path, function; the names are what faults are planned for."""

_FOUND = tuple((name, method, re.compile(path), f) for name, method, path, f in ROUTES)


def _answer(function: Callable[..., Answer], names: tuple[str, ...], call: Call) -> Answer:
    return function(call, *names)


def find(method: str, path: str) -> tuple[str, Callable[[Call], Answer]] | None:
    """The name of an endpoint, and what answers it."""
    for name, known, pattern, function in _FOUND:
        match = pattern.fullmatch(path)
        if known == method and match:
            return name, partial(_answer, function, match.groups())
    return None
