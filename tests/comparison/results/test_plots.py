import matplotlib as mpl
import numpy as np
import pytest
from comparison.conftest import Handmade
from comparison.samplers import Failing

from wgan_resampler import ComparisonDisplay, compare_samplers
from wgan_resampler.comparison.results.plots import _SOFT, _cliques
from wgan_resampler.exceptions import InvalidParameterError

mpl.use("agg")
KINDS = ["critical_difference", "box", "effects", "datasets"]


@pytest.fixture(scope="module")
def result(two_classes, three_classes):
    samplers = {"none": None, "smote": "smote", "random_over": "random_over", "bad": Failing()}
    data = {"two": two_classes, "three": three_classes}
    return compare_samplers(data, samplers, classifiers=["knn"], cv=2, verbose=0)


def texts(display):
    return [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_and_saved(result, kind, tmp_path):
    display = result.plot(kind, metric="roc_auc")
    assert isinstance(display, ComparisonDisplay)
    display.figure_.savefig(tmp_path / "plot.png")
    assert "ROC AUC" in display.ax_.get_title()


@pytest.mark.parametrize("kind", KINDS)
def test_axes_that_are_given_are_drawn_on(result, kind):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    display = ComparisonDisplay.from_result(result, kind=kind, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_the_diagram_shows_mean_ranks(result):
    display = result.plot(metric="roc_auc")
    test = result.friedman("roc_auc", "weak")
    assert any(f"CD {test.critical_difference:.2f}" in text for text in texts(display))
    assert any("bad" in text and "4.00" in text for text in texts(display))


def test_losses_are_drawn_like_wins(result):
    summary = result.summary(metrics=["roc_auc"]).set_index("sampler")
    drawn = texts(result.plot("effects", metric="roc_auc"))
    for sampler in ("smote", "random_over"):
        wins, ties, losses = summary.loc[sampler, ["wins", "ties", "losses"]]
        assert f"{wins} / {ties} / {losses}" in drawn


def test_failures_are_named(result):
    assert texts(result.plot("datasets")).count("failed") == 2


def test_too_little_to_draw_is_said(result, two_classes):
    one = compare_samplers(two_classes, ["none"], classifiers=["knn"], cv=2, verbose=0)
    assert "at least three samplers" in texts(one.plot())[0]
    assert "nothing to hold against" in texts(one.plot("effects"))[0]
    three = compare_samplers(two_classes, ["none"], classifiers=["svm"], cv=2, verbose=0)
    assert "No data set has this metric" in texts(three.plot("box", metric="brier"))[0]


def test_cliques_are_the_longest_runs_within_the_difference():
    assert _cliques(np.array([1.0, 1.5, 2.2, 3.9]), 1.0) == [(0, 1), (1, 2)]
    assert _cliques(np.array([1.0, 1.1, 1.2]), 1.0) == [(0, 2)]
    assert _cliques(np.array([1.0, 3.0]), 1.0) == []


def test_unknown_names_are_refused(result):
    for options in ({"kind": "pie"}, {"metric": "f3"}, {"group": "strong"}):
        with pytest.raises(InvalidParameterError):
            result.plot(**options)


def test_a_failure_of_the_reference_is_not_put_down_to_the_samplers():
    scores = {("a", "none"): [np.nan, 0.5], ("a", "s"): [0.6, 0.6], ("b", "none"): [0.5, 0.5], ("b", "s"): [0.6, 0.6]}
    drawn = texts(Handmade()(scores).plot("datasets", metric="f1"))
    assert "failed" not in drawn
    assert drawn == ["none failed", "+.100"]


def test_an_effect_of_nothing_is_not_drawn_as_a_win():
    scores = {(data, name): [0.5, 0.5] for data in "ab" for name in ("none", "s")}
    colours = {line.get_color() for line in Handmade()(scores).plot("effects", metric="f1").ax_.lines[1:]}
    assert colours == {_SOFT}


def test_boxes_say_how_many_datasets_they_hold():
    scores = {("a", "none"): [0.5], ("a", "s"): [np.nan], ("b", "none"): [0.5], ("b", "s"): [0.6]}
    ticks = [tick.get_text() for tick in Handmade()(scores).plot("box", metric="f1").ax_.get_yticklabels()]
    assert ticks == ["s (1 of 2)", "none"]
