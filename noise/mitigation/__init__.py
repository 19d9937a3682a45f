"""Error mitigation: backends that wrap a backend."""

from __future__ import annotations

from noise.mitigation.base import Cost, Mitigation
from noise.mitigation.twirling import PauliTwirling
from noise.mitigation.zne import ZNE

__all__ = ["ZNE", "Cost", "Mitigation", "PauliTwirling"]
