"""Where jobs run: a machine of the service, a session or batch on one, or a simulated device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, final

from qiskit.providers import BackendV2
from qiskit_ibm_runtime import IBMBackend, Session

from circuits.backends.ibm.fakes import fake_device
from circuits.backends.qiskit.device import cut_out
from circuits.errors import ArgumentTypeError, InvalidArgumentError, JobStateError
from circuits.machines.target import check_backend

FAKE = "fake"
SERVICE = "ibm"


class Mode(ABC):
    """A place where jobs run.

    Attributes:
        local: Whether jobs are simulated in this process.
        name: Name of the device.
    """

    local: bool
    name: str

    @property
    @abstractmethod
    def backend(self) -> Any:
        """The device, a `BackendV2`."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The mode as in `repr`."""


@final
class LocalMode(Mode):
    """A device that is simulated: fake, cut out of another one, or a simulator."""

    local = True

    def __init__(self, device: Any) -> None:
        check_backend(device, "mode")
        self.device = device
        self.name = str(getattr(device, "name", type(device).__name__))

    @property
    def backend(self) -> Any:
        return self.device

    @property
    def text(self) -> str:
        return repr(self.name)


@final
class ServiceMode(Mode):
    """A machine of the service, alone or in a session or batch; connected when it is needed.

    Copies and pickles hold names only, and connect anew with the account of the place where they
    arrive.

    Args:
        name: Name of the machine.
        instance: CRN of the service instance; `None` takes the account's.
        session: Identifier of a session or batch.
        backend: The machine, where it is at hand.
    """

    local = False

    def __init__(
        self,
        name: str,
        instance: str | None = None,
        session: str | None = None,
        backend: Any = None,
    ) -> None:
        self.name, self.instance, self.session = name, instance, session
        self._backend = backend

    @property
    def backend(self) -> Any:
        if self._backend is None:
            from circuits.backends.ibm.connection import connect

            service = connect(**({} if self.instance is None else {"instance": self.instance}))
            self._backend = service.machine(self.name)
        return self._backend

    @property
    def text(self) -> str:
        return repr(self.name) + (f", session={self.session!r}" if self.session else "")

    def __getstate__(self) -> dict[str, Any]:
        instance = self.instance
        if instance is None and self._backend is not None:
            instance = self._backend._instance
        return {**self.__dict__, "_backend": None, "instance": instance}


def mode_of(given: Any) -> Mode:
    """The place that a user names.

    Args:
        given: A `BackendV2`: a machine of the service (`IBMBackend`), or any other, which is
            simulated locally; a `Session` or `Batch` on one; or a name: `"ibm_boston"` or
            `"ibm:ibm_boston"` for a machine of the account, `"fake:boston"` for a device that
            ships with qiskit-ibm-runtime, `"fake:boston:4"` for its best 4 connected qubits.

    Raises:
        ArgumentTypeError: If it is none of these.
        InvalidArgumentError: If a name is malformed or not known.
        JobStateError: If the session is closed.
    """
    if isinstance(given, str):
        return _named(given)
    if isinstance(given, Session):
        if not given._active:
            raise JobStateError(
                f"Argument `mode`: the {type(given).__name__} is closed and takes no more jobs."
            )
        backend = given._backend
        if not isinstance(backend, IBMBackend):
            return LocalMode(backend)
        return ServiceMode(backend.name, backend._instance, given.session_id, backend)
    if isinstance(given, IBMBackend):
        return ServiceMode(given.name, given._instance, None, given)
    if isinstance(given, BackendV2):
        return LocalMode(given)
    raise ArgumentTypeError(
        "Argument `mode` must be a Qiskit BackendV2 (an IBMBackend, a fake device, "
        "circuits.cut_out(...)), a Session, a Batch, or a name such as 'ibm_boston' or "
        f"'fake:boston:4', got {type(given).__name__}: {given!r}."
    )


def _named(text: str) -> Mode:
    scheme, _, rest = text.partition(":")
    if ":" not in text:
        scheme, rest = (FAKE if text.lower().startswith("fake") else SERVICE), text
    name, _, number = rest.partition(":")
    if scheme == FAKE:
        device = fake_device(name)
        if not number:
            return LocalMode(device)
        if not number.isdigit() or not int(number):
            raise InvalidArgumentError(
                f"Argument `mode`: {text!r} must end with a number of qubits, as 'fake:boston:4'."
            )
        return LocalMode(cut_out(device, n_qubits=int(number)))
    if scheme != SERVICE or number or not name:
        raise InvalidArgumentError(
            f"Argument `mode`: {text!r} is no name of a device; expected 'ibm:NAME', 'fake:NAME' "
            "or 'fake:NAME:QUBITS'."
        )
    return ServiceMode(name)
