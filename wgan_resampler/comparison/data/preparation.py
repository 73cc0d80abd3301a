"""The forms in which a sampler and a classifier see a table; everything fitted inside the fold.

========= ======================================================== ==============================================
form      what the sampler sees                                    who gets it
========= ======================================================== ==============================================
encoded   an array: numbers imputed and scaled, categories one-hot samplers that know no categories; None
prepared  a frame: numbers imputed and scaled, categories kept     samplers that know categories, no missing cells
raw       a frame: numbers as they are, cells may be missing       samplers that know both
========= ======================================================== ==============================================

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
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from wgan_resampler.comparison.data.datasets import categorical_columns

Form = Literal["encoded", "prepared", "raw"]

MISSING = "(missing)"
"""The category of a missing cell, where a table must be complete."""

_MOST_CATEGORIES = 50
"""One-hot columns of a table column; rarer categories share the last."""


class FoldTable(TransformerMixin, BaseEstimator):
    """A frame with pandas categories that only knows the categories of the rows it was fitted on.

    Without it, the dtype of a column would tell a sampler which categories the test rows have.

    Parameters
    ----------
    complete : bool, default=False
        Whether to impute: the median in numeric columns, a category of its own in the others.
    scale : bool, default=False
        Whether to bring numeric columns to mean 0 and variance 1.
    """

    def __init__(self, *, complete: bool = False, scale: bool = False) -> None:
        self.complete = complete
        self.scale = scale

    def fit(self, X: pd.DataFrame, y: Any = None) -> FoldTable:
        """Learn categories, medians and scales."""
        self.categorical_ = categorical_columns(X)
        self.numeric_ = [name for name in X.columns if name not in set(self.categorical_)]
        self.categories_ = {name: _levels(X[name], complete=self.complete) for name in self.categorical_}
        steps: list[Any] = []
        if self.complete:
            steps.append(SimpleImputer(strategy="median", keep_empty_features=True))
        if self.scale:
            steps.append(StandardScaler())
        self.numbers_ = make_pipeline(*steps) if steps and self.numeric_ else None
        if self.numbers_ is not None:
            self.numbers_.fit(_numbers(X[self.numeric_]))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return a new frame; a category that was not there in fitting counts as missing."""
        check_is_fitted(self, "categories_")
        columns: dict[Any, Any] = {}
        if self.numbers_ is not None:
            values = self.numbers_.transform(_numbers(X[self.numeric_]))
            columns = {name: values[:, index] for index, name in enumerate(self.numeric_)}
        for name in X.columns:
            if name in self.categories_:
                columns[name] = self._category(X[name])
            elif self.numbers_ is None:
                columns[name] = X[name].array.copy()
        return pd.DataFrame({name: columns[name] for name in X.columns}, index=X.index)

    def _category(self, column: pd.Series) -> pd.Categorical:
        """Return the cells as categories; what was not there in fitting is treated as a missing cell."""
        texts, known = _texts(column, complete=self.complete), self.categories_[column.name]
        texts[~np.isin(texts, np.array([*known, None], dtype=object))] = MISSING if MISSING in known else None
        return pd.Categorical(texts, categories=known)


def encoder(X: pd.DataFrame) -> ColumnTransformer:
    """Return an unfitted transformer from a frame of such columns to the array that classifiers get."""
    categorical = categorical_columns(X)
    numeric = [name for name in X.columns if name not in set(categorical)]
    return ColumnTransformer(
        [
            ("numbers", FoldArray(), numeric),
            ("categories", make_pipeline(FoldTable(complete=True), _one_hot()), categorical),
        ],
        sparse_threshold=0.0,
    )


def one_hot(X: pd.DataFrame) -> ColumnTransformer:
    """Return an unfitted transformer for frames whose numeric columns are complete and scaled already."""
    categorical = categorical_columns(X)
    numeric = [name for name in X.columns if name not in set(categorical)]
    return ColumnTransformer(
        [
            ("numbers", "passthrough", numeric),
            ("categories", make_pipeline(FoldTable(complete=True), _one_hot()), categorical),
        ],
        sparse_threshold=0.0,
    )


class FoldArray(TransformerMixin, BaseEstimator):
    """Numeric columns, imputed by their median and scaled, as an array."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> FoldArray:
        """Learn medians and scales."""
        self.steps_ = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        self.steps_.fit(_numbers(X))
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the array."""
        check_is_fitted(self, "steps_")
        return np.asarray(self.steps_.transform(_numbers(X)))


def _one_hot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_MOST_CATEGORIES, sparse_output=False)


def _numbers(X: pd.DataFrame) -> np.ndarray[Any, Any]:
    return np.asarray(X.to_numpy(dtype=float, na_value=np.nan))


def _texts(column: pd.Series, *, complete: bool) -> np.ndarray[Any, Any]:
    """Return the cells as text, missing ones as None or as a category of their own."""
    missing = column.isna().to_numpy()
    texts = np.array(column.astype(object), dtype=object)
    texts[~missing] = [str(cell) for cell in texts[~missing]]
    texts[missing] = MISSING if complete else None
    return texts


def _levels(column: pd.Series, *, complete: bool) -> list[str]:
    return sorted({text for text in _texts(column, complete=complete) if text is not None})
