"""The sampler with scikit-learn, imbalanced-learn, pickle and joblib."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.pipeline import Pipeline, make_pipeline
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from wgan_resampler import Callback, WGANGPOverSampler
from wgan_resampler.sampler.row_generator import RowModel

X, Y = make_classification(n_samples=120, n_features=6, weights=[0.8], random_state=0)


def quick(**parameters):
    defaults = {"epochs": 1, "hidden_dim": 8, "noise_dim": 4, "device": "cpu", "random_state": 0}
    return WGANGPOverSampler(**{**defaults, **parameters})


class CountTrainings(Callback):
    """Counts for the class, so that clones of an object add to the same number."""

    n = 0

    def on_train_begin(self, trainer):
        type(self).n += 1


@pytest.fixture
def trainings():
    CountTrainings.n = 0
    return CountTrainings


def test_clone_has_the_parameters_and_nothing_learned():
    over = quick(sampling_strategy={1: 90}, dropout=0.1)
    over.fit_resample(X, Y)
    twin = clone(over)
    assert twin.get_params() == over.get_params()
    assert {name for name in vars(twin) if name.endswith("_")} == set()
    np.testing.assert_array_equal(twin.fit_resample(X, Y)[0], over.fit_resample(X, Y)[0])


def test_pickle_before_training():
    over = pickle.loads(pickle.dumps(quick()))
    np.testing.assert_array_equal(over.fit_resample(X, Y)[0], quick().fit_resample(X, Y)[0])


@pytest.mark.parametrize("drawn_before", [0, 3])
def test_pickle_after_training_samples_the_same(drawn_before):
    over = quick(epochs=2, normalization="batch", dropout=0.2)
    over.fit_resample(X, Y)
    over.sample(drawn_before)
    data = pickle.dumps(over)
    loaded = pickle.loads(data)
    for _ in range(2):
        (X_own, y_own), (X_loaded, y_loaded) = over.sample(20), loaded.sample(20)
        np.testing.assert_array_equal(X_own, X_loaded)
        np.testing.assert_array_equal(y_own, y_loaded)
    assert loaded.history_ == over.history_
    assert loaded.n_iter_ == over.n_iter_
    features, condition = torch.ones(1, 6), torch.eye(2)[:1]
    assert torch.equal(loaded.critic_(features, condition), over.critic_(features, condition))
    np.testing.assert_array_equal(loaded.fit_resample(X, Y)[0], over.fit_resample(X, Y)[0])


def test_a_pickle_holds_no_training_rows():
    table = np.arange(720, dtype=np.float64).reshape(120, 6) + 0.123456789
    over = quick()
    over.fit_resample(table, Y)
    data = pickle.dumps(over)
    assert not any(row.tobytes() in data for row in table)
    assert b"RealRows" not in data


def test_pickling_leaves_the_sampler_as_it_is(monkeypatch):
    over = quick()
    over.fit_resample(X, Y)
    # As if the model were on CUDA: the pickle holds a copy.
    monkeypatch.setattr(RowModel, "to", lambda self, device: replace(self, generator=copy.deepcopy(self.generator)))
    before = dict(vars(over))
    loaded = pickle.loads(pickle.dumps(over))
    assert all(vars(over)[name] is value for name, value in before.items())
    assert loaded.generator_ is loaded._fitted.trained.model.generator
    over.__getstate__().clear()
    assert vars(over) == before


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_pickle_of_what_was_trained_on_cuda_holds_cpu_tensors():
    over = quick(device="cuda")
    over.fit_resample(X, Y)
    assert over.generator_.output.weight.device.type == "cuda"
    loaded = pickle.loads(pickle.dumps(over))
    for network in (loaded.generator_, loaded.critic_, loaded._fitted.trained.model.generator):
        assert {tensor.device.type for tensor in network.state_dict().values()} == {"cpu"}
    assert loaded.sample(7)[0].shape == (7, 6)
    assert over.generator_.output.weight.device.type == "cuda"


def test_set_params_and_get_params_through_a_pipeline():
    pipeline = Pipeline([("over", quick()), ("tree", DecisionTreeClassifier(random_state=0))])
    pipeline.set_params(over__sampling_strategy="custom", over__target_samples=200)
    assert pipeline.get_params()["over__target_samples"] == 200
    pipeline.fit(X, Y)
    assert pipeline.named_steps["tree"].tree_.n_node_samples[0] == 400


def test_a_pipeline_resamples_in_fit_and_not_in_predict(trainings):
    pipeline = make_pipeline(StandardScaler(), quick(callbacks=[CountTrainings()]), LogisticRegression())
    pipeline.fit(X, Y)
    assert pipeline.predict(X).shape == Y.shape
    assert pipeline.score(X, Y) > 0.6
    assert trainings.n == 1

    scaled = StandardScaler().fit_transform(X)
    by_hand = LogisticRegression().fit(*quick().fit_resample(scaled, Y))
    np.testing.assert_array_equal(pipeline[-1].coef_, by_hand.coef_)


def test_cross_validate_trains_once_a_fold(trainings):
    pipeline = make_pipeline(quick(callbacks=[CountTrainings()]), LogisticRegression())
    scores = cross_validate(pipeline, X, Y, cv=3, scoring="balanced_accuracy", error_score="raise")
    assert trainings.n == 3
    assert (scores["test_score"] > 0.5).all()


GRID = {"logisticregression__C": [0.01, 1.0, 100.0]}


def search(n_jobs=None, memory=None, **parameters):
    pipeline = make_pipeline(quick(**parameters), LogisticRegression(max_iter=500), memory=memory)
    cv = StratifiedKFold(3)
    return GridSearchCV(pipeline, GRID, cv=cv, scoring="balanced_accuracy", error_score="raise", n_jobs=n_jobs)


def test_memory_trains_once_a_fold_and_not_once_a_candidate(trainings, tmp_path):
    plain = search(callbacks=[CountTrainings()]).fit(X, Y)
    assert trainings.n == 10  # 3 candidates in 3 folds, and the best on all rows
    trainings.n = 0
    cached = search(callbacks=[CountTrainings()], memory=str(tmp_path)).fit(X, Y)
    assert trainings.n == 4
    np.testing.assert_array_equal(plain.cv_results_["mean_test_score"], cached.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(plain.predict(X), cached.predict(X))


@pytest.mark.full_training
def test_grid_search_in_two_processes_finds_the_same():
    alone, together = search().fit(X, Y), search(n_jobs=2).fit(X, Y)
    for fold in range(3):
        name = f"split{fold}_test_score"
        np.testing.assert_array_equal(alone.cv_results_[name], together.cv_results_[name])
    np.testing.assert_array_equal(alone.best_estimator_[-1].coef_, together.best_estimator_[-1].coef_)


def test_grid_search_over_the_samplers_own_parameters():
    grid = {"wgangpoversampler__sampling_strategy": ["equal", "upsample", {1: 50}]}
    found = GridSearchCV(make_pipeline(quick(), LogisticRegression()), grid, cv=2, error_score="raise").fit(X, Y)
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()


def test_balanced_bagging(trainings):
    bagging = BalancedBaggingClassifier(
        sampler=quick(callbacks=[CountTrainings()], random_state=None), n_estimators=3, random_state=0
    ).fit(X, Y)
    assert trainings.n == 3
    assert bagging.score(X, Y) > 0.6
    samplers = [member[0] for member in bagging.estimators_]
    assert len({over.random_state for over in samplers}) == 3
