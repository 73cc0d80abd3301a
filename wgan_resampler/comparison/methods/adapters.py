"""Samplers of other packages, wrapped so that they have ``fit_resample``."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from wgan_resampler.comparison.data.datasets import categorical_columns
from wgan_resampler.utils import FOREST_DIFFUSION, PEERS, SMOTE_VARIANTS, next_seed, require, seed_sequence

_LARGEST_SEED = 2**31


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
        chosen, options = SMOTE, {}
        if isinstance(X, pd.DataFrame) and (categorical := categorical_columns(X)):
            chosen = SMOTEN if len(categorical) == X.shape[1] else SMOTENC
            options = {} if chosen is SMOTEN else {"categorical_features": categorical}
        sampler = chosen(**options, k_neighbors=self.k_neighbors, random_state=self.random_state)
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
        package = self.require_package()
        classes, codes = np.unique(y, return_inverse=True)
        rows = np.asarray(X, dtype=float)

        def sample(X: NDArray[Any], codes: NDArray[Any], **parameters: Any) -> tuple[NDArray[Any], NDArray[Any]]:
            sampler = getattr(package, self.variant)(**parameters, random_state=self.random_state)
            X_sampled, codes_sampled = sampler.sample(X, codes)
            return X_sampled, codes_sampled

        with _warnings_only("smote_variants"):
            grown = sample(rows, codes) if len(classes) == 2 else _one_after_the_other(sample, rows, codes)
        X_resampled, codes_resampled = grown
        return X_resampled, classes[np.asarray(codes_resampled, dtype=int)]


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


@contextlib.contextmanager
def _warnings_only(name: str) -> Iterator[None]:
    """Hide the messages of a package about each of its steps; its warnings are still shown."""

    def serious(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    logger = logging.getLogger(name)
    logger.addFilter(serious)
    try:
        yield
    finally:
        logger.removeFilter(serious)


class CTGANSampler(_CategoricalFeatures, PeerSampler):
    """CTGAN, with rows of a wrong class rejected.

    Rows that CTGAN draws for a class often have another class. Those are rejected, and more rows are drawn, up to
    `max_draws` times the number that is needed. Rows that are still missing then are counted in `shortfall_`.

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

    def fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the rows and, below them, the generated ones."""
        package = self.require_package()
        frame, categorical = _frame(X)
        target = "(class)"
        labels = np.asarray(y).astype(str)
        model = package.CTGAN(epochs=self.epochs, enable_gpu=False)
        model.set_random_state(_seeds(self.random_state, 1)[0])
        model.fit(frame.assign(**{target: labels}), [*categorical, target])
        found: list[tuple[Any, pd.DataFrame]] = []
        self.shortfall_ = 0
        for label, wanted in _wanted(y).items():
            kept = pd.DataFrame(columns=frame.columns)
            for _ in range(self.max_draws):
                drawn = model.sample(wanted, condition_column=target, condition_value=str(label))
                matching = drawn.loc[drawn[target] == str(label), list(frame.columns)]
                kept = pd.concat([kept, matching]) if len(kept) else matching
                if len(kept) >= wanted:
                    break
            self.shortfall_ += wanted - min(len(kept), wanted)
            found.append((label, kept.iloc[:wanted]))
        return _below(X, frame, y, found)


class TVAESampler(_CategoricalFeatures, PeerSampler):
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

    def fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the rows and, below them, the generated ones."""
        package = self.require_package()
        frame, categorical = _frame(X)
        wanted = _wanted(y)
        found = []
        for (label, number), seed in zip(wanted.items(), _seeds(self.random_state, len(wanted)), strict=True):
            model = package.TVAE(epochs=self.epochs, enable_gpu=False)
            model.set_random_state(seed)
            model.fit(frame[np.asarray(y) == label].reset_index(drop=True), categorical)
            found.append((label, model.sample(number)))
        return _below(X, frame, y, found)


class ForestDiffusionSampler(PeerSampler):
    """ForestDiffusion: flow matching with boosted trees, for each class that needs rows.

    The package trains one model for each class, so the models of the other classes are not needed. It gets categorical
    features one-hot.

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

    def fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the rows and, below them, the generated ones."""
        package = self.require_package()
        rows, wanted = np.asarray(X, dtype=float), _wanted(y)
        found = []
        for (label, number), seed in zip(wanted.items(), _seeds(self.random_state, len(wanted)), strict=True):
            with _own_numpy_state():
                model = package.ForestDiffusionModel(
                    rows[np.asarray(y) == label],
                    duplicate_K=self.duplicate_K,
                    n_t=self.n_t,
                    n_jobs=1,
                    seed=seed,
                    nthread=1,
                )
                found.append((label, pd.DataFrame(model.generate(batch_size=number)[:, : rows.shape[1]])))
        return _below(rows, pd.DataFrame(rows), y, found)


@contextlib.contextmanager
def _own_numpy_state() -> Iterator[None]:
    """Restore numpy's global random state after a package has seeded it and drawn from it."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _seeds(random_state: int | None, number: int) -> list[int]:
    seeds = seed_sequence(random_state)
    return [next_seed(seeds) % _LARGEST_SEED for _ in range(number)]


def _frame(X: Any) -> tuple[pd.DataFrame, list[str]]:
    """Return a frame with strings in its categorical columns, and the names of these columns."""
    frame = pd.DataFrame(X).rename(columns=str).reset_index(drop=True)
    categorical = categorical_columns(frame)
    return frame.astype(dict.fromkeys(categorical, object)), categorical


def _wanted(y: NDArray[Any]) -> dict[Any, int]:
    """Return how many rows each class needs to reach the largest, for the classes that need any."""
    classes, counts = np.unique(y, return_counts=True)
    lacking = counts.max() - counts
    return {label: int(number) for label, number in zip(classes, lacking, strict=True) if number}


def _below(
    X: Any, frame: pd.DataFrame, y: NDArray[Any], found: list[tuple[Any, pd.DataFrame]]
) -> tuple[Any, NDArray[Any]]:
    """Put generated rows below the original ones, in the container and dtypes of X."""
    new = pd.concat([frame.iloc[:0], *(rows for _, rows in found if len(rows))], ignore_index=True)
    labels = np.concatenate([y, *(np.repeat(np.asarray([label], dtype=y.dtype), len(rows)) for label, rows in found)])
    if not isinstance(X, pd.DataFrame):
        return np.vstack([X, new.to_numpy(dtype=float)]), labels
    new = new.set_axis(X.columns, axis=1).astype(X.dtypes.to_dict())
    return pd.concat([X, new], ignore_index=True), labels
