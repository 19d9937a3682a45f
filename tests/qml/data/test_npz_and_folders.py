"""MedMNIST archives and EuroSAT class folders, whole, damaged and hostile."""

from __future__ import annotations

import hashlib
import io
import zipfile

import numpy as np
import pytest
import torch

from circuits import errors
from qml import data
from qml.data.formats.content import verify
from qml.data.formats.npz import read_npz

from .fixtures import medmnist_arrays


def _npy_header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def _write_member(path, member: bytes, name: str = "train_images.npy") -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, member)


@pytest.mark.parametrize("folder", ["medmnist", "."])
@pytest.mark.parametrize(("channels", "n_classes"), [(1, 2), (3, 5)])
def test_medmnist_parts_labels_and_channels(tmp_path, folder, channels, n_classes):
    arrays = medmnist_arrays(channels, n_classes)
    name = "breastmnist" if n_classes == 2 else "retinamnist"
    (tmp_path / folder).mkdir(exist_ok=True)
    np.savez_compressed(tmp_path / folder / f"{name}.npz", **arrays)
    loaded = data.load(name, data_dir=tmp_path, verify=False)
    assert loaded.feature_shape == (channels, 28, 28)
    assert [len(loaded.x_train), len(loaded.x_val), len(loaded.x_test)] == [20, 6, 8]
    assert loaded.y_val.tolist() == arrays["val_labels"][:, 0].tolist()
    pixels = torch.tensor(arrays["test_images"]).reshape(8, 28, 28, channels).permute(0, 3, 1, 2)
    assert torch.equal((loaded.x_test * 255).round().byte(), pixels)


def test_another_edition_fails_the_checksum(tmp_path):
    np.savez(tmp_path / "breastmnist.npz", **medmnist_arrays())
    with pytest.raises(errors.DataCorruptedError, match="750601b1f35ba3300ea97c75c52ff8f6"):
        data.load("breastmnist", data_dir=tmp_path)


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_both_kinds_of_checksum(tmp_path, kind):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    right = hashlib.new(kind, b"content").hexdigest()
    record = verify(path, b"content", f"{kind}:{right}")
    assert record.verified
    assert record.sha256 == hashlib.sha256(b"content").hexdigest()
    with pytest.raises(errors.DataCorruptedError, match=f"expected {kind} {right}"):
        verify(path, b"contents", f"{kind}:{right}")


def test_own_file_says_that_nothing_was_verified(tmp_path):
    np.savez(tmp_path / "mine.npz", **medmnist_arrays(3, 4))
    for file, data_dir in ((tmp_path / "mine.npz", None), ("mine.npz", tmp_path)):
        mine = data.load("medmnist", file=file, data_dir=data_dir)
        assert mine.class_names == ("0", "1", "2", "3")
        assert "without a checksum" in mine.provenance.notes[0]
    with pytest.raises(errors.DataNotFoundError, match=r"other\.npz"):
        data.load("medmnist", file="other.npz", data_dir=tmp_path)
    with pytest.raises(errors.InvalidArgumentError, match="file"):
        data.load("medmnist", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("key", "array", "message"),
    [
        ("train_labels", np.zeros((20, 14), dtype=np.uint8), "one label per image"),
        ("train_labels", np.zeros(19, dtype=np.uint8), "20 integers"),
        ("train_labels", np.full((20, 1), 7, dtype=np.uint8), r"train_labels in 0 \.\. 1"),
        ("train_labels", np.zeros((20, 1), dtype=np.float32), "20 integers"),
        ("val_images", np.zeros((6, 28, 28), dtype=np.float32), "uint8"),
        ("val_images", np.zeros((6, 28, 28, 28), dtype=np.uint8), "uint8"),
        ("test_images", np.zeros((0, 28, 28), dtype=np.uint8), "uint8"),
    ],
)
def test_arrays_that_are_not_medmnist(tmp_path, key, array, message):
    np.savez(tmp_path / "breastmnist.npz", **{**medmnist_arrays(), key: array})
    with pytest.raises(errors.DataCorruptedError, match=message):
        data.load("breastmnist", data_dir=tmp_path, verify=False)


HOSTILE = {
    "header claims 10**15 bytes": _npy_header((10**15,)) + bytes(10),
    "header claims more than is there": _npy_header((100,)) + bytes(99),
    "header claims less than is there": _npy_header((100,)) + bytes(101),
    "negative size": _npy_header((-5, -20)) + bytes(100),
    "pickled objects": _npy_header((1,), "|O") + b"cos\nsystem\n(S'true'\ntR.",
    "structured type": b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }".ljust(117)
    + b"\n"
    + bytes(4),
    "text of no length": _npy_header((10**12,), "<U0"),
    "header of code": b"\x93NUMPY\x01\x00\x1e\x00" + b"__import__('os').system('a')".ljust(30),
    "deep header": b"\x93NUMPY\x01\x00\x28\x23" + b"-" * 9000,
    "no magic": b"hello",
    "empty": b"",
    "npy version 9": b"\x93NUMPY\x09\x00" + bytes(100),
}


@pytest.mark.parametrize("case", HOSTILE, ids=lambda name: name.replace(" ", "-"))
def test_hostile_arrays_end_in_our_error(tmp_path, case):
    _write_member(tmp_path / "a.npz", HOSTILE[case])
    with pytest.raises(errors.DataCorruptedError) as caught:
        read_npz(tmp_path / "a.npz", ["train_images"], None)
    assert "a.npz" in str(caught.value)


