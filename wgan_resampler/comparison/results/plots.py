"""Plots of a comparison, made like scikit-learn's Display classes.

matplotlib is imported when a plot is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wgan_resampler.comparison.data.names import known_name
from wgan_resampler.comparison.results.score_table import ScoreTable
from wgan_resampler.utils import COMPARE, require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_INK, _SOFT, _GRID = "#1f2933", "#7b8794", "#e4e7eb"
_ACCENT, _LOSS = "#2f6f9f", "#c05621"


@dataclass(kw_only=True)
class ComparisonDisplay:
    """A plot of a comparison.

    Make one with :meth:`from_result`, or with ``result.plot(...)``.

    Parameters
    ----------
    result : ScoreTable
        The result to draw.
    kind : {"critical_difference", "box", "effects"}
        Kind of plot.
    metric : str
        Name of a metric.
    group : str
        Group of classifiers.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The figure.
    ax_ : matplotlib.axes.Axes
        Its axes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn.datasets import make_classification
    >>> from wgan_resampler import ComparisonDisplay, compare_samplers
    >>> X, y = make_classification(n_samples=120, weights=[0.8], random_state=0)
    >>> result = compare_samplers((X, y), ["none", "random_over"], classifiers=["knn"], cv=2, verbose=0)
    >>> display = ComparisonDisplay.from_result(result, kind="box", metric="roc_auc")
    >>> display.ax_.get_xlabel()
    'ROC AUC'
    """

    result: ScoreTable
    kind: str
    metric: str
    group: str

    @classmethod
    def from_result(
        cls,
        result: ScoreTable,
        *,
        kind: str = "critical_difference",
        metric: str = "balanced_accuracy",
        group: str | None = None,
        ax: Axes | None = None,
    ) -> ComparisonDisplay:
        """Draw a comparison.

        Parameters
        ----------
        result : ScoreTable
            The result to draw.
        kind : {"critical_difference", "box", "effects"}, default="critical_difference"
            Kind of plot: "critical_difference" shows mean ranks, with bars that join samplers which do not differ
            significantly (Nemenyi's test, 5 %). "box" shows the scores on all datasets as box plots. "effects" shows
            the median difference from the reference with its bootstrap interval.
        metric : str, default="balanced_accuracy"
            Name of a metric.
        group : str or None, default=None
            Group of classifiers. None takes the first.
        ax : matplotlib axes or None, default=None
            The axes to draw on. None makes a new figure.

        Returns
        -------
        ComparisonDisplay
            The plot.

        Raises
        ------
        InvalidParameterError
            If the kind, metric or group is unknown.
        """
        group = next(iter(result.groups())) if group is None else group
        return cls(result=result, kind=kind, metric=metric, group=group).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> ComparisonDisplay:
        """Draw, on the given axes or in a new figure.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            The axes to draw on. None makes a new figure.

        Returns
        -------
        ComparisonDisplay
            This object, with `figure_` and `ax_`.
        """
        draw, height, height_per_sampler = _KINDS[known_name(self.kind, "kind of plot", _KINDS)]
        scores = self.result.dataset_scores(self.metric, self.group)
        if ax is None:
            # pyplot is not used, so nothing has to be closed, and no window opens.
            figure = require("matplotlib.figure", "Drawing", COMPARE).Figure(
                figsize=(6.4, height + height_per_sampler * scores.shape[1]), layout="constrained"
            )
            ax = figure.add_subplot()
        self.ax_: Axes = ax
        self.figure_: Figure = ax.figure  # type: ignore[assignment]
        if scores.dropna(how="all").empty:
            _note(ax, "No dataset has this metric.")
        else:
            draw(self, ax, scores)
        return self


def _critical_difference(display: ComparisonDisplay, ax: Axes, scores: pd.DataFrame) -> None:
    """Draw mean ranks on an axis, and bars that join samplers which do not differ significantly."""
    result, reference = display.result, display.result.settings.reference
    test = result.friedman(display.metric, display.group)
    if test is None:
        _note(ax, "Mean ranks need at least three samplers and two datasets.")
        return
    require("scikit_posthocs", "The critical-difference diagram", COMPARE).critical_difference_diagram(
        pd.Series(test.mean_ranks, index=scores.columns),
        result.nemenyi(display.metric, display.group),
        ax=ax,
        # Spaces that do not break, because SVG drops ordinary spaces at the ends of a text.
        label_fmt_left="{label}\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}{rank:.2f}\N{NO-BREAK SPACE}",
        label_fmt_right="\N{NO-BREAK SPACE}{rank:.2f}\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}{label}",
        color_palette={name: _SOFT if name == reference else _INK for name in scores.columns},
        crossbar_props={"color": _ACCENT, "linewidth": 4, "solid_capstyle": "butt"},
        elbow_props={"linewidth": 1},
        marker_props={"s": 16},
        label_props={"fontsize": 10},
    )
    ax.set_xticks(range(1, scores.shape[1] + 1))
    ax.tick_params(labelsize=9, colors=_INK)
    ax.set_title(
        f"{_title(display)}\nmean rank on {test.n_datasets} datasets, 1 is best; Friedman p {_p(test.p_value)}; "
        f"CD {test.critical_difference:.2f}",
        fontsize=10,
        color=_INK,
    )


def _box(display: ComparisonDisplay, ax: Axes, scores: pd.DataFrame) -> None:
    """Draw a box for each sampler, with a point for each dataset."""
    metric = display.result.metric(display.metric)
    columns = list(scores.columns[::-1])
    values = [scores[name].dropna().to_numpy() for name in columns]
    labels = [
        # A box over fewer datasets cannot be compared with the others, so its label says so.
        name if len(points) == len(scores) else f"{name} ({len(points)} of {len(scores)})"
        for name, points in zip(columns, values, strict=True)
    ]
    ax.boxplot(
        values,
        orientation="horizontal",
        tick_labels=labels,
        widths=0.55,
        showfliers=False,
        boxprops={"color": _ACCENT},
        medianprops={"color": _INK},
    )
    for place, points in enumerate(values, start=1):
        # Spread evenly and not at random, so that the same result gives the same plot.
        offsets = np.linspace(-0.18, 0.18, len(points)) if len(points) > 1 else np.zeros(len(points))
        ax.plot(points, place + offsets, ".", color=_INK, alpha=0.45, ms=5, zorder=5)
    _finish(display, ax, metric.title)


def _effects(display: ComparisonDisplay, ax: Axes, scores: pd.DataFrame) -> None:
    """Draw the median difference from the reference with its interval, best on top."""
    metric, reference = display.result.metric(display.metric), display.result.settings.reference
    compared = display.result.summary(metrics=[display.metric], groups=[display.group])
    others = compared[compared["wins"].notna()].sort_values("median_effect", na_position="first", kind="stable")
    if others.empty:
        _note(ax, "There is no sampler to compare with the reference.")
        return
    ax.axvline(0, color=_SOFT, lw=1)
    for place, row in enumerate(others.to_dict("records")):
        median, failed = row["median_effect"], f", {row['failed']} failed" if row["failed"] else ""
        color = _ACCENT if median > 0 else _LOSS if median < 0 else _SOFT
        ax.plot([row["effect_low"], row["effect_high"]], [place, place], color=color, lw=2)
        ax.plot(median, place, "o", color=color, ms=6)
        text = f"{row['wins']} / {row['ties']} / {row['losses']}{failed}"
        ax.text(1.01, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=9, color=_INK)
    ax.annotate("W / T / L", (1.01, 1), (0, 3), "axes fraction", "offset points", fontsize=8, color=_SOFT)
    ax.set_yticks(range(len(others)), others["sampler"])
    ax.set_ylim(-0.6, len(others) - 0.4)
    _finish(display, ax, f"gain in {metric.title} over {reference}: median, 95 % interval")


def _finish(display: ComparisonDisplay, ax: Axes, label: str) -> None:
    ax.set_xlabel(label, fontsize=9, color=_INK)
    ax.set_title(_title(display), fontsize=10, color=_INK)
    ax.tick_params(labelsize=9, colors=_INK, length=0)
    ax.grid(axis="x", color=_GRID, lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(_GRID)


def _title(display: ComparisonDisplay) -> str:
    return f"{display.result.metric(display.metric).title}, {display.group} classifiers"


def _note(ax: Axes, text: str) -> None:
    ax.axis("off")
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=_SOFT)


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"= {value:.3f}".replace("0.", ".")


_KINDS: dict[str, tuple[Callable[[ComparisonDisplay, Axes, pd.DataFrame], None], float, float]] = {
    "critical_difference": (_critical_difference, 1.75, 0.2),
    "box": (_box, 1.1, 0.34),
    "effects": (_effects, 1.15, 0.32),
}
"""For each kind of plot: what draws it, its height in inches without samplers, and the height of each sampler."""
