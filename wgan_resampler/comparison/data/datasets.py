"""The datasets of a comparison, read from arrays, frames and files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_consistent_length

from wgan_resampler.exceptions import ComparisonWarning, InvalidDataError, InvalidParameterError
from wgan_resampler.tables import (
    IS_SYNTHETIC,
    CsvOptions,
    TableFile,
    check_target,
    open_table,
    synthetic_rows,
    table_suffix,
)
from wgan_resampler.utils import seed_for, warn_caller

_FEWEST_ROWS_KEPT = 5
"""Number of rows that a class keeps in a sample of the dataset, if it has that many."""


@dataclass(frozen=True)
class Dataset:
    """A table with the class of each row and, optionally, the group of each row.

    Attributes
    ----------
    name : str
        Name in the results.
    X : pandas.DataFrame of shape (n_rows, n_columns)
        The table. Columns that are neither numeric nor boolean are categorical features. Values may be missing.
    y : ndarray of shape (n_rows,)
        The class of each row.
    groups : ndarray of shape (n_rows,) or None
        Rows of one group are never on both sides of a split.
    fingerprint : str
        Hash of the table, the classes and the groups.
    """

    name: str
    X: pd.DataFrame
    y: NDArray[Any]
    groups: NDArray[Any] | None
    fingerprint: str

    @property
    def classes(self) -> NDArray[Any]:
        """The classes, sorted."""
        return np.unique(self.y)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of rows of each class."""
        return np.unique(self.y, return_counts=True)[1]

    @property
    def minority(self) -> int:
        """Index of the smallest class; if several are equal, the last one (the positive class of two)."""
        counts = self.counts
        return int(len(counts) - 1 - np.argmin(counts[::-1]))

    def facts(self) -> DatasetFacts:
        """Return the facts that a report shows."""
        categorical = len(categorical_columns(self.X))
        return DatasetFacts(
            name=self.name,
            rows=len(self.y),
            numeric_columns=self.X.shape[1] - categorical,
            categorical_columns=categorical,
            missing_cells=int(self.X.isna().to_numpy().sum()),
            classes=tuple(str(label) for label in self.classes.tolist()),
            class_rows=tuple(int(count) for count in self.counts),
            grouped=self.groups is not None,
            fingerprint=self.fingerprint,
        )


@dataclass(frozen=True)
class DatasetFacts:
    """The facts about a dataset that a report shows.

    Attributes
    ----------
    name : str
        Name in the results.
    rows, numeric_columns, categorical_columns, missing_cells : int
        Number of rows, of columns of both kinds, and of missing values.
    classes : tuple of str
        The classes.
    class_rows : tuple of int
        Number of rows of each class.
    grouped : bool
        Whether there are groups.
    fingerprint : str
        Hash of the rows.
    """

    name: str
    rows: int
    numeric_columns: int
    categorical_columns: int
    missing_cells: int
    classes: tuple[str, ...]
    class_rows: tuple[int, ...]
    grouped: bool
    fingerprint: str

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def minority_rows(self) -> int:
        """Number of rows of the smallest class."""
        return min(self.class_rows)

    @property
    def imbalance(self) -> float:
        """Rows of the largest class divided by rows of the smallest class."""
        return max(self.class_rows) / self.minority_rows


def categorical_columns(table: pd.DataFrame) -> list[Any]:
    """Return the names of the columns that are neither numeric nor boolean."""
    return [name for name, dtype in table.dtypes.items() if not pd.api.types.is_numeric_dtype(dtype)]


