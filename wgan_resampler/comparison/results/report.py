"""One self-contained HTML page about a comparison."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd

from wgan_resampler.comparison.results.plots import ComparisonDisplay
from wgan_resampler.comparison.results.result import COMMON, FAILED_TOO_OFTEN
from wgan_resampler.comparison.results.statistics import TIE
from wgan_resampler.comparison.scoring.metrics import Metric
from wgan_resampler.utils import COMPARE, require

if TYPE_CHECKING:
    from wgan_resampler.comparison.results.result import ComparisonResult

_LEVEL = 0.05

_KINDS = {
    "critical_difference": "critical-difference diagram of the mean ranks",
    "box": "scores of all data sets as box plots",
    "effects": "median differences from the reference",
}


@dataclass(frozen=True)
class Entry:
    """A cell of a table on the page.

    Attributes
    ----------
    text : str
        What is shown.
    value : float or str
        What rows are sorted by.
    mark : str
        CSS class.
    """

    text: str
    value: float | str
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table on the page; its first column names the rows."""

    caption: str
    columns: tuple[tuple[str, str], ...]
    """Title and explanation of each column."""
    rows: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True)
class MetricSection:
    """Everything about one metric for one group of classifiers."""

    metric: Metric
    verdict: str
    figures: tuple[tuple[str, str], ...]
    """Data URI and alternative text of each picture."""
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class GroupSection:
    """Everything about one group of classifiers."""

    name: str
    anchor: str
    classifiers: str
    left_out: str
    ranks: Table
    metrics: tuple[MetricSection, ...]


def render(result: ComparisonResult, *, title: str) -> str:
    """Return the page as text.

    Parameters
    ----------
    result : ComparisonResult
        What it is about.
    title : str
        Its heading.

    Returns
    -------
    str
        HTML with styles, script and pictures inside.
    """
    jinja2 = require("jinja2", "The report", COMPARE)
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(resources.files(__package__).joinpath("report.html.jinja").read_text("utf-8"))
    failures = result.cells[result.cells["error"].notna()]
    return str(
        template.render(
            title=title,
            result=result,
            settings=result.settings,
            groups=[_group(result, name) for name in result.groups()],
            datasets=_datasets(result),
            costs=_costs(result),
            failures=_failures(failures),
            n_failed=len(failures),
            n_cells=len(result.cells),
            n_splits=_splits(result.cells),
            n_unfinished=_splits(result.cells) - _splits(result.compared()),
        )
    )


def _splits(cells: pd.DataFrame) -> int:
    return len(cells.drop_duplicates(["dataset", "repeat", "fold"]))


def _group(result: ComparisonResult, name: str) -> GroupSection:
    without = [sampler for sampler in result.samplers if sampler not in result.participants(name)]
    summary = result.summary(groups=[name])
    with_scores = [metric for metric in result.settings.metrics if metric.name in set(summary["metric"])]
    return GroupSection(
        name,
        "group-" + "-".join(name.replace(",", "").split()),
        ", ".join(result.groups()[name]),
        ", ".join(without),
        _ranks(result, name, summary, with_scores),
        tuple(_metric(result, name, metric, summary[summary["metric"] == metric.name]) for metric in with_scores),
    )


def _ranks(result: ComparisonResult, group: str, summary: pd.DataFrame, metrics: list[Metric]) -> Table:
    """Return mean ranks of all samplers on all metrics, the best of each metric marked."""
    ranks = summary.pivot_table(index="sampler", columns="metric", values="mean_rank")
    best = ranks.min()
    columns = (("sampler", ""), *((metric.title, metric.explanation) for metric in metrics))
    rows = []
    for sampler in result.participants(group):
        if sampler in ranks.index:
            entries = [_number(ranks.loc[sampler, metric.name], 2) for metric in metrics]
            marked = [
                Entry(entry.text, entry.value, "best" if entry.value <= best[metric.name] + 1e-9 else "")
                for entry, metric in zip(entries, metrics, strict=True)
            ]
            rows.append((_text(sampler), *marked))
    return Table(f"Mean ranks, {group} classifiers (1 is best)", columns, tuple(rows))


def _metric(result: ComparisonResult, group: str, metric: Metric, summary: pd.DataFrame) -> MetricSection:
    # The tables below hold what further pictures would show, at a fraction of the size.
    kinds = [] if group.endswith(COMMON) else ["box", "effects"]
    if result.friedman(metric.name, group) is not None:
        kinds.insert(0, "critical_difference")
    figures = tuple(
        (
            _picture(result.plot(kind, metric=metric.name, group=group)),
            f"{metric.title}, {group} classifiers: {_KINDS[kind]}",
        )
        for kind in kinds
    )
    tables = (
        _summary(result, metric, summary),
        _by_minority_rows(result, metric, group),
        _per_dataset(result, metric, group),
    )
    return MetricSection(metric, _verdict(result, metric, summary), figures, tables)


