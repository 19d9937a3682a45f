"""The client's primitives up to the moment when they would send a job.

A primitive hands its program to its session, or to its service in local mode. The recorder stands
for both: what would be sent is kept, or simulated here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from qiskit_ibm_runtime import EstimatorV2, SamplerV2, Session
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.fake_provider.local_service import QiskitRuntimeLocalService

from circuits.backends.ibm.options import ESTIMATOR, SAMPLER
from circuits.errors import InvalidArgumentError, KetworkError, UnsupportedOperationError

CURRENT: Mapping[str, Any] = {ESTIMATOR: Estimator, SAMPLER: Sampler}

LEGACY: Mapping[str, Any] = {ESTIMATOR: EstimatorV2, SAMPLER: SamplerV2}
"""The deprecated ones, which IBM removes some day."""

LocalRun = Callable[[Any, Any, Any], Any]


@final
@dataclass(frozen=True)
class Program:
    """A job as the client would send it.

    Attributes:
        program_id: Name of the program at the service.
        inputs: Its parameters.
        options: Settings of the execution: tags, limits of time, image.
        calibration_id: Calibration that the machine was asked for with.
    """

    program_id: str
    inputs: Mapping[str, Any]
    options: Mapping[str, Any]
    calibration_id: str | None


@final
class _Service:
    """What a primitive asks its service for."""

    def __init__(self, run: LocalRun | None) -> None:
        self.is_local = run is not None
        self._run_locally = run

    def _run_executor(self, backend: Any, options: Any, program: Any, dry_run: bool = False) -> Any:
        assert self._run_locally is not None
        return self._run_locally(backend, options, program)


@final
class Recorder(Session):
    """A session that sends nothing.

    Args:
        backend: The device.
        run: Runs a program of the executor locally; `None` records it as for the service.
    """

    def __init__(self, backend: Any, run: LocalRun | None = None) -> None:
        self._backend, self._service = backend, _Service(run)
        self._instance = getattr(backend, "_instance", None)
        self._active, self._session_id = True, None

    def _run(
        self,
        program_id: str,
        inputs: dict[str, Any],
        options: dict[str, Any] | None = None,
        calibration_id: str | None = None,
        **_: Any,
    ) -> Any:
        if self._service.is_local:
            return QiskitRuntimeLocalService()._run(
                program_id=program_id,
                inputs=dict(inputs),
                options={"backend": self._backend},
                calibration_id=calibration_id,
            )
        return Program(program_id, inputs, dict(options or {}), calibration_id)


def recorded(
    kind: str,
    pubs: Sequence[Any],
    options: Mapping[str, Any],
    backend: Any,
    run: LocalRun | None = None,
    *,
    legacy: bool = False,
) -> Any:
    """What a primitive makes of pubs: a `Program`, or, in local mode, a job that runs.

    Args:
        kind: `"estimator"` or `"sampler"`.
        pubs: Its pubs.
        options: Its options.
        backend: The device.
        run: As for `Recorder`.
        legacy: Whether the deprecated primitives are used.

    Raises:
        InvalidArgumentError: If the client refuses pubs or options.
        UnsupportedOperationError: If the client says that an option has no effect.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*ha(s|ve) no effect.*", category=UserWarning)
        warnings.filterwarnings("ignore", ".*deprecated.*", category=DeprecationWarning)
        try:
            primitive = (LEGACY if legacy else CURRENT)[kind](
                mode=Recorder(backend, run), options=dict(options)
            )
            return primitive.run(pubs)
        except KetworkError:
            raise
        except UserWarning as warning:
            raise UnsupportedOperationError(f"qiskit-ibm-runtime: {warning}") from warning
        except Exception as error:  # the client's own classes are of several libraries
            raise InvalidArgumentError(
                f"qiskit-ibm-runtime's {kind} refuses the request: {type(error).__name__}: {error} "
                "Nothing was sent."
            ) from error
