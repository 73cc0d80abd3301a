"""Pictures of a comparison, in the manner of scikit-learn's Display classes; matplotlib is imported when drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wgan_resampler.comparison.results import statistics
from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.utils import COMPARE, require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wgan_resampler.comparison.results.result import ComparisonResult

_INK, _SOFT, _GRID = "#1f2933", "#7b8794", "#e4e7eb"
_ACCENT, _REFERENCE, _WIN, _LOSS = "#2f6f9f", "#9aa5b1", "#2f6f9f", "#c05621"


class ComparisonDisplay:
    """A picture of a comparison.

    Make one with :meth:`from_result`, or with ``result.plot(...)``.

    Parameters
    ----------
    result : ComparisonResult
        What is drawn.
    kind : {"critical_difference", "box", "effects", "datasets"}
        Which picture.
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

    def __init__(self, result: ComparisonResult, *, kind: str, metric: str, group: str) -> None:
        self.result = result
        self.kind = kind
        self.metric = metric
        self.group = group

    @classmethod
    def from_result(
        cls,
        result: ComparisonResult,
        *,
        kind: str = "critical_difference",
        metric: str = "balanced_accuracy",
        group: str | None = None,
        ax: Axes | None = None,
    ) -> ComparisonDisplay:
        """Draw a comparison.

        Parameters
        ----------
        result : ComparisonResult
            What to draw.
        kind : {"critical_difference", "box", "effects", "datasets"}, default="critical_difference"
            Mean ranks, with bars that join samplers which do not differ significantly (Nemenyi, 5 %); the scores of
            all datasets as boxes; median differences from the reference with their bootstrap interval; or the
            difference from the reference on each dataset.
        metric : str, default="balanced_accuracy"
            Name of a metric.
        group : str or None, default=None
            Group of classifiers. None takes the first.
        ax : matplotlib axes or None, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        ComparisonDisplay
            The picture.

        Raises
        ------
        InvalidParameterError
            If there is no such kind, metric or group.
        """
        group = next(iter(result.groups())) if group is None else group
        return cls(result, kind=kind, metric=metric, group=group).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> ComparisonDisplay:
        """Draw, on the given axes or in a new figure.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw.

        Returns
        -------
        ComparisonDisplay
            Itself, with `figure_` and `ax_`.
        """
        if self.kind not in _KINDS:
            raise InvalidParameterError(f"There is no kind of plot '{self.kind}'. There are: {', '.join(_KINDS)}.")
        draw, size = _KINDS[self.kind]
        scores = self.result.dataset_scores(self.metric, self.group)
        if ax is None:
            # Not through pyplot: nothing has to be closed, and no window opens.
            figure = require("matplotlib.figure", "Drawing", COMPARE).Figure(
                figsize=size(len(scores), scores.shape[1]), layout="constrained"
            )
            ax = figure.add_subplot()
        self.ax_: Axes = ax
        self.figure_: Figure = ax.figure  # type: ignore[assignment]
        if scores.dropna(how="all").empty:
            _say(ax, "No data set has this metric.")
        else:
            draw(self, ax, scores)
        return self


