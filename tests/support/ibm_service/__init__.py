"""A service on loopback that speaks IBM's REST interface to the unmodified qiskit-ibm-runtime.

It runs in a process of its own (a killed client does not take it along), keeps its jobs in SQLite,
really runs what is submitted (Aer, seeded by the content, so a second run gives the same), and
lets any call go wrong as planned. Tests get one by the fixture `ibm_service`, which is fresh for
every test and has set the environment; nothing of the client is patched:

    def test_something(ibm_service: IBMService) -> None:
        service = QiskitRuntimeService()               # all from the environment
        backend = service.backend("ibm_manila")        # 5 qubits; see devices.MACHINES
        ibm_service.plan(
            Fault("submit", status=502, when="after"),          # stores the job, then says 502
            Fault("status", "stall", times=2),                  # the next two polls hang
            Fault("results", "truncate"),                       # half a body
            Fault("run", "job", body={"status": "Failed", "reason": "..."}),
        )
        ...
        assert len(ibm_service.jobs) == 1                       # what the server holds
        assert len(ibm_service.calls("submit")) == 2            # what was asked, in order
        assert not ibm_service.ask("SELECT * FROM requests WHERE auth = 'apikey'")

Names of calls are those of `routes.ROUTES`, kinds of faults those of `faults.Fault`. `set` changes
`answers.Settings` (limit on submissions, lifetime of tokens, the key), `revoke_tokens`, `pause` and
`go_on` (jobs stay in the queue), `stop` and `start` (connection refused; jobs are kept) do what
they say. Without the fixture: `with IBMService(folder) as service`, and set
`service.environment` in the processes that shall reach it.
"""

from __future__ import annotations

from .answers import CRN
from .faults import FOR_EVER, Fault
from .process import IBMService

__all__ = ["CRN", "FOR_EVER", "Fault", "IBMService"]
