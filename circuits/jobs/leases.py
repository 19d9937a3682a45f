"""Which process is sending a job: a lock on one byte of a file, released by its death alone."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class _File:
    """One open lock file and the bytes of it that this process holds.

    The operating system gives a lock back when any descriptor of the file is closed in the process,
    so each process opens a lock file once and never closes it.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.held: set[int] = set()
        self.guard = threading.Lock()


_FILES: dict[tuple[int, str], _File] = {}
_OPENING = threading.Lock()
if hasattr(os, "register_at_fork"):

    def _new_guard() -> None:
        global _OPENING
        _OPENING = threading.Lock()

    os.register_at_fork(after_in_child=_new_guard)


@final
class Leases:
    """The right to send a job, which one thread of one process has at a time.

    A killed process loses its leases at once; a hanging one keeps them, and rightly so: what it is
    sending may still arrive.

    Args:
        path: The lock file, beside the ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, number: int) -> bool:
        """Takes the lease of job `number`; returns whether it was free."""
        file = self._file()
        with file.guard:
            if number in file.held or not _lock(file.descriptor, number):
                return False
            file.held.add(number)
            return True

    def give_back(self, number: int) -> None:
        """Ends the lease of job `number`."""
        file = self._file()
        with file.guard:
            file.held.discard(number)
            _unlock(file.descriptor, number)

    def _file(self) -> _File:
        name = (os.getpid(), os.path.realpath(self._path))
        with _OPENING:
            if name not in _FILES:
                _FILES[name] = _File(self._path)
            return _FILES[name]


def _lock(descriptor: int, byte: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, byte, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except OSError:
        return False
    return True


def _unlock(descriptor: int, byte: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)
