"""Keeps keys and tokens out of whatever is written, shown or raised."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from circuits.errors import InvalidArgumentError

HIDDEN = "[secret]"
_SHORTEST = 8
_LONGEST_TEXT = 2000
_NAMES = re.compile(r"TOKEN|API_?KEY|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_PATTERNS = (
    re.compile(r"(?i)\b(?:bearer|apikey|basic)[\s:=\"']+[\w.~+/=-]{8,}"),
    re.compile(
        r"(?i)\b(?:api[_-]?key|access[_-]?token|token|password)[\"']?\s*[:=]\s*[\"']?[^\s\"',;&]{8,}"
    ),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"),
    re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"),
)


def known_secrets(more: Iterable[str] = ()) -> tuple[str, ...]:
    """The secrets that are known: those given, and those in environment variables named so.

    Args:
        more: Further ones. Texts of fewer than 8 characters are left out.
    """
    found = [value for name, value in os.environ.items() if _NAMES.search(name)]
    secrets = {text.strip() for text in [*found, *more]}
    return tuple(sorted((s for s in secrets if len(s) >= _SHORTEST), key=len, reverse=True))


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without secrets: known ones, and whatever looks like a key in a header or address.

    Args:
        text: A message from outside; cut after 2000 characters.
        secrets: Further secrets.

    >>> redacted("401 for url https://x/y, header Authorization: Bearer abcdefghijkl")
    '401 for url https://x/y, header Authorization: [secret]'
    """
    for secret in known_secrets(secrets):
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(HIDDEN, text)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."


def refuse_secrets(content: bytes, what: str, secrets: Iterable[str] = ()) -> None:
    """Raises if a known secret is part of the content.

    Args:
        content: What is about to be written.
        what: Its name, for the message.
        secrets: Further secrets.

    Raises:
        InvalidArgumentError: If there is one; the message does not contain it.
    """
    if any(secret.encode() in content for secret in known_secrets(secrets)):
        raise InvalidArgumentError(
            f"Argument `{what}` contains a key or token that is in use, and the job ledger is a "
            "plain file. Take it out; services fetch their credentials themselves."
        )
