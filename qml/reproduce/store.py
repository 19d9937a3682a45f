"""The folder of a reproduction: one result per entry and seed, stored as soon as it is there."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, final

from circuits.errors import CheckpointError, InvalidArgumentError
from circuits.jobs.leases import Leases
from qml.training import write_json, write_result

from .record import Entry, Outcome, Scale, Table

RUNS, LABEL, LOCK = "runs", "table.json", "lock"
WRITING = 2**62
"""The lease of whoever writes the files that all processes share; trainings have smaller ones."""


@final
class Store:
    """Results of one table at one scale.

    `table.json` names table and scale, `runs/<entry>/<seed>/result.json` holds an outcome; beside
    it lie the files of the training.

    Args:
        out: The folder; made if missing.
        table: The table.
        scale: The scale.

    Raises:
        InvalidArgumentError: If the folder holds something else.
    """

    def __init__(self, out: Path, table: Table, scale: Scale) -> None:
        self.out, self.table, self.scale = out, table, scale
        label = {"table": table.name, "scale": scale}
        if out.exists() and not out.is_dir():
            raise InvalidArgumentError(
                f"--out must be a folder, but {str(out)!r} is a file. Choose another name."
            )
        before = {path.name for path in out.iterdir()} if out.exists() else set()
        strange = before - {LOCK, f".{LABEL}.tmp"}
        if strange and not (out / LABEL).is_file():  # in our folders the label is written first
            raise InvalidArgumentError(
                f"--out {out} is not empty, and no folder of `ketwork reproduce`. Choose another."
            )
        out.mkdir(parents=True, exist_ok=True)
        with self.writing():
            if not (out / LABEL).is_file():
                write_json(out / LABEL, label)
        found = read_json(out / LABEL)
        if {name: found.get(name) for name in label} != label:
            raise InvalidArgumentError(
                f"--out {out} holds the table {found.get('table')} at scale "
                f"{found.get('scale')}, but {table.name} at scale {scale} was asked for. "
                "Choose another folder."
            )

    def folder(self, entry: Entry, seed: int) -> Path:
        """Where a training keeps its files."""
        return self.out / RUNS / entry.name / str(seed)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Within the block no other process writes the files that all of them share."""
        leases = Leases(self.out / LOCK)
        while not leases.take(WRITING):
            time.sleep(0.02)
        try:
            yield
        finally:
            leases.give_back(WRITING)

    @contextmanager
    def claim(self, entry: Entry, seed: int) -> Iterator[bool]:
        """Within the block no other process may do this training; yields whether that is so."""
        leases = Leases(self.out / LOCK)
        number = zlib.crc32(entry.name.encode()) % 2**30 * 2**31 + seed
        free = leases.take(number)
        try:
            yield free
        finally:
            if free:
                leases.give_back(number)

    def find(self, entry: Entry, seed: int) -> Outcome | None:
        """The stored outcome of a training, if it has finished."""
        path = self.folder(entry, seed) / "result.json"
        if not path.is_file():
            return None
        try:
            found = read_json(path)
            return Outcome(
                value=float(found["value"]),
                parameters=int(found["parameters"]),
                seconds=float(found["seconds"]),
                curve=tuple(float(value) for value in found["curve"]),
                facts=dict(found["facts"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{path} is no result of a training. Delete it, and the training is done again."
            ) from error

    def add(self, entry: Entry, seed: int, outcome: Outcome) -> None:
        """Stores the outcome of a training; the checkpoint to resume from is removed."""
        folder = self.folder(entry, seed)
        plain = asdict(outcome) | {"entry": entry.name, "label": entry.label, "seed": seed}
        write_result(folder, **plain)
        (folder / "last.ckpt").unlink(missing_ok=True)

    def all(self, entry: Entry) -> dict[int, Outcome]:
        """All stored outcomes of an entry by seed, in order."""
        base = self.out / RUNS / entry.name
        names = [path.name for path in base.iterdir()] if base.is_dir() else []
        seeds = sorted(int(name) for name in names if name.isdecimal())
        found = {seed: self.find(entry, seed) for seed in seeds}
        return {seed: outcome for seed, outcome in found.items() if outcome is not None}


def read_json(path: Path) -> Mapping[str, Any]:
    """The dictionary in a JSON file.

    Raises:
        CheckpointError: If it holds none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged ({error}). Delete it.") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} is damaged: it holds no object. Delete it.")
    return found
