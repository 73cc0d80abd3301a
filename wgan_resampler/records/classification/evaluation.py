"""Scores of a classifier with and without synthetic records, on test records that it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, confusion_matrix, precision_recall_fscore_support
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import _safe_indexing
from threadpoolctl import threadpool_limits

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError
from wgan_resampler.records.classification import CLASSIFIERS
from wgan_resampler.records.files.json_records import mean_over_time
from wgan_resampler.records.files.labelled_data import LabelledData
from wgan_resampler.utils import own_settings


@dataclass(frozen=True)
class Evaluation:
    """The result of a trained classifier on the test records.

    Parameters
    ----------
    classes : tuple of str
        Names of all classes, sorted.
    truth, predicted : ndarray of int of shape (n_test,)
        For each test record: the index of its class, and of the predicted class.
    n_train : ndarray of int of shape (n_classes,)
        Original records of each class that the classifier was trained on.
    n_synthetic : ndarray of int of shape (n_classes,)
        Synthetic records of each class that the classifier was trained on.
    """

    classes: tuple[str, ...]
    truth: NDArray[np.intp]
    predicted: NDArray[np.intp]
    n_train: NDArray[np.intp]
    n_synthetic: NDArray[np.intp]

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Test records by true class (row) and predicted class (column)."""
        counts = confusion_matrix(self.truth, self.predicted, labels=range(len(self.classes)))
        return cast("NDArray[np.int64]", counts)

    @cached_property
    def scores(self) -> Mapping[str, NDArray[np.float64]]:
        """``"precision"``, ``"recall"`` and ``"f1"`` of each class; NaN for recall and F1 without test records."""
        precision, recall, f1, n_test = precision_recall_fscore_support(
            self.truth, self.predicted, labels=range(len(self.classes)), zero_division=0
        )
        undefined = np.where(n_test > 0, 0.0, np.nan)
        return {"precision": precision, "recall": recall + undefined, "f1": f1 + undefined}

    def mean(self, score: str) -> float:
        """Return the mean of a score over the classes that have test records."""
        return float(self.scores[score][np.unique(self.truth)].mean())

    @property
    def summary(self) -> Mapping[str, float]:
        """The scores of all classes together: balanced accuracy, macro F1, accuracy and macro precision."""
        return {
            "balanced_accuracy": self.mean("recall"),
            "macro_f1": self.mean("f1"),
            "accuracy": float((self.truth == self.predicted).mean()),
            "macro_precision": self.mean("precision"),
        }

    @property
    def text(self) -> str:
        """Precision, recall, F1 and number of test records of each class that has some, as a table."""
        tested = np.unique(self.truth)
        names = [self.classes[i] for i in tested]
        report = classification_report(
            self.truth, self.predicted, labels=tested, target_names=names, digits=3, zero_division=0
        )
        return cast("str", report)

    def to_plain(self) -> dict[str, Any]:
        """Return everything as dicts, lists and numbers for JSON. What is undefined is None."""
        counts = {
            "n_test": self.confusion.sum(axis=1),
            "n_train_original": self.n_train,
            "n_train_synthetic": self.n_synthetic,
        }
        columns = {**self.scores, **counts}
        per_class = {
            name: {key: None if np.isnan(values[i]) else values[i].item() for key, values in columns.items()}
            for i, name in enumerate(self.classes)
        }
        return {
            **self.summary,
            **{key: int(values.sum()) for key, values in counts.items()},
            "per_class": per_class,
            "confusion_matrix": self.confusion.tolist(),
        }


