"""Answers of a service over HTTP as errors of ours."""

from __future__ import annotations

import email.utils
import re
import time

from circuits.errors import (
    AuthenticationError,
    JobError,
    JobNotFoundError,
    JobRejectedError,
    JobStateError,
    QuotaExceededError,
    RateLimitedError,
    ServiceAnswerError,
    ServiceUnavailableError,
)

_LONGEST = 24 * 3600.0

# (statuses, error, whether a job may exist if this answered a submission). A 5xx may come from a
# proxy after the service has stored the job, and 408 after it has read half of one.
_TABLE: tuple[tuple[range, type[JobError], bool], ...] = (
    (range(401, 402), AuthenticationError, False),
    (range(402, 403), QuotaExceededError, False),
    (range(403, 404), AuthenticationError, False),
    (range(404, 405), JobNotFoundError, False),
    (range(408, 409), ServiceUnavailableError, True),
    (range(409, 410), JobStateError, True),
    (range(425, 426), ServiceUnavailableError, False),
    (range(429, 430), RateLimitedError, False),
    (range(400, 500), JobRejectedError, False),
    (range(500, 600), ServiceUnavailableError, True),
)


def http_error(
    status: int, text: str, *, submitting: bool = False, retry_after: str | None = None
) -> JobError:
    """The error for an answer that is none of success.

    Args:
        status: HTTP status code.
        text: What the service says, free of secrets.
        submitting: Whether the call was a submission; 409 then means that the account's quota is
            used up, and 404 that the machine does not exist.
        retry_after: The header Retry-After.

    >>> http_error(429, "slow down", retry_after="7").retry_after
    7.0
    >>> http_error(502, "bad gateway", submitting=True).job_may_exist
    True
    """
    cause, may_exist = next(
        ((cause, exists) for codes, cause, exists in _TABLE if status in codes),
        (ServiceAnswerError, True),
    )
    if submitting and status == 409:
        cause, may_exist = QuotaExceededError, False
    if submitting and status == 404:
        cause = JobRejectedError
    return cause(
        f"The service answered {status}: {text}",
        job_may_exist=may_exist if submitting else None,
        retry_after=retry_after_seconds(retry_after),
    )


def retry_after_seconds(header: str | None, now: float | None = None) -> float | None:
    """Seconds of a header Retry-After, which holds a number or a date; `None` if it holds neither.

    Args:
        header: The header.
        now: Seconds since 1970, for dates.

    Returns:
        Seconds in [0, 86400].

    >>> retry_after_seconds("120"), retry_after_seconds("soon")
    (120.0, None)
    """
    if header is None:
        return None
    text = header.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return min(float(text), _LONGEST)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return min(max(0.0, date.timestamp() - (time.time() if now is None else now)), _LONGEST)
