"""`Ray`: calls as tasks of a Ray cluster."""

from __future__ import annotations

import os
import secrets
from typing import Any, final

from circuits.arguments import integer
from circuits.errors import MissingDependencyError
from optim.executors.base import Died, Executor
from optim.executors.call import Answer, Call
from optim.executors.processes import answer_with

# Ray answers on the outward address of the machine even where it is asked for 127.0.0.1, unless
# this variable says that there are no clusters; and it writes the token that guards its ports,
# readable by all, to the home directory, unless it is given one.
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}


@final
class Ray(Executor):
    """Runs calls as tasks of a Ray cluster (extra `distributed`).

    Where Ray runs in this process already it is used, and left running. Otherwise one is started
    on this machine that listens on the loopback interface only, with a token that exists in the
    environment of its processes alone, and is ended by `close`. Anyone who can reach a Ray
    cluster's ports and knows its token can run code there.

    Args:
        workers: Calls at the same time; the number of cores that a started Ray has.
        address: Address of a cluster to join, such as `"auto"` or `"ray://host:10001"`.
        threads: Threads of torch and of the kernels for each call.
        retries: See `Executor`.
    """

    def __init__(
        self, workers: int = 1, *, address: str | None = None, threads: int = 1, retries: int = 2
    ) -> None:
        super().__init__(workers, retries=retries)
        self.threads = integer(threads, "threads")
        try:
            for name, value in _LOOPBACK.items() if address is None else ():
                os.environ.setdefault(name, value)
            import ray
        except ImportError as error:
            raise MissingDependencyError(
                "ray", extra="distributed", purpose="calls on a Ray cluster"
            ) from error
        self._ray: Any = ray
        self._own = not ray.is_initialized()
        if self._own and address is None:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            ray.init(
                address="local",
                num_cpus=self.workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="error",
                _node_ip_address="127.0.0.1",
            )
        elif self._own:
            ray.init(address=address, log_to_driver=False, logging_level="error")
        self._call = ray.remote(max_retries=0, num_cpus=1)(answer_with)

    def _start(self, call: Call) -> Any:
        return self._call.remote(self.threads, call.function, call.args, call.kwargs)

    def _collect(self, timeout: float | None) -> list[tuple[Call, Answer | Died]]:
        calls = {reference: call for call, reference in self._running.items()}
        ended, _ = self._ray.wait(list(calls), num_returns=1, timeout=timeout)
        return [(calls[reference], self._outcome(reference)) for reference in ended]

    def _outcome(self, reference: Any) -> Answer | Died:
        lost = (
            self._ray.exceptions.WorkerCrashedError,
            self._ray.exceptions.NodeDiedError,
            self._ray.exceptions.OutOfMemoryError,
        )
        try:
            found: Answer = self._ray.get(reference)
        except lost as error:
            return Died(str(error).partition("\n")[0])
        except Exception as error:  # the value, not the function, failed on its way back
            return Answer(None, error, "", 0.0)
        return found

    def _interrupt(self, call: Call, running: Any) -> bool:
        self._ray.cancel(running, force=True)
        return True

    def _stop(self, running: dict[Call, Any]) -> None:
        for reference in running.values():
            self._ray.cancel(reference, force=True)
        if self._own:
            self._ray.shutdown()
