from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from comparison.results_for_tests import ResultOf

from wgan_resampler import compare_samplers
from wgan_resampler.comparison import ComparisonResult
from wgan_resampler.exceptions import InvalidParameterError

NAN = np.nan


@pytest.fixture(scope="module")
def result(two_classes, three_classes, tmp_path_factory):
    return compare_samplers(
        {"two": two_classes, "three": three_classes},
        ["none", "smote", "random_over"],
        classifiers=["knn", "hist_gradient_boosting"],
        scoring=["roc_auc", "brier", "f1_tuned"],
        cv=2,
        verbose=0,
        output=tmp_path_factory.mktemp("store"),
    )


def test_the_summary_holds_every_group_metric_and_sampler(result):
    summary = result.summary()
    assert len(summary) == 3 * 3 * 3
    assert summary["group"].unique().tolist() == ["weak", "strong", "all"]
    assert summary.groupby(["group", "metric"])["mean_rank"].mean().eq(2).all()
    assert summary.loc[summary["sampler"] == "none", "p_holm"].isna().all()
    others = summary[summary["sampler"] != "none"]
    assert (others["wins"] + others["ties"] + others["losses"]).eq(others["datasets"]).all()
    # Thresholds are tuned only if there are two classes.
    assert summary.loc[summary["metric"] == "f1_tuned", "datasets"].eq(1).all()


def test_scores_are_means_over_folds_then_over_datasets(result):
    frame = result.to_frame()
    part = frame[(frame["classifier"] == "knn") & (frame["sampler"] == "smote")]
    by_dataset = part.groupby("dataset")["brier"].mean()
    pd.testing.assert_series_equal(result.dataset_scores("brier", "weak")["smote"], by_dataset, check_names=False)
    row = result.summary(metrics=["brier"], groups=["weak"]).set_index("sampler").loc["smote"]
    assert row["score"] == pytest.approx(by_dataset.mean())


def test_all_classifiers_together_have_the_same_weight():
    result = ResultOf(classifiers=["knn", "svm", "random_forest"])({("a", "none"): [0.5], ("a", "s"): [0.6]})
    assert result.groups() == {
        "weak": ["knn", "svm"],
        "strong": ["random_forest"],
        "all": ["knn", "svm", "random_forest"],
    }
    cells = result.cells.assign(f1=result.cells["classifier"].map({"knn": 0.1, "svm": 0.2, "random_forest": 0.9}))
    together = replace(result, cells=cells)
    assert together.dataset_scores("f1", "all").loc["a"].tolist() == pytest.approx([0.4, 0.4])
    assert together.per_dataset("f1", "all")["score"].tolist() == pytest.approx([0.4, 0.4])
    assert len(ResultOf()({("a", "none"): [0.5]}).groups()) == 1


def test_a_sampler_that_failed_somewhere_has_a_mean_that_can_be_compared(tmp_path):
    scores = {("a", "none"): [0.5], ("a", "s"): [NAN], ("a", "t"): [0.7]}
    scores |= {(data, name): [score] for data in "bc" for name, score in (("none", 0.1), ("s", 0.2), ("t", 0.3))}
    result = ResultOf()(scores)
    summary = result.summary().set_index("sampler").loc[["none", "s", "t"]]
    assert summary["score_common"].tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert summary["datasets_common"].tolist() == [2, 2, 2]
    assert summary["datasets"].tolist() == [3, 3, 3]
    assert summary["score"].isna().tolist() == [False, True, False]
    result.to_html(tmp_path / "page.html")
    assert "mean over the 2 of 3 datasets on which none failed" in (tmp_path / "page.html").read_text()


def test_a_sampler_that_fails_nearly_everywhere_leaves_the_others_their_common_mean(tmp_path):
    scores = {(data, "none"): [0.5] for data in "abcd"} | {(data, "s"): [0.6] for data in "abcd"}
    scores |= {(data, "bad"): [0.9 if data == "a" else NAN] for data in "abcd"} | {("b", "s"): [NAN]}
    result = ResultOf()(scores)
    summary = result.summary().set_index("sampler").loc[["none", "s", "bad"]]
    assert summary["datasets_common"].tolist() == [3, 3, 3]
    assert summary["score_common"].tolist() == pytest.approx([0.5, 0.6, NAN], nan_ok=True)
    result.to_html(tmp_path / "page.html")
    assert "3 of 4 datasets on which none failed, bad left aside" in (tmp_path / "page.html").read_text()


def test_less_is_better_for_losses(result):
    scores = result.dataset_scores("brier", "weak")
    row = result.summary(metrics=["brier"], groups=["weak"]).set_index("sampler").loc["smote"]
    assert row["median_effect"] == pytest.approx(np.median(scores["none"] - scores["smote"]))
    assert row["wins"] == np.sum(scores["none"] - scores["smote"] >= 0.001)


def test_another_reference_turns_duels_round(result):
    forth = result.summary(metrics=["roc_auc"]).set_index(["group", "sampler"])
    back = result.summary(metrics=["roc_auc"], reference="smote").set_index(["group", "sampler"])
    for group in ("weak", "strong", "all"):
        assert forth.loc[(group, "smote"), "wins"] == back.loc[(group, "none"), "losses"]
        assert forth.loc[(group, "smote"), "median_effect"] == -back.loc[(group, "none"), "median_effect"]