@own_settings
def evaluate(
    data: LabelledData,
    model: str,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    *,
    with_synthetic: bool = True,
    left_out: str | None = None,
    seed: int = 0,
) -> Evaluation:
    """Train a classifier on some records and test it on others.

    Parameters
    ----------
    data : LabelledData
        The records.
    model : {"lstm", "random_forest", "svm", "logistic_regression"}
        The classifier. The LSTM sees sequences; the others see their means over time.
    train, test : ndarray of int
        Positions among the original records.
    with_synthetic : bool, default=True
        Whether to train on the synthetic records as well. They are never used for testing.
    left_out : str or None, default=None
        A column of a table that is not a feature, such as the column of groups.
    seed : int, default=0
        Seed of the classifier. The same seed gives the same result, for any number of threads.

    Returns
    -------
    Evaluation

    Raises
    ------
    InvalidDataError
        If all training records are of one class.
    InvalidParameterError
        If there is no such classifier.
    MissingDependencyError
        If `model` is ``"lstm"`` and skorch is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.classification.evaluation import evaluate
    >>> from wgan_resampler.records.files.labelled_data import LabelledData
    >>> names = np.array(["low", "high"] * 10)
    >>> records = [np.array([float(name == "high"), 0.0]) for name in names]
    >>> data = LabelledData("in memory", records, names, np.zeros(20, dtype=bool))
    >>> evaluate(data, "svm", np.arange(14), np.arange(14, 20)).confusion.tolist()
    [[3, 0], [0, 3]]
    """
    if model not in CLASSIFIERS:
        raise InvalidParameterError(f"model must be one of {', '.join(CLASSIFIERS)}; got {model!r}.")
    classes, labels = np.unique(data.names, return_inverse=True)
    train_rows, test_rows = data.originals[train], data.originals[test]
    synthetic_rows = np.flatnonzero(data.is_synthetic) if with_synthetic else np.empty(0, dtype=np.intp)
    rows = np.concatenate([train_rows, synthetic_rows])
    if len(np.unique(labels[rows])) < 2:
        raise InvalidDataError(f"{data.path} has training records of one class only; at least two are needed.")
    samples = _samples(data, model, left_out)
    # The number of threads changes the order of sums, and so the last digits. So one thread is used in all cases.
    with threadpool_limits(limits=1):
        predicted = _fit_predict(model, samples, labels, rows, test_rows, seed)
    n_train, n_synthetic = (np.bincount(labels[part], minlength=len(classes)) for part in (train_rows, synthetic_rows))
    return Evaluation(tuple(classes.tolist()), labels[test_rows], predicted, n_train, n_synthetic)


def _samples(data: LabelledData, model: str, left_out: str | None) -> Any:
    """Return what the classifier sees: a frame, an array of vectors, or a list of sequences."""
    records = data.samples
    if not isinstance(records, Sequence):
        return records.drop(columns=[left_out], errors="ignore")
    if model != "lstm" or records[0].ndim == 1:
        return np.stack([mean_over_time(record) for record in records])
    return list(records)


def _fit_predict(
    model: str, samples: Any, labels: NDArray[np.intp], rows: NDArray[np.intp], test_rows: NDArray[np.intp], seed: int
) -> NDArray[np.intp]:
    """Train on some rows and return the predicted classes of others."""
    train, test = (_safe_indexing(samples, positions) for positions in (rows, test_rows))
    if hasattr(samples, "iloc"):
        scaler = _table_scaler(samples)
    else:
        scaler = "passthrough" if isinstance(samples, list) else StandardScaler()
    # The LSTM needs consecutive class numbers, but a class may have no training records.
    present, dense = np.unique(labels[rows], return_inverse=True)
    if model == "lstm":
        from wgan_resampler.records.classification.lstm import lstm_predictions

        return present[lstm_predictions(train, dense, test, scaler, seed)]
    estimators = {
        "random_forest": RandomForestClassifier(n_estimators=300, random_state=seed),
        "svm": SVC(random_state=seed),
        "logistic_regression": LogisticRegression(max_iter=5000, random_state=seed),
    }
    predicted: NDArray[np.intp] = make_pipeline(scaler, estimators[model]).fit(train, dense).predict(test)
    return present[predicted]


def _table_scaler(frame: Any) -> Any:
    """Return what makes numbers of a frame's columns: numbers imputed and scaled, categories one-hot."""
    numeric = [column for column in frame.columns if frame[column].dtype.kind in "biuf"]
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer((make_pipeline(impute, StandardScaler()), numeric), remainder=one_hot)
