"""The metrics that a comparison can report.

To add a metric, add one entry to `DEFINITIONS`. A metric of decisions is computed from the confusion matrix. So one
definition serves any number of classes, the classifier's own decisions, and the search for the best threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, get_scorer, get_scorer_names, log_loss, roc_auc_score

from wgan_resampler.comparison.data.names import named_objects
from wgan_resampler.comparison.scoring.evaluation import Evaluation, evaluate_thresholds, ratio
from wgan_resampler.exceptions import InvalidParameterError

Scorer = Callable[[Any, Any, Any], float]


@dataclass(frozen=True)
class Metric:
    """Description of a metric, which is a column of scores.

    Attributes
    ----------
    name : str
        Name of the column.
    title : str
        Name in reports.
    greater_is_better : bool
        Whether a greater value is better.
    explanation : str
        One sentence for readers of a report.
    """

    name: str
    title: str
    greater_is_better: bool
    explanation: str


@dataclass(frozen=True)
class Definition:
    """A metric of this package.

    Attributes
    ----------
    title, explanation : str
        As in `Metric`; the explanation without a full stop.
    compute : callable
        From an `Evaluation` to the value, or to one value for each of its confusion matrices. NaN means that the
        metric is not defined there.
    greater_is_better : bool, default=True
        Whether a greater value is better.
    is_tunable : bool, default=False
        Whether the metric is also reported at the threshold that is best for it, under its name with ``_tuned``. It has
        to be a metric of decisions, and greater has to be better.
    """

    title: str
    explanation: str
    compute: Callable[[Evaluation], Any]
    greater_is_better: bool = True
    is_tunable: bool = False


def balanced_accuracy(evaluation: Evaluation) -> Any:
    """Return the mean recall of the classes that have rows."""
    return np.nanmean(evaluation.recalls, axis=-1)


def g_mean(evaluation: Evaluation) -> Any:
    """Return the geometric mean of the recall of the classes that have rows."""
    return np.nanprod(evaluation.recalls, axis=-1) ** (1 / np.sum(evaluation.n_true > 0, axis=-1))


def f1(evaluation: Evaluation) -> Any:
    """Return F1 of the minority of two classes; of more classes, the mean over those that have rows."""
    of_classes = ratio(2 * evaluation.n_correct, evaluation.n_true + evaluation.n_assigned)
    if of_classes.shape[-1] == 2:
        return of_classes[..., evaluation.minority]
    return np.mean(of_classes, axis=-1, where=evaluation.n_true > 0)


def matthews_corrcoef(evaluation: Evaluation) -> Any:
    """Return Matthews' correlation of classes and decisions, 0 where all rows are assigned to one class."""
    true, assigned, n_rows = evaluation.n_true, evaluation.n_assigned, evaluation.counts.sum(axis=(-2, -1))
    covariance = evaluation.n_correct.sum(axis=-1) * n_rows - (true * assigned).sum(axis=-1)
    variances = (n_rows**2 - (true**2).sum(axis=-1)) * (n_rows**2 - (assigned**2).sum(axis=-1))
    return ratio(covariance, np.sqrt(variances))


def brier(evaluation: Evaluation) -> float:
    """Return the mean squared error of the probabilities, NaN for a classifier that gives none."""
    scores, n_classes = evaluation.class_scores, evaluation.class_scores.shape[1]
    # The sum over the classes counts each error of two classes twice; the usual form counts it once.
    error = ((scores - np.eye(n_classes)[evaluation.true]) ** 2).sum(axis=1).mean() / (2 if n_classes == 2 else 1)
    return float(error) if evaluation.are_probabilities else math.nan


def cross_entropy(evaluation: Evaluation) -> float:
    """Return the log-loss of the probabilities, NaN for a classifier that gives none."""
    scores = evaluation.class_scores
    if not evaluation.are_probabilities:
        return math.nan
    return float(log_loss(evaluation.true, scores, labels=range(scores.shape[1])))


def one_against_rest(metric: Callable[[Any, Any], float], evaluation: Evaluation) -> float:
    """Return a metric of the minority of two classes; of more classes, the mean of each against the rest."""
    n_classes = evaluation.class_scores.shape[1]
    values = [
        metric(evaluation.true == index, evaluation.class_scores[:, index])
        for index in ([evaluation.minority] if n_classes == 2 else range(n_classes))
        if 0 < np.sum(evaluation.true == index) < len(evaluation.true)
    ]
    return float(np.mean(values)) if values else math.nan


