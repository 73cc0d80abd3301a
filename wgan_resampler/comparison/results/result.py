"""``ComparisonResult``: the scores of a comparison, and what can be said about them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wgan_resampler.comparison.data.datasets import DatasetFacts
from wgan_resampler.comparison.results import statistics
from wgan_resampler.comparison.running.job import JobResult
from wgan_resampler.comparison.running.settings import Settings
from wgan_resampler.comparison.running.store import CELLS_FILE, read_cells, read_run, write_text
from wgan_resampler.comparison.scoring.metrics import Metric
from wgan_resampler.exceptions import ComparisonStoreError, InvalidParameterError

if TYPE_CHECKING:
    from wgan_resampler.comparison.results.plots import ComparisonDisplay

ALL = "all"
"""Name of the group of all classifiers, where there are several groups."""

COMMON = ", common"
"""Ends the name of a group of those classifiers with which all samplers can be used."""

KEYS = ["dataset", "sampler", "classifier", "repeat", "fold"]


@dataclass(frozen=True)
class ComparisonResult:
    """Scores of samplers on datasets, what statistics say about them, plots and a report.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row for each cell and fold; `to_frame` returns a copy.
    datasets : tuple of DatasetFacts
        What was compared on.
    settings : Settings
        How.
    warnings : mapping of str to tuple of str
        For each sampler, the distinct warnings that were raised while it was at work.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from wgan_resampler import compare_samplers
    >>> X, y = make_classification(n_samples=120, weights=[0.8], random_state=0)
    >>> result = compare_samplers((X, y), ["none", "random_over"], classifiers=["knn"], cv=2, verbose=0)
    >>> result.summary()[["metric", "sampler", "mean_rank"]].head(2).to_string(index=False).split()
    ['metric', 'sampler', 'mean_rank', 'average_precision', 'none', '1.0', 'average_precision', 'random_over', '2.0']
    """

    cells: pd.DataFrame
    datasets: tuple[DatasetFacts, ...]
    settings: Settings
    warnings: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_jobs(
        cls, results: Sequence[JobResult], datasets: tuple[DatasetFacts, ...], settings: Settings
    ) -> ComparisonResult:
        """Collect the results of jobs."""
        names = [metric.name for metric in settings.metrics]
        rows = [
            {
                **{"dataset": job.dataset, "sampler": job.sampler, "classifier": cell.classifier},
                **{"repeat": job.repeat, "fold": job.fold},
                **{name: cell.scores.get(name, float("nan")) for name in names},
                "recall_per_class": json.dumps(cell.recalls) if cell.recalls else None,
                **{name: getattr(cell, name) for name in _FIGURES},
                "n_train": job.n_train,
                "n_test": job.n_test,
                "error": cell.error,
            }
            for job in results
            for cell in job.cells
        ]
        columns = [*KEYS, *names, "recall_per_class", *_FIGURES, "n_train", "n_test", "error"]
        frame = pd.DataFrame(rows, columns=columns)
        frame = frame.astype(dict.fromkeys(names, float) | {"n_synthetic": "Int64", "n_test_copies": "Int64"})
        frame = frame.astype({"error": object, "recall_per_class": object})
        frame["error"] = frame["error"].where(frame["error"].notna(), None)
        texts: dict[str, set[str]] = {}
        for job in results:
            texts.setdefault(job.sampler, set()).update(job.warnings)
        frame = frame.sort_values(KEYS, ignore_index=True)
        return cls(frame, datasets, settings, {name: tuple(sorted(found)) for name, found in texts.items() if found})

    @classmethod
    def from_store(cls, directory: str | os.PathLike[str]) -> ComparisonResult:
        """Read what a comparison has stored so far, finished or not.

        Parameters
        ----------
        directory : path
            The `output` of :func:`compare_samplers`.

        Returns
        -------
        ComparisonResult
            The results of the jobs that were planned when it last ran.

        Raises
        ------
        ComparisonStoreError
            If there is no comparison, or it cannot be read.
        """
        facts = read_run(directory)
        done, _ = read_cells(Path(directory) / CELLS_FILE)
        try:
            settings = Settings.from_dict(facts)
            datasets = tuple(
                DatasetFacts(**{**dataset, **{name: tuple(dataset[name]) for name in ("classes", "class_rows")}})
                for dataset in facts["datasets"]
            )
            keys = list(facts["keys"])
        except (KeyError, TypeError) as error:
            raise ComparisonStoreError(f"'{directory}' describes no comparison: {error!r} is wrong in it.") from error
        return cls.from_jobs([done[key] for key in keys if key in done], datasets, settings)

    def to_frame(self) -> pd.DataFrame:
        """Return all scores: one row for each dataset, sampler, classifier, repeat and fold.

        Returns
        -------
        pandas.DataFrame
            Columns: the keys ``dataset, sampler, classifier, repeat, fold``, by which rows are sorted; one for each
            metric; ``recall_per_class`` (JSON: class to recall); ``resample_seconds``, ``fit_seconds``,
            ``peak_memory_mb``, ``n_synthetic``, ``shortfall``, ``n_test_copies``, ``n_train``, ``n_test``; ``error``
            (a traceback, or None).
        """
        return self.cells.copy()

    def compared(self) -> pd.DataFrame:
        """Return the cells that statistics are taken of: those of the splits that all samplers have been through.

        In a comparison that is still running, other splits would count as failures of the samplers to come.
        """
        return self._compared

    @cached_property
    def _compared(self) -> pd.DataFrame:
        samplers = self.cells.groupby(["dataset", "repeat", "fold"])["sampler"].transform("nunique")
        return self.cells[samplers == self.cells["sampler"].nunique()]

    @cached_property
    def _pairs(self) -> frozenset[tuple[str, str]]:
        """The samplers and classifiers that were used together."""
        return frozenset(self.cells[["sampler", "classifier"]].drop_duplicates().itertuples(index=False, name=None))

    @property
    def samplers(self) -> list[str]:
        """Names of the samplers, in the order given."""
        return list(self.settings.samplers)

    def groups(self) -> dict[str, list[str]]:
        """Return the classifiers that are reported together.

        Where there are several groups, a further one, "all", holds the classifiers of all of them. Where a sampler
        cannot be used with some classifiers of a group, a further group "..., common" holds those with which all can.
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
            Datasets by samplers. Missing: the sampler failed in some fold.
        """
        self.metric(metric)
        return statistics.dataset_scores(self.compared(), metric, self._members(group), self.participants(group))

    def friedman(self, metric: str, group: str) -> statistics.Friedman | None:
        """Return Friedman's test of the samplers, None where there are too few samplers or datasets."""
        scores = self.dataset_scores(metric, group)
        return statistics.friedman(scores.to_numpy(), greater_is_better=self.metric(metric).greater_is_better)

    def nemenyi(self, metric: str, group: str) -> pd.DataFrame:
        """Return the p-value of Nemenyi's test for each pair of samplers."""
        better = self.metric(metric).greater_is_better
        return statistics.nemenyi(self.dataset_scores(metric, group), greater_is_better=better)

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
            The sampler that others are tested against. None takes that of the settings.
        metrics : sequence of str or None, default=None
            Which metrics. None takes all.
        groups : sequence of str or None, default=None
            Which groups of classifiers. None takes all.

        Returns
        -------
        pandas.DataFrame
            Columns ``group, metric, sampler``; ``score`` (mean over datasets, missing if it failed on
            any), ``mean_rank`` (1 is best); against the
            reference ``wins``, ``ties``, ``losses``, ``median_effect`` with its bootstrap interval ``effect_low``,
            ``effect_high`` (positive: better than the reference) and ``p_holm`` (Wilcoxon, Holm's correction);
            ``datasets`` that count and those on which the sampler ``failed``; ``friedman_p`` of the group and metric.
        """
        names = [metric.name for metric in self.settings.metrics] if metrics is None else list(metrics)
        chosen = list(self.groups()) if groups is None else list(groups)
        parts = [self._summary(group, name, self._reference(reference)) for group in chosen for name in names]
        return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)

    def _summary(self, group: str, metric: str, reference: str) -> pd.DataFrame:
        better = self.metric(metric).greater_is_better
        scores = self.dataset_scores(metric, group)
        rows = []
        # One that fails nearly everywhere would leave the others nothing to be compared on.
        counted = scores.columns[scores.isna().mean() <= FAILED_TOO_OFTEN]
        common = scores[scores[counted].notna().all(axis=1)]
        ranks = statistics.rank(scores.to_numpy(), greater_is_better=better).mean(axis=0) if len(scores) else ()
        test = statistics.friedman(scores.to_numpy(), greater_is_better=better)
        for sampler, mean_rank in zip(scores.columns, ranks, strict=False):
            row = {"group": group, "metric": metric, "sampler": sampler, "score": scores[sampler].mean(skipna=False)}
            row["mean_rank"] = float(mean_rank)
            row |= {"score_common": common[sampler].mean(skipna=False), "datasets_common": len(common)}
            if sampler != reference and reference in scores:
                outcome = statistics.duel(
                    scores[sampler].to_numpy(),
                    scores[reference].to_numpy(),
                    greater_is_better=better,
                    seed=self.settings.random_state,
                )
                row |= asdict(outcome)
            row |= {"datasets": len(scores), "failed": int(scores[sampler].isna().sum())}
            row["friedman_p"] = test.p_value if test is not None else float("nan")
            rows.append(row)
        frame = pd.DataFrame(rows, columns=_SUMMARY)
        frame["p_holm"] = statistics.holm(frame["p_value"].tolist())
        counts = dict.fromkeys(("wins", "ties", "losses"), "Int64")
        return frame.drop(columns="p_value").astype(counts).sort_values("mean_rank", ignore_index=True, kind="stable")

    def by_minority_rows(self, metric: str, group: str, *, reference: str | None = None) -> pd.DataFrame:
        """Return how samplers fare where few, some and many rows of the smallest class are trained on.

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
            Columns ``minority_training_rows`` (of the training rows of a fold, on average), ``datasets, sampler,
            mean_rank, score, wins, ties, losses, median_effect``.
        """
        scores, better = self.dataset_scores(metric, group), self.metric(metric).greater_is_better
        rows = self.minority_training_rows()
        reference, found = self._reference(reference), []
        for label, low, high in _MINORITY_SIZES:
            part = scores[[low <= rows[name] < high for name in scores.index]]
            if not len(part):
                continue
            ranks = statistics.rank(part.to_numpy(), greater_is_better=better).mean(axis=0)
            for sampler, mean_rank in zip(part.columns, ranks, strict=True):
                row = {"minority_training_rows": label, "datasets": len(part), "sampler": sampler}
                row["mean_rank"] = float(mean_rank)
                row["score"] = part[sampler].mean(skipna=False)
                if sampler != reference and reference in part:
                    row |= asdict(
                        statistics.duel(part[sampler].to_numpy(), part[reference].to_numpy(), greater_is_better=better)
                    )
                found.append(row)
        columns = ["minority_training_rows", "datasets", "sampler", "mean_rank", "score", *_OUTCOME, "median_effect"]
        return pd.DataFrame(found, columns=columns).astype(dict.fromkeys(_OUTCOME, "Int64"))

    def minority_training_rows(self) -> dict[str, float]:
        """Return, for each dataset, how many rows of its smallest class are among the training rows of a fold.

        It is the mean over folds that split all rows, and near it for others.
        """
        trained_on = self.cells.groupby("dataset")["n_train"].mean()
        return {
            dataset.name: float(dataset.minority_rows * trained_on[dataset.name] / dataset.rows)
            for dataset in self.datasets
            if dataset.name in trained_on.index
        }

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
            Columns ``dataset, sampler, score, difference, p_value``; differences are in the sampler's favour where
            positive, p-values those of one dataset, not corrected for their number.
        """
        sign = 1 if self.metric(metric).greater_is_better else -1
        reference = self._reference(reference)
        folds = statistics.fold_scores(self.compared(), metric, self._members(group), self.participants(group))
        means = self.dataset_scores(metric, group)
        share = (self.cells["n_test"] / self.cells["n_train"]).groupby(self.cells["dataset"]).mean()
        found = []
        for dataset in means.index:
            part = folds.loc[dataset]
            for sampler in means.columns:
                row = {"dataset": dataset, "sampler": sampler, "score": means.loc[dataset, sampler]}
                if sampler != reference and reference in means:
                    differences = sign * (part[sampler] - part[reference])
                    row["difference"] = sign * (row["score"] - means.loc[dataset, reference])
                    # The folds that are left where one side failed say nothing about the data set.
                    if not math.isnan(row["difference"]):
                        row["p_value"] = statistics.corrected_t_test(differences.to_numpy(), float(share[dataset]))
                found.append(row)
        return pd.DataFrame(found, columns=["dataset", "sampler", "score", "difference", "p_value"])

    def costs(self) -> pd.DataFrame:
        """Return what each sampler costs and does: seconds, memory, rows, copies of test rows, failures.

        Returns
        -------
        pandas.DataFrame
            One row for each sampler. Seconds and memory are medians over fits, rows are means over folds, the rest
            are sums.
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

    def plot(self, kind: str = "critical_difference", **options: Any) -> ComparisonDisplay:
        """Draw the result; see :meth:`ComparisonDisplay.from_result` for kinds and options."""
        from wgan_resampler.comparison.results.plots import ComparisonDisplay

        return ComparisonDisplay.from_result(self, kind=kind, **options)

    def to_html(self, path: str | os.PathLike[str], *, title: str = "Comparison of samplers") -> None:
        """Write one page that needs nothing else: no network, no further files.

        Parameters
        ----------
        path : path
            Where to.
        title : str, default="Comparison of samplers"
            Heading of the page.
        """
        from wgan_resampler.comparison.results.report import render

        write_text(Path(path), render(self, title=title))

    def save(self, directory: str | os.PathLike[str], *, results_format: str = "parquet") -> list[Path]:
        """Write all scores, the summary and the report into a directory.

        Parameters
        ----------
        directory : path
            Made if it is not there.
        results_format : {"parquet", "csv"}, default="parquet"
            Format of the scores.

        Returns
        -------
        list of Path
            The files: ``results.parquet`` or ``results.csv``, ``summary.csv``, ``report.html``.
        """
        if results_format not in ("parquet", "csv"):
            raise InvalidParameterError(f"results_format must be 'parquet' or 'csv', not {results_format!r}.")
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        results = directory / f"results.{results_format}"
        if results_format == "csv":
            write_text(results, self.cells.to_csv(index=False))
        else:
            temporary = results.with_name(f".{results.name}.{os.getpid()}.tmp")
            self.cells.to_parquet(temporary, index=False)
            temporary.replace(results)
        write_text(directory / "summary.csv", self.summary().to_csv(index=False))
        self.to_html(directory / "report.html")
        return [results, directory / "summary.csv", directory / "report.html"]

    def metric(self, name: str) -> Metric:
        """Return the metric of that name, or say which there are."""
        for metric in self.settings.metrics:
            if metric.name == name:
                return metric
        known = ", ".join(metric.name for metric in self.settings.metrics)
        raise InvalidParameterError(f"There is no metric '{name}' in this comparison. There are: {known}.")

    def _members(self, group: str) -> list[str]:
        groups = self.groups()
        if group not in groups:
            raise InvalidParameterError(f"There is no group of classifiers '{group}'. There are: {', '.join(groups)}.")
        return groups[group]

    def _reference(self, reference: str | None) -> str:
        if reference is None:
            return self.settings.reference
        if reference not in self.samplers:
            raise InvalidParameterError(f"There is no sampler '{reference}'. There are: {', '.join(self.samplers)}.")
        return reference


FAILED_TOO_OFTEN = 0.5
"""Share of the datasets from which on failures of a sampler do not reduce those that the others are compared on."""

_FIGURES = ("resample_seconds", "fit_seconds", "peak_memory_mb", "n_synthetic", "shortfall", "n_test_copies")
OTHER_COLUMNS = (*KEYS, "recall_per_class", *_FIGURES, "n_train", "n_test", "error")
"""Columns of a frame of results that hold no metric."""

_OUTCOME = ("wins", "ties", "losses")
_SUMMARY = [
    *("group", "metric", "sampler", "score", "mean_rank", "score_common", "datasets_common", *_OUTCOME),
    *("median_effect", "effect_low", "effect_high", "p_value", "p_holm", "datasets", "failed", "friedman_p"),
]
_MINORITY_SIZES = (("fewer than 60", 0, 60), ("60 to 199", 60, 200), ("200 and more", 200, float("inf")))
