import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV

from wgan_resampler.comparison.scoring.evaluation import evaluate_thresholds
from wgan_resampler.comparison.scoring.metrics import TUNABLE
from wgan_resampler.comparison.scoring.thresholds import best_threshold


def g_mean(y_true, y_pred):
    recall = metrics.recall_score(y_true, y_pred, zero_division=0.0)
    return np.sqrt(recall * metrics.recall_score(y_true, y_pred, pos_label=0, zero_division=0.0))


REFERENCE = {
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "g_mean": g_mean,
    "f1": metrics.f1_score,
    "matthews_corrcoef": metrics.matthews_corrcoef,
}


@pytest.mark.parametrize("name", TUNABLE)
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_threshold_is_that_of_scikit_learn(name, seed):
    X, y = make_classification(n_samples=300, weights=[0.85], flip_y=0.1, random_state=seed)
    folds = list(StratifiedKFold(3, shuffle=True, random_state=seed).split(X, y))
    tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring=make_scorer(REFERENCE[name]), cv=folds).fit(X, y)
    answers = [
        (LogisticRegression().fit(X[train], y[train]).predict_proba(X[held_out])[:, 1], y[held_out] == 1)
        for train, held_out in folds
    ]
    assert best_threshold(answers, TUNABLE[name].compute) == pytest.approx(tuned.best_threshold_, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_metrics_at_thresholds_equal_those_of_scikit_learn(data):
    size = data.draw(st.integers(4, 30))
    positive = np.array([True, False, *data.draw(st.lists(st.booleans(), min_size=size - 2, max_size=size - 2))])
    answers = np.array(data.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))) / 5
    thresholds = np.array([0.0, 0.2, 0.5, 0.81, 1.0])
    for name, definition in TUNABLE.items():
        expected = [REFERENCE[name](positive.astype(int), (answers >= at).astype(int)) for at in thresholds]
        np.testing.assert_allclose(
            definition.compute(evaluate_thresholds(thresholds, answers, positive)), expected, atol=1e-12
        )


def test_answers_that_are_all_alike_cannot_be_tuned():
    good = (np.array([0.1, 0.9]), np.array([False, True]))
    constant = (np.array([0.5, 0.5]), np.array([False, True]))
    assert best_threshold([good, constant], TUNABLE["f1"].compute) is None
    assert best_threshold([good, good], TUNABLE["f1"].compute) is not None
