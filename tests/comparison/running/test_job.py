from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from comparison.results_for_tests import unmeasured
from comparison.samplers import Failing, Identity, Leaky, Noisy, Spy, TableIdentity
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from wgan_resampler import compare_samplers
from wgan_resampler.comparison.data.datasets import load_datasets
from wgan_resampler.comparison.data.folds import inner_splits, outer_splits
from wgan_resampler.comparison.methods.registry import resolve_classifiers, resolve_samplers
from wgan_resampler.comparison.running.job import Job, readable_traceback, run_job
from wgan_resampler.comparison.running.shared_sampler import SharedSampler

FAST = ["logistic_regression", "decision_tree"]


def compare(data, samplers, **options):
    usual = {"classifiers": FAST, "cv": 2, "verbose": 0, "scoring": ["recall_minority", "f1", "roc_auc"]}
    return compare_samplers(data, samplers, **usual | options)


def job_of(data, sampler, classifiers=FAST, fold=0):
    (dataset,) = load_datasets(data)
    train, test = outer_splits(dataset, 3, 0, root=0)[fold]
    (spec,) = resolve_samplers({"sampler": sampler})
    return Job(dataset, spec, 0, fold, train, test, resolve_classifiers(classifiers), {}, 0)


@pytest.mark.parametrize(
    ("table", "sampler"),
    [("two_classes", Identity()), ("three_classes", Identity()), ("mixed", TableIdentity())],
    ids=["two classes", "three classes", "mixed"],
)
def test_a_sampler_that_returns_its_input_equals_none_exactly(table, sampler, request):
    frame = compare(request.getfixturevalue(table), {"none": None, "same": sampler}, scoring=None).to_frame()
    assert frame["error"].isna().all()
    parts = [
        unmeasured(frame[frame["sampler"] == name]).drop(columns="sampler").reset_index(drop=True)
        for name in ("none", "same")
    ]
    pd.testing.assert_frame_equal(*parts, check_exact=True)


@pytest.mark.parametrize("table", ["two_classes", "three_classes"])
@pytest.mark.parametrize("sampler", [SMOTE(), Noisy()])
def test_shared_rows_give_what_refitting_for_each_classifier_gives(table, sampler, request):
    job = job_of(request.getfixturevalue(table), sampler)
    refitted = [run_job(replace(job, classifiers=(spec,))).cells[0] for spec in job.classifiers]
    for one, other in zip(run_job(job).cells, refitted, strict=True):
        assert one.error is None
        assert one.scores == pytest.approx(other.scores, abs=0, nan_ok=True)
        assert one.recalls == other.recalls


def test_the_scores_are_those_of_a_pipeline_written_by_hand(two_classes):
    X, y = two_classes
    job = job_of((X, y), SMOTE(), ["logistic_regression"])
    (cell,) = run_job(job).cells
    model = make_pipeline(StandardScaler(), SMOTE(random_state=job.seed("sampler", 0)), LogisticRegression())
    model.fit(X[job.train], y[job.train])
    called = model.predict(X[job.test])
    expected = np.mean([np.mean(called[y[job.test] == label] == label) for label in (0, 1)])
    assert cell.scores["balanced_accuracy"] == pytest.approx(expected, abs=1e-12)


def test_samplers_see_training_rows_only():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.arange(90), rng.normal(size=90)])
    y = np.arange(90) % 3 == 0
    Spy.seen.clear()
    job = job_of((X, y), Spy())
    assert all(cell.error is None for cell in run_job(job).cells)
    # One fit on the training rows and one for each inner fold, for any number of classifiers.
    assert len(Spy.seen) == 4
    assert sorted(Spy.seen[0]) == sorted(job.train)
    for rows, (fit, held_out) in zip(
        Spy.seen[1:], inner_splits(job.dataset, job.train, job.seed("inner folds")), strict=True
    ):
        assert sorted(rows) == sorted(fit)
        assert not {*rows} & {*held_out, *job.test}


def test_thresholds_come_from_resampled_inner_training_rows(two_classes):
    X, y = two_classes
    job = job_of((X, y), SMOTE(), ["logistic_regression"])
    (cell,) = run_job(job).cells
    from sklearn.metrics import f1_score

    from wgan_resampler.comparison.scoring.metrics import f1
    from wgan_resampler.comparison.scoring.thresholds import best_threshold

    def fitted(rows, index):
        sampler = SMOTE(random_state=job.seed("sampler", index))
        return make_pipeline(StandardScaler(), sampler, LogisticRegression(max_iter=1000)).fit(X[rows], y[rows])

    folds = inner_splits(job.dataset, job.train, job.seed("inner folds"))
    answers = [
        (fitted(fit, index).predict_proba(X[held_out])[:, 1], y[held_out] == 1)
        for index, (fit, held_out) in enumerate(folds, start=1)
    ]
    threshold = best_threshold(answers, f1)
    called = fitted(job.train, 0).predict_proba(X[job.test])[:, 1] >= threshold
    assert cell.scores["f1_tuned"] == pytest.approx(f1_score(y[job.test], called))


