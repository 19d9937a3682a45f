"""Connections to the service: who the user is comes from the environment, an account, a callback.

Nothing of it is written anywhere, and the client's own connections are made strict: `https` only
(but for this machine), certificates are verified, and where no token can be had nothing is sent.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from typing import Any, final

from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.api.client import RuntimeClient
from qiskit_ibm_runtime.api.rest.runtime import Runtime
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.api.utils import default_runtime_url_resolver

from circuits.backends.ibm.authorisation import Authorisation
from circuits.backends.ibm.transport import Transport, check_address, is_loopback
from circuits.errors import (
    AuthenticationError,
    InvalidArgumentError,
    JobError,
    KetworkError,
    ServiceAnswerError,
    ServiceUnavailableError,
    UnsupportedOperationError,
)
from circuits.jobs import redacted
from circuits.jobs.calls import Caller

LOGIN_SECONDS = 90.0
_PAUSES = (0.5, 2.0)
"""Between attempts to log in, which change nothing at the service."""
_LOOKUPS = 2

Token = Callable[[], str]
_token_source: list[Token] = []


def token_from(source: Token | None) -> None:
    """Lets connections of this process ask a function for the account's key.

    Args:
        source: Called at every login; what it returns is kept by the connection only. `None`
            returns to environment and account.

    Raises:
        InvalidArgumentError: If it cannot be called.
    """
    if source is not None and not callable(source):
        raise InvalidArgumentError(
            f"Argument `source` must be a function that returns the key, got {type(source)}."
        )
    _token_source[:] = [] if source is None else [source]


@final
class Service(QiskitRuntimeService):
    """The client's service with strict connections.

    Raises:
        AuthenticationError: If the account is not accepted, or its settings are unsafe.
    """

    def __init__(self, **account: Any) -> None:
        self._transports: list[Transport] = []
        super().__init__(url_resolver=_address, **account)

    def machine(self, name: str) -> Any:
        """The machine of a name.

        Raises:
            InvalidArgumentError: If the account has none of this name.
            JobError: If the service cannot be asked, or its answers cannot be read.
        """
        for transport in self._transports:
            transport.last_error = None
        failure: KetworkError
        try:
            found = self.backend(name)
            _ = found.target  # the calibration is fetched and read here
        except JobError:
            raise
        except QiskitBackendNotFoundError:
            failure = self._missing(name)
        except Exception as error:  # whatever the client raises on what it cannot read
            failure = _unreadable(f"machine {name!r}", error)
        else:
            return found
        raise failure

    def _missing(self, name: str) -> KetworkError:
        """Why the client has no machine of a name, which it does not tell."""
        for transport in self._transports:
            if transport.last_error is not None:
                return transport.last_error
        names: list[str] = []
        for client in self.clients().values():
            try:
                names += [device["name"] for device in client.list_backends(True)]
            except JobError as error:
                return error
            except Exception as error:  # as above
                return _unreadable("machines", error)
        if name in names:
            return ServiceAnswerError(f"The service's description of {name!r} cannot be read.")
        return InvalidArgumentError(
            f"Argument `mode`: the account has no machine {name!r}; it has "
            f"{', '.join(sorted(names)) or 'none'}."
        )

    def clients(self) -> dict[str, RuntimeClient]:
        """The connections by instance."""
        return dict(self._get_api_clients())

    # The base class makes connections in three places, and asks nothing before one of these.
    def _resolve_cloud_instances(self, instance: str | None) -> Any:
        for client in (self._active_api_client, *self._api_clients.values()):
            self._harden(client)
        return super()._resolve_cloud_instances(instance)

    def _create_new_cloud_api_client(self, instance: str) -> RuntimeClient:
        return self._harden(super()._create_new_cloud_api_client(instance))

    def _harden(self, client: RuntimeClient) -> RuntimeClient:
        session = session_of(client)
        if not isinstance(session.auth, Authorisation):
            session.auth = Authorisation(session.auth)
            transport = Transport(_LOOKUPS)
            session.mount("https://", transport)
            session.mount("http://", transport)
            self._transports.append(transport)
        return client


def _address(url: str, instance: str, private: bool | None = False, channel: str = "") -> str:
    """Where an instance's interface is; an address on this machine stays as it is."""
    if is_loopback(url):
        return url
    return default_runtime_url_resolver(url, instance, bool(private), channel)