def test_hostile_archives_end_in_our_error(tmp_path):
    path = tmp_path / "a.npz"
    for content in (b"", b"PK\x03\x04" + bytes(100), b"no archive"):
        path.write_bytes(content)
        with pytest.raises(errors.DataCorruptedError):
            read_npz(path, ["x"], None)
    np.savez(path, x=np.arange(1000))
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + b"\xff" * 50 + whole[250:])
    with pytest.raises(errors.DataCorruptedError):
        read_npz(path, ["x"], None)
    np.savez_compressed(path, x=np.zeros(10_000_000, dtype=np.uint8))
    with pytest.raises(errors.DataCorruptedError, match="max_bytes"):
        read_npz(path, ["x"], None, max_bytes=1_000_000)
    with pytest.raises(errors.DataCorruptedError, match=r"'y'.*'x'"):
        read_npz(path, ["y"], None)
    np.savez(path, **{f"x{k}": np.zeros(1) for k in range(100)})
    with pytest.raises(errors.DataCorruptedError, match="at most 64"):
        read_npz(path, ["x1"], None)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", _npy_header((5,)) + bytes(5))
    with pytest.raises(errors.DataCorruptedError, match="stored or deflated"):
        read_npz(path, ["x"], None)
    with pytest.raises(errors.DataNotFoundError):
        read_npz(tmp_path / "none.npz", ["x"], None)


def test_fortran_order_is_kept(tmp_path):
    array = np.arange(12, dtype=np.int32).reshape(3, 4)
    np.savez(tmp_path / "a.npz", x=np.asfortranarray(array))
    read, record = read_npz(tmp_path / "a.npz", ["x"], None)
    assert np.array_equal(read["x"], array)
    assert not record.verified


@pytest.fixture
def eurosat(tmp_path):
    """Five PNG images per class; the first value of an image is its class and number."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for label, name in enumerate(data.REGISTRY["eurosat"].class_names):
        folder = tmp_path / "eurosat" / "2750" / name
        folder.mkdir(parents=True)
        for number in range(5):
            pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            pixels[0, 0] = (label, number, 0)
            image.fromarray(pixels).save(folder / f"{name}_{number}.png")
    return tmp_path


def test_class_folders(eurosat):
    loaded = data.load("eurosat", data_dir=eurosat, val_fraction=0.25)
    assert [len(loaded.x_train), len(loaded.x_val), len(loaded.x_test)] == [30, 10, 10]
    assert loaded.feature_shape == (3, 64, 64)
    for x, y in ((loaded.x_train, loaded.y_train), (loaded.x_test, loaded.y_test)):
        assert torch.equal((x[:, 0, 0, 0] * 255).round().long(), y)
    assert any("27000" in note for note in loaded.provenance.notes)
    two = data.load("eurosat", data_dir=eurosat, classes=["River", "Forest"], limit=2)
    assert two.class_names == ("River", "Forest")
    assert sorted((two.x_train[:, 0, 0, 0] * 255).round().tolist()) == [1.0, 8.0]


def test_copied_image_files_stay_together(eurosat):
    folder = eurosat / "eurosat" / "2750" / "River"
    content = (folder / "River_0.png").read_bytes()
    for number in range(1, 5):
        (folder / f"River_{number}.png").write_bytes(content)
    loaded = data.load("eurosat", data_dir=eurosat)
    assert sorted(counts[8] for _, counts in loaded.class_counts()) == [0, 0, 5]


def test_broken_images_name_the_file(eurosat):
    image = pytest.importorskip("PIL.Image")
    path = eurosat / "eurosat" / "2750" / "River" / "River_0.png"
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"GIF89a" + whole):
        path.write_bytes(content)
        with pytest.raises(errors.DataCorruptedError, match=r"River_0\.png"):
            data.load("eurosat", data_dir=eurosat)
    image.new("RGB", (65, 64)).save(path)
    with pytest.raises(errors.DataCorruptedError, match="64 x 64"):
        data.load("eurosat", data_dir=eurosat)
    image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(errors.DataCorruptedError, match=r"River_0\.png"):
        data.load("eurosat", data_dir=eurosat)


def test_missing_and_empty_class_folders(eurosat):
    folder = eurosat / "eurosat" / "2750" / "River"
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(errors.DataCorruptedError, match="River"):
        data.load("eurosat", data_dir=eurosat)
    folder.rmdir()
    with pytest.raises(errors.DataNotFoundError, match="lacks River/"):
        data.load("eurosat", data_dir=eurosat)


def test_eurosat_subset_archive(tmp_path):
    names = data.REGISTRY["eurosat"].class_names
    rng = np.random.default_rng(0)
    arrays = {"class_names": np.array(names)}
    for part, n in (("train", 20), ("test", 10)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8)
        arrays[f"y_{part}"] = (np.arange(n) % 10).astype(np.uint8)
    np.savez(tmp_path / "eurosat_rgb_1300.npz", **arrays)
    loaded = data.load("eurosat", data_dir=tmp_path, verify=False, val_fraction=0.5)
    assert [len(loaded.x_train), len(loaded.x_val), len(loaded.x_test)] == [10, 10, 10]
    for key, array in (
        ("class_names", np.array(names[::-1])),
        ("x_train", arrays["x_train"][1:]),
        ("y_test", np.full(10, 10, dtype=np.uint8)),
    ):
        np.savez(tmp_path / "eurosat_rgb_1300.npz", **{**arrays, key: array})
        with pytest.raises(errors.DataCorruptedError):
            data.load("eurosat", data_dir=tmp_path, verify=False)