def _critical_difference(display: ComparisonDisplay, ax: Axes, scores: pd.DataFrame) -> None:
    """Draw mean ranks on an axis, best on the left, and bars over samplers that do not differ significantly."""
    better = display.result.metric(display.metric).greater_is_better
    test = statistics.friedman(scores.to_numpy(), greater_is_better=better)
    if test is None:
        _say(ax, "Mean ranks need at least three samplers and two data sets.")
        return
    order = np.argsort(test.mean_ranks, kind="stable")
    ranks = np.asarray(test.mean_ranks)[order]
    names = [str(scores.columns[index]) for index in order]
    k, half = len(names), (len(names) + 1) // 2
    cliques = _cliques(ranks, test.critical_difference)
    top, row, bar = 0.0, 1.0, 0.42
    first_label = top - 0.55 - bar * len(cliques)
    ax.axis("off")
    ax.hlines(top, 1, k, color=_INK, lw=1.2)
    for tick in range(1, k + 1):
        ax.vlines(tick, top, top + 0.25, color=_INK, lw=1.2)
        ax.text(tick, top + 0.38, str(tick), ha="center", va="bottom", color=_INK, fontsize=9)
    margin = 0.12 * (k - 1)
    for place, (name, mean_rank) in enumerate(zip(names, ranks, strict=True)):
        left = place < half
        y = first_label - row * (place if left else k - 1 - place)
        end, align = (1 - margin, "right") if left else (k + margin, "left")
        colour = _SOFT if name == display.result.settings.reference else _INK
        ax.plot([mean_rank, mean_rank, end], [top, y, y], color=colour, lw=1.0, solid_joinstyle="miter")
        ax.plot(mean_rank, top, "o", color=colour, ms=4, zorder=3)
        # Spaces that do not break: SVG drops the others at the ends of a text.
        text = (f"{name}  {mean_rank:.2f} " if left else f" {mean_rank:.2f}  {name}").replace(" ", "\N{NO-BREAK SPACE}")
        ax.text(end, y, text, ha=align, va="center", color=colour, fontsize=10)
    for number, (low, high) in enumerate(cliques):
        y = top - 0.35 - bar * number
        ax.plot([ranks[low] - 0.03, ranks[high] + 0.03], [y, y], color=_ACCENT, lw=4, solid_capstyle="butt")
    _draw_length(ax, test.critical_difference, k, top)
    title = f"{_title(display)}\nmean rank on {test.n_datasets} data sets, 1 is best; Friedman p {_p(test.p_value)}"
    ax.set_title(title, loc="center", fontsize=10, color=_INK)
    ax.set_xlim(1 - 0.55 * (k - 1), k + 0.55 * (k - 1))
    ax.set_ylim(first_label - row * (half - 0.4), top + 2.3)


def _draw_length(ax: Axes, critical: float, k: int, top: float) -> None:
    """Draw the critical difference to scale, above the axis."""
    shown = min(critical, k - 1)
    y = top + 1.6
    ax.plot([1, 1 + shown], [y, y], color=_ACCENT, lw=1.6)
    for end in (1, 1 + shown):
        ax.vlines(end, y - 0.14, y + 0.14, color=_ACCENT, lw=1.6)
    more = "" if critical <= k - 1 else " (longer than the axis)"
    ax.text(1 + shown / 2, y + 0.2, f"CD {critical:.2f}{more}", ha="center", va="bottom", color=_ACCENT, fontsize=9)


def _cliques(ranks: Any, critical: float) -> list[tuple[int, int]]:
    """Return the longest runs of sorted ranks whose ends lie no further apart than the critical difference."""
    runs: list[tuple[int, int]] = []
    for low in range(len(ranks)):
        high = int(np.searchsorted(ranks, ranks[low] + critical, side="right")) - 1
        if high > low and (not runs or high > runs[-1][1]):
            runs.append((low, high))
    return runs


def _box(display: ComparisonDisplay, ax: Axes, scores: pd.DataFrame) -> None:
    """Draw a box for each sampler, with a point for each dataset."""
    metric = display.result.metric(display.metric)
    columns = list(scores.columns[::-1])
    values = [scores[name].dropna().to_numpy() for name in columns]
    summaries = require("matplotlib.cbook", "Drawing", COMPARE).boxplot_stats(values)
    for place, (name, box) in enumerate(zip(columns, summaries, strict=True), start=1):
        colour = _REFERENCE if name == display.result.settings.reference else _ACCENT
        ax.hlines(place, box["whislo"], box["whishi"], color=_SOFT, lw=1, zorder=2)
        width = box["q3"] - box["q1"]
        ax.barh(place, width, 0.55, box["q1"], color=_tint(colour), edgecolor=colour, lw=1, zorder=3)
        ax.vlines(box["med"], place - 0.275, place + 0.275, color=_INK, lw=1.8, zorder=4)
    for place, points in enumerate(values, start=1):
        # Spread evenly, not by chance: the same result gives the same picture.
        offsets = np.linspace(-0.18, 0.18, len(points)) if len(points) > 1 else np.zeros(len(points))
        ax.plot(points, place + offsets, ".", color=_INK, alpha=0.45, ms=5, zorder=5)
    # A box over fewer data sets is not to be held against the others.
    counts = ["" if len(points) == len(scores) else f" ({len(points)} of {len(scores)})" for points in values]
    ax.set_yticks(range(1, len(columns) + 1), [f"{name}{count}" for name, count in zip(columns, counts, strict=True)])
    _finish(display, ax, metric.title)


