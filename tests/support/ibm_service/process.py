"""`IBMService`: the service as tests hold it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, final

from .answers import BASE, CRN, Settings
from .faults import Fault

_ROOT = Path(__file__).parents[3]
_CONTROL = threading.Lock()


@final
class IBMService:
    """A service in a process of its own; use it as a context.

    Args:
        folder: Where its files are; a service that is started on the folder of an earlier one has
            its jobs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.key, self._generation = Settings().key, 0
        self._process: subprocess.Popen[str] | None = None
        self.start()

    # ---- Its life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts it, on its earlier port if it had one."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.ibm_service", str(self.folder), str(self.port)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.strip():
            raise RuntimeError("The service did not start; see its error above.")
        self.port = int(line)

    def stop(self) -> None:
        """Kills it: connections are refused until `start`."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> IBMService:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    # ---- How clients reach it ------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the interface of jobs is."""
        return f"http://127.0.0.1:{self.port}{BASE}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which `QiskitRuntimeService()` reaches it, without any argument."""
        root = f"http://127.0.0.1:{self.port}"
        return {
            "QISKIT_IBM_CHANNEL": "ibm_quantum_platform",
            "QISKIT_IBM_TOKEN": self.key,
            "QISKIT_IBM_INSTANCE": CRN,
            "QISKIT_IBM_URL": self.url,
            "IAM_URL": f"{root}/iam",
            "GLOBAL_SEARCH_URL": f"{root}/search",
            "GLOBAL_CATALOG_URL": f"{root}/catalog",
            "USAGE_DATA_OPT_OUT": "True",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    # ---- What tests do with it -----------------------------------------------------------------

    def plan(self, *faults: Fault) -> None:
        """Lets calls go wrong; rows are tried in order."""
        self._control("plan", [asdict(fault) for fault in faults])

    def clear(self) -> None:
        """Forgets all faults and lets stalled answers go."""
        self._control("clear")

    def reset(self) -> None:
        """Forgets everything: faults, settings, jobs, requests."""
        self._control("reset")
        self.key, self._generation = Settings().key, 0

    def set(self, **settings: Any) -> None:
        """Changes settings (`answers.Settings`): `set(per_minute=5, token_lifetime=2)`."""
        self._control("set", settings)
        self.key = settings.get("key", self.key)

    def revoke_tokens(self) -> None:
        """Makes all bearer tokens void, as if they had expired at the service."""
        self._generation += 1
        self.set(generation=self._generation)

    def pause(self) -> None:
        """Lets jobs wait in the queue until `go_on`."""
        self._control("pause", True)

    def go_on(self) -> None:
        """Lets jobs run."""
        self._control("pause", False)

    def release(self) -> None:
        """Lets stalled answers go on."""
        self._control("release")

    def ask(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the tables `jobs`, `sessions` and `requests` (`store.py`)."""
        found: list[dict[str, Any]] = self._control("ask", [sql, *values])
        return found

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, oldest first, without what was submitted and what came out."""
        names = "number, id, backend, program, tags, session, cost, created, status, reason, code"
        found = self.ask(f"SELECT {names} FROM jobs ORDER BY number")
        return [{**job, "tags": json.loads(job["tags"])} for job in found]

    def calls(self, *names: str) -> list[dict[str, Any]]:
        """The requests of the endpoints of these names, or all; oldest first."""
        found = self.ask("SELECT * FROM requests ORDER BY number")
        return [row for row in found if not names or row["call"] in names]

    def _control(self, action: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/stub/{action}",
            data=json.dumps(body).encode(),
            method="POST",
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with _CONTROL, opener.open(request, timeout=120) as answer:
            return json.loads(answer.read())
