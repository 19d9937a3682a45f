"""The handle on a contestant's process."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from typing import Any

from qml.bench.contestants import Contestant


class ContestantError(Exception):
    """A contestant crashed or took too long; the message says which."""


class Process:
    """A running contestant, asked one thing at a time.

    Args:
        contestant: Who is to run.
    """

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self._log = tempfile.TemporaryFile("w+", errors="replace")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qml.bench.worker", json.dumps(asdict(contestant))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def tell(self, name: str, **arguments: Any) -> None:
        """Send a command without waiting for its answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": name, **arguments}) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise ContestantError(self._last_words()) from None

    def hear(self, limit: float) -> dict[str, Any]:
        """The next answer.

        Args:
            limit: Longest wait in seconds; the process is ended after it.

        Raises:
            ContestantError: If it takes longer, or the process ends.
        """
        started = time.perf_counter()
        try:
            line = self._answers.get(timeout=limit)
        except queue.Empty:
            self.close()
            taken = time.perf_counter() - started
            raise ContestantError(f"no answer within {taken:.0f} s") from None
        if not line:
            raise ContestantError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, name: str, *, limit: float, **arguments: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.tell(name, **arguments)
        return self.hear(limit)

    def _last_words(self) -> str:
        self._process.wait(timeout=10)
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        status = self._process.returncode
        return lines[-1][:200] if lines and status > 0 else f"ended with status {status}"

    def close(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        self._log.close()
