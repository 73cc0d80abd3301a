"""Samplers for tests of the protocol."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator


class Identity(BaseEstimator):
    """Return the rows unchanged."""

    def fit_resample(self, X, y):
        return X, y


class TableIdentity(Identity):
    """The same for tables with categories and missing values."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags


class Leaky(BaseEstimator):
    """Adds all rows of the data set, including the test rows. The data must need no scaling."""

    def __init__(self, X=None, y=None):
        self.X = X
        self.y = y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags

    def fit_resample(self, X, y):
        return pd.concat([X, pd.DataFrame(self.X, columns=X.columns)], ignore_index=True), np.concatenate([y, self.y])


class Failing(BaseEstimator):
    """Raises, and counts how often."""

    calls = 0

    def fit_resample(self, X, y):
        type(self).calls += 1
        raise ValueError("no such rows")


class Noisy(BaseEstimator):
    """Doubles the rows with noise from its seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit_resample(self, X, y):
        rng = np.random.default_rng(self.random_state)
        return np.vstack([X, X + rng.normal(scale=0.1, size=X.shape)]), np.concatenate([y, y])


class Spy(BaseEstimator):
    """Records every row that it gets; the first column identifies rows."""

    seen: list = []  # shared on purpose: copies are fitted

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags

    def fit_resample(self, X, y):
        type(self).seen.append(X.iloc[:, 0].astype(int).tolist())
        return X, y
