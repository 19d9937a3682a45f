"""Trainings are stored one by one, resume where they stopped, and more can be added."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from circuits.errors import CheckpointError, InvalidArgumentError
from circuits.jobs.leases import Leases
from qml.reproduce import Row, Table, reproduce
from qml.reproduce.store import WRITING, Store
from qml.training import load_checkpoint
from tests.qml.reproduce.tiny import TABLE, entry, files, fixed


def numbers(summary, name="first"):
    return {seed: (o.value, o.curve) for seed, o in summary.cells[name].outcomes.items()}


def stop_after(epochs):
    """A `watch` that interrupts the training in its last callback."""

    @contextmanager
    def watch(label, model, *, epochs: int, steps: int, done: int = 0):
        def callback(record, module):
            if record.epoch == stop:
                raise KeyboardInterrupt

        yield callback

    stop = epochs
    return watch


def test_everything_is_written(tmp_path: Path) -> None:
    said: list[str] = []
    summary = reproduce(TABLE, tmp_path / "a", scale="smoke", seeds=(0, 1), say=said.append)
    assert files(tmp_path / "a") == [
        "curves.png", "lock", "result.json", "runs", "table.json", "table.md", "table.png",
    ]  # fmt: skip
    stored = json.loads((tmp_path / "a" / "result.json").read_text())
    first = summary.cells["first"]
    assert stored["accuracy"] == first.mean == sum(first.values) / 2
    assert (stored["table"], stored["scale"]) == ("tiny", "smoke")
    assert [row["ours"]["seeds"] for row in stored["rows"]] == [[0, 1], [0, 1]]
    assert first.parameters == 64 * 4 + 4 + 4 * 10 + 10
    outcome = first.outcomes[0]
    assert (len(outcome.curve), outcome.curve[-1]) == (3, outcome.value)
    assert outcome.facts["training"] == (
        "3 epochs of 48 samples of digits, batches of 16, adam 0.01"
    )
    assert "3 epochs of 48 samples" in (tmp_path / "a" / "table.md").read_text()
    trained = [line for line in said if "there already" not in line]
    assert len(trained) == 6  # the twin of both rows is trained once per seed
    assert not list((tmp_path / "a").rglob("last.ckpt"))


def test_an_interrupted_training_goes_on_to_the_same_result(tmp_path: Path) -> None:
    whole = reproduce(TABLE, tmp_path / "whole", scale="smoke", rows=["a"])
    with pytest.raises(KeyboardInterrupt):
        reproduce(TABLE, tmp_path / "cut", scale="smoke", rows=["a"], watch=stop_after(2))
    assert (tmp_path / "cut" / "runs" / "first" / "0" / "last.ckpt").is_file()
    seen, trained = [], []

    @contextmanager
    def watch(label, model, *, epochs, steps, done=0):
        seen.append((label, epochs, steps, done))
        yield lambda record, module: trained.append(record.epoch)

    cut = reproduce(TABLE, tmp_path / "cut", scale="smoke", rows=["a"], watch=watch)
    assert seen == [("FIRST, seed 0", 3, 3, 2), ("TWIN, seed 0", 3, 3, 0)]
    assert trained == [3, 1, 2, 3]
    assert numbers(cut) == numbers(whole)
    weights = [
        load_checkpoint(tmp_path / name / "runs" / "first" / "0" / "model.ckpt").model
        for name in ("whole", "cut")
    ]
    assert all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])


def test_what_is_there_is_not_trained_again_and_more_can_be_added(tmp_path: Path) -> None:
    calls: list[tuple[str, int]] = []

    def counting(name):
        def train(job):
            calls.append((name, job.seed))
            if job.seed == 2:
                raise KeyboardInterrupt
            return fixed({0: 0.5, 1: 0.6})(job)

        return train

    table = Table("t", "T", "R", tuple(Row(n, entry(n, counting(n))) for n in ("one", "two")))
    with pytest.raises(KeyboardInterrupt):
        reproduce(table, tmp_path, rows=["one"], seeds=(0, 2))
    assert "50.00 % (1)" in (tmp_path / "table.md").read_text()
    reproduce(table, tmp_path, rows=["one"], seeds=(0, 1))
    summary = reproduce(table, tmp_path, seeds=(0,))
    assert calls == [("one", 0), ("one", 2), ("one", 1), ("two", 0)]
    assert summary.cells["one"].values == [0.5, 0.6]


def test_two_processes_do_not_do_the_same_training(tmp_path: Path) -> None:
    entries = [entry(name, fixed({0: 0.5, 1: 0.6})) for name in ("one", "two")]
    table = Table("t", "T", "R", tuple(Row(e.name, e) for e in entries))
    said: list[str] = []
    with Store(tmp_path, table, "small").claim(entries[0], 1) as free:
        assert free
        summary = reproduce(table, tmp_path, seeds=(0, 1), say=said.append)
    assert "ONE, seed 1: another process is at it" in said
    assert summary.cells["one"].values == [0.5]
    assert summary.cells["two"].values == [0.5, 0.6]
    assert reproduce(table, tmp_path, seeds=(0, 1)).cells["one"].values == [0.5, 0.6]


def test_what_processes_share_is_written_by_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table("t", "T", "R", (Row("one", entry("one", fixed({0: 0.5}))),))
    free: list[bool] = []

    def noticed(summary: object, path: Path | None = None) -> str:
        free.append(Leases(tmp_path / "lock").take(WRITING))
        return ""

    for name in ("markdown", "save_table", "save_curves"):
        monkeypatch.setattr(f"qml.reproduce.run.{name}", noticed)
    reproduce(table, tmp_path)
    assert free == [False] * 4
    with Store(tmp_path, table, "small").writing():
        pass


def test_a_folder_that_another_process_is_just_making_is_no_stranger(tmp_path: Path) -> None:
    table = Table("t", "T", "R", (Row("one", entry("one", fixed({0: 0.5}))),))
    for name in ("lock", ".table.json.tmp"):
        (tmp_path / name).touch()
    assert reproduce(table, tmp_path).cells["one"].values == [0.5]


def test_folders_of_something_else_are_refused(tmp_path: Path) -> None:
    table = Table("t", "T", "R", (Row("one", entry("one", fixed({0: 0.5}))),))
    reproduce(table, tmp_path / "t")
    other = Table("u", "T", "R", table.rows)
    with pytest.raises(InvalidArgumentError, match="holds the table t at scale small, but u at"):
        reproduce(other, tmp_path / "t")
    with pytest.raises(InvalidArgumentError, match="at scale small, but t at scale paper"):
        reproduce(table, tmp_path / "t", scale="paper")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(InvalidArgumentError, match="not empty"):
        reproduce(table, tmp_path / "mine")
    with pytest.raises(InvalidArgumentError, match="is a file"):
        reproduce(table, tmp_path / "mine" / "thesis.tex")
    with pytest.raises(InvalidArgumentError, match=r"no row 'three'\. Its rows: one"):
        reproduce(table, tmp_path / "t", rows=["three"])
    with pytest.raises(InvalidArgumentError, match=r"`seeds\[1\]` must be at least 0"):
        reproduce(table, tmp_path / "t", seeds=(0, -1))
    with pytest.raises(InvalidArgumentError, match="`scale` must be one of"):
        reproduce(table, tmp_path / "t", scale="huge")


@pytest.mark.parametrize("text", ["{", "[]", '{"value": 1}', '{"value": "x", "parameters": 1}'])
def test_damaged_results_are_named(tmp_path: Path, text: str) -> None:
    table = Table("t", "T", "R", (Row("one", entry("one", fixed({0: 0.5}))),))
    reproduce(table, tmp_path)
    path = tmp_path / "runs" / "one" / "0" / "result.json"
    path.write_text(text)
    with pytest.raises(CheckpointError, match="Delete it") as caught:
        reproduce(table, tmp_path)
    assert str(path) in str(caught.value)