def load_datasets(
    datasets: Any,
    *,
    target: str = "target",
    groups: str | None = None,
    csv_options: CsvOptions | None = None,
    max_rows: int | None = None,
    random_state: int = 0,
) -> tuple[Dataset, ...]:
    """Return the datasets that arrays, frames or files describe.

    Parameters
    ----------
    datasets : tuple, mapping, path or sequence of paths
        ``(X, y)`` or ``(X, y, groups)``; a mapping of names to such tuples or to paths; a path or several.
    target : str, default="target"
        Column of the classes in files.
    groups : str or None, default=None
        Column of the groups in files. It is removed from the table, and rows of one group stay together.
    csv_options : CsvOptions or None, default=None
        How CSV files are read.
    max_rows : int or None, default=None
        A dataset with more rows is replaced by a stratified sample of about this size.
    random_state : int, default=0
        Seed of the samples.

    Returns
    -------
    tuple of Dataset
        In the order given.

    Raises
    ------
    DataFileError
        If a file is not a valid table, or lacks the column of the classes or groups.
    InvalidDataError
        If a table cannot be split and classified.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> from wgan_resampler.comparison.data.datasets import load_datasets
    >>> (dataset,) = load_datasets({"toy": ([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "a", "b"])})
    >>> dataset.name, dataset.facts().class_rows
    ('toy', (3, 1))
    """
    if max_rows is not None and max_rows < 1:
        raise InvalidParameterError(f"max_rows must be at least 1 or None, not {max_rows!r}.")
    if groups is not None and groups == target:
        raise InvalidParameterError(f"groups and target both name the column '{target}'. Name two columns.")
    named = _named(datasets)
    if not named:
        raise InvalidParameterError("There is no dataset to compare on. Give at least one.")
    if groups is not None and not any(_is_path(source) for source in named.values()):
        raise InvalidParameterError(
            f"groups='{groups}' names a column of files, and no dataset is a file. Give arrays as (X, y, groups)."
        )
    loaded = [_load(name, source, target, groups, csv_options) for name, source in named.items()]
    return tuple(_sampled(dataset, max_rows, random_state) for dataset in loaded)


