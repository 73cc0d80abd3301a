"""The forms in which samplers and classifiers get a table; everything here is fitted inside the fold.

========= ======================================================== ============================================
form      what the sampler gets                                    for which samplers
========= ======================================================== ============================================
encoded   an array: numbers imputed and scaled, categories one-hot those without support of categorical features
prepared  a frame: numbers imputed and scaled, categories kept     those that support categorical features
raw       a frame: numbers as they are, values may be missing      those that support missing values as well
========= ======================================================== ============================================

The classifier always gets the encoded form.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from wgan_resampler.comparison.data.datasets import categorical_columns

Form = Literal["encoded", "prepared", "raw"]

MISSING = "(missing)"
"""The category that stands for a missing value where a table must be complete."""

_MOST_CATEGORIES = 50
"""Largest number of one-hot columns for a table column; rarer categories share the last one."""


class FoldTable(TransformerMixin, BaseEstimator):
    """A frame whose categorical columns have only the categories of the rows it was fitted on.

    Otherwise the dtype of a column would tell a sampler which categories the test rows have.

    Parameters
    ----------
    complete : bool, default=False
        Whether to impute missing values: by the median in numeric columns, by a category of their own in the others.
    scale : bool, default=False
        Whether to scale numeric columns to mean 0 and variance 1.
    """

    def __init__(self, *, complete: bool = False, scale: bool = False) -> None:
        self.complete = complete
        self.scale = scale

    def fit(self, X: pd.DataFrame, y: Any = None) -> FoldTable:
        """Learn categories, medians and scales."""
        names, self.numeric_ = _columns(X)
        self.categories_ = {
            name: sorted({text for text in _strings(X[name], complete=self.complete) if text is not None})
            for name in names
        }
        steps = _imputer() * self.complete + [StandardScaler()] * self.scale
        self.numbers_ = make_pipeline(FunctionTransformer(_floats), *steps) if steps and self.numeric_ else None
        if self.numbers_ is not None:
            self.numbers_.fit(X[self.numeric_])
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return a new frame; a category that was absent in fitting becomes a missing value."""
        check_is_fitted(self, "categories_")
        columns: dict[Any, Any] = {name: X[name].array.copy() for name in self.numeric_}
        if self.numbers_ is not None:
            columns = dict(zip(self.numeric_, self.numbers_.transform(X[self.numeric_]).T, strict=True))
        columns |= {name: self._category(X[name]) for name in self.categories_}
        return pd.DataFrame({name: columns[name] for name in X.columns}, index=X.index)

    def _category(self, column: pd.Series) -> pd.Categorical:
        strings, known = _strings(column, complete=self.complete), self.categories_[column.name]
        strings[~np.isin(strings, np.array([*known, None], dtype=object))] = MISSING if MISSING in known else None
        return pd.Categorical(strings, categories=known)


def encoder(X: pd.DataFrame, *, prepared: bool = False) -> ColumnTransformer:
    """Return an unfitted transformer from a frame to the array that classifiers get.

    Parameters
    ----------
    X : pandas.DataFrame
        A frame with the columns in question; its values are not used.
    prepared : bool, default=False
        Whether numeric columns will be complete and scaled already.

    Returns
    -------
    sklearn.compose.ColumnTransformer
        The unfitted transformer.
    """
    categorical, numeric = _columns(X)
    numbers = make_pipeline(FunctionTransformer(_floats), *_imputer(), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_MOST_CATEGORIES, sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", "passthrough" if prepared else numbers, numeric),
            ("categories", make_pipeline(FoldTable(complete=True), one_hot), categorical),
        ],
        sparse_threshold=0.0,
    )


def _columns(X: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    """Return the names of the categorical and of the numeric columns."""
    categorical = categorical_columns(X)
    return categorical, [name for name in X.columns if name not in set(categorical)]


def _imputer() -> list[SimpleImputer]:
    return [SimpleImputer(strategy="median", keep_empty_features=True)]


def _floats(X: pd.DataFrame) -> np.ndarray[Any, Any]:
    return np.asarray(X.to_numpy(dtype=float, na_value=np.nan))


def _strings(column: pd.Series, *, complete: bool) -> np.ndarray[Any, Any]:
    """Return the values as strings, missing ones as None or as a category of their own."""
    missing = column.isna().to_numpy()
    strings = np.array(column.astype(object), dtype=object)
    strings[~missing] = [str(value) for value in strings[~missing]]
    strings[missing] = MISSING if complete else None
    return strings