def test_datasets_are_grouped_by_the_rows_of_the_smallest_class(result):
    for group in result.groups():
        frame = result.by_minority_rows("roc_auc", group)
        assert frame["minority_training_rows"].unique().tolist() == ["fewer than 60"]
        assert frame["datasets"].eq(2).all()


def test_sizes_are_those_of_the_rows_that_are_trained_on():
    """Four fifths of 74, 75, 249 and 250 rows."""
    minorities = {"a": 74, "b": 75, "c": 249, "d": 250}
    made = ResultOf()({(data, name): [0.5] * 5 for data in minorities for name in ("none", "s")})
    facts = tuple(
        replace(fact, rows=100 * minorities[fact.name], class_rows=(99 * minorities[fact.name], minorities[fact.name]))
        for fact in made.datasets
    )
    cells = made.cells.assign(n_train=[80 * minorities[name] for name in made.cells["dataset"]])
    result = replace(made, datasets=facts, cells=cells)
    assert result.minority_training_rows() == pytest.approx({"a": 59.2, "b": 60, "c": 199.2, "d": 200})
    frame = result.by_minority_rows("f1", "weak").drop_duplicates("minority_training_rows")
    assert frame["minority_training_rows"].tolist() == ["fewer than 60", "60 to 199", "200 and more"]
    assert frame["datasets"].tolist() == [1, 2, 1]


def test_each_dataset_has_its_own_test(result):
    frame = result.per_dataset("roc_auc", "weak")
    assert len(frame) == 6
    assert frame.loc[frame["sampler"] == "none", "p_value"].isna().all()
    assert frame.loc[frame["sampler"] != "none", "p_value"].between(0, 1).all()


def test_what_was_saved_is_what_is_read(result, tmp_path):
    written = result.save(tmp_path)
    assert [path.name for path in written] == ["results.parquet", "summary.csv", "report.html"]
    pd.testing.assert_frame_equal(pd.read_parquet(written[0]), result.to_frame(), check_dtype=False)
    assert len(pd.read_csv(written[1])) == len(result.summary())
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in written}


def test_a_result_can_be_read_from_its_store(two_classes, tmp_path):
    result = compare_samplers(
        two_classes, ["none", "smote"], classifiers=["svm"], cv=2, verbose=0, output=tmp_path, reference="smote"
    )
    read = ComparisonResult.from_store(tmp_path)
    pd.testing.assert_frame_equal(read.to_frame(), result.to_frame())
    assert read.settings == result.settings
    assert read.datasets == result.datasets
    pd.testing.assert_frame_equal(read.summary(), result.summary())


def test_pairs_of_samplers_are_tested(result):
    p_values = result.nemenyi("roc_auc", "weak")
    assert p_values.shape == (3, 3)
    assert p_values.index.tolist() == p_values.columns.tolist() == ["none", "smote", "random_over"]


def test_the_frame_is_a_copy(result):
    frame = result.to_frame()
    frame["roc_auc"] = 0.0
    assert result.to_frame()["roc_auc"].ne(0).all()


def test_unknown_names_are_refused(result):
    for call in (
        lambda: result.summary(reference="ros"),
        lambda: result.summary(metrics=["f2"]),
        lambda: result.dataset_scores("roc_auc", "own"),
        lambda: result.save("x", results_format="xlsx"),
    ):
        with pytest.raises(InvalidParameterError):
            call()


def test_a_dataset_on_which_either_side_failed_has_no_test_of_its_own():
    worse = [0.5, 0.52, 0.51, 0.53]
    scores = {
        ("a", "none"): [0.9, 0.9, 0.91, NAN],
        ("a", "s"): worse,
        ("b", "none"): [0.9, 0.9, 0.91, 0.9],
        ("b", "s"): [*worse[:3], NAN],
        ("c", "none"): [0.9, 0.9, 0.91, 0.9],
        ("c", "s"): worse,
    }
    frame = ResultOf()(scores).per_dataset("f1", "weak").set_index(["dataset", "sampler"])
    assert frame.loc[[("a", "s"), ("b", "s")], ["difference", "p_value"]].isna().all(axis=None)
    assert frame.loc[("c", "s"), "p_value"] < 0.001


def test_what_has_not_been_run_yet_is_no_failure(tmp_path):
    scores = {("a", "none"): [0.5, 0.7], ("a", "s"): [0.6], ("b", "none"): [0.5]}
    result = ResultOf()(scores)
    assert len(result.to_frame()) == 4
    frame = result.dataset_scores("f1", "weak")
    assert frame.index.tolist() == ["a"]
    assert frame.loc["a"].tolist() == [0.5, 0.6]
    summary = result.summary().set_index("sampler")
    assert summary["failed"].tolist() == [0, 0]
    assert summary.loc["s", "median_effect"] == pytest.approx(0.1)
    assert result.per_dataset("f1", "weak")["dataset"].tolist() == ["a", "a"]
    result.to_html(tmp_path / "page.html")
    assert "2 of 3 splits are not finished for all samplers" in (tmp_path / "page.html").read_text()


def test_a_run_without_any_result_yet_can_be_looked_at(tmp_path):
    result = ResultOf()({("a", "none"): [], ("a", "s"): []})
    assert result.to_frame().empty
    assert result.summary().empty
    assert result.costs().empty
    result.to_html(tmp_path / "page.html")
