"""`Slurm`: calls as jobs of a SLURM cluster."""

from __future__ import annotations

import os
import time
from typing import Any, final

from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError, MissingDependencyError
from optim.executors.base import Died, Executor
from optim.executors.call import Answer, Call
from optim.executors.processes import answer_with


@final
class Slurm(Executor):
    """Runs calls as jobs of a SLURM cluster through submitit (extra `distributed`).

    Calls and values are pickled in files of `folder`, which the cluster's machines must see;
    unpickling runs code, so nobody else may be able to write there.

    Args:
        folder: Folder of the jobs' files and logs.
        workers: Jobs that are queued or run at the same time.
        cluster: `"slurm"`, or `"local"` for processes of this machine (to try things out).
        threads: Threads of torch and of the kernels, and CPUs, of each job.
        minutes: Time limit of a job.
        poll: Seconds between two looks at the jobs; default 0.1 locally and 10 on SLURM.
        retries: See `Executor`. Jobs that SLURM preempts or that time out count as died.
        **parameters: Passed to submitit's `update_parameters`: `slurm_partition="gpu"`,
            `mem_gb=8`, ...
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        workers: int = 100,
        *,
        cluster: str = "slurm",
        threads: int = 1,
        minutes: int = 60,
        poll: float | None = None,
        retries: int = 2,
        **parameters: Any,
    ) -> None:
        super().__init__(workers, retries=retries)
        self.threads = integer(threads, "threads")
        if cluster not in ("slurm", "local"):
            raise InvalidArgumentError(
                f"Argument `cluster` must be 'slurm' or 'local', got {cluster!r}."
            )
        try:
            import submitit
        except ImportError as error:
            raise MissingDependencyError(
                "submitit", extra="distributed", purpose="calls on a SLURM cluster"
            ) from error
        usual = {"slurm": 10.0, "local": 0.1}[cluster]
        self._poll = usual if poll is None else number(poll, "poll")
        self._failures = (
            submitit.core.utils.FailedJobError,
            submitit.core.utils.UncompletedJobError,
        )
        self._queue: Any = submitit.AutoExecutor(folder=os.fspath(folder), cluster=cluster)
        self._queue.update_parameters(
            timeout_min=integer(minutes, "minutes"), cpus_per_task=self.threads, **parameters
        )

    def _start(self, call: Call) -> Any:
        return self._queue.submit(answer_with, self.threads, call.function, call.args, call.kwargs)

    def _collect(self, timeout: float | None) -> list[tuple[Call, Answer | Died]]:
        limit = None if timeout is None else time.monotonic() + timeout
        while True:
            ended = [call for call, job in self._running.items() if job.done()]
            if ended:
                return [(call, self._outcome(self._running[call])) for call in ended]
            rest = self._poll if limit is None else min(self._poll, limit - time.monotonic())
            if rest <= 0:
                return []
            time.sleep(rest)

    def _outcome(self, job: Any) -> Answer | Died:
        try:
            found: Answer = job.results()[0]
        except self._failures as error:
            return Died(f"job {job.job_id}: {str(error).partition(chr(10))[0]}")
        return found

    def _interrupt(self, call: Call, running: Any) -> bool:
        running.cancel(check=False)
        return True

    def _stop(self, running: dict[Call, Any]) -> None:
        for job in running.values():
            job.cancel(check=False)
