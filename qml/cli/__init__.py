"""The command line: `ketwork demo | train | predict | info`, one file per command."""

from __future__ import annotations

from .app import app

__all__ = ["app"]