def _named(datasets: Any) -> dict[str, Any]:
    if isinstance(datasets, tuple) and len(datasets) in (2, 3) and not any(map(_is_path, datasets)):
        return {"data": datasets}
    if isinstance(datasets, Mapping):
        names, sources = [str(name) for name in datasets], list(datasets.values())
    else:
        sources = [datasets] if _is_path(datasets) or not isinstance(datasets, Iterable) else list(datasets)
        if not all(map(_is_path, sources)):
            raise InvalidParameterError(
                "datasets must be (X, y), (X, y, groups), a mapping of names to these or to paths, or paths of files; "
                f"it is {type(datasets).__name__}."
            )
        names = [Path(path).name.removesuffix(table_suffix(Path(path)) or "") for path in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidParameterError(
            f"Several datasets are called {', '.join(twice)}, so their results could not be told apart. Rename one, or "
            "give a mapping of names to paths."
        )
    return dict(zip(names, sources, strict=True))


def _is_path(value: Any) -> bool:
    return isinstance(value, str | PathLike)


def _load(name: str, source: Any, target: str, group_column: str | None, csv_options: CsvOptions | None) -> Dataset:
    if _is_path(source):
        file = open_table(source, target, *([] if group_column is None else [group_column]), options=csv_options)
        table = _originals(name, file)
        y, groups = table.pop(target), None if group_column is None else table.pop(group_column)
        texts = file.spelled(target)[~synthetic_rows(file)]
        if len(set(texts)) > y.nunique(dropna=False):  # as 1.1 and 1.10, which `train` tells apart too
            y = pd.Series(texts)
        return _checked(name, table, y, groups)
    if isinstance(source, tuple | list) and len(source) in (2, 3):
        return _checked(name, *source)
    raise InvalidParameterError(
        f"Dataset '{name}' must be (X, y), (X, y, groups) or a path, not {type(source).__name__}."
    )


def _originals(name: str, file: TableFile) -> pd.DataFrame:
    """Return the rows of a file that were not generated. Synthetic test rows would make every score too good."""
    is_synthetic = synthetic_rows(file)
    if is_synthetic.all():
        raise InvalidDataError(f"Dataset '{name}' holds synthetic rows only. Give a file that holds original rows too.")
    if is_synthetic.any():
        warn_caller(
            f"Dataset '{name}' holds {int(is_synthetic.sum())} synthetic rows. They are left out, so the comparison is "
            f"about the {int((~is_synthetic).sum())} original rows.",
            ComparisonWarning,
        )
    return file.frame[~is_synthetic].drop(columns=IS_SYNTHETIC, errors="ignore").reset_index(drop=True)


def _as_frame(X: Any) -> pd.DataFrame:
    """Return the table as a pandas frame with string names and rows counted from 0."""
    for convert in ("toarray", "to_pandas"):
        X = getattr(X, convert)() if hasattr(X, convert) else X
    if isinstance(X, pd.DataFrame):
        names = ["_".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in X.columns]
        return X.reset_index(drop=True).set_axis(names, axis=1)
    if np.ma.is_masked(X):
        raise InvalidDataError("Masked values are not supported. Pass X.filled(numpy.nan).")
    values = np.asarray(X)
    if values.ndim != 2:
        raise InvalidDataError(f"A table must have two dimensions, not {values.ndim}.")
    return pd.DataFrame(values).add_prefix("x").infer_objects()


def _checked(name: str, X: Any, y: Any, groups: Any = None) -> Dataset:
    X = _as_frame(X)
    groups = None if groups is None else _group_of_each_row(name, groups)
    try:
        y, one_hot = check_target(y, len(X))
        check_consistent_length(X, y, groups)
    except ValueError as error:
        raise InvalidDataError(f"Dataset '{name}': {error}") from error
    if one_hot:
        raise InvalidDataError(f"Dataset '{name}': the class must have one dimension, not 2.")
    if y.dtype.kind not in "biuf":
        y = _as_strings(y)
    if groups is not None and groups.dtype == object:
        groups = groups.astype(str)
    if not X.shape[1]:
        raise InvalidDataError(f"Dataset '{name}' has no column but the target, so there is nothing to learn from.")
    if not X.columns.is_unique:
        raise InvalidDataError(f"Dataset '{name}' has several columns of the same name. Rename them.")
    if np.isinf(X.drop(columns=categorical_columns(X)).to_numpy(float, na_value=np.nan)).any():
        raise InvalidDataError(f"Dataset '{name}' holds infinite numbers. Make them missing or finite.")
    n_classes = len(np.unique(y))
    if n_classes < 2 or n_classes > max(2, len(y) // 2):
        raise InvalidDataError(
            f"Dataset '{name}' has {n_classes} classes in {len(y)} rows; at least 2, with some rows each, are needed. "
            "Is this the right target?"
        )
    return Dataset(name, X, y, groups, _fingerprint(X, y, groups))


def _as_strings(labels: NDArray[Any]) -> NDArray[Any]:
    if labels.dtype.kind not in "OS":
        return labels.astype(str)
    strings = [str(label) for label in labels.tolist()]
    # numpy's own strings would lose a null character at the end.
    return np.array(strings, dtype=object if any(string.endswith("\0") for string in strings) else str)


def _group_of_each_row(name: str, groups: Any) -> NDArray[Any]:
    """Return the groups with one dimension; a table of one column is allowed."""
    if np.ma.is_masked(groups):
        raise InvalidDataError(f"Dataset '{name}': some groups are masked. Leave these rows out.")
    values = np.asarray(groups)
    if values.ndim != 1 and values.shape[1:] != (1,):
        raise InvalidDataError(f"Dataset '{name}': the group must have one dimension, not {values.ndim}.")
    missing = int(pd.isna(values).sum())
    if missing:
        raise InvalidDataError(f"Dataset '{name}': {missing} rows have no group. Add it, or leave these rows out.")
    return np.ravel(values)


def _fingerprint(X: pd.DataFrame, y: NDArray[Any], groups: NDArray[Any] | None) -> str:
    digest = hashlib.sha256()
    for name, dtype in X.dtypes.items():
        digest.update(f"{name}:{'number' if pd.api.types.is_numeric_dtype(dtype) else 'other'};".encode())
    # In a column with missing values, integers count as floats, because other readers convert them to floats.
    X = X.astype({name: float for name, dtype in X.dtypes.items() if str(dtype) in ("Int64", "UInt64")})
    for part in (X, pd.Series(y), *([] if groups is None else [pd.Series(groups)])):
        digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def _sampled(dataset: Dataset, max_rows: int | None, random_state: int) -> Dataset:
    """Return the dataset, or a stratified sample if it has more rows than `max_rows`."""
    if max_rows is None or len(dataset.y) <= max_rows:
        return dataset
    rng = np.random.default_rng(seed_for(random_state, "rows", dataset.name))
    kept = []
    for label, count in zip(dataset.classes, dataset.counts, strict=True):
        wanted = max(round(count * max_rows / len(dataset.y)), min(count, _FEWEST_ROWS_KEPT))
        kept.append(rng.choice(np.flatnonzero(dataset.y == label), size=wanted, replace=False))
    rows = np.sort(np.concatenate(kept))
    groups = None if dataset.groups is None else dataset.groups[rows]
    return _checked(dataset.name, dataset.X.iloc[rows], dataset.y[rows], groups)
