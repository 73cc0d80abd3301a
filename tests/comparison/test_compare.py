import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest
from comparison.results_for_tests import unmeasured
from comparison.samplers import Identity, Noisy
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedKFold, StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from wgan_resampler import compare_samplers
from wgan_resampler.comparison import ComparisonResult
from wgan_resampler.comparison.compare import _progress, plan
from wgan_resampler.comparison.data.datasets import load_datasets
from wgan_resampler.comparison.methods.registry import resolve_classifiers, resolve_samplers
from wgan_resampler.comparison.running.job import Job, JobResult
from wgan_resampler.comparison.running.job_key import job_key
from wgan_resampler.comparison.scoring.metrics import DEFINITIONS, METRICS
from wgan_resampler.exceptions import (
    ComparisonStoreError,
    ComparisonWarning,
    InvalidDataError,
    InvalidParameterError,
    WorkerLostError,
)

EVERYTHING = {"classifiers": ["decision_tree"], "cv": 2, "verbose": 0}
# Without tuned thresholds, a comparison takes a third of the time.
OPTIONS = EVERYTHING | {"scoring": ["balanced_accuracy", "roc_auc", "brier"]}
KEYS = ["dataset", "sampler", "classifier", "repeat", "fold"]


def share(pipeline, X, y):
    return float(np.mean(pipeline.predict(X) == 1))


def test_one_row_for_each_cell_sorted_by_the_keys(two_classes, three_classes):
    data = {"two": two_classes, "three": three_classes}
    options = EVERYTHING | {"classifiers": ["knn", "decision_tree"], "cv": 3}
    frame = compare_samplers(data, ["smote", "none"], **options, n_repeats=2).to_frame()
    assert frame.columns[:5].tolist() == KEYS
    assert set(METRICS) < set(frame.columns)
    assert {"fit_seconds", "peak_memory_mb", "n_synthetic", "error"} < set(frame.columns)
    assert len(frame) == 2 * 2 * 2 * 2 * 3
    assert frame[KEYS].equals(frame[KEYS].sort_values(KEYS, ignore_index=True))
    tuned = frame.filter(like="_tuned")
    assert tuned[frame["dataset"] == "three"].isna().all(axis=None)
    assert tuned[frame["dataset"] == "two"].notna().all(axis=None)
    assert json.loads(frame.loc[0, "recall_per_class"]).keys() == {"0", "1", "2"}
    assert (frame["fit_seconds"] >= frame["resample_seconds"]).all()


def test_without_tuned_metrics_nothing_is_tuned_and_the_rest_stays(two_classes):
    everything = compare_samplers(two_classes, {"noisy": Noisy()}, **EVERYTHING).to_frame()
    calls = compare_samplers(two_classes, {"noisy": Noisy()}, **EVERYTHING, scoring=["f1", "brier"]).to_frame()
    assert "f1_tuned" in everything
    assert not calls.filter(like="_tuned").columns.tolist()
    pd.testing.assert_frame_equal(calls[["f1", "brier"]], everything[["f1", "brier"]])


def test_results_without_tuned_thresholds_are_not_taken_for_those_with_them(tmp_path, two_classes):
    compare_samplers(two_classes, ["none"], **EVERYTHING, scoring=["f1"], output=tmp_path)
    frame = compare_samplers(two_classes, ["none"], **EVERYTHING, output=tmp_path, resume=True).to_frame()
    assert frame["f1_tuned"].notna().all()


def test_only_small_tables_are_repeated_where_that_is_asked_for(two_classes, three_classes):
    data = {"two": two_classes, "three": three_classes}  # 150 and 180 rows
    frame = compare_samplers(data, ["none"], **OPTIONS, n_repeats=3, repeat_below=180).to_frame()
    assert frame.groupby("dataset")["repeat"].nunique().to_dict() == {"two": 3, "three": 1}


def test_results_do_not_depend_on_the_number_of_processes(two_classes, mixed):
    data = {"two": two_classes, "mixed": mixed}
    one, two = (compare_samplers(data, ["none", "smote"], **OPTIONS, n_jobs=jobs).to_frame() for jobs in (1, 2))
    pd.testing.assert_frame_equal(unmeasured(one), unmeasured(two))


def test_an_enclosing_joblib_backend_is_used(two_classes):
    with joblib.parallel_config(backend="threading", n_jobs=2):
        inside = compare_samplers(two_classes, ["smote"], **OPTIONS).to_frame()
    pd.testing.assert_frame_equal(
        unmeasured(inside), unmeasured(compare_samplers(two_classes, ["smote"], **OPTIONS).to_frame())
    )


