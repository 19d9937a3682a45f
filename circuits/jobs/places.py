"""Where the ledger is kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "KETWORK_LEDGER"


def default_ledger_path(
    environment: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Path:
    """The ledger's file: `KETWORK_LEDGER`, or by the convention of the platform.

    Without the variable: `$XDG_DATA_HOME/ketwork/jobs.sqlite`, which is
    `~/.local/share/ketwork/jobs.sqlite`; on macOS in `~/Library/Application Support`, on Windows in
    `%LOCALAPPDATA%`. It must be on a disk of this machine: SQLite's log is not safe on network
    drives.

    Args:
        environment: Environment variables; by default those of the process.
        platform: As `sys.platform`.

    >>> default_ledger_path({"KETWORK_LEDGER": "my/jobs.sqlite"}, "linux").as_posix()
    'my/jobs.sqlite'
    >>> default_ledger_path({"XDG_DATA_HOME": "/data"}, "linux").as_posix()
    '/data/ketwork/jobs.sqlite'
    """
    variables = os.environ if environment is None else environment
    if variables.get(VARIABLE):
        return Path(variables[VARIABLE]).expanduser()
    home = Path.home()
    if platform == "darwin":
        folder = home / "Library" / "Application Support"
    elif platform == "win32":
        folder = Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        folder = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share")
    return folder / "ketwork" / "jobs.sqlite"
