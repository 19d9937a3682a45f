"""The way to the service."""

from __future__ import annotations

from typing import Any

from circuits.errors import UnsupportedOperationError


def connect(**account: Any) -> Any:
    """A connection to the service."""
    raise UnsupportedOperationError("Only local mode is there in this version.")
