"""Error mitigation: backends that wrap a backend."""

from __future__ import annotations

from noise.mitigation.base import Cost, Mitigation

__all__ = ["Cost", "Mitigation"]
