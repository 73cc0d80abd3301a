"""Samplers of other packages, wrapped so that they have ``fit_resample``."""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from wgan_resampler.comparison.data.datasets import categorical_columns
from wgan_resampler.utils import FOREST_DIFFUSION, PEERS, SMOTE_VARIANTS, next_seed, require, seed_sequence

_LARGEST_SEED = 2**31

Generate = Callable[[Any, int, int], pd.DataFrame]


class PeerSampler(BaseEstimator):
    """A sampler of another package, which has to be installed.

    Attributes
    ----------
    module : str
        Module of the package.
    install : str
        Command that installs it.
    """

    module: str
    install: str

    def require_package(self) -> Any:
        """Return the module, or raise an error that says how it is installed."""
        return require(self.module, type(self).__name__, self.install)


class _CategoricalFeatures(BaseEstimator):
    """Tag of a sampler for frames with categorical features and without missing values."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        return tags


class SMOTEForTables(_CategoricalFeatures):
    """SMOTE for numeric tables, SMOTEN for categorical tables, SMOTENC for tables with both.

    Parameters
    ----------
    k_neighbors : int, default=5
        Number of neighbors, as in SMOTE.
    random_state : int or None, default=None
        Seed.
    """

    def __init__(self, *, k_neighbors: int = 5, random_state: int | None = None) -> None:
        self.k_neighbors = k_neighbors
        self.random_state = random_state

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return the rows and, below them, the interpolated ones."""
        options = {"k_neighbors": self.k_neighbors, "random_state": self.random_state}
        categorical = categorical_columns(X) if isinstance(X, pd.DataFrame) else []
        if categorical and len(categorical) < X.shape[1]:
            sampler = SMOTENC(categorical, **options)
        else:
            sampler = SMOTEN(**options) if categorical else SMOTE(**options)
        X_resampled, y_resampled = sampler.fit_resample(X, y)
        return X_resampled, y_resampled


class SmoteVariantsSampler(PeerSampler):
    """An over-sampler of the package smote-variants.

    Parameters
    ----------
    variant : str
        Its name there.
    random_state : int or None, default=None
        Seed.
    """

    module, install = "smote_variants", SMOTE_VARIANTS

    def __init__(self, variant: str, *, random_state: int | None = None) -> None:
        self.variant = variant
        self.random_state = random_state

    def fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the rows and, below them, the new rows; more than two classes are over-sampled one after the other."""
        package, logger = self.require_package(), logging.getLogger("smote_variants")
        classes, codes = np.unique(y, return_inverse=True)
        rows = np.asarray(X, dtype=float)

        def sample(X: NDArray[Any], codes: NDArray[Any], **parameters: Any) -> tuple[NDArray[Any], NDArray[Any]]:
            sampler = getattr(package, self.variant)(**parameters, random_state=self.random_state)
            X_sampled, codes_sampled = sampler.sample(X, codes)
            return X_sampled, codes_sampled

        # The package logs each of its steps. Meanwhile, only its warnings are shown.
        logger.addFilter(_is_warning)
        try:
            grown = sample(rows, codes) if len(classes) == 2 else _one_after_the_other(sample, rows, codes)
        finally:
            logger.removeFilter(_is_warning)
        X_resampled, codes_resampled = grown
        return X_resampled, classes[np.asarray(codes_resampled, dtype=int)]


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _one_after_the_other(
    sample: Callable[..., tuple[NDArray[Any], NDArray[Any]]], X: NDArray[Any], codes: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Over-sample the classes one after the other, the largest first, each against all classes before it.

    The rows are those of ``MulticlassOversampling`` of smote-variants, which cannot be used, because it divides by zero
    if the two largest classes have the same size.
    """
    counts = np.bincount(codes)
    order = np.argsort(-counts, kind="stable")
    before = X[codes == order[0]]
    found, labels = [X], [codes]
    for place, label in enumerate(order[1:], start=1):
        own, wanted = X[codes == label], counts.max() - counts[label]
        if wanted:
            rows = np.vstack([before, own])
            is_own = np.repeat([0, 1], [len(before), len(own)])
            # The package adds this share of the difference between the class and all classes before it.
            share = wanted / (place * counts.max() - counts[label])
            rows_grown, is_own_grown = sample(rows, is_own, proportion=share)
            found.append(rows_grown[len(rows) :][is_own_grown[len(rows) :] == 1])
            labels.append(np.repeat(label, len(found[-1])))
            own = rows_grown[is_own_grown == 1]
        before = np.vstack([before, own])
    return np.vstack(found), np.concatenate(labels)


