import matplotlib as mpl
import numpy as np
import pytest
from comparison.results_for_tests import ResultOf
from comparison.samplers import Failing

from wgan_resampler import ComparisonDisplay, compare_samplers
from wgan_resampler.comparison.results.plots import _ACCENT, _SOFT
from wgan_resampler.exceptions import InvalidParameterError

mpl.use("agg")
KINDS = ["critical_difference", "box", "effects"]


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
    assert f"CD {test.critical_difference:.2f}" in display.ax_.get_title()
    assert any("bad" in text and "4.00" in text for text in texts(display))


def test_losses_are_drawn_like_wins(result):
    summary = result.summary(metrics=["roc_auc"]).set_index("sampler")
    drawn = texts(result.plot("effects", metric="roc_auc"))
    for sampler in ("smote", "random_over"):
        wins, ties, losses = summary.loc[sampler, ["wins", "ties", "losses"]]
        assert f"{wins} / {ties} / {losses}" in drawn


def test_failures_are_named(result):
    assert any(text.endswith(", 2 failed") for text in texts(result.plot("effects")))


def test_too_little_to_draw_is_said(result, two_classes):
    one = compare_samplers(two_classes, ["none"], classifiers=["knn"], cv=2, verbose=0)
    assert "at least three samplers" in texts(one.plot())[0]
    assert "no sampler to compare with the reference" in texts(one.plot("effects"))[0]
    three = compare_samplers(two_classes, ["none"], classifiers=["svm"], cv=2, verbose=0)
    assert "No dataset has this metric" in texts(three.plot("box", metric="brier"))[0]


@pytest.mark.parametrize("n_datasets", [4, 8, 20])
def test_bars_join_the_samplers_that_do_not_differ(n_datasets):
    """The ranks are 1 to 4 on all datasets, so that the critical difference alone decides which bars there are."""
    scores = {(f"{data:02}", name): [0.1 * place] for data in range(n_datasets) for place, name in enumerate("dcba")}
    result = ResultOf(reference="a")(scores)
    critical = result.friedman("f1", "weak").critical_difference
    bars = [line.get_xdata() for line in result.plot(metric="f1").ax_.lines if line.get_color() == _ACCENT]
    width = int(critical)
    assert {4: 2, 8: 1, 20: 1}[n_datasets] == width
    assert sorted((min(bar), max(bar)) for bar in bars) == [(low, low + width) for low in range(1, 5 - width)]


def test_unknown_names_are_refused(result):
    for options in ({"kind": "pie"}, {"metric": "f3"}, {"group": "strong"}):
        with pytest.raises(InvalidParameterError):
            result.plot(**options)


def test_a_failure_of_the_reference_is_not_put_down_to_the_samplers():
    scores = {("a", "none"): [np.nan, 0.5], ("a", "s"): [0.6, 0.6], ("b", "none"): [0.5, 0.5], ("b", "s"): [0.6, 0.6]}
    assert texts(ResultOf()(scores).plot("effects", metric="f1")) == ["1 / 0 / 0", "W / T / L"]


def test_an_effect_of_nothing_is_not_drawn_as_a_win():
    scores = {(data, name): [0.5, 0.5] for data in "ab" for name in ("none", "s")}
    colours = {line.get_color() for line in ResultOf()(scores).plot("effects", metric="f1").ax_.lines[1:]}
    assert colours == {_SOFT}


def test_boxes_say_how_many_datasets_they_hold():
    scores = {("a", "none"): [0.5], ("a", "s"): [np.nan], ("b", "none"): [0.5], ("b", "s"): [0.6]}
    ticks = [tick.get_text() for tick in ResultOf()(scores).plot("box", metric="f1").ax_.get_yticklabels()]
    assert ticks == ["s (1 of 2)", "none"]