def test_a_sampler_that_leaks_test_rows_is_caught(two_classes):
    X, y = two_classes
    honest = {"none": None, "smote": "smote", "random_over": "random_over", "noisy": Noisy()}
    frame = compare({"toy": (X, y)}, {**honest, "leaky": Leaky(X, y)}, classifiers=["knn"]).to_frame()
    assert frame["error"].isna().all()
    copies = frame.groupby("sampler")["n_test_copies"]
    assert copies.min()["leaky"] == len(y) / 2
    assert copies.max().drop("leaky").eq(0).all()


def test_a_step_refuses_rows_that_are_not_its_own(two_classes):
    X, y = two_classes
    step = SharedSampler(Identity())
    step.fit_resample(X, y)
    with pytest.raises(RuntimeError, match="other training rows"):
        step.fit_resample(X[1:], y[1:])


def test_a_failing_sampler_is_recorded_once_and_stops_nothing(two_classes):
    Failing.calls = 0
    result = compare({"toy": two_classes}, {"none": None, "bad": Failing()})
    frame = result.to_frame()
    bad = frame[frame["sampler"] == "bad"]
    assert len(bad) == 2 * len(FAST)
    assert Failing.calls == 2
    assert bad["error"].str.contains("ValueError: no such rows").all()
    assert bad["error"].str.contains("in fit_resample").all()
    assert bad["roc_auc"].isna().all()
    assert frame.loc[frame["sampler"] == "none", "error"].isna().all()
    # It ranks last, and is counted as failed.
    summary = result.summary(metrics=["roc_auc"]).set_index("sampler")
    assert summary.loc["bad", ["mean_rank", "failed"]].tolist() == [2.0, 1]
    assert np.isnan(summary.loc["bad", "score"])


class FailsOnFewRows(Identity):
    """Raises if it gets fewer rows than the training rows of a fold."""

    calls = 0

    def fit_resample(self, X, y):
        type(self).calls += 1
        if len(y) < 75:
            raise ValueError("too few rows")
        return X, y


def test_a_sampler_that_fails_in_inner_folds_alone_keeps_the_scores_that_need_none(two_classes):
    FailsOnFewRows.calls = 0
    result = compare({"toy": two_classes}, {"none": None, "s": FailsOnFewRows()}, scoring=["f1", "f1_tuned", "brier"])
    frame = result.to_frame().set_index("sampler")
    assert frame.loc["s", "error"].str.contains("ValueError: too few rows").all()
    # For each of two folds: once on the training rows, and once in the first inner fold.
    assert FailsOnFewRows.calls == 4
    pd.testing.assert_frame_equal(
        frame.loc["s", ["f1", "brier", "recall_per_class"]].reset_index(drop=True),
        frame.loc["none", ["f1", "brier", "recall_per_class"]].reset_index(drop=True),
    )
    assert frame.loc["s", "f1_tuned"].isna().all()
    summary = result.summary().set_index(["metric", "sampler"])
    assert summary.loc[("f1", "s"), ["failed", "mean_rank"]].tolist() == [0, 1.5]
    assert summary.loc[("f1_tuned", "s"), ["failed", "mean_rank"]].tolist() == [1, 2.0]


def test_a_classifier_that_changes_its_rows_changes_nothing_for_the_next(two_classes):
    class Vandal(KNeighborsClassifier):
        def fit(self, X, y):
            super().fit(X.copy(), y.copy())
            X[:] = 0.0
            y[:] = 0
            return self

    knn = {"knn": "knn"}
    for sampler in (None, SMOTE()):
        alone = run_job(job_of(two_classes, sampler, knn)).cells[-1]
        after = run_job(job_of(two_classes, sampler, {"vandal": Vandal(), **knn})).cells[-1]
        assert after.scores == alone.scores
        assert after.error is None


def test_a_sampler_that_invents_classes_is_told_so(two_classes):
    class Inventive(Identity):
        def fit_resample(self, X, y):
            return X, y + 0.5

    (cell,) = run_job(job_of(two_classes, Inventive(), ["knn"])).cells
    assert "returned rows of classes that it was not given: 0.5, 1.5" in cell.error