def test_other_seeds_give_other_folds_and_rows(two_classes):
    first, again, other = (
        unmeasured(compare_samplers(two_classes, {"n": Noisy()}, **OPTIONS, random_state=seed).to_frame())
        for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first["roc_auc"].equals(other["roc_auc"])


def test_results_do_not_depend_on_what_else_is_compared(two_classes, three_classes):
    alone = compare_samplers({"two": two_classes}, ["smote"], **OPTIONS).to_frame()
    frame = compare_samplers({"three": three_classes, "two": two_classes}, ["none", "smote"], **OPTIONS).to_frame()
    same = frame[(frame["dataset"] == "two") & (frame["sampler"] == "smote")].reset_index(drop=True)
    pd.testing.assert_frame_equal(unmeasured(alone), unmeasured(same))


def test_own_scorers_and_splitters(two_classes):
    result = compare_samplers(
        two_classes,
        ["none"],
        **EVERYTHING | {"cv": StratifiedShuffleSplit(4, test_size=0.3)},
        scoring={"f1": "f1", "jaccard": "jaccard", "share": share},
    )
    frame = result.to_frame()
    assert sorted(frame["fold"].unique()) == [0, 1, 2, 3]
    assert frame[["f1", "jaccard", "share"]].notna().all(axis=None)
    np.testing.assert_allclose(frame["jaccard"], frame["f1"] / (2 - frame["f1"]))
    assert "roc_auc" not in frame


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"samplers": ["smoat"]}, "no sampler 'smoat'"),
        ({"samplers": {"a": 3}}, "fit_resample"),
        ({"samplers": []}, "at least one"),
        ({"samplers": ["none", "none"]}, "none twice"),
        ({"classifiers": ["nearest"]}, "no classifier 'nearest'"),
        ({"classifiers": {"a": KNeighborsClassifier}}, "must be a scikit-learn classifier"),
        ({"cv": 1}, "at least 2"),
        ({"cv": StratifiedKFold(3), "n_repeats": 2}, "n_repeats=1"),
        ({"cv": LeaveOneGroupOut(), "n_repeats": 2}, "n_repeats=1"),
        ({"n_repeats": 0}, "n_repeats"),
        ({"repeat_below": True}, "repeat_below"),
        ({"scoring": ["f2"]}, "no metric 'f2'"),
        ({"scoring": []}, "at least one"),
        ({"random_state": None}, "random_state"),
        ({"reference": "smote"}, "not among the samplers"),
        ({"max_rows": 0}, "max_rows"),
        ({"scoring": {"fold": share}}, "other columns of the result: fold"),
        ({"scoring": {"error": "accuracy", "n_train": share}}, "other columns of the result: error, n_train"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"n_jobs": 1.5}, "n_jobs"),
        ({"n_jobs": True}, "n_jobs"),
        ({"groups": "who"}, "no dataset is a file"),
        ({"datasets": 3}, "datasets must be"),
        ({"datasets": []}, "no dataset"),
    ],
)
def test_wrong_parameters_are_refused_before_any_work(two_classes, options, fragment):
    with pytest.raises(InvalidParameterError, match=fragment):
        compare_samplers(**{"datasets": two_classes, "samplers": ["none"], **OPTIONS, **options})


def test_a_dataset_that_cannot_be_split_is_named():
    with pytest.raises(InvalidDataError, match="'tiny'"):
        compare_samplers({"tiny": ([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])}, ["none"], **OPTIONS | {"cv": 3})


