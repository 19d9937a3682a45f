"""Atomic files and result.json."""

from __future__ import annotations

import json
import os
import stat

import numpy as np
import pytest
import torch

from circuits import errors
from qml.training import atomic_write, write_json, write_result


def test_content_replaces_the_old_one(tmp_path):
    path = tmp_path / "deep" / "file"
    for content in (b"one", b"two"):
        with atomic_write(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["file"]


def test_failure_keeps_the_old_content_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted():
        with atomic_write(path) as file:
            file.write(b"half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power"):
        interrupted()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_left_over_temporary_file_does_no_harm(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"keep")
    (tmp_path / ".file.tmp").symlink_to(secret)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert secret.read_bytes() == b"keep"
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_file_mode_follows_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "file") as file:
            file.write(b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_result_holds_plain_numbers(tmp_path):
    path = write_result(
        tmp_path / "out",
        accuracy=np.float32(0.5),
        loss=torch.tensor(0.25, dtype=torch.float64),
        epochs=3,
        classes=("a", "b"),
        nested={"seed": np.int64(7), "best": None, "stopped": True},
    )
    assert path.name == "result.json"
    assert json.loads(path.read_text()) == {
        "accuracy": 0.5,
        "loss": 0.25,
        "epochs": 3,
        "classes": ["a", "b"],
        "nested": {"seed": 7, "best": None, "stopped": True},
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), torch.tensor(float("nan"))])
def test_numbers_that_json_cannot_hold_are_named(tmp_path, value):
    with pytest.raises(errors.InvalidArgumentError, match=r"scores\.loss\[1\]"):
        write_json(tmp_path / "x.json", {"scores": {"loss": [1.0, value]}})
    assert not (tmp_path / "x.json").exists()


def test_other_types_are_refused(tmp_path):
    with pytest.raises(errors.InvalidArgumentError, match="Tensor"):
        write_result(tmp_path, weights=torch.zeros(3))
