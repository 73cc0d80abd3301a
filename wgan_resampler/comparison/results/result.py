"""``ComparisonResult``: the scores of a comparison with plots, a report and files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from wgan_resampler.comparison.results.plots import ComparisonDisplay
from wgan_resampler.comparison.results.report import render
from wgan_resampler.comparison.results.score_table import ScoreTable
from wgan_resampler.comparison.running.store import read_cells, read_run
from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.tables import write_table
from wgan_resampler.utils import own_settings
from wgan_resampler.utils.storage import atomic_writer


class ComparisonResult(ScoreTable):
    """Result of :func:`compare_samplers`: scores, statistics, plots and a report.

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

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from wgan_resampler import compare_samplers
    >>> X, y = make_classification(n_samples=120, weights=[0.8], random_state=0)
    >>> result = compare_samplers((X, y), ["none", "random_over"], classifiers=["knn"], cv=2, verbose=0)
    >>> result.summary()[["metric", "sampler", "mean_rank"]].head(2).to_string(index=False).split()
    ['metric', 'sampler', 'mean_rank', 'average_precision', 'none', '1.0', 'average_precision', 'random_over', '2.0']
    """

    @classmethod
    def from_store(cls, folder: str | os.PathLike[str]) -> ComparisonResult:
        """Read what a comparison has stored so far, finished or not.

        Parameters
        ----------
        folder : path
            The `output` of :func:`compare_samplers`.

        Returns
        -------
        ComparisonResult
            The stored results of the jobs that were planned when the comparison was last run.

        Raises
        ------
        ComparisonStoreError
            If the folder holds no comparison, or the comparison cannot be read.
        """
        settings, plan = read_run(folder)
        done, _ = read_cells(folder)
        return cls.from_jobs([done[key] for key in plan.keys if key in done], plan.datasets, settings)

    @own_settings
    def plot(self, kind: str = "critical_difference", **options: Any) -> ComparisonDisplay:
        """Draw the result.

        Parameters
        ----------
        kind : str, default="critical_difference"
            What to draw, see :meth:`ComparisonDisplay.from_result`.
        **options
            Further arguments of :meth:`ComparisonDisplay.from_result`.

        Returns
        -------
        ComparisonDisplay
        """
        return ComparisonDisplay.from_result(self, kind=kind, **options)

    @own_settings
    def to_html(self, path: str | os.PathLike[str], *, title: str = "Comparison of samplers") -> None:
        """Write the report: one self-contained HTML file that needs no network.

        Parameters
        ----------
        path : path
            The file to write.
        title : str, default="Comparison of samplers"
            Heading of the page.
        """
        with atomic_writer(path) as file:
            file.write(render(self, title=title).encode())

    @own_settings
    def save(self, folder: str | os.PathLike[str], *, results_format: str = "parquet") -> list[Path]:
        """Write all scores, the summary and the report into a folder.

        Parameters
        ----------
        folder : path
            The folder, which is made if it does not exist.
        results_format : {"parquet", "csv"}, default="parquet"
            Format of the scores.

        Returns
        -------
        list of Path
            The files: ``results.parquet`` or ``results.csv``, ``summary.csv``, ``report.html``.

        Raises
        ------
        InvalidParameterError
            If `results_format` is neither "parquet" nor "csv".
        """
        if results_format not in ("parquet", "csv"):
            raise InvalidParameterError(f"results_format must be 'parquet' or 'csv', not {results_format!r}.")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / name for name in (f"results.{results_format}", "summary.csv", "report.html")]
        write_table(written[0], self.cells)
        write_table(written[1], self.summary())
        self.to_html(written[2])
        return written
