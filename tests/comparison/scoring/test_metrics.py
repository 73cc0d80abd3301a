import numpy as np
import pytest
from imblearn.metrics import geometric_mean_score
from sklearn import metrics
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from wgan_resampler.comparison.scoring.evaluation import evaluate
from wgan_resampler.comparison.scoring.metrics import DEFINITIONS, METRICS, TUNABLE, TUNED, score, tuned_scores


class Fixed:
    """A classifier that gives these probabilities."""

    def __init__(self, scores):
        self.scores, self.classes_ = scores, np.arange(scores.shape[1])

    def predict_proba(self, X):
        return self.scores

    def predict(self, X):
        return self.scores.argmax(axis=1)


def fitted(n_classes, classifier):
    X, y = make_classification(
        n_samples=240, n_informative=6, n_classes=n_classes, weights=[0.7, 0.2][: n_classes - 1], random_state=0
    )
    return classifier.fit(X[::2], y[::2]), X[1::2], y[1::2]


def test_scores_of_two_classes_are_those_of_scikit_learn():
    classifier, X, y = fitted(2, LogisticRegression())
    probability, called = classifier.predict_proba(X)[:, 1], classifier.predict(X)
    expected = {
        "average_precision": metrics.average_precision_score(y, probability),
        "roc_auc": metrics.roc_auc_score(y, probability),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, called),
        "g_mean": geometric_mean_score(y, called),
        "f1": metrics.f1_score(y, called),
        "matthews_corrcoef": metrics.matthews_corrcoef(y, called),
        "brier": metrics.brier_score_loss(y, probability),
        "log_loss": metrics.log_loss(y, probability),
        "recall_minority": metrics.recall_score(y, called),
        "recall_majority": metrics.recall_score(y, called, pos_label=0),
    }
    assert score(evaluate(classifier, X, y, np.array([0, 1]), 1, 0)) == pytest.approx(expected)


def test_scores_of_three_classes_are_those_of_scikit_learn():
    classifier, X, y = fitted(3, LogisticRegression())
    probabilities, called = classifier.predict_proba(X), classifier.predict(X)
    values = score(evaluate(classifier, X, y, np.arange(3), 2, 0))
    assert values["average_precision"] == pytest.approx(
        metrics.average_precision_score(np.eye(3)[y], probabilities, average="macro")
    )
    assert values["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, probabilities, multi_class="ovr"))
    assert values["f1"] == pytest.approx(metrics.f1_score(y, called, average="macro"))
    assert values["g_mean"] == pytest.approx(geometric_mean_score(y, called, average="multiclass"))
    assert values["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, called))
    assert values["log_loss"] == pytest.approx(metrics.log_loss(y, probabilities))
    assert values["brier"] == pytest.approx(np.mean(np.sum((probabilities - np.eye(3)[y]) ** 2, axis=1)))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classifier_without_probabilities_has_no_scores_of_them(n_classes):
    classifier, X, y = fitted(n_classes, SVC())
    evaluation = evaluate(classifier, X, y, np.arange(n_classes), 1, 0)
    values = score(evaluation)
    assert np.isnan([values["brier"], values["log_loss"]]).all()
    assert 0.5 < values["roc_auc"] <= 1
    assert evaluation.default_threshold == 0.0
    np.testing.assert_array_equal(evaluation.class_scores.argmax(axis=1), classifier.predict(X))


def test_a_class_that_was_not_trained_on_gets_probability_zero():
    classifier, X, y = fitted(3, LogisticRegression())
    classifier.fit(X[y != 1], y[y != 1])
    evaluation = evaluate(classifier, X, y, np.arange(3), 2, 0)
    assert (evaluation.class_scores[:, 1] == 0).all()
    assert evaluation.n_assigned[1] == 0


def test_classes_without_test_rows_do_not_count():
    scores = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    values = score(evaluate(Fixed(scores), scores, np.array([0, 1]), np.arange(3), 2, 0))
    assert values["balanced_accuracy"] == values["g_mean"] == values["roc_auc"] == values["f1"] == 1.0
    assert np.isnan(values["recall_minority"])


def test_the_minority_may_be_the_first_class():
    scores = np.array([[0.6, 0.4], [0.4, 0.6], [0.3, 0.7]])
    evaluation = evaluate(Fixed(scores), scores, np.array([0, 0, 1]), np.arange(2), 0, 1)
    assert score(evaluation)["f1"] == pytest.approx(2 / 3)
    tuned = tuned_scores(evaluation, dict.fromkeys(TUNABLE, 0.35))
    assert set(tuned.values()) == {1.0}


def test_every_metric_says_what_it_is():
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.explanation.endswith(".")
    assert not METRICS["brier"].greater_is_better


def test_one_definition_is_all_that_a_metric_needs():
    assert list(METRICS) == [*DEFINITIONS, *TUNED]
    assert list(TUNED) == [f"{name}_tuned" for name in ("balanced_accuracy", "g_mean", "f1", "matthews_corrcoef")]
    assert list(METRICS) == [*DEFINITIONS, *TUNED]