def _unreadable(what: str, error: Exception) -> ServiceAnswerError:
    text = redacted(f"{type(error).__name__}: {error}")
    return ServiceAnswerError(f"The service's answer on {what} cannot be read: {text}"[:500])


def connect(**account: Any) -> Service:
    """Logs in.

    Args:
        **account: Arguments of `QiskitRuntimeService`; by default all from the environment
            (`QISKIT_IBM_TOKEN`, `QISKIT_IBM_INSTANCE`, ...), the function of `token_from`, or the
            saved account.

    Raises:
        AuthenticationError: If there is no account, it is not accepted, or it is unsafe.
        ServiceUnavailableError: If the service cannot be reached.
    """
    if _token_source and "token" not in account:
        account["token"] = _token_source[0]()
        account.setdefault("url", os.environ.get("QISKIT_IBM_URL"))
        account.setdefault("instance", os.environ.get("QISKIT_IBM_INSTANCE"))
    if account.get("verify") is False:
        raise AuthenticationError("Connections verify certificates; leave `verify` out.")
    check_address(account.get("url") or os.environ.get("QISKIT_IBM_URL"))
    check_address(os.environ.get("IAM_URL"))
    secrets = [account.get("token") or os.environ.get("QISKIT_IBM_TOKEN") or ""]
    caller, end, pauses = Caller(), time.monotonic() + LOGIN_SECONDS, [*_PAUSES]
    while True:
        left = end - time.monotonic()
        try:
            return caller.call(lambda: _login(account, secrets), left, "login at IBM")
        except ServiceUnavailableError:
            if not pauses or end - time.monotonic() <= pauses[0]:
                raise
            time.sleep(pauses.pop(0))


def _login(account: dict[str, Any], secrets: list[str]) -> Service:
    try:
        return Service(**account)
    except JobError:
        raise
    except Exception as error:  # the client's and its libraries' own classes
        text = redacted(f"{type(error).__name__}: {error}", secrets)
        cause = _cause(error)
        why = "" if cause is error else redacted(f" ({type(cause).__name__}: {cause})", secrets)
        failure = AuthenticationError if _denied(error, cause) else ServiceUnavailableError
        mapped: JobError = failure(f"Login at IBM failed: {text}{why}.", job_may_exist=False)
    raise mapped


def _cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _denied(error: BaseException, cause: BaseException) -> bool:
    """Whether the account is to blame, not the way to the service."""
    status = getattr(cause, "status_code", None)
    if status is not None:
        return status in (400, 401, 403)
    return not isinstance(cause, OSError)


def session_of(client: Any) -> RetrySession:
    """The HTTP session of one of the client's connections.

    Raises:
        UnsupportedOperationError: If the client is built otherwise than the versions known here.
    """
    session = getattr(client, "_session", None)
    if not isinstance(session, RetrySession) or not hasattr(session.auth, "crn"):
        if isinstance(getattr(session, "auth", None), Authorisation):
            return session
        import qiskit_ibm_runtime

        raise UnsupportedOperationError(
            f"This version of qiskit-ibm-runtime ({qiskit_ibm_runtime.__version__}) connects in a "
            "way that is not known here, so its repetition of submissions could not be switched "
            "off. Install 0.51."
        )
    return session


def job_interface(client: RuntimeClient) -> tuple[Runtime, Authorisation]:
    """A connection of our own beside one of the client: no repetitions, errors as ours.

    Args:
        client: A connection of the client, whose account and token are shared.
    """
    theirs = session_of(client)
    auth: Any = theirs.auth
    own = auth if isinstance(auth, Authorisation) else Authorisation(auth)
    session = RetrySession(base_url=theirs.base_url, auth=own, proxies=dict(theirs.proxies))
    session.verify = theirs.verify
    session.mount("https://", Transport())
    session.mount("http://", Transport())
    return Runtime(session), own


def fingerprint(crn: str) -> str:
    """16 digits that stand for an account and an instance of it."""
    parts = crn.split(":")
    user = parts[6] if len(parts) > 6 else crn
    return _digest(user) + _digest(crn)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
