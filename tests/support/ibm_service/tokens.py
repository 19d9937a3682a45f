"""Bearer tokens as the identity service makes them: signed, dated, and checked without memory."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any, Literal

_SIGNING_KEY = b"the service's own"

Access = Literal["bearer", "apikey", "expired", "none"]
"""What a request was authorised by."""


def make_token(lifetime: float, generation: int) -> dict[str, Any]:
    """The answer of the identity service.

    Args:
        lifetime: Seconds for which the token holds.
        generation: Tokens of earlier generations are void.
    """
    now = int(time.time())
    claims = {"iat": now, "exp": now + lifetime, "jti": uuid.uuid4().hex, "generation": generation}
    head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = f"{head}.{_encoded(json.dumps(claims).encode())}"
    return {
        "access_token": f"{body}.{_signature(body)}",
        "refresh_token": "not_supported",
        "token_type": "Bearer",
        "expires_in": int(lifetime),
        "expiration": int(now + lifetime),
        "scope": "ibm openid",
    }


def access(header: str | None, key: str, generation: int) -> Access:
    """What a header Authorization is worth."""
    kind, _, value = (header or "").partition(" ")
    if kind.lower() == "apikey":
        return "apikey" if value == key else "none"
    body, _, signature = value.rpartition(".")
    if kind.lower() != "bearer" or signature != _signature(body):
        return "none"
    text = body.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    valid = claims["exp"] > time.time() and claims["generation"] == generation
    return "bearer" if valid else "expired"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _signature(body: str) -> str:
    return _encoded(hmac.new(_SIGNING_KEY, body.encode(), hashlib.sha256).digest())
