"""Rows to put below those of a file, and the mark that says which rows are synthetic."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError

if TYPE_CHECKING:
    import pandas as pd

IS_SYNTHETIC: Final = "is_synthetic"
"""Column of a table, and key of a file of records, that says for each row whether it was generated."""

META_SUFFIX: Final = ".meta.json"
"""Added to the name of an augmented table, this is the name of the file that says how it was augmented."""

_TRUE_OF: Final = {"false": "true", "f": "t", "no": "yes", "n": "y", "0": "1", "0.0": "1.0"}
"""For each word that marks an original row, the word that marks a synthetic one."""

_TRUTH: Final = dict.fromkeys(_TRUE_OF, False) | dict.fromkeys(_TRUE_OF.values(), True)


@dataclass(frozen=True)
class NewRows:
    """Rows to put below those of a table.

    Parameters
    ----------
    features : pandas.DataFrame
        Their values. In other columns of the table, the new rows have missing values.
    target : str
        The column of the classes.
    donors : ndarray of int of shape (n_new,)
        For each new row, the position of the original row whose class it takes.
    """

    features: pd.DataFrame
    target: str
    donors: NDArray[np.intp]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.donors)


def noted_marks(path: str, n_rows: int) -> NDArray[np.bool_]:
    """Return which rows of a table are synthetic, from the file beside it that says how it was augmented.

    If there is no such file, or if it describes another number of rows, no row is synthetic.
    """
    try:
        about = json.loads(Path(f"{path}{META_SUFFIX}").read_bytes())
        numbers = [int(about["original_samples"]), int(about["synthetic_samples"])]
    except (OSError, ValueError, TypeError, KeyError):
        numbers = []
    if min(numbers, default=-1) < 0 or sum(numbers) != n_rows:
        return np.zeros(n_rows, dtype=np.bool_)
    return np.repeat([False, True], numbers)


def with_mark(names: Sequence[str]) -> tuple[str, ...]:
    """Return column names in which ``is_synthetic`` has this spelling again, because databases may change it.

    Examples
    --------
    >>> from wgan_resampler.tables.files.new_rows import with_mark
    >>> with_mark(["Is Synthetic", "class"])
    ('is_synthetic', 'class')
    """
    if IS_SYNTHETIC in names:
        return tuple(names)
    plain = [re.sub("[^a-z]", "", name.lower()) for name in names]
    found = plain.index("issynthetic") if "issynthetic" in plain else None
    return tuple(IS_SYNTHETIC if i == found else name for i, name in enumerate(names))


def read_marks(path: str, values: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which rows of a table are synthetic, from the column that says so.

    Examples
    --------
    >>> from wgan_resampler.tables.files.new_rows import read_marks
    >>> read_marks("songs.csv", ["FALSE", "TRUE"]).tolist()
    [False, True]
    """
    marks = [_TRUTH.get(str(value).strip().lower()) for value in values]
    if None in marks:
        raise DataFileError(f"{path} must say True or False in each row of its column {IS_SYNTHETIC!r}.")
    return np.array(marks, dtype=np.bool_)


def true_like(false: str) -> str:
    """Return the mark of a synthetic row, in the style of the mark of an original row.

    Examples
    --------
    >>> from wgan_resampler.tables.files.new_rows import true_like
    >>> true_like("FALSE"), true_like("No"), true_like("0")
    ('TRUE', 'Yes', '1')
    """
    false = false.strip()
    true = _TRUE_OF[false.lower()]
    return true.upper() if false.isupper() else true.title() if false.istitle() else true
