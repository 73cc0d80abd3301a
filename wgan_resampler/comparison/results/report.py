"""The report: one self-contained HTML page about a comparison.

This module computes what the page shows. The page itself, with its sentences and the columns of its tables, is the
template ``report.html.jinja``.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from wgan_resampler.comparison.results.plots import ComparisonDisplay
from wgan_resampler.comparison.results.score_table import COMMON, FAILED_TOO_OFTEN, ScoreTable
from wgan_resampler.comparison.results.statistics import TIE
from wgan_resampler.comparison.scoring.metrics import Metric
from wgan_resampler.utils import COMPARE, require

_LEVEL = 0.05

_FEWEST_DATASETS = 3
"""With fewer datasets there are no plots, because the table of each dataset shows the same numbers."""

_PLOTS = {
    "critical_difference": "critical-difference diagram of the mean ranks",
    "box": "scores of all datasets as box plots",
    "effects": "median differences from the reference",
}

_FORMATS = {
    "count": "{:.0f}",
    "decimal": "{:.1f}",
    "rank": "{:.2f}",
    "score": "{:.3f}",
    "change": "{:+.3f}",
    "interval": "{0[0]:+.3f} to {0[1]:+.3f}",
    "p_value": "{:.3f}",
}
"""From the kind of a column, which the template names, to the format of its values."""

Records = list[dict[str, Any]]
Entry = tuple[str, str]
"""The text of a table's entry, and its CSS class."""


def _show(value: Any, kind: str) -> Entry:
    """Return what a table shows for a value of a kind of column."""
    if kind == "entry":
        text, mark = value
        return text, mark
    if kind == "text":
        return str(value), ""
    if kind == "yes_or_no":
        return "yes" if value else "no", ""
    if np.any(pd.isna(value)):
        return "", ""
    text = _FORMATS[kind].format(value).replace("-", "\N{MINUS SIGN}")
    if kind == "p_value":
        return "< .001" if value < 0.001 else text, "strong" if value < _LEVEL else ""
    if kind == "change":
        return text, "gain" if value > 0 else "loss" if value < 0 else ""
    return text, ""


def render(result: ScoreTable, *, title: str) -> str:
    """Return the page as a string.

    Parameters
    ----------
    result : ScoreTable
        The result of the comparison.
    title : str
        Heading of the page.

    Returns
    -------
    str
        HTML that includes its styles, script and plots.
    """
    jinja2 = require("jinja2", "The report", COMPARE)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["show"] = _show
    failures = result.cells[result.cells["error"].notna()]
    page = environment.get_template("report.html.jinja").render(
        title=title,
        result=result,
        settings=result.settings,
        tie=TIE,
        groups=[_group(result, name) for name in result.groups()],
        failures=_failures(failures),
        n_splits=_n_splits(result.cells),
        n_unfinished=_n_splits(result.cells) - _n_splits(result.compared_cells),
    )
    return str(page)


def _n_splits(cells: pd.DataFrame) -> int:
    return len(cells.drop_duplicates(["dataset", "repeat", "fold"]))


def _group(result: ScoreTable, name: str) -> Mapping[str, Any]:
    """Return what the page shows about one group of classifiers."""
    summary = result.summary(groups=[name])
    metrics = [metric for metric in result.settings.metrics if metric.name in set(summary["metric"])]
    return {
        "name": name,
        "anchor": "group-" + "-".join(name.replace(",", "").split()),
        "classifiers": ", ".join(result.groups()[name]),
        "left_out": ", ".join(sampler for sampler in result.samplers if sampler not in result.participants(name)),
        "ranks": _ranks(result, name, summary),
        "metrics": [_metric(result, name, metric, summary[summary["metric"] == metric.name]) for metric in metrics],
    }


def _ranks(result: ScoreTable, group: str, summary: pd.DataFrame) -> Records:
    """Return the mean rank of each sampler for each metric, with the best of each metric marked."""
    ranks = summary.pivot(index="sampler", columns="metric", values="mean_rank")
    best = ranks.min() + 1e-9
    return [
        {"sampler": sampler}
        | {name: (f"{own:.2f}", "best" if own <= best[name] else "") for name, own in ranks.loc[sampler].items()}
        for sampler in result.participants(group)
        if sampler in ranks.index
    ]


