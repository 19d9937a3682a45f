"""HTTP to the service: nothing is repeated, nothing lasts for ever, no key travels.

An adapter for the client's own session. Whatever goes wrong comes out as an error of ours.
"""

from __future__ import annotations

import ipaddress
import json
import time
from typing import Any, final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util.retry import Retry

from circuits.backends.ibm.deadline import POOLS, deadline
from circuits.errors import (
    AuthenticationError,
    JobError,
    ServiceAnswerError,
    ServiceUnavailableError,
)
from circuits.jobs import http_error

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
"""For reading an answer, headers and body together."""
POST_SECONDS = 30.0
ASIDE_SECONDS = 3.0
"""For what is only nice to know: the machine time of a job."""
LARGEST = 900_000_000
"""Bytes of an answer, decompressed."""
_PIECE = 1 << 18
_LONGEST_TEXT = 500


def is_loopback(address: str) -> bool:
    """Whether a URL leads to this machine.

    >>> is_loopback("http://127.0.0.1:8080/x"), is_loopback("https://quantum.cloud.ibm.com")
    (True, False)
    """
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(address: str | None) -> None:
    """Refuse to talk in the clear to anything but this machine.

    Raises:
        AuthenticationError: If the URL is no https and does not lead to this machine.
    """
    if address and not address.lower().startswith("https://") and not is_loopback(address):
        parts = urlsplit(address)
        raise AuthenticationError(
            f"The address {parts.scheme}://{parts.hostname} of the service is not encrypted; use "
            "https. Nothing was sent."
        )


@final
class Transport(HTTPAdapter):
    """Sends each request once and reads its answer within a limit.

    Args:
        lookups: How often reading may be repeated where a server or proxy fails; 0 for jobs, whose
            reads are repeated by those who wait for them. Submissions are never repeated.
    """

    def __init__(self, lookups: int = 0) -> None:
        self.lookups = lookups
        self.last_error: JobError | None = None
        super().__init__(
            max_retries=Retry(
                total=lookups,
                allowed_methods=["GET"],
                status_forcelist=[500, 502, 503, 504],
                backoff_factor=0.2,
                raise_on_status=False,
                respect_retry_after_header=False,
            )
        )

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Makes connections of the kind that `deadline` can cut."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(self, request: Any, *arguments: Any, **options: Any) -> requests.Response:
        """One request; see `HTTPAdapter.send`."""
        verify = options.get("verify", True)
        submitting = request.method == "POST" and _path(request).endswith("/jobs")
        try:
            return self._send(request, submitting, options.get("proxies"), verify)
        except JobError as error:
            self.last_error = error
            raise

    def _send(self, request: Any, submitting: bool, proxies: Any, verify: Any) -> requests.Response:
        check_address(request.url)
        if not verify:
            raise AuthenticationError(
                "The connection is set not to verify certificates (verify=False), so anyone on "
                "the way could read the account's token. Nothing was sent."
            )
        if not str(request.headers.get("Authorization", "Bearer ")).startswith("Bearer "):
            raise AuthenticationError(
                "The client was about to send the account's key instead of a token. Nothing was "
                "sent."
            )
        seconds = POST_SECONDS if request.method == "POST" else READ_SECONDS
        if _path(request).endswith("/metrics"):
            seconds = ASIDE_SECONDS
        end = time.monotonic() + seconds
        try:
            with deadline(CONNECT_SECONDS + seconds) as over:
                response = super().send(
                    request,
                    stream=True,
                    timeout=(CONNECT_SECONDS, seconds),
                    verify=verify,
                    proxies=proxies,
                )
                with response:
                    _read(response, end)
            if over.is_set():
                raise TimeoutError("the answer did not end in time")
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _unreachable(error, request, submitting) from None
        return _checked(response, submitting)


def _path(request: Any) -> str:
    return urlsplit(request.url).path.rstrip("/")


def _read(response: Any, end: float) -> None:
    """Reads the body in pieces, so that one that drips does not hold us."""
    pieces, size = [], 0
    while True:
        piece = response.raw.read1(_PIECE, decode_content=True)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise ServiceAnswerError(f"The service's answer is larger than {LARGEST} bytes.")
        if time.monotonic() > end:
            raise TimeoutError("the answer did not end in time")
    response._content = b"".join(pieces)
    response._content_consumed = True


def _unreachable(error: Exception, request: Any, submitting: bool) -> JobError:
    never = isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError)
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    never = never or isinstance(reason, NewConnectionError)
    host = urlsplit(request.url).hostname
    return ServiceUnavailableError(
        f"{request.method} {_path(request)} at {host}: {type(error).__name__}: {error}",
        job_may_exist=False if never and submitting else None,
    )


def _checked(response: requests.Response, submitting: bool) -> requests.Response:
    """The response, if it is one of success."""
    status = response.status_code
    if 300 <= status < 400:
        raise ServiceAnswerError(
            f"The service answered {status}: it leads elsewhere, where no token is sent.",
            retryable=False,
            job_may_exist=False if submitting else None,
        )
    if status >= 400:
        raise http_error(
            status,
            _said(response),
            submitting=submitting,
            retry_after=response.headers.get("Retry-After"),
        )
    return response


def _said(response: requests.Response) -> str:
    """What an error says: IBM's messages and codes, or the beginning of the text."""
    text = response.content[: 64 * _LONGEST_TEXT].decode("utf-8", "replace")
    try:
        body = json.loads(text)
        entries = body.get("errors") or [body["error"]]
        parts = [f"{entry['message']} (code {entry['code']})" for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError):
        parts = [" ".join(text.split())]
    return "; ".join(parts)[:_LONGEST_TEXT] or "no reason given"
