"""The file in which a run is kept: written atomically, read without running any code in it."""

from __future__ import annotations

import json
import os
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import torch

from circuits.errors import CheckpointError

_FORMAT = 1


@final
class Checkpoint:
    """A run's file, or none.

    Args:
        path: The file; `None` keeps nothing.
        facts: What must agree with the file for the run to be the same, as JSON can hold it.
        every: Seconds between saves.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None, facts: Mapping[str, Any], every: float
    ) -> None:
        self.path = None if path is None else Path(path)
        self.facts = json.loads(json.dumps(facts))
        self.every = every
        self._saved = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return self.path is not None and time.monotonic() - self._saved >= self.every

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state; the file is never seen half written."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with temporary.open("wb") as file:
            torch.save({"format": _FORMAT, "facts": self.facts, "state": dict(state)}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The state in the file, `None` if there is no file.

        Raises:
            CheckpointError: If the file is damaged, or of another run.
        """
        if self.path is None or not self.path.exists():
            return None
        try:
            found = torch.load(self.path, weights_only=True)
            form, facts, state = found["format"], found["facts"], found["state"]
        except (RuntimeError, EOFError, KeyError, TypeError, ValueError, OSError,
                pickle.UnpicklingError) as error:  # fmt: skip
            raise CheckpointError(
                f"{self.path} is not a readable checkpoint of a search ({error}): remove it to "
                "start anew."
            ) from error
        if form != _FORMAT:
            raise CheckpointError(f"{self.path} has format {form}, only {_FORMAT} can be read.")
        for name, value in self.facts.items():
            if facts.get(name) != value:
                raise CheckpointError(
                    f"{self.path} is of another run: its {name} is {facts.get(name)!r}, wanted "
                    f"{value!r}. Give another `checkpoint`, or remove it."
                )
        return dict(state)
