"""The sets that ship with scikit-learn: available everywhere, without files or a network."""

from __future__ import annotations

import numpy as np

from ..raw import ImageRows, RawSet, Rows, TableRows
from .record import Query, Record


def _read(query: Query) -> RawSet:
    from sklearn import datasets

    name = query.record.name
    bunch = getattr(datasets, f"load_{name}")()
    labels = np.asarray(bunch.target, dtype=np.int64)
    class_names = tuple(str(class_name) for class_name in bunch.target_names)
    if name == "digits":
        rows: Rows = ImageRows(bunch.images, labels, full_scale=16.0)
        return RawSet({"all": rows}, class_names)
    features = tuple(str(feature) for feature in bunch.feature_names)
    return RawSet({"all": TableRows(bunch.data, labels)}, class_names, features)


_UCI = "UCI Machine Learning Repository, as shipped by scikit-learn"

RECORDS = tuple(
    Record(name, title, "embedded", f"{makers}; {_UCI}", "CC BY 4.0 (UCI)", _read)
    for name, title, makers in (
        ("digits", "Optical recognition of handwritten digits, 8 x 8", "E. Alpaydin, C. Kaynak"),
        ("iris", "Iris plants", "R. A. Fisher, Annals of Eugenics 7, 179 (1936)"),
        ("wine", "Wine recognition", "M. Forina et al."),
        ("breast_cancer", "Breast cancer Wisconsin (diagnostic)", "W. Wolberg et al."),
    )
)
