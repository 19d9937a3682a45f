"""MNIST's four IDX files, in the layouts that tools leave, whole and damaged."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib

import numpy as np
import pytest
import torch

from circuits import errors
from qml import data
from qml.data.locate import Layout

from .fixtures import MNIST_STEMS, idx_bytes, mnist_arrays, write_mnist


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("folder", ["mnist", "MNIST/raw", "."])
def test_layouts_give_the_written_values(tmp_path, folder, zipped):
    arrays = mnist_arrays()
    write_mnist(tmp_path / folder, zipped, arrays)
    mnist = data.load("mnist", data_dir=tmp_path, val_fraction=0.0, verify=False)
    assert mnist.x_train.shape == (60, 1, 28, 28)
    assert mnist.x_train.dtype == torch.float32
    assert mnist.y_train.dtype == torch.int64
    assert mnist.x_val.shape == (0, 1, 28, 28)
    assert torch.equal((mnist.x_train[:, 0] * 255).round().byte(), torch.tensor(arrays[0]))
    assert torch.equal((mnist.x_test[:, 0] * 255).round().byte(), torch.tensor(arrays[2]))
    assert mnist.y_test.tolist() == arrays[3].tolist()
    assert len(mnist.provenance.files) == 4
    assert not any(file.verified for file in mnist.provenance.files)
    assert any("verify=False" in note for note in mnist.provenance.notes)


def test_environment_variable_and_argument_before_it(tmp_path, monkeypatch):
    write_mnist(tmp_path / "a" / "FashionMNIST" / "raw")
    monkeypatch.setenv("KETWORK_DATA", str(tmp_path / "a"))
    assert len(data.load("fashion_mnist", verify=False).x_test) == 20
    (tmp_path / "b").mkdir()
    with pytest.raises(errors.DataNotFoundError):
        data.load("fashion_mnist", data_dir=tmp_path / "b", verify=False)


def test_gzip_is_known_by_content_not_by_name(tmp_path):
    write_mnist(tmp_path, zipped=True)
    for path in list(tmp_path.iterdir()):
        path.write_bytes(gzip.decompress(path.read_bytes()))
    assert len(data.load("mnist", data_dir=tmp_path, verify=False).x_test) == 20


@pytest.fixture
def known(tmp_path, monkeypatch):
    """Tiny files whose checksums are those in the registry."""
    write_mnist(tmp_path / "mnist")
    record = data.REGISTRY["mnist"]
    files = tuple(
        dataclasses.replace(spec, checksum=f"sha256:{hashlib.sha256(idx_bytes(a)).hexdigest()}")
        for spec, a in zip(record.layouts[0].files, mnist_arrays(), strict=True)
    )
    layouts = (Layout(record.layouts[0].folders, files),)
    monkeypatch.setitem(data.REGISTRY, "mnist", dataclasses.replace(record, layouts=layouts))
    return tmp_path


def test_checksum_is_of_the_uncompressed_content(known):
    path = known / "mnist" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1, mtime=5))
    mnist = data.load("mnist", data_dir=known)
    assert all(file.verified for file in mnist.provenance.files)


def test_changed_pixel_is_an_error_with_both_sums(known):
    path = known / "mnist" / "train-images-idx3-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    expected = hashlib.sha256(content).hexdigest()
    content[100] ^= 1
    path.write_bytes(gzip.compress(content))
    with pytest.raises(errors.DataCorruptedError) as caught:
        data.load("mnist", data_dir=known)
    received = hashlib.sha256(content).hexdigest()
    for part in (str(path), expected, received):
        assert part in str(caught.value)
    assert len(data.load("mnist", data_dir=known, verify=False).x_test) == 20


def _huge_header() -> bytes:
    return bytes.fromhex("00000803") + b"\xff" * 12 + bytes(100)


DAMAGE = {
    "cut off gzip": lambda raw: gzip.compress(raw)[:-20],
    "damaged gzip": lambda raw: gzip.compress(raw)[:40] + b"\0" * 40 + gzip.compress(raw)[80:],
    "cut off values": lambda raw: raw[:-1],
    "more values": lambda raw: raw + b"\0",
    "bomb behind a true header": lambda raw: gzip.compress(raw + bytes(50_000_000)),
    "another magic number": lambda raw: b"\0\0\x0d\x03" + raw[4:],
    "header that claims 2**96 bytes": lambda raw: _huge_header(),
    "bomb that claims 2**96 bytes": lambda raw: gzip.compress(_huge_header()),
    "empty": lambda raw: b"",
    "only gzip magic": lambda raw: b"\x1f\x8b",
    "no images": lambda raw: idx_bytes(np.zeros((0, 28, 28))),
    "a web page": lambda raw: b"<!DOCTYPE html><html>not found</html>",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda name: name.replace(" ", "-"))
def test_damaged_files_are_errors_that_name_the_file(tmp_path, damage):
    write_mnist(tmp_path)
    path = tmp_path / f"{MNIST_STEMS[0]}-ubyte.gz"
    path.write_bytes(DAMAGE[damage](gzip.decompress(path.read_bytes())))
    with pytest.raises(errors.DataCorruptedError, match=r"expected .* received") as caught:
        data.load("mnist", data_dir=tmp_path, verify=False)
    assert str(tmp_path) in str(caught.value)


def test_size_limit_is_adjustable(tmp_path):
    write_mnist(tmp_path)
    with pytest.raises(errors.DataCorruptedError, match="max_bytes"):
        data.load("mnist", data_dir=tmp_path, verify=False, max_bytes=1000)


@pytest.mark.parametrize(
    ("number", "array", "message"),
    [(1, np.zeros(59), "one label per image"), (3, np.full(20, 10), r"labels 0 \.\. 9")],
)
def test_labels_that_do_not_fit(tmp_path, number, array, message):
    arrays = mnist_arrays()
    arrays[number] = array
    write_mnist(tmp_path, arrays=arrays)
    with pytest.raises(errors.DataCorruptedError, match=message):
        data.load("mnist", data_dir=tmp_path, verify=False)


def test_missing_data_says_what_where_and_how(tmp_path, monkeypatch):
    monkeypatch.delenv("KETWORK_DATA", raising=False)
    with pytest.raises(errors.DataNotFoundError, match="KETWORK_DATA") as caught:
        data.load("mnist")
    assert "--data-dir" in str(caught.value)
    with pytest.raises(errors.DataNotFoundError, match="not an existing directory"):
        data.load("mnist", data_dir=tmp_path / "nowhere")
    with pytest.raises(errors.DataNotFoundError) as caught:
        data.load("mnist", data_dir=tmp_path)
    for part in ("t10k-labels-idx1-ubyte", str(tmp_path / "MNIST/raw"), "torchvision", "https://"):
        assert part in str(caught.value)


def test_incomplete_folder_is_named_with_what_it_lacks(tmp_path):
    write_mnist(tmp_path / "mnist")
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(errors.DataNotFoundError, match="mnist lacks t10k-labels-idx1-ubyte"):
        data.load("mnist", data_dir=tmp_path)


def test_a_folder_instead_of_a_file_is_not_found(tmp_path):
    write_mnist(tmp_path)
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    path.unlink()
    path.mkdir()
    with pytest.raises(errors.DataNotFoundError):
        data.load("mnist", data_dir=tmp_path)
