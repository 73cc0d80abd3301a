"""What a classifier's answers on the rows of a test fold are worth: pure functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    matthews_corrcoef,
    roc_auc_score,
)

from wgan_resampler.comparison.scoring.thresholds import OBJECTIVES
from wgan_resampler.exceptions import InvalidParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """A column of scores.

    Attributes
    ----------
    name : str
        Name of the column.
    title : str
        What reports call it.
    greater_is_better : bool
        Which direction is a win.
    explanation : str
        One sentence for readers of a report.
    """

    name: str
    title: str
    greater_is_better: bool
    explanation: str

    @property
    def is_tuned(self) -> bool:
        """Whether it needs a threshold tuned in inner folds."""
        return self.name in TUNED


_AT_HALF = "as the classifier decides by itself (probability .5)"
_TUNED = "at the threshold that was best for it in three inner folds of the training rows; two-class sets only"
_DECISIONS = {
    "balanced_accuracy": ("balanced accuracy", "Mean recall of the classes"),
    "g_mean": ("G-mean", "Geometric mean of the recall of the classes"),
    "f1": ("F1", "F1 of the minority, macro average for several classes"),
    "matthews_corrcoef": ("Matthews correlation", "Correlation between classes and decisions"),
}

TUNED = tuple(f"{name}_tuned" for name in _DECISIONS)
"""Names of the metrics that need a threshold tuned in inner folds."""

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "average_precision",
            "average precision",
            True,
            "Area under the precision-recall curve of the minority, macro average for several classes.",
        ),
        Metric("roc_auc", "ROC AUC", True, "Area under the ROC curve, each class against the rest."),
        *(Metric(name, title, True, f"{what}, {_AT_HALF}.") for name, (title, what) in _DECISIONS.items()),
        *(
            Metric(name, f"{title}, tuned", True, f"{what}, {_TUNED}.")
            for name, (title, what) in zip(TUNED, _DECISIONS.values(), strict=True)
        ),
        Metric("brier", "Brier score", False, "Mean squared error of the probabilities."),
        Metric("log_loss", "log-loss", False, "Mean negative logarithm of the probability of the true class."),
        Metric("recall_minority", "recall of the smallest class", True, f"Recall of the smallest class, {_AT_HALF}."),
        Metric("recall_majority", "recall of the largest class", True, f"Recall of the largest class, {_AT_HALF}."),
    )
}
"""The metrics that can be asked for by name, in the order of the columns."""


@dataclass(frozen=True)
class Answers:
    """What a fitted classifier says about the rows of a fold.

    Attributes
    ----------
    decisions : ndarray of shape (n_rows,)
        Index of the class that each row is called.
    strengths : ndarray of shape (n_rows, n_classes)
        One column for each class: probabilities, or values of the decision function.
    are_probabilities : bool
        Which of the two.
    """

    decisions: NDArray[np.intp]
    strengths: Floats
    are_probabilities: bool

    @property
    def default_threshold(self) -> float:
        """The threshold at which a classifier for two classes decides by itself."""
        return 0.5 if self.are_probabilities else 0.0


def strengths_of(classifier: Any, X: Any, classes: NDArray[Any]) -> tuple[Floats, bool]:
    """Return a column of answers for each class, and whether they are probabilities.

    A class that was not among the training rows gets probability 0, or the weakest value of the decision function.
    """
    own = np.searchsorted(classes, classifier.classes_)
    if hasattr(classifier, "predict_proba"):
        probabilities = np.asarray(classifier.predict_proba(X), dtype=float)
        strengths = np.zeros((len(probabilities), len(classes)))
        strengths[:, own] = probabilities
        return strengths, True
    values = np.asarray(classifier.decision_function(X), dtype=float)
    if values.ndim == 1:
        values = np.column_stack([-values, values])
    strengths = np.full((len(values), len(classes)), values.min())
    strengths[:, own] = values
    return strengths, False


def answers_of(classifier: Any, X: Any, classes: NDArray[Any]) -> Answers:
    """Ask a fitted classifier for its decisions and what they rest on."""
    strengths, are_probabilities = strengths_of(classifier, X, classes)
    decisions = np.searchsorted(classes, classifier.predict(X))
    return Answers(decisions, strengths, are_probabilities)


def score(true: NDArray[np.intp], answers: Answers, minority: int, majority: int) -> dict[str, float]:
    """Return every metric that does not need a tuned threshold; NaN where one is not defined.

    Parameters
    ----------
    true : ndarray of shape (n_rows,)
        Index of the class of each row.
    answers : Answers
        What the classifier says.
    minority, majority : int
        Index of the smallest and of the largest class of the data set.

    Returns
    -------
    dict of str to float
        One value for each metric.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.scoring.metrics import Answers, score
    >>> strengths = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3]])
    >>> values = score(np.array([0, 1, 0]), Answers(strengths.argmax(axis=1), strengths, True), 1, 0)
    >>> values["roc_auc"], values["balanced_accuracy"], values["recall_minority"]
    (1.0, 0.5, 0.0)
    """
    n_classes = answers.strengths.shape[1]
    recalls = recall_per_class(true, answers.decisions, n_classes)
    return {
        **_ranking_scores(true, answers.strengths, minority),
        **decision_scores(true, answers.decisions, minority, n_classes),
        **_probability_scores(true, answers),
        "recall_minority": float(recalls[minority]),
        "recall_majority": float(recalls[majority]),
    }


def tuned_scores(
    true: NDArray[np.intp], answers: Answers, minority: int, thresholds: Mapping[str, float]
) -> dict[str, float]:
    """Return the metrics of decisions between two classes, each at the threshold tuned for it."""
    scores = {}
    for name in OBJECTIVES:
        decisions = np.where(answers.strengths[:, minority] >= thresholds[name], minority, 1 - minority)
        scores[f"{name}_tuned"] = decision_scores(true, decisions, minority, 2)[name]
    return scores


def decision_scores(
    true: NDArray[np.intp], decisions: NDArray[np.intp], minority: int, n_classes: int
) -> dict[str, float]:
    """Return the metrics of decisions; of the classes that are among the rows, where it is a mean over classes."""
    present = np.unique(true)
    f1 = (
        f1_score(true, decisions, pos_label=minority, average="binary", zero_division=0.0)
        if n_classes == 2
        else f1_score(true, decisions, labels=present, average="macro", zero_division=0.0)
    )
    recalls = recall_per_class(true, decisions, n_classes)[present]
    return {
        "balanced_accuracy": float(np.mean(recalls)),
        "g_mean": float(math.prod(recalls) ** (1 / len(recalls))),
        "f1": float(f1),
        "matthews_corrcoef": float(matthews_corrcoef(true, decisions)),
    }


def recall_per_class(true: NDArray[np.intp], decisions: NDArray[np.intp], n_classes: int) -> Floats:
    """Return the recall of each class, NaN for those that no row has.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.scoring.metrics import recall_per_class
    >>> recall_per_class(np.array([0, 0, 2]), np.array([0, 2, 2]), 3)
    array([0.5, nan, 1. ])
    """
    rows = np.bincount(true, minlength=n_classes).astype(float)
    found = np.bincount(true[true == decisions], minlength=n_classes).astype(float)
    recalls: Floats = np.divide(found, rows, out=np.full(n_classes, np.nan), where=rows > 0)
    return recalls


def _ranking_scores(true: NDArray[np.intp], strengths: Floats, minority: int) -> dict[str, float]:
    """Return average precision and ROC AUC: of the minority of two classes, else the mean over the classes."""
    n_classes = strengths.shape[1]
    ranked = [minority] if n_classes == 2 else range(n_classes)
    precision, auc = [], []
    for index in ranked:
        positive = true == index
        if positive.any() and not positive.all():
            precision.append(average_precision_score(positive, strengths[:, index]))
            auc.append(roc_auc_score(positive, strengths[:, index]))
    return {
        "average_precision": float(np.mean(precision)) if precision else math.nan,
        "roc_auc": float(np.mean(auc)) if auc else math.nan,
    }


def _probability_scores(true: NDArray[np.intp], answers: Answers) -> dict[str, float]:
    """Return the scores of probabilities, NaN for a classifier that gives none."""
    if not answers.are_probabilities:
        return {"brier": math.nan, "log_loss": math.nan}
    n_classes = answers.strengths.shape[1]
    squares = ((answers.strengths - np.eye(n_classes)[true]) ** 2).sum(axis=1)
    return {
        # Brier's sum over the classes counts each error of two classes twice; the usual form counts it once.
        "brier": float(squares.mean() / (2 if n_classes == 2 else 1)),
        "log_loss": float(log_loss(true, answers.strengths, labels=range(n_classes))),
    }


def resolve_scoring(scoring: Any) -> tuple[tuple[Metric, ...], dict[str, Callable[[Any, Any, Any], float]]]:
    """Return the metrics to report, in order, and the scorers that are called for those that are not this package's.

    Examples
    --------
    >>> from wgan_resampler.comparison.scoring.metrics import resolve_scoring
    >>> metrics, scorers = resolve_scoring(["f1", "jaccard_macro"])
    >>> [metric.name for metric in metrics], list(scorers)
    (['f1', 'jaccard_macro'], ['jaccard_macro'])
    """
    if scoring is None:
        return tuple(METRICS.values()), {}
    if isinstance(scoring, str):
        scoring = [scoring]
    pairs = list(scoring.items()) if isinstance(scoring, Mapping) else [(name, name) for name in scoring]
    metrics, scorers = [], {}
    for name, value in pairs:
        if isinstance(value, str) and value in METRICS:
            metrics.append(METRICS[value])
            continue
        scorers[name] = _scorer(name, value)
        metrics.append(Metric(name, name, True, "A scorer: greater is better."))
    if not metrics or len({metric.name for metric in metrics}) < len(metrics):
        raise InvalidParameterError(f"scoring must name at least one metric, and none twice: {list(scoring)}.")
    return tuple(metrics), scorers


def _scorer(name: Any, value: Any) -> Callable[[Any, Any, Any], float]:
    if isinstance(value, str) and value in get_scorer_names():
        scorer: Callable[[Any, Any, Any], float] = get_scorer(value)
        return scorer
    if callable(value) and isinstance(name, str):
        checked: Callable[[Any, Any, Any], float] = value
        return checked
    raise InvalidParameterError(
        f"There is no metric {value!r}. Known: {', '.join(METRICS)}, and the names of scikit-learn's scorers. A scorer "
        "of your own goes into a mapping: {'name': scorer}."
    )