def _effects(display: ComparisonDisplay, ax: Axes, scores: pd.DataFrame) -> None:
    """Draw the median difference from the reference with its interval, best on top."""
    metric, reference = display.result.metric(display.metric), display.result.settings.reference
    others = [name for name in scores.columns if name != reference]
    if reference not in scores or not others:
        _say(ax, "There is nothing to hold against the reference.")
        return
    duels = {
        name: statistics.duel(
            scores[name].to_numpy(),
            scores[reference].to_numpy(),
            greater_is_better=metric.greater_is_better,
            seed=display.result.settings.random_state,
        )
        for name in others
    }
    order = sorted(others, key=lambda name: np.nan_to_num(duels[name].median_effect, nan=-np.inf))
    ax.axvline(0, color=_SOFT, lw=1)
    for place, name in enumerate(order):
        outcome = duels[name]
        colour = {1: _WIN, -1: _LOSS}.get(int(np.sign(np.nan_to_num(outcome.median_effect))), _SOFT)
        ax.plot([outcome.effect_low, outcome.effect_high], [place, place], color=colour, lw=2)
        ax.plot(outcome.median_effect, place, "o", color=colour, ms=6)
        text = f"{outcome.wins} / {outcome.ties} / {outcome.losses}"
        if failed := int(scores[name].isna().sum()):
            text += f", {failed} failed"
        ax.text(1.01, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=9, color=_INK)
    ax.annotate("W / T / L", (1.01, 1), (0, 3), "axes fraction", "offset points", fontsize=8, color=_SOFT)
    ax.set_yticks(range(len(order)), order)
    ax.set_ylim(-0.6, len(order) - 0.4)
    _finish(display, ax, f"gain in {metric.title} over {reference}: median, 95 % interval")


def _datasets(display: ComparisonDisplay, ax: Axes, scores: pd.DataFrame) -> None:
    """Draw the difference from the reference of each sampler on each dataset as a coloured table."""
    metric, reference = display.result.metric(display.metric), display.result.settings.reference
    others = [name for name in scores.columns if name != reference]
    if reference not in scores or not others:
        _say(ax, "There is nothing to hold against the reference.")
        return
    rows = {dataset.name: dataset.minority_rows for dataset in display.result.datasets}
    ordered = sorted(scores.index, key=lambda name: (rows.get(name, 0), name))
    sign = 1 if metric.greater_is_better else -1
    gains = sign * scores.loc[ordered, others].sub(scores.loc[ordered, reference], axis=0)
    values = gains.to_numpy(float)
    limit = max(float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0, 0.01)
    image = ax.imshow(values, cmap=_diverging(), vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.ndindex(*values.shape):
        value = values[row, column]
        text = f"{value:+.3f}".replace("0.", ".").replace("-", "\N{MINUS SIGN}")
        if np.isnan(value):
            text = "failed" if np.isnan(scores.loc[ordered[row], others[column]]) else f"{reference} failed"
        strong = np.isfinite(value) and abs(value) > 0.65 * limit
        ax.text(column, row, text, ha="center", va="center", fontsize=8, color="white" if strong else _INK)
    ax.set_xticks(range(len(others)), others, rotation=30, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(ordered)), [f"{name}  ({rows.get(name, 0)})" for name in ordered])
    ax.tick_params(length=0, labelsize=9, colors=_INK)
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.7, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=_INK)
    ax.set_title(
        f"{_title(display)}: gain over {reference}\nrows of the smallest class in brackets", fontsize=10, color=_INK
    )


def _tint(colour: str) -> tuple[float, ...]:
    """Return a quarter of a colour on white: opaque, so that lines below do not show."""
    rgb = require("matplotlib.colors", "Drawing", COMPARE).to_rgb(colour)
    return tuple(0.75 + 0.25 * float(part) for part in rgb)


def _diverging() -> Any:
    colors = require("matplotlib.colors", "Drawing", COMPARE)
    return colors.LinearSegmentedColormap.from_list("losses_and_wins", [_LOSS, "#f7f7f5", _WIN])


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


def _say(ax: Axes, text: str) -> None:
    ax.axis("off")
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=_SOFT)


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"= {value:.3f}".replace("0.", ".")


_KINDS: dict[str, tuple[Callable[[ComparisonDisplay, Axes, pd.DataFrame], None], Callable[[int, int], Any]]] = {
    "critical_difference": (_critical_difference, lambda n, k: (6.4, 1.75 + 0.2 * k)),
    "box": (_box, lambda n, k: (6.4, 1.1 + 0.34 * k)),
    "effects": (_effects, lambda n, k: (6.4, 1.15 + 0.32 * k)),
    "datasets": (_datasets, lambda n, k: (3.2 + 0.75 * k, 1.6 + 0.3 * n)),
}
