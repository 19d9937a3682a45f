"""Memory of this process."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def restart_peak() -> int:
    """Forget the peak so far, where the system can (Linux); return the peak that is left, bytes."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")
    return peak()


def peak() -> int:
    """Largest resident memory so far, in bytes; 0 where the system does not tell.

    `ru_maxrss` would be inherited from the parent process on Linux, so `VmHWM` is preferred.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
