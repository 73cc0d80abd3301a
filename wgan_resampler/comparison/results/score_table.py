"""``ScoreTable``: the scores of a comparison, and everything that is computed from them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import pandas as pd

from wgan_resampler.comparison.data.datasets import DatasetFacts
from wgan_resampler.comparison.data.names import known_name
from wgan_resampler.comparison.results import statistics
from wgan_resampler.comparison.running.job import JobResult
from wgan_resampler.comparison.running.settings import Settings
from wgan_resampler.comparison.scoring.metrics import Metric
from wgan_resampler.utils import own_settings

ALL = "all"
"""Name of the group of all classifiers, if there are several groups."""

COMMON = ", common"
"""Ending of the name of a group that holds only the classifiers with which all samplers can be used."""

FAILED_TOO_OFTEN = 0.5
"""If a sampler failed on a larger share of the datasets than this, the common score is computed without it."""

KEYS = ["dataset", "sampler", "classifier", "repeat", "fold"]

OTHER_COLUMNS = [
    *("recall_per_class", "resample_seconds", "fit_seconds", "peak_memory_mb", "n_synthetic", "shortfall"),
    *("n_test_copies", "n_train", "n_test", "error"),
]
"""Columns of a frame of results that are neither keys nor metrics."""

_PAIRED = ("wins", "ties", "losses", "median_effect")
_SUMMARY = [
    *("group", "metric", "sampler", "score", "mean_rank", "score_common", "datasets_common", *_PAIRED),
    *("effect_low", "effect_high", "p_holm", "datasets", "failed", "friedman_p"),
]
_MINORITY_SIZES = {"fewer than 60": 0, "60 to 199": 60, "200 and more": 200}
"""Ranges of the number of training rows of the smallest class, and where each begins."""


@dataclass(frozen=True)
class ScoreTable:
    """Scores of samplers on datasets, and the ranks, means and tests that are computed from them.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row for each dataset, sampler, classifier, repeat and fold; `to_frame` returns a copy.
    datasets : tuple of DatasetFacts
        Facts about the datasets.
    settings : Settings
        The parameters of the comparison.
    warnings : mapping of str to tuple of str
        For each sampler, the distinct warnings that were raised during its jobs.
    """

    cells: pd.DataFrame
    datasets: tuple[DatasetFacts, ...]
    settings: Settings
    warnings: Mapping[str, tuple[str, ...]]
    _scores: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def from_jobs(cls, results: Sequence[JobResult], datasets: tuple[DatasetFacts, ...], settings: Settings) -> Self:
        """Collect the results of jobs."""
        rows = [
            vars(job)
            | vars(cell)
            | cell.scores
            | {"recall_per_class": json.dumps(cell.recalls) if cell.recalls else None}
            for job in results
            for cell in job.cells
        ]
        names = [metric.name for metric in settings.metrics]
        dtypes = dict.fromkeys(names, "float64") | dict.fromkeys(("n_synthetic", "n_test_copies"), "Int64")
        dtypes |= dict.fromkeys(("error", "recall_per_class"), "object")
        frame = pd.DataFrame(rows, columns=[*KEYS, *names, *OTHER_COLUMNS]).astype(dtypes)
        frame["error"] = frame["error"].where(frame["error"].notna(), None)
        warnings: dict[str, tuple[str, ...]] = {}
        for job in results:
            if job.warnings:
                warnings[job.sampler] = tuple(sorted({*warnings.get(job.sampler, ()), *job.warnings}))
        return cls(frame.sort_values(KEYS, ignore_index=True), datasets, settings, warnings)

    def to_frame(self) -> pd.DataFrame:
        """Return all scores: one row for each dataset, sampler, classifier, repeat and fold.

        Returns
        -------
        pandas.DataFrame
            Sorted by the columns ``dataset, sampler, classifier, repeat, fold``. The other columns are one for each
            metric, ``recall_per_class`` (JSON: class to recall), ``resample_seconds``, ``fit_seconds``,
            ``peak_memory_mb``, ``n_synthetic``, ``shortfall``, ``n_test_copies``, ``n_train``, ``n_test`` and ``error``
            (a traceback, or None).
        """
        return self.cells.copy()

    @cached_property
    def compared_cells(self) -> pd.DataFrame:
        """The cells that statistics are computed from: those of the splits that all samplers have finished.

        While a comparison is running, some samplers have no results yet on the other splits. Those would count as
        failures.
        """
        samplers = self.cells.groupby(["dataset", "repeat", "fold"])["sampler"].transform("nunique")
        return self.cells[samplers == self.cells["sampler"].nunique()]

    @cached_property
    def _pairs(self) -> set[tuple[str, str]]:
        """The samplers and classifiers that were used together."""
        return set(zip(self.cells["sampler"], self.cells["classifier"], strict=True))

    @property
    def samplers(self) -> list[str]:
        """Names of the samplers, in the order given."""
        return list(self.settings.samplers)

    def groups(self) -> dict[str, list[str]]:
        """Return the groups of classifiers that are reported together.

        If there are several groups, the group "all" holds the classifiers of all of them. If a sampler cannot be used
        with some classifiers of a group, a further group "..., common" holds those with which all samplers can be used.
        """
        groups: dict[str, list[str]] = {}
        for classifier, group in self.settings.groups.items():
            groups.setdefault(group, []).append(classifier)
        if len(groups) > 1:
            groups[ALL] = list(self.settings.groups)
        found: dict[str, list[str]] = {}
        for group, members in groups.items():
            found[group] = members
            common = [name for name in members if all((sampler, name) in self._pairs for sampler in self.samplers)]
            if common and common != members:
                found[f"{group}{COMMON}"] = common
        return found

    def participants(self, group: str) -> list[str]:
        """Return the samplers that were used with all classifiers of a group."""
        members = self._members(group)
        return [sampler for sampler in self.samplers if all((sampler, name) in self._pairs for name in members)]

    @own_settings
    def dataset_scores(self, metric: str, group: str) -> pd.DataFrame:
        """Return the mean score of each sampler on each dataset, for the classifiers of a group.

        Parameters
        ----------
        metric : str
            Name of a metric.
        group : str
            One of `groups`.

        Returns
        -------
        pandas.DataFrame
            Datasets by samplers. A score is missing if the sampler failed in some fold.
        """
        key = (self.metric(metric).name, group)
        if key not in self._scores:
            members, participants = self._members(group), self.participants(group)
            self._scores[key] = statistics.dataset_scores(self.compared_cells, metric, members, participants)
        return self._scores[key].copy()

    @own_settings
    def friedman(self, metric: str, group: str) -> statistics.Friedman | None:
        """Return Friedman's test of the samplers, or None if there are too few samplers or datasets."""
        better = self.metric(metric).greater_is_better
        return statistics.friedman(self.dataset_scores(metric, group), greater_is_better=better)

    @own_settings
    def nemenyi(self, metric: str, group: str) -> pd.DataFrame:
        """Return the p-value of Nemenyi's test for each pair of samplers."""
        better = self.metric(metric).greater_is_better
        return statistics.nemenyi(self.dataset_scores(metric, group), greater_is_better=better)

    @own_settings
    def summary(
        self,
        *,
        reference: str | None = None,
        metrics: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return one row for each group of classifiers, metric and sampler.

        Parameters
        ----------
        reference : str or None, default=None
            The sampler that the others are tested against. None takes the one of the settings.
        metrics : sequence of str or None, default=None
            Names of metrics. None takes all.
        groups : sequence of str or None, default=None
            Names of groups of classifiers. None takes all.

        Returns
        -------
        pandas.DataFrame
            The columns are

            - ``group``, ``metric``, ``sampler``: what the row is about;
            - ``score``: mean over datasets, missing if the sampler failed on any; ``mean_rank``: 1 is best;
            - ``score_common``: mean over the ``datasets_common`` on which no sampler failed;
            - ``wins``, ``ties``, ``losses``, ``median_effect`` and its bootstrap interval ``effect_low``,
              ``effect_high``, ``p_holm`` (Wilcoxon's test with Holm's correction): the comparison with the reference,
              positive if the sampler is better;
            - ``datasets``: how many there are; ``failed``: on how many the sampler failed;
            - ``friedman_p``: p-value of Friedman's test for the group and metric.
        """
        names = [metric.name for metric in self.settings.metrics] if metrics is None else list(metrics)
        chosen = list(self.groups()) if groups is None else list(groups)
        parts = [self._summary(group, name, self._reference(reference)) for group in chosen for name in names]
        return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)

    def _summary(self, group: str, metric: str, reference: str) -> pd.DataFrame:
        scores, better = self.dataset_scores(metric, group), self.metric(metric).greater_is_better
        seed, test = self.settings.random_state, self.friedman(metric, group)
        frame = statistics.compare_with_reference(scores, reference, greater_is_better=better, seed=seed)
        # A sampler that fails on most datasets would leave too few of them to compare the others on.
        counted = scores.columns[scores.isna().mean() <= FAILED_TOO_OFTEN]
        common = scores.dropna(subset=counted)
        frame = frame.assign(
            group=group,
            metric=metric,
            score_common=frame["sampler"].map(common.mean(skipna=False)),
            datasets_common=len(common),
            p_holm=statistics.holm(frame["p_value"]),
            friedman_p=math.nan if test is None else test.p_value,
        )
        return frame[_SUMMARY].sort_values("mean_rank", ignore_index=True, kind="stable")

    @own_settings
    def by_minority_rows(self, metric: str, group: str, *, reference: str | None = None) -> pd.DataFrame:
        """Compare samplers separately by the number of training rows of the smallest class.

        Parameters
        ----------
        metric : str
            Name of a metric.
        group : str
            One of `groups`.
        reference : str or None, default=None
            As in `summary`.

        Returns
        -------
        pandas.DataFrame
            Columns ``minority_training_rows`` (mean over folds, in three ranges), ``datasets, sampler, mean_rank,
            score, wins, ties, losses, median_effect``.
        """
        scores, better = self.dataset_scores(metric, group), self.metric(metric).greater_is_better
        reference, rows = self._reference(reference), pd.Series(self.minority_training_rows(), dtype=float)
        sizes = pd.cut(rows, [*_MINORITY_SIZES.values(), math.inf], right=False, labels=list(_MINORITY_SIZES))
        parts = [
            statistics.compare_with_reference(part, reference, greater_is_better=better).assign(
                minority_training_rows=size
            )
            for size, part in (scores.groupby(sizes, observed=True) if len(scores) else [("", scores)])
        ]
        columns = ["minority_training_rows", "datasets", "sampler", "mean_rank", "score", *_PAIRED]
        return pd.concat(parts, ignore_index=True)[columns]

    def minority_training_rows(self) -> dict[str, float]:
        """Return, for each dataset, how many training rows of a fold belong to its smallest class.

        This is exact on average if the folds split all rows, and an approximation for other splitters.
        """
        trained_on = self.cells.groupby("dataset")["n_train"].mean()
        return {
            dataset.name: float(dataset.minority_rows * trained_on[dataset.name] / dataset.rows)
            for dataset in self.datasets
            if dataset.name in trained_on.index
        }

    @own_settings
    def per_dataset(self, metric: str, group: str, *, reference: str | None = None) -> pd.DataFrame:
        """Return each sampler on each dataset, with the corrected resampled t test against the reference.

        Parameters
        ----------
        metric : str
            Name of a metric.
        group : str
            One of `groups`.
        reference : str or None, default=None
            As in `summary`.

        Returns
        -------
        pandas.DataFrame
            Columns ``dataset, sampler, score, difference, p_value``. A positive difference means that the sampler is
            better. Each p-value is about one dataset; the number of datasets is not corrected for.
        """
        sign = 1 if self.metric(metric).greater_is_better else -1
        reference, means = self._reference(reference), self.dataset_scores(metric, group)
        split = ("dataset", "repeat", "fold")
        folds = statistics.dataset_scores(self.compared_cells, metric, self._members(group), list(means), split)
        gains, gains_of_folds = (
            sign * scores.drop(columns=reference, errors="ignore").sub(scores.get(reference, math.nan), axis=0)
            for scores in (means, folds)
        )
        share = (self.cells["n_test"] / self.cells["n_train"]).groupby(self.cells["dataset"]).mean()
        p_values = {
            dataset: part.apply(statistics.corrected_t_test, raw=True, test_share=float(share[dataset]))
            for dataset, part in gains_of_folds.groupby("dataset")
        }
        # If either of the two failed in some folds, comparing the other folds alone would not be fair.
        tests = pd.DataFrame(p_values, index=gains.columns, dtype=float).T.where(gains.notna())
        columns = {"score": means, "difference": gains, "p_value": tests}
        frame = pd.DataFrame({name: part.reindex(columns=means.columns).T.unstack() for name, part in columns.items()})
        return frame.rename_axis(["dataset", "sampler"]).reset_index()

    @own_settings
    def costs(self) -> pd.DataFrame:
        """Return for each sampler its time, memory, number of rows, copies of test rows and failures.

        Returns
        -------
        pandas.DataFrame
            One row for each sampler. Seconds and memory are medians over fits, ``n_synthetic`` is the mean over folds,
            the others are sums.
        """
        folds = self.cells.drop_duplicates(["dataset", "sampler", "repeat", "fold"])
        by_fold, by_cell = folds.groupby("sampler"), self.cells.groupby("sampler")
        frame = pd.DataFrame(
            {
                "resample_seconds": by_fold["resample_seconds"].median(),
                "longest_resample_seconds": by_fold["resample_seconds"].max(),
                "fit_seconds": by_cell["fit_seconds"].median(),
                "peak_memory_mb": by_cell["peak_memory_mb"].median(),
                "n_synthetic": by_fold["n_synthetic"].mean(),
                "shortfall": by_fold["shortfall"].sum(),
                "n_test_copies": by_fold["n_test_copies"].sum(),
                "cells": by_cell.size(),
                "failed_cells": by_cell["error"].count(),
            }
        )
        return frame.reindex([name for name in self.samplers if name in frame.index]).reset_index()

    def metric(self, name: str) -> Metric:
        """Return the metric of this name; the error for an unknown name lists the known ones."""
        metrics = {metric.name: metric for metric in self.settings.metrics}
        return metrics[known_name(name, "metric", metrics)]

    def _members(self, group: str) -> list[str]:
        groups = self.groups()
        return groups[known_name(group, "group of classifiers", groups)]

    def _reference(self, reference: str | None) -> str:
        return self.settings.reference if reference is None else known_name(reference, "sampler", self.samplers)