class _GeneratingSampler(PeerSampler):
    """A sampler that generates rows of a class, until all classes are as large as the largest."""

    random_state: int | None

    @abc.abstractmethod
    def prepare(self, frame: pd.DataFrame, categorical: list[str], y: NDArray[Any]) -> Generate:
        """Return a function that generates rows like those of a frame with strings in its categorical columns.

        Parameters
        ----------
        frame : pandas.DataFrame
            The rows.
        categorical : list of str
            Names of the categorical columns.
        y : ndarray
            Their classes.

        Returns
        -------
        callable
            Takes a class, the number of rows that it needs, and a seed. Returns the rows.
        """

    def fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the rows and, below them, the generated ones, in the container and the dtypes of `X`."""
        frame = pd.DataFrame(X).rename(columns=str).reset_index(drop=True)
        categorical = categorical_columns(frame)
        frame = frame.astype(dict.fromkeys(categorical, object))
        generate, seeds = self.prepare(frame, categorical, y), seed_sequence(self.random_state)
        classes, counts = np.unique(y, return_counts=True)
        parts, labels = [frame.iloc[:0]], [y]
        for label, number in zip(classes, (counts.max() - counts).tolist(), strict=True):
            if number:
                rows = generate(label, number, next_seed(seeds) % _LARGEST_SEED)
                parts += [rows] if len(rows) else []
                labels.append(np.full(len(rows), label, dtype=y.dtype))
        new, y_resampled = pd.concat(parts, ignore_index=True), np.concatenate(labels)
        if not isinstance(X, pd.DataFrame):
            return np.vstack([X, new.to_numpy(dtype=float)]), y_resampled
        new = new.set_axis(X.columns, axis=1).astype(X.dtypes.to_dict())
        return pd.concat([X, new], ignore_index=True), y_resampled


class CTGANSampler(_CategoricalFeatures, _GeneratingSampler):
    """CTGAN, with rows of a wrong class rejected.

    Rows that CTGAN draws for a class often have another class. Those are rejected, and more rows are drawn, up to
    `max_draws` times the number that is needed. `shortfall_` counts the rows that are still missing after that.

    Parameters
    ----------
    epochs : int, default=300
        As in CTGAN.
    max_draws : int, default=20
        Largest number of draws for each needed row.
    random_state : int or None, default=None
        Seed.

    Attributes
    ----------
    shortfall_ : int
        Number of rows that were needed and not found.
    """

    module, install = "ctgan", PEERS

    def __init__(self, *, epochs: int = 300, max_draws: int = 20, random_state: int | None = None) -> None:
        self.epochs = epochs
        self.max_draws = max_draws
        self.random_state = random_state

    def prepare(self, frame: pd.DataFrame, categorical: list[str], y: NDArray[Any]) -> Generate:
        """Return a function that generates rows; see `_GeneratingSampler.prepare`."""
        target = "(class)"
        model = self.require_package().CTGAN(epochs=self.epochs, enable_gpu=False)
        model.set_random_state(next_seed(seed_sequence(self.random_state)) % _LARGEST_SEED)
        model.fit(frame.assign(**{target: np.asarray(y).astype(str)}), [*categorical, target])
        self.shortfall_ = 0

        def generate(label: Any, number: int, seed: int) -> pd.DataFrame:
            kept: list[pd.DataFrame] = []
            while len(kept) < self.max_draws and sum(map(len, kept)) < number:
                drawn = model.sample(number, condition_column=target, condition_value=str(label))
                kept.append(drawn.loc[drawn[target] == str(label), list(frame.columns)])
            rows = pd.concat(kept).iloc[:number]
            self.shortfall_ += number - len(rows)
            return rows

        return generate


class TVAESampler(_CategoricalFeatures, _GeneratingSampler):
    """TVAE: one model for each class that needs rows, trained on the rows of the class.

    Parameters
    ----------
    epochs : int, default=300
        As in TVAE.
    random_state : int or None, default=None
        Seed.
    """

    module, install = "ctgan", PEERS

    def __init__(self, *, epochs: int = 300, random_state: int | None = None) -> None:
        self.epochs = epochs
        self.random_state = random_state

    def prepare(self, frame: pd.DataFrame, categorical: list[str], y: NDArray[Any]) -> Generate:
        """Return a function that generates rows; see `_GeneratingSampler.prepare`."""
        package = self.require_package()

        def generate(label: Any, number: int, seed: int) -> pd.DataFrame:
            model = package.TVAE(epochs=self.epochs, enable_gpu=False)
            model.set_random_state(seed)
            model.fit(frame[np.asarray(y) == label].reset_index(drop=True), categorical)
            return pd.DataFrame(model.sample(number))

        return generate


class ForestDiffusionSampler(_GeneratingSampler):
    """ForestDiffusion: flow matching with boosted trees, for each class that needs rows.

    The package trains one model for each class, so the models of the other classes are not needed. It gets categorical
    features in one-hot encoding.

    Parameters
    ----------
    duplicate_K : int, default=100
        Noise vectors for each row, as in the package.
    n_t : int, default=50
        Noise levels, as in the package.
    random_state : int or None, default=None
        Seed.
    """

    module, install = "ForestDiffusion", FOREST_DIFFUSION

    def __init__(self, *, duplicate_K: int = 100, n_t: int = 50, random_state: int | None = None) -> None:
        self.duplicate_K = duplicate_K
        self.n_t = n_t
        self.random_state = random_state

    def prepare(self, frame: pd.DataFrame, categorical: list[str], y: NDArray[Any]) -> Generate:
        """Return a function that generates rows; see `_GeneratingSampler.prepare`."""
        package, rows = self.require_package(), frame.to_numpy(dtype=float)

        def generate(label: Any, number: int, seed: int) -> pd.DataFrame:
            own, options = rows[np.asarray(y) == label], {"duplicate_K": self.duplicate_K, "n_t": self.n_t}
            # The package seeds numpy's global random state, and draws from it.
            state = np.random.get_state()  # noqa: NPY002
            try:
                model = package.ForestDiffusionModel(own, **options, n_jobs=1, nthread=1, seed=seed)
                return pd.DataFrame(model.generate(batch_size=number)[:, : rows.shape[1]], columns=frame.columns)
            finally:
                np.random.set_state(state)  # noqa: NPY002

        return generate
