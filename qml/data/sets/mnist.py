"""MNIST and Fashion-MNIST: four IDX files each."""

from __future__ import annotations

import numpy as np

from circuits import errors

from ..formats.idx import read_idx
from ..locate import FileSpec, Layout
from ..raw import ImageRows, RawSet, Rows
from .record import FILE_OPTIONS, Query, Record

_STEMS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
_MAX_CLASS = 10


def _read(query: Query) -> RawSet:
    layout, folder = query.folder()
    arrays, files = [], []
    for spec in layout.files:
        path = spec.find(folder)
        assert path is not None
        n_dims = 3 if "idx3" in spec.names[0] else 1
        array, record = read_idx(path, n_dims, query.checksum(spec), query.max_bytes)
        arrays.append(array)
        files.append(record)
    parts: dict[str, Rows] = {}
    for part, images, labels, record in zip(
        ("train", "test"), arrays[::2], arrays[1::2], files[1::2], strict=True
    ):
        if len(images) != len(labels) or images.size == 0:
            raise errors.DataCorruptedError(
                f"{record.path}: expected one label per image, received {len(labels)} labels for "
                f"{len(images)} images of shape {images.shape[1:]}"
            )
        if labels.max() >= _MAX_CLASS:
            raise errors.DataCorruptedError(
                f"{record.path}: expected labels 0 .. 9, received {labels.max()}"
            )
        parts[part] = ImageRows(images, labels.astype(np.int64))
    names = query.record.class_names
    return RawSet(parts, names, files=tuple(files), notes=query.notes(layout))


def _layout(folders: tuple[str, ...], sums: tuple[str, ...]) -> tuple[Layout, ...]:
    files = []
    for stem, sha256 in zip(_STEMS, sums, strict=True):
        kind = "idx3-ubyte" if stem.endswith("images") else "idx1-ubyte"
        files.append(FileSpec((f"{stem}-{kind}", f"{stem}.{kind}"), f"sha256:{sha256}"))
    return (Layout(folders, tuple(files)),)


_HOW = (
    "ketwork downloads nothing: put the four files {stems} (gzip-compressed or not) into the "
    "folder {folder} of the data directory. torchvision.datasets.{cls}(root, download=True) leaves "
    "them in root/{cls}/raw, which is found if root is the data directory; they are also at {url}."
)
_FILES = ", ".join(f"{stem}-idx{3 if 'images' in stem else 1}-ubyte[.gz]" for stem in _STEMS)

RECORDS = (
    Record(
        "mnist",
        "MNIST handwritten digits, 28 x 28",
        "directory",
        "Y. LeCun, C. Cortes, C. Burges; Y. LeCun et al., Proc. IEEE 86, 2278 (1998)",
        "commonly stated as CC BY-SA 3.0",
        _read,
        tuple(str(digit) for digit in range(10)),
        _HOW.format(
            stems=_FILES,
            folder="mnist",
            cls="MNIST",
            url="https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        _layout(
            ("mnist", "MNIST/raw", "MNIST", "mnist/raw", "raw", "."),
            (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
        FILE_OPTIONS,
    ),
    Record(
        "fashion_mnist",
        "Fashion-MNIST, 28 x 28",
        "directory",
        "Zalando SE; H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747",
        "MIT",
        _read,
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        _HOW.format(
            stems=_FILES,
            folder="fashion_mnist",
            cls="FashionMNIST",
            url="https://github.com/zalandoresearch/fashion-mnist (data/fashion)",
        ),
        _layout(
            ("fashion_mnist", "FashionMNIST/raw", "FashionMNIST", "fashion-mnist", "raw", "."),
            (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
        FILE_OPTIONS,
    ),
)