def _metric(result: ScoreTable, group: str, metric: Metric, summary: pd.DataFrame) -> Mapping[str, Any]:
    """Return what the page shows about one metric for one group of classifiers."""
    kinds = [] if summary["friedman_p"].isna().all() else ["critical_difference"]
    # For a "common" group, the tables show the same as these plots would, and the page stays smaller.
    kinds += [] if group.endswith(COMMON) else ["box", "effects"]
    if summary["datasets"].max() < _FEWEST_DATASETS:
        kinds = []
    intervals = summary[["effect_low", "effect_high"]].to_numpy().tolist()
    return {
        "metric": metric,
        "verdict": _verdict(result, summary),
        "figures": [
            (
                _data_uri(ComparisonDisplay.from_result(result, kind=kind, metric=metric.name, group=group)),
                f"{metric.title}, {group} classifiers: {_PLOTS[kind]}",
            )
            for kind in kinds
        ],
        "summary": summary.assign(interval=intervals).to_dict("records"),
        "aside": summary.loc[summary["failed"] > FAILED_TOO_OFTEN * summary["datasets"], "sampler"].tolist(),
        "by_rows": result.by_minority_rows(metric.name, group).to_dict("records"),
        "per_dataset": _per_dataset(result, metric, group),
    }


def _per_dataset(result: ScoreTable, metric: Metric, group: str) -> Records:
    """Return for each dataset the score of each sampler."""
    frame = result.per_dataset(metric.name, group)
    best = frame.groupby("dataset")["score"].transform("max" if metric.greater_is_better else "min")
    frame["entry"] = [_dataset_score(row) for row in frame.assign(is_best=frame["score"] == best).to_dict("records")]
    wide = frame.pivot(index="dataset", columns="sampler", values="entry")[frame["sampler"].unique()]
    records: Records = wide.reset_index().to_dict("records")
    return records


def _dataset_score(row: Mapping[str, Any]) -> Entry:
    """Return the score on one dataset, marked if it is the best, better or worse, or significantly different."""
    if pd.isna(row["score"]):
        return "failed", ""
    gain = row["difference"]
    sign = (" \u25b2" if gain > 0 else " \u25bc") if row["p_value"] < _LEVEL else ""
    marks = ["best"] if row["is_best"] else []
    if abs(gain) >= TIE:
        marks.append("gain" if gain > 0 else "loss")
    return f"{row['score']:.3f}{sign}", " ".join(marks)


def _verdict(result: ScoreTable, summary: pd.DataFrame) -> str:
    """Return the results of the tests in words: which samplers are significantly better, and which are worse."""
    reference = result.settings.reference
    first = summary.iloc[0]
    best = summary.loc[summary["mean_rank"] <= first["mean_rank"] + 1e-9, "sampler"]
    parts = [
        f"Best mean rank: {' and '.join(best)} ({first['mean_rank']:.2f}, on {first['datasets']} "
        f"dataset{'s' if first['datasets'] != 1 else ''})."
    ]
    friedman = first["friedman_p"]
    if friedman == friedman:
        parts.append(
            f"Friedman's test finds {'a' if friedman < _LEVEL else 'no'} significant difference between the samplers "
            f"(p {_show(friedman, 'p_value')[0]})."
        )
    tested = summary[summary["p_holm"].notna()]
    significant = tested[tested["p_holm"] < _LEVEL]
    # With many ties the median is 0. Then the datasets without a tie decide.
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


def _failures(failures: pd.DataFrame) -> Records:
    """Return each distinct error with one full traceback, and the samplers and datasets where it occurred."""
    errors = failures["error"].astype("str")
    found = failures.groupby(errors.str.strip().str.rsplit("\n", n=1).str[-1], sort=False).agg(
        cells=("error", "size"),
        samplers=("sampler", lambda names: ", ".join(sorted(set(names)))),
        datasets=("dataset", lambda names: ", ".join(sorted(set(names)))),
        traceback=("error", "first"),
    )
    records: Records = found.rename_axis("message").reset_index().to_dict("records")
    return records


def _data_uri(display: ComparisonDisplay) -> str:
    """Return a plot as a data URI; the same result gives the same bytes.

    Text stays text, in a common font. Drawn as outlines, it would triple the size of the page.
    """
    matplotlib = require("matplotlib", "The report", COMPARE)
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "wgan-resampler", "svg.fonttype": "none"}):
        display.figure_.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