DEFINITIONS: dict[str, Definition] = {
    "average_precision": Definition(
        "average precision",
        "Area under the precision-recall curve of the minority, macro average for several classes",
        partial(one_against_rest, average_precision_score),
    ),
    "roc_auc": Definition(
        "ROC AUC", "Area under the ROC curve, each class against the rest", partial(one_against_rest, roc_auc_score)
    ),
    "balanced_accuracy": Definition(
        "balanced accuracy", "Mean recall of the classes", balanced_accuracy, is_tunable=True
    ),
    "g_mean": Definition("G-mean", "Geometric mean of the recall of the classes", g_mean, is_tunable=True),
    "f1": Definition("F1", "F1 of the minority, macro average for several classes", f1, is_tunable=True),
    "matthews_corrcoef": Definition(
        "Matthews correlation", "Correlation between classes and decisions", matthews_corrcoef, is_tunable=True
    ),
    "brier": Definition("Brier score", "Mean squared error of the probabilities", brier, greater_is_better=False),
    "log_loss": Definition(
        "log-loss", "Mean negative logarithm of the true class's probability", cross_entropy, greater_is_better=False
    ),
    "recall_minority": Definition(
        "recall of the smallest class", "Recall of the smallest class", lambda of: of.recalls[..., of.minority]
    ),
    "recall_majority": Definition(
        "recall of the largest class", "Recall of the largest class", lambda of: of.recalls[..., of.majority]
    ),
}
"""The metrics of this package by name."""

TUNABLE = {name: definition for name, definition in DEFINITIONS.items() if definition.is_tunable}
"""The metrics for which the best threshold is searched."""

_AT_TUNED = "at the threshold that was best for it in three inner folds of the training rows; two classes only"
TUNED = {
    f"{name}_tuned": Metric(f"{name}_tuned", f"{found.title}, tuned", True, f"{found.explanation}, {_AT_TUNED}.")
    for name, found in TUNABLE.items()
}
"""The metrics at tuned thresholds by name."""

METRICS: dict[str, Metric] = {
    name: Metric(name, found.title, found.greater_is_better, f"{found.explanation}.")
    for name, found in DEFINITIONS.items()
} | TUNED
"""The metrics that `scoring` can name, in the order of the columns."""


def score(evaluation: Evaluation) -> dict[str, float]:
    """Return every metric that does not need a tuned threshold, NaN where one is not defined.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from wgan_resampler.comparison.scoring.evaluation import evaluate
    >>> from wgan_resampler.comparison.scoring.metrics import score
    >>> classifier = DummyClassifier(strategy="most_frequent").fit([[0], [0], [0]], [0, 0, 1])
    >>> values = score(evaluate(classifier, [[0], [0]], np.array([0, 1]), np.array([0, 1]), 1, 0))
    >>> values["roc_auc"], values["balanced_accuracy"], values["recall_minority"]
    (0.5, 0.5, 0.0)
    """
    return {name: float(definition.compute(evaluation)) for name, definition in DEFINITIONS.items()}


def tuned_scores(evaluation: Evaluation, thresholds: Mapping[str, float]) -> dict[str, float]:
    """Return the tunable metrics of two classes, each at its own threshold of the minority's score."""
    at = {name: evaluate_thresholds(np.array([thresholds[name]]), *evaluation.minority_scores) for name in TUNABLE}
    return {f"{name}_tuned": float(found.compute(at[name])[0]) for name, found in TUNABLE.items()}


def resolve_scoring(scoring: Any) -> tuple[tuple[Metric, ...], dict[str, Scorer]]:
    """Return the metrics to report, in order, and the scorers to call for those that are not of this package.

    Examples
    --------
    >>> from wgan_resampler.comparison.scoring.metrics import resolve_scoring
    >>> metrics, scorers = resolve_scoring(["f1", "jaccard_macro"])
    >>> [metric.name for metric in metrics], list(scorers)
    (['f1', 'jaccard_macro'], ['jaccard_macro'])
    """
    if scoring is None:
        return tuple(METRICS.values()), {}
    given = named_objects(scoring, "scoring", METRICS)
    own = {name: METRICS[value] for name, value in given.items() if isinstance(value, str) and value in METRICS}
    scorers = {name: _scorer(value) for name, value in given.items() if name not in own}
    described = {name: Metric(name, name, True, "A scorer: greater is better.") for name in scorers} | own
    metrics = tuple(described[name] for name in given)
    if len({metric.name for metric in metrics}) < len(metrics):
        raise InvalidParameterError(f"scoring must name no metric twice: {scoring!r}.")
    return metrics, scorers


def _scorer(value: Any) -> Scorer:
    scorer: Scorer = get_scorer(value) if isinstance(value, str) and value in get_scorer_names() else value
    if not callable(scorer):
        raise InvalidParameterError(
            f"There is no metric {value!r}. Known: {', '.join(METRICS)}, and the names of scikit-learn's scorers. Give "
            "a scorer of your own in a mapping: {'name': scorer}."
        )
    return scorer