def test_a_failing_classifier_spares_the_others(two_classes):
    class Broken(KNeighborsClassifier):
        def fit(self, X, y):
            raise MemoryError("no room")

    frame = compare(two_classes, ["smote"], classifiers={"broken": Broken(), "knn": "knn"}).to_frame()
    failed = frame.set_index("classifier")["error"].notna()
    assert failed["broken"].all()
    assert not failed["knn"].any()


def test_tracebacks_do_not_show_where_things_are_installed(two_classes):
    (cell,) = run_job(job_of(two_classes, SMOTE(k_neighbors=500), ["knn"])).cells
    assert 'File "imblearn/' in cell.error.replace("\\", "/")
    assert 'File "/' not in cell.error
    assert "site-packages" not in cell.error
    assert "Error: x" in readable_traceback(RuntimeError("x"))


def test_class_weight_leaves_out_classifiers_that_know_none(two_classes):
    result = compare(two_classes, ["none", "class_weight"], classifiers=["logistic_regression", "knn", "svm", "mlp"])
    frame = result.to_frame()
    weighted = frame[frame["sampler"] == "class_weight"]
    assert set(weighted["classifier"]) == {"logistic_regression", "svm"}
    recall = frame[frame["classifier"] == "svm"].groupby("sampler")["recall_minority"].mean()
    assert recall["class_weight"] > recall["none"]
    assert result.groups() == {
        "weak": ["logistic_regression", "knn", "svm", "mlp"],
        "weak, common": ["logistic_regression", "svm"],
    }
    assert result.participants("weak") == ["none"]


def test_seeds_depend_on_dataset_repeat_and_fold_only(two_classes):
    seeds = {}

    class Recorder(KNeighborsClassifier):
        def __init__(self, random_state=None):
            super().__init__()
            self.random_state = random_state

        def fit(self, X, y):
            found.append(self.random_state)
            return super().fit(X, y)

    for sampler in (None, Noisy(), SMOTE()):
        found = []
        run_job(job_of({"toy": two_classes}, sampler, {"own": Recorder()}))
        seeds[str(sampler)] = set(found)
    assert len(set().union(*seeds.values())) == 1
    job = job_of({"toy": two_classes}, None)
    assert seeds["None"] == {job.seed("classifier")}
    assert job.seed("classifier") != job_of({"toy": two_classes}, None, fold=1).seed("classifier")
    assert job.seed("classifier") != job_of({"other": two_classes}, None).seed("classifier")


def test_sampler_seeds_vary_over_folds_and_inner_folds(two_classes):
    seeds = []

    class Recorder(Noisy):
        def fit_resample(self, X, y):
            seeds.append(self.random_state)
            return super().fit_resample(X, y)

    compare(two_classes, {"own": Recorder(random_state=7)}, classifiers=["knn"], n_repeats=2, scoring=None)
    assert len(seeds) == len(set(seeds)) == 2 * 2 * 4
    assert 7 not in seeds


def test_groups_are_never_on_both_sides():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    y = (groups % 3 == 0).astype(int)
    X = np.column_stack([np.arange(120), rng.normal(size=120)])
    Spy.seen.clear()
    (dataset,) = load_datasets((X, y, groups))
    for train, test in outer_splits(dataset, 3, 0, root=0):
        assert not {*groups[train]} & {*groups[test]}
        inner = inner_splits(dataset, train, 0)
        assert len(inner) == 3
        assert all(not {*groups[fit]} & {*groups[held_out]} for fit, held_out in inner)
    frame = compare({"grouped": (X, y, groups)}, {"spy": Spy()}, classifiers=["knn"]).to_frame()
    assert frame["error"].isna().all()


def test_a_sampler_that_changes_its_input_changes_nothing_else(two_classes):
    class Vandal(Identity):
        def fit_resample(self, X, y):
            result = X.copy(), y.copy()
            X[:] = 0.0
            y[:] = 0
            return result

    frame = unmeasured(compare({"d": two_classes}, {"none": None, "vandal": Vandal()}).to_frame())
    none, vandal = (frame[frame["sampler"] == name].drop(columns="sampler") for name in ("none", "vandal"))
    pd.testing.assert_frame_equal(none.reset_index(drop=True), vandal.reset_index(drop=True))


def test_rows_added_are_counted_by_class(two_classes):
    frame = compare(two_classes, ["none", "random_over", "random_under"], classifiers=["knn"]).to_frame()
    y = two_classes[1]
    added = frame.groupby("sampler")["n_synthetic"].mean()
    assert added["none"] == added["random_under"] == 0
    assert added["random_over"] == pytest.approx((np.sum(y == 0) - np.sum(y == 1)) / 2, abs=1)