def _verdict(result: ComparisonResult, metric: Metric, summary: pd.DataFrame) -> str:
    """Return in words what the tests found: losses as plainly as wins."""
    reference = result.settings.reference
    first = summary.iloc[0]
    best = summary.loc[summary["mean_rank"] <= first["mean_rank"] + 1e-9, "sampler"]
    parts = [
        f"Best mean rank: {' and '.join(best)} ({first['mean_rank']:.2f}, on {first['datasets']} data "
        f"set{'s' if first['datasets'] != 1 else ''})."
    ]
    friedman = first["friedman_p"]
    if friedman == friedman:
        parts.append(
            f"Friedman's test finds {'a' if friedman < _LEVEL else 'no'} significant difference between the samplers "
            f"(p {_p(friedman)})."
        )
    tested = summary[summary["p_holm"].notna()]
    significant = tested[tested["p_holm"] < _LEVEL]
    # The median of many ties is 0: then the data sets that are left decide.
    gain = significant["median_effect"].where(
        significant["median_effect"] != 0, significant["wins"] - significant["losses"]
    )
    better, worse = significant.loc[gain > 0, "sampler"].tolist(), significant.loc[gain < 0, "sampler"].tolist()
    if len(tested):
        parts.append(
            f"Against {reference}: significantly better {', '.join(better) or 'no sampler'}; significantly worse "
            f"{', '.join(worse) or 'no sampler'}."
        )
    return " ".join(parts)


def _summary(result: ComparisonResult, metric: Metric, summary: pd.DataFrame) -> Table:
    reference = result.settings.reference
    columns = (
        ("sampler", ""),
        ("mean rank", "1 is best"),
        ("mean score", metric.explanation),
        (
            "common score",
            "Mean over the data sets on which none failed of the samplers that work on at least half of them",
        ),
        ("wins", f"Data sets on which it is better than {reference} by at least .001"),
        ("ties", ""),
        ("losses", ""),
        ("median effect", f"Median difference from {reference}; positive is better"),
        ("95 % interval", "Bootstrap over data sets"),
        ("p (Holm)", f"Wilcoxon's signed-rank test against {reference}, corrected for the number of samplers"),
        ("failed", "Data sets on which it failed in some fold; they rank last"),
    )
    rows = []
    for row in summary.to_dict("records"):
        low, high = row["effect_low"], row["effect_high"]
        interval = "" if math.isnan(low) else f"{_signed(low)} to {_signed(high)}"
        rows.append(
            (
                _text(row["sampler"]),
                _number(row["mean_rank"], 2),
                _number(row["score"], 3),
                _number(row["score_common"], 3),
                *(_count(row[name]) for name in ("wins", "ties", "losses")),
                _change(row["median_effect"]),
                Entry(interval, _sortable(low)),
                Entry(_p(row["p_holm"]), _sortable(row["p_holm"]), "strong" if row["p_holm"] < _LEVEL else ""),
                _count(row["failed"]),
            )
        )
    first = summary.iloc[0]
    aside = summary.loc[summary["failed"] > FAILED_TOO_OFTEN * summary["datasets"], "sampler"]
    return Table(
        f"All samplers against {reference}; common score: mean over the {first['datasets_common']} of "
        f"{first['datasets']} data sets on which none failed"
        + (f", {' and '.join(aside)} left aside" if len(aside) else ""),
        columns,
        tuple(rows),
    )


def _by_minority_rows(result: ComparisonResult, metric: Metric, group: str) -> Table:
    frame = result.by_minority_rows(metric.name, group)
    columns = (
        ("training rows of the smallest class", ""),
        ("data sets", ""),
        ("sampler", ""),
        ("mean rank", "1 is best"),
        ("mean score", ""),
        ("wins", ""),
        ("ties", ""),
        ("losses", ""),
        ("median effect", "positive is better than the reference"),
    )
    order = {label: index for index, label in enumerate(frame["minority_training_rows"].unique())}
    rows = tuple(
        (
            Entry(row["minority_training_rows"], order[row["minority_training_rows"]]),
            _count(row["datasets"]),
            _text(row["sampler"]),
            _number(row["mean_rank"], 2),
            _number(row["score"], 3),
            *(_count(row[name]) for name in ("wins", "ties", "losses")),
            _change(row["median_effect"]),
        )
        for row in frame.to_dict("records")
    )
    return Table("By number of training rows of the smallest class", columns, rows)


