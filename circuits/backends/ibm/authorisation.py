"""Tokens for requests; the client's fallback to the account's key is an error here."""

from __future__ import annotations

from typing import Any, final

import requests
from requests.auth import AuthBase

from circuits.backends.ibm.transport import READ_SECONDS, check_address
from circuits.errors import AuthenticationError, JobError, ServiceUnavailableError
from circuits.jobs import redacted

_REFUSALS = 3
_DENIED = (400, 401, 403)


@final
class Authorisation(AuthBase):
    """Puts a bearer token into requests, or raises.

    Args:
        auth: The client's own, whose token manager is used.
    """

    def __init__(self, auth: Any) -> None:
        self._auth = auth
        self._tokens = auth.tm
        self._tokens.http_config = {**self._tokens.http_config, "timeout": READ_SECONDS}
        self._refusals = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update({"Service-CRN": self._auth.crn, "Authorization": self._bearer()})
        return request

    def __deepcopy__(self, memo: Any) -> Authorisation:
        return Authorisation(self._auth)

    def _bearer(self) -> str:
        check_address(self._tokens.url)
        try:
            return f"Bearer {self._tokens.get_token()}"
        except Exception as error:
            # A failed request would make the next one wait for a minute.
            self._tokens.request_time = 0
            failure = _failure(error, self.secrets())
        raise failure

    def refused(self) -> bool:
        """Notes that the service refused the token; returns whether another one may help."""
        self._refusals += 1
        self._tokens.expire_time = self._tokens.refresh_time = 0
        return self._refusals < _REFUSALS

    def accepted(self) -> None:
        """Notes that the service took the token."""
        self._refusals = 0

    def secrets(self) -> tuple[str, ...]:
        """The key and the token."""
        found = (self._auth.api_key, self._tokens.access_token)
        return tuple(text for text in found if isinstance(text, str) and text)


def _failure(error: Exception, secrets: tuple[str, ...]) -> JobError:
    status = getattr(error, "status_code", None)
    said = redacted(f"{type(error).__name__}: {error}", secrets)
    if status in _DENIED:
        return AuthenticationError(
            f"IBM's token service does not accept the account's key ({status}): {said}. Check "
            "QISKIT_IBM_TOKEN or the saved account."
        )
    return ServiceUnavailableError(
        f"No token from IBM's token service: {said}. The account's key is never sent in its "
        "place; nothing was sent.",
        job_may_exist=False,
    )
