"""Functions that the tests call on workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import torch


class Unsendable(Exception):
    """Its pickle cannot be read back: the constructor needs two arguments."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def square(x: int) -> int:
    return x * x


def draw(x: int, seed: int) -> tuple[int, int]:
    generator = torch.Generator().manual_seed(seed)
    return x, int(torch.randint(0, 2**40, (), generator=generator))


def fail(message: str) -> None:
    raise ValueError(message)


def fail_unsendably() -> None:
    raise Unsendable("one", "two")


def fail_on(x: int, bad: int) -> int:
    if x == bad:
        raise ValueError(f"{x} is bad")
    return x


def fail_at_two(x: int) -> int:
    return fail_on(x, 2)


def once_then(folder: str, x: int) -> int:
    """Kills its process the first time; the file says that it was there."""
    path = Path(folder) / f"seen-{x}"
    with path.open("a") as file:
        file.write("x")
    if path.read_text() == "x":
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def always_die(folder: str) -> None:
    with (Path(folder) / "deaths").open("a") as file:
        file.write("x")
        file.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for(path: str, value: Any, limit: float = 120.0) -> Any:
    """Returns when the file is there."""
    end = time.monotonic() + limit
    while not Path(path).exists():
        if time.monotonic() > end:
            raise TimeoutError(path)
        time.sleep(0.01)
    return value


def leave(path: str, value: Any) -> Any:
    """Makes the file that `wait_for` waits for."""
    Path(path).touch()
    return value


def threads() -> tuple[int, int]:
    return torch.get_num_threads(), os.getpid()


def unsendable_value() -> Any:
    return threading.Lock()