def test_a_splitter_that_tears_groups_apart_is_refused(two_classes):
    X, y = two_classes
    grouped = {"grouped": (X, y, np.arange(len(y)) // 5)}
    with pytest.raises(InvalidDataError, match=r"'grouped'.* rows of a group on both sides"):
        compare_samplers(grouped, ["none"], **OPTIONS | {"cv": StratifiedShuffleSplit(2)})
    frame = compare_samplers(grouped, ["none"], **OPTIONS | {"cv": GroupKFold(3)}).to_frame()
    assert frame["error"].isna().all()


def test_a_split_without_test_rows_is_refused(two_classes):
    class Nothing:
        def split(self, X, y, groups):
            yield np.arange(len(y)), np.array([], dtype=int)

        def __repr__(self):
            return "Nothing()"

    with pytest.raises(InvalidDataError, match="no test rows"):
        compare_samplers({"d": two_classes}, ["none"], **OPTIONS | {"cv": Nothing()})


@pytest.mark.parametrize("cv", [np.int64(2), 2])
def test_numbers_may_be_of_numpy(two_classes, cv):
    frame = compare_samplers(two_classes, ["none"], **OPTIONS | {"cv": cv}, n_repeats=np.int64(2)).to_frame()
    assert len(frame) == 4


def test_a_class_that_is_too_small_for_the_folds_is_warned_of(two_classes):
    X, y = two_classes
    y = np.where(np.arange(len(y)) < 2, 2, y)
    with pytest.warns(ComparisonWarning, match="fewer rows or groups than folds"):
        frame = compare_samplers((X, y), ["none"], **OPTIONS | {"cv": 3}).to_frame()
    assert frame["error"].isna().all()


# Stored results


def test_a_store_is_not_mixed_with_another_run_by_accident(two_classes, tmp_path):
    compare_samplers(two_classes, ["none"], **OPTIONS, output=tmp_path)
    with pytest.raises(ComparisonStoreError, match="resume=True"):
        compare_samplers(two_classes, ["none"], **OPTIONS, output=tmp_path)


def test_resuming_computes_only_what_is_new(two_classes, tmp_path):
    before = compare_samplers({"d": two_classes}, ["none", "smote"], **OPTIONS, output=tmp_path).to_frame()
    lines = (tmp_path / "cells.jsonl").read_bytes()
    after = compare_samplers(
        {"d": two_classes}, ["none", "smote", "random_over"], **OPTIONS, output=tmp_path, resume=True
    ).to_frame()
    assert (tmp_path / "cells.jsonl").read_bytes().startswith(lines)
    assert (tmp_path / "cells.jsonl").read_bytes().count(b"\n") == lines.count(b"\n") + 2
    # Also the times, because they were read and not measured again.
    pd.testing.assert_frame_equal(after[after["sampler"] != "random_over"].reset_index(drop=True), before)


@pytest.mark.parametrize("change", ["data", "seed", "sampler", "classifier", "cv"])
def test_results_of_other_settings_are_not_taken(two_classes, tmp_path, change):
    X, y = two_classes
    compare_samplers({"d": (X, y)}, {"s": Noisy()}, **OPTIONS, output=tmp_path)
    options = dict(OPTIONS)
    data, sampler = {"d": (X, y)}, {"s": Noisy()}
    if change == "data":
        data = {"d": (X + 1e-6, y)}
    elif change == "sampler":
        sampler = {"s": Identity()}
    else:
        options |= {
            "seed": {"random_state": 1},
            "classifier": {"classifiers": {"decision_tree": DecisionTreeClassifier(max_depth=2)}},
            "cv": {"cv": 3},
        }[change]
    fresh = compare_samplers(data, sampler, **options).to_frame()
    resumed = compare_samplers(data, sampler, **options, output=tmp_path, resume=True).to_frame()
    pd.testing.assert_frame_equal(unmeasured(fresh), unmeasured(resumed))


@pytest.mark.parametrize("changed", ["accuracy", share])
def test_another_scorer_of_the_same_name_is_not_taken_for_the_first(two_classes, tmp_path, changed):
    options = EVERYTHING | {"output": tmp_path, "resume": True}
    compare_samplers(two_classes, ["none"], **options, scoring={"mine": "jaccard_macro"})
    resumed = compare_samplers(two_classes, ["none"], **options, scoring={"mine": changed}).to_frame()
    fresh = compare_samplers(two_classes, ["none"], **EVERYTHING, scoring={"mine": changed}).to_frame()
    pd.testing.assert_series_equal(resumed["mine"], fresh["mine"])
    lines = (tmp_path / "cells.jsonl").read_bytes()
    compare_samplers(two_classes, ["none"], **options, scoring={"mine": changed})
    assert (tmp_path / "cells.jsonl").read_bytes() == lines


def test_other_test_rows_of_the_same_training_rows_are_not_taken(two_classes, tmp_path):
    options = OPTIONS | {"output": tmp_path, "resume": True}
    compare_samplers(two_classes, ["none"], **options | {"cv": Halves(0.5)})
    resumed = compare_samplers(two_classes, ["none"], **options | {"cv": Halves(0.25)}).to_frame()
    assert resumed["n_test"].tolist() == [37]


class Halves:
    """Trains on every other row and tests on a share of the rest."""

    def __init__(self, share):
        self.share = share

    def split(self, X, y, groups=None):
        yield np.arange(0, len(y), 2), np.arange(1, len(y), 2)[: int(self.share * len(y))]


def a_job():
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 3 == 0
    (dataset,) = load_datasets({"d": (X, y)})
    specs, learners = resolve_samplers(["smote"]), resolve_classifiers(["knn"])
    first = Job(*next(plan([dataset], specs, 2, 1, None, root=0)), learners, {}, 0)
    # Folds, and parameters in descriptions, are those of the version of scikit-learn that is installed.
    knn = replace(learners[0], description="knn")
    return replace(first, classifiers=(knn,), train=np.arange(10), test=np.arange(10, 20))


def test_keys_of_stored_results_stay():
    """If this fails, comparisons that users have begun cannot be resumed. Then increase the format of the store."""
    assert job_key(a_job()) == "ec2b97b71fc2e07ee0a63bce"


def test_bug_a_metric_that_was_added_later_stayed_empty_in_stored_results(monkeypatch):
    before = job_key(a_job())
    monkeypatch.setitem(DEFINITIONS, "added_later", DEFINITIONS["f1"])
    assert job_key(a_job()) != before


def test_other_versions_are_warned_of(two_classes, tmp_path):
    compare_samplers(two_classes, ["none"], **OPTIONS, output=tmp_path)
    facts = json.loads((tmp_path / "run.json").read_text())
    facts["versions"]["numpy"] = "1.0"
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.warns(ComparisonWarning, match=r"numpy 1\.0 ->"):
        compare_samplers(two_classes, ["none"], **OPTIONS, output=tmp_path, resume=True)


@pytest.mark.slow
def test_a_lost_process_is_said_and_what_was_finished_is_kept(two_classes, tmp_path):
    class Deadly(Identity):
        def fit_resample(self, X, y):
            os.kill(os.getpid(), signal.SIGKILL)

    samplers = {"none": None, "deadly": Deadly()}
    with pytest.raises(WorkerLostError, match="resume=True"):
        compare_samplers(two_classes, samplers, **OPTIONS, n_jobs=2, output=tmp_path)
    assert (tmp_path / "run.json").exists()
    frame = compare_samplers(two_classes, {"none": None}, **OPTIONS, output=tmp_path, resume=True).to_frame()
    assert len(frame) == 2


def test_a_fit_that_kills_the_workers_of_a_scheduler_is_said():
    scheduler = pytest.importorskip("distributed.scheduler", reason="the extra 'dask' is not installed")

    first = JobResult("d", "none", 0, 0, 10, 5, ())

    def results():
        yield first
        raise scheduler.KilledWorker("run_job-1", "tcp://10.0.0.1", 3)

    watched = _progress(results(), 2, 0, verbose=0)
    assert next(watched) is first
    with pytest.raises(WorkerLostError, match="resume=True"):
        next(watched)


_SCRIPT = """
import sys
from sklearn.datasets import make_classification
from wgan_resampler import compare_samplers
data = {
    name: make_classification(n_samples=150, weights=[0.8], random_state=seed) for name, seed in (("a", 0), ("b", 1))
}
if __name__ == "__main__":
    compare_samplers(
        data, ["none", "smote", "random_over"], classifiers=["knn", "decision_tree"], cv=3, n_repeats=2, n_jobs=2,
        output=sys.argv[1], resume=True, verbose=0,
    )
"""


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path):
    script, whole, killed = tmp_path / "script.py", tmp_path / "whole", tmp_path / "killed"
    script.write_text(_SCRIPT)
    command = [sys.executable, str(script)]
    lines = killed / "cells.jsonl"
    for target in (5, 15):
        process = subprocess.Popen([*command, str(killed)], start_new_session=True)
        while not (lines.exists() and lines.read_bytes().count(b"\n") >= target):
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    stored = lines.read_bytes()
    assert 15 <= stored.count(b"\n") < 36
    # As if the run had been killed in the middle of a line.
    lines.write_bytes(stored + b'{"key": "torn')
    subprocess.run([*command, str(killed)], check=True)
    assert lines.read_bytes().startswith(stored)
    assert lines.read_bytes().count(b"\n") == 36
    subprocess.run([*command, str(whole)], check=True)
    resumed, uninterrupted = (ComparisonResult.from_store(folder).to_frame() for folder in (killed, whole))
    assert len(resumed) == 72
    pd.testing.assert_frame_equal(unmeasured(resumed), unmeasured(uninterrupted))


def test_bug_numpys_reaction_to_floating_point_errors_had_an_influence():
    X, y = np.column_stack([np.geomspace(1e-300, 1.0, 60)] * 2), np.arange(60) % 4 // 3
    expected = compare_samplers((X, y), ["smote"], **OPTIONS).to_frame()
    with np.errstate(all="raise"):
        before = np.geterr()
        result = compare_samplers((X, y), ["smote"], **OPTIONS)
        result.summary()
        assert np.geterr() == before
    assert expected["error"].isna().all()
    pd.testing.assert_frame_equal(unmeasured(result.to_frame()), unmeasured(expected))
