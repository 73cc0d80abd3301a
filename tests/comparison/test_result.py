import numpy as np
import pandas as pd
import pytest

from wgan_resampler import compare_samplers
from wgan_resampler.comparison import ComparisonResult
from wgan_resampler.exceptions import InvalidParameterError

from .conftest import Handmade


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
    assert len(summary) == 2 * 3 * 3
    assert set(summary["group"]) == {"weak", "strong"}
    assert summary.groupby(["group", "metric"])["mean_rank"].mean().eq(2).all()
    assert summary.loc[summary["sampler"] == "none", "p_holm"].isna().all()
    others = summary[summary["sampler"] != "none"]
    assert (others["wins"] + others["ties"] + others["losses"]).eq(others["datasets"]).all()
    # Tuned thresholds are for two classes.
    assert summary.loc[summary["metric"] == "f1_tuned", "datasets"].eq(1).all()


def test_scores_are_means_over_folds_then_over_datasets(result):
    frame = result.to_frame()
    part = frame[(frame["classifier"] == "knn") & (frame["sampler"] == "smote")]
    by_dataset = part.groupby("dataset")["brier"].mean()
    pd.testing.assert_series_equal(result.dataset_scores("brier", "weak")["smote"], by_dataset, check_names=False)
    row = result.summary(metrics=["brier"], groups=["weak"]).set_index("sampler").loc["smote"]
    assert row["score"] == pytest.approx(by_dataset.mean())


def test_less_is_better_for_losses(result):
    scores = result.dataset_scores("brier", "weak")
    row = result.summary(metrics=["brier"], groups=["weak"]).set_index("sampler").loc["smote"]
    assert row["median_effect"] == pytest.approx(np.median(scores["none"] - scores["smote"]))
    assert row["wins"] == np.sum(scores["none"] - scores["smote"] >= 0.001)


def test_another_reference_turns_duels_round(result):
    forth = result.summary(metrics=["roc_auc"]).set_index(["group", "sampler"])
    back = result.summary(metrics=["roc_auc"], reference="smote").set_index(["group", "sampler"])
    for group in ("weak", "strong"):
        assert forth.loc[(group, "smote"), "wins"] == back.loc[(group, "none"), "losses"]
        assert forth.loc[(group, "smote"), "median_effect"] == -back.loc[(group, "none"), "median_effect"]


def test_datasets_are_grouped_by_the_rows_of_the_smallest_class(result):
    frame = result.by_minority_rows("roc_auc", "weak")
    assert frame["minority_rows"].unique().tolist() == ["fewer than 50"]
    assert frame["datasets"].eq(2).all()


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


NAN = np.nan


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
    frame = Handmade()(scores).per_dataset("f1", "weak").set_index(["dataset", "sampler"])
    assert frame.loc[[("a", "s"), ("b", "s")], ["difference", "p_value"]].isna().all(axis=None)
    assert frame.loc[("c", "s"), "p_value"] < 0.001


def test_what_has_not_been_run_yet_is_no_failure(tmp_path):
    scores = {("a", "none"): [0.5, 0.7], ("a", "s"): [0.6], ("b", "none"): [0.5]}
    result = Handmade()(scores)
    assert len(result.to_frame()) == 4
    frame = result.dataset_scores("f1", "weak")
    assert frame.index.tolist() == ["a"]
    assert frame.loc["a"].tolist() == [0.5, 0.6]
    summary = result.summary().set_index("sampler")
    assert summary["failed"].tolist() == [0, 0]
    assert summary.loc["s", "median_effect"] == pytest.approx(0.1)
    assert result.per_dataset("f1", "weak")["dataset"].tolist() == ["a", "a"]
    result.to_html(tmp_path / "page.html")
    assert "2 of 3 splits have not been through all samplers" in (tmp_path / "page.html").read_text()


def test_a_run_without_any_result_yet_can_be_looked_at(tmp_path):
    result = Handmade()({("a", "none"): [], ("a", "s"): []})
    assert result.to_frame().empty
    assert result.summary().empty
    assert result.costs().empty
    result.to_html(tmp_path / "page.html")
