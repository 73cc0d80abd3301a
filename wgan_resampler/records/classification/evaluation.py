"""How well a classifier does with and without synthetic records, on records that it never saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError
from wgan_resampler.records.files.json_records import mean_over_time
from wgan_resampler.records.files.labelled_data import LabelledData

MODELS: Final = ("lstm", "random_forest", "svm", "logistic_regression")
"""Names of the classifiers."""


@dataclass(frozen=True)
class Evaluation:
    """How a trained classifier did on the test records.

    Parameters
    ----------
    classes : tuple of str
        Names of all classes, sorted.
    confusion : ndarray of int of shape (n_classes, n_classes)
        Test records by true class (row) and predicted class (column).
    n_train : ndarray of int of shape (n_classes,)
        Original records of each class that it was trained on.
    n_synthetic : ndarray of int of shape (n_classes,)
        Synthetic records of each class that it was trained on.
    accuracy, balanced_accuracy, macro_precision, macro_f1 : float
        Share of test records recognised; and means over the classes that have test records of recall, precision and F1.
    precision, recall, f1 : ndarray of float of shape (n_classes,)
        Of each class; NaN for recall and F1 of a class without test records.
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    n_train: NDArray[np.int64]
    n_synthetic: NDArray[np.int64]
    accuracy: float
    balanced_accuracy: float
    macro_precision: float
    macro_f1: float
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]

    @property
    def n_test(self) -> NDArray[np.int64]:
        """Test records of each class."""
        return cast("NDArray[np.int64]", self.confusion.sum(axis=1))

    def to_plain(self) -> dict[str, Any]:
        """Return everything as dicts, lists and numbers for JSON; what is undefined is None."""
        rows = zip(self.classes, self.precision, self.recall, self.f1, strict=True)
        per_class = {
            name: {
                "precision": _plain(precision),
                "recall": _plain(recall),
                "f1": _plain(f1),
                "n_test": int(self.n_test[i]),
                "n_train_original": int(self.n_train[i]),
                "n_train_synthetic": int(self.n_synthetic[i]),
            }
            for i, (name, precision, recall, f1) in enumerate(rows)
        }
        return {
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "macro_precision": self.macro_precision,
            "macro_f1": self.macro_f1,
            "n_train_original": int(self.n_train.sum()),
            "n_train_synthetic": int(self.n_synthetic.sum()),
            "n_test": int(self.n_test.sum()),
            "per_class": per_class,
            "confusion_matrix": self.confusion.tolist(),
        }


def evaluate(
    data: LabelledData,
    model: str,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    *,
    with_synthetic: bool = True,
    left_out: Sequence[str] = (),
    seed: int = 0,
) -> Evaluation:
    """Train a classifier on some records and test it on others.

    Parameters
    ----------
    data : LabelledData
        The records.
    model : {"lstm", "random_forest", "svm", "logistic_regression"}
        The classifier. Only the LSTM sees sequences as such; the others see means over time.
    train, test : ndarray of int
        Positions among the original records.
    with_synthetic : bool, default=True
        Whether to train on the synthetic records as well. They are never tested on.
    left_out : sequence of str, default=()
        Columns of a table that are no features, such as the one that names groups.
    seed : int, default=0
        Seed of the classifier. The same seed gives the same figures.

    Returns
    -------
    Evaluation

    Raises
    ------
    InvalidDataError
        If the training records are of one class only.
    InvalidParameterError
        If there is no such classifier.
    MissingDependencyError
        If the LSTM is asked for and skorch is not installed.

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
    if model not in MODELS:
        raise InvalidParameterError(f"model must be one of {', '.join(MODELS)}; got {model!r}.")
    classes, labels = np.unique(data.names, return_inverse=True)
    train_rows, test_rows = data.originals[train], data.originals[test]
    synthetic_rows = np.flatnonzero(data.is_synthetic) if with_synthetic else np.empty(0, dtype=np.intp)
    rows = np.concatenate([train_rows, synthetic_rows])
    if len(np.unique(labels[rows])) < 2:
        raise InvalidDataError(f"{data.path} leaves training records of one class only; at least two are needed.")
    samples = _samples(data, model, left_out)
    predicted = _fit_predict(model, samples, labels, rows, test_rows, seed)
    return _score(classes, labels[train_rows], labels[synthetic_rows], labels[test_rows], predicted)


def _samples(data: LabelledData, model: str, left_out: Sequence[str]) -> Any:
    """Return what the classifier sees: a frame, an array of vectors, or sequences in an array of objects."""
    if data.is_table:
        return cast("Any", data.samples).drop(columns=list(left_out), errors="ignore")
    records = cast("Sequence[NDArray[np.float64]]", data.samples)
    if model != "lstm" or records[0].ndim == 1:
        return np.stack([mean_over_time(record) for record in records])
    sequences = np.empty(len(records), dtype=object)
    sequences[:] = list(records)
    return sequences


def _fit_predict(
    model: str, samples: Any, labels: NDArray[np.intp], rows: NDArray[np.intp], test_rows: NDArray[np.intp], seed: int
) -> NDArray[np.intp]:
    is_frame = hasattr(samples, "iloc")

    def take(index: NDArray[np.intp]) -> Any:
        return samples.iloc[index] if is_frame else samples[index]

    is_sequence = not is_frame and samples.dtype == object
    scaler = _table_scaler(samples.iloc[rows]) if is_frame else None if is_sequence else StandardScaler()
    # A classifier may number the classes that it was trained on without gaps (the LSTM does), so it gets such numbers.
    present, dense = np.unique(labels[rows], return_inverse=True)
    if model == "lstm":
        from wgan_resampler.records.classification.lstm import fit_lstm

        fitted = fit_lstm(take(rows), dense, scaler, seed)
    else:
        fitted = make_pipeline(scaler, _estimator(model, seed)).fit(take(rows), dense)
    return present[np.asarray(fitted.predict(take(test_rows)), dtype=np.intp)]


def _estimator(model: str, seed: int) -> Any:
    if model == "random_forest":
        return RandomForestClassifier(n_estimators=300, random_state=seed)
    if model == "svm":
        return SVC(random_state=seed)
    return LogisticRegression(max_iter=5000, random_state=seed)


def _table_scaler(frame: Any) -> ColumnTransformer:
    """Return what makes numbers of a frame's columns: measurements filled and scaled, categories one-hot."""
    numeric = [column for column in frame.columns if frame[column].dtype.kind in "biuf"]
    others = [column for column in frame.columns if column not in numeric]
    fill = Pipeline([("fill", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())])
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer([("numbers", fill, numeric), ("categories", one_hot, others)])


def _score(
    classes: NDArray[np.str_],
    trained: NDArray[np.intp],
    synthetic: NDArray[np.intp],
    truth: NDArray[np.intp],
    predicted: NDArray[np.intp],
) -> Evaluation:
    numbers = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=numbers, zero_division=0)
    tested = support > 0
    return Evaluation(
        classes=tuple(classes.tolist()),
        confusion=confusion_matrix(truth, predicted, labels=numbers),
        n_train=np.bincount(trained, minlength=len(classes)),
        n_synthetic=np.bincount(synthetic, minlength=len(classes)),
        accuracy=float(accuracy_score(truth, predicted)),
        balanced_accuracy=float(recall[tested].mean()),
        macro_precision=float(precision[tested].mean()),
        macro_f1=float(f1[tested].mean()),
        precision=precision,
        recall=np.where(tested, recall, math.nan),
        f1=np.where(tested, f1, math.nan),
    )


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