def _per_dataset(result: ComparisonResult, metric: Metric, group: str) -> Table:
    """Return a row for each dataset, a column for each sampler; the best marked, significant differences too."""
    frame = result.per_dataset(metric.name, group)
    samplers = list(dict.fromkeys(frame["sampler"]))
    rows = []
    for dataset, part in frame.groupby("dataset"):
        scores = part["score"]
        best = scores.max() if metric.greater_is_better else scores.min()
        by_sampler = part.set_index("sampler")
        entries = []
        for sampler in samplers:
            value, gain, p = (float(by_sampler.loc[sampler, name]) for name in ("score", "difference", "p_value"))
            sign = ("\u25b2" if gain > 0 else "\u25bc") if p < _LEVEL else ""
            text = "failed" if math.isnan(value) else f"{_plain(value, 3)}{' ' + sign if sign else ''}"
            marks = ["best"] if value == best else []
            if abs(gain) >= TIE:
                marks.append("gain" if gain > 0 else "loss")
            entries.append(Entry(text, _sortable(value), " ".join(marks)))
        rows.append((_text(str(dataset)), *entries))
    caption = (
        f"Each data set: blue is better, orange worse than {result.settings.reference}, bold the best; \u25b2 and "
        "\u25bc: p < .05 in the corrected resampled t test of that set alone"
    )
    return Table(caption, (("data set", ""), *((sampler, "") for sampler in samplers)), tuple(rows))


def _datasets(result: ComparisonResult) -> Table:
    columns = (
        ("data set", ""),
        ("rows", ""),
        ("numeric columns", ""),
        ("categorical columns", ""),
        ("missing cells", ""),
        ("classes", ""),
        ("rows of the smallest class", ""),
        ("imbalance", "Rows of the largest class for each of the smallest"),
        ("groups", "Whether rows of a group were kept together"),
        ("fingerprint", "Hash of the rows"),
    )
    rows = tuple(
        (
            _text(facts.name),
            _count(facts.rows),
            _count(facts.numeric_columns),
            _count(facts.categorical_columns),
            _count(facts.missing_cells),
            _count(len(facts.classes)),
            _count(facts.minority_rows),
            _number(facts.imbalance, 1),
            _text("yes" if facts.grouped else "no"),
            _text(facts.fingerprint),
        )
        for facts in result.datasets
    )
    return Table("Data sets", columns, rows)


def _costs(result: ComparisonResult) -> Table:
    columns = (
        ("sampler", ""),
        ("seconds", "Median time of the sampler for the training rows of a fold"),
        ("longest", "Longest time, in seconds"),
        ("seconds with classifier", "Median time of a whole pipeline"),
        ("memory, MB", "Median of the highest memory during a fit above that at its start; a lower bound"),
        ("rows added", "Mean over folds"),
        ("shortfall", "Rows that it was to add and did not find"),
        (
            "copies of test rows",
            "Added rows equal to a test row and to no training row: chance in tables with few distinct rows, a leak "
            "elsewhere",
        ),
        ("cells", ""),
        ("failed", ""),
    )
    rows = tuple(
        (
            _text(row["sampler"]),
            _number(row["resample_seconds"], 3),
            _number(row["longest_resample_seconds"], 3),
            _number(row["fit_seconds"], 3),
            _number(row["peak_memory_mb"], 1),
            _number(row["n_synthetic"], 0),
            *(_count(row[name]) for name in ("shortfall", "n_test_copies", "cells", "failed_cells")),
        )
        for row in result.costs().to_dict("records")
    )
    return Table("What samplers cost", columns, rows)


def _failures(failures: pd.DataFrame) -> list[Mapping[str, Any]]:
    """Return each distinct last line of a traceback with where it came up and one whole traceback."""
    if failures.empty:
        return []
    last = failures["error"].str.strip().str.rsplit("\n", n=1).str[-1]
    return [
        {
            "message": message,
            "cells": len(part),
            "samplers": ", ".join(sorted(part["sampler"].unique())),
            "datasets": ", ".join(sorted(part["dataset"].unique())),
            "traceback": part["error"].iloc[0],
        }
        for message, part in failures.groupby(last, sort=False)
    ]


def _picture(display: ComparisonDisplay) -> str:
    """Return a picture as a data URI; the same result gives the same bytes.

    Text stays text, in one of the usual fonts: drawn as outlines it would triple the size of the page.
    """
    matplotlib = require("matplotlib", "The report", COMPARE)
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "wgan-resampler", "svg.fonttype": "none"}):
        display.figure_.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def _text(text: str) -> Entry:
    return Entry(text, text.lower())


def _count(value: Any) -> Entry:
    return Entry("", math.inf) if pd.isna(value) else Entry(f"{int(value)}", int(value))


def _number(value: float, digits: int) -> Entry:
    return Entry("", math.inf) if pd.isna(value) else Entry(_plain(value, digits), value)


def _change(value: float) -> Entry:
    if math.isnan(value):
        return Entry("", math.inf)
    return Entry(_signed(value), value, "gain" if value > 0 else "loss" if value < 0 else "")


def _plain(value: float, digits: int) -> str:
    return f"{value:.{digits}f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _p(value: float) -> str:
    if math.isnan(value):
        return ""
    return "< .001" if value < 0.001 else f"{value:.3f}"


def _sortable(value: float) -> float:
    return math.inf if math.isnan(value) else value
