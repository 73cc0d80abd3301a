"""The protocol: one sampler on one fold of one dataset, with all classifiers.

All steps that learn from rows are part of one imbalanced-learn ``Pipeline``, which is fitted on the training rows of
the fold. The fitted pipeline predicts the test rows once, for scoring; the sampler never sees them. Thresholds are
tuned in three inner folds of the training rows. There, too, the whole pipeline with the sampler is fitted on the inner
training rows alone.
"""

from __future__ import annotations

import copy
import math
import re
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline
from numpy.typing import NDArray

from wgan_resampler.comparison.data.datasets import Dataset
from wgan_resampler.comparison.data.folds import Rows, inner_splits
from wgan_resampler.comparison.data.preparation import FoldTable, encoder
from wgan_resampler.comparison.methods.registry import ClassifierSpec, SamplerSpec, seeded_copy, with_class_weight
from wgan_resampler.comparison.running.resources import Meter, one_thread
from wgan_resampler.comparison.running.shared_sampler import SharedSampler
from wgan_resampler.comparison.scoring.evaluation import Evaluation, evaluate
from wgan_resampler.comparison.scoring.metrics import TUNABLE, score, tuned_scores
from wgan_resampler.comparison.scoring.thresholds import best_threshold
from wgan_resampler.utils import seed_for


@dataclass(frozen=True)
class Job:
    """One sampler on one fold: the unit of work that is sent to a worker and stored.

    Attributes
    ----------
    dataset : Dataset
        The whole dataset.
    sampler : SamplerSpec
        The sampler.
    repeat, fold : int
        Number of the repeat, and of the fold within it.
    train, test : ndarray of int
        Indices of the training rows and of the test rows.
    classifiers : tuple of ClassifierSpec
        The classifiers that are trained on the resampled rows.
    scorers : mapping of str to callable
        Further scores: ``scorer(pipeline, X_test, y_test)``.
    root : int
        Root of all seeds.
    tunes : bool, default=True
        Whether thresholds are tuned, which takes three additional fits of sampler and classifiers.
    """

    dataset: Dataset
    sampler: SamplerSpec
    repeat: int
    fold: int
    train: Rows
    test: Rows
    classifiers: tuple[ClassifierSpec, ...]
    scorers: Mapping[str, Callable[[Any, Any, Any], float]]
    root: int
    tunes: bool = True

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Names of the dataset and the sampler, and numbers of the repeat and the fold."""
        return self.dataset.name, self.sampler.name, self.repeat, self.fold

    def seed(self, purpose: str, *more: int) -> int:
        """Return a seed for this dataset, repeat and fold: the same for all samplers and classifiers."""
        return seed_for(self.root, purpose, self.dataset.name, self.repeat, self.fold, *more)


@dataclass(frozen=True)
class Cell:
    """The result of one classifier after one sampler on one fold: one row of the frame of results.

    Attributes
    ----------
    classifier : str
        Name of the classifier.
    scores : dict of str to float
        One value for each metric. A cell that failed keeps the scores that were computed before the failure. If the
        sampler failed only on the inner folds, which have fewer rows, only the scores at tuned thresholds are missing.
    recalls : dict of str to float
        Recall of each class that has test rows.
    resample_seconds, fit_seconds : float
        Time of the sampler alone, and of fitting the whole pipeline, sampler included.
    peak_memory_mb : float
        Highest memory while the pipeline was fitted, above the memory at its start.
    n_synthetic : int or None
        Number of rows that the sampler added. A class that lost rows counts as 0.
    shortfall : int
        Number of rows that the sampler should have added but could not, if it reports that.
    n_test_copies : int or None
        Number of added rows that equal a test row and no training row.
    error : str or None
        Traceback if the cell failed.
    """

    classifier: str
    scores: dict[str, float] = field(default_factory=dict)
    recalls: dict[str, float] = field(default_factory=dict)
    resample_seconds: float = float("nan")
    fit_seconds: float = float("nan")
    peak_memory_mb: float = float("nan")
    n_synthetic: int | None = None
    shortfall: int = 0
    n_test_copies: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class JobResult:
    """The result of a job.

    Attributes
    ----------
    dataset, sampler : str
        Name of the dataset and of the sampler.
    repeat, fold : int
        Number of the repeat, and of the fold within it.
    n_train, n_test : int
        Number of training rows and of test rows.
    cells : tuple of Cell
        One for each classifier.
    warnings : tuple of str
        The distinct warnings that were raised during the job.
    """

    dataset: str
    sampler: str
    repeat: int
    fold: int
    n_train: int
    n_test: int
    cells: tuple[Cell, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Split:
    """The outer split of a job, or one of the inner splits.

    Attributes
    ----------
    train, test : ndarray of int
        Rows on which pipelines are fitted, and rows that they predict.
    step : SharedSampler or None
        The pipeline step of the sampler.
    """

    train: Rows
    test: Rows
    step: SharedSampler | None


def run_job(job: Job) -> JobResult:
    """Fit one sampler and all classifiers on one fold, and score them on its test rows.

    Parameters
    ----------
    job : Job
        The work.

    Returns
    -------
    JobResult
        One cell for each classifier that can be used with the sampler.
    """
    with warnings.catch_warnings(record=True) as caught, one_thread():
        warnings.simplefilter("always")
        inner = inner_splits(job.dataset, job.train, job.seed("inner folds")) if job.tunes else []
        splits = []
        for index, (train, test) in enumerate([(job.train, job.test), *inner]):
            sampler = seeded_copy(job.sampler.sampler, job.seed("sampler", index))
            splits.append(_Split(train, test, None if sampler is None else SharedSampler(sampler)))
        cells = tuple(
            _run_cell(job, spec, splits)
            for spec in job.classifiers
            if spec.takes_class_weight or not job.sampler.class_weight
        )
    texts = sorted({f"{warning.category.__name__}: {warning.message}"[:300] for warning in caught})
    return JobResult(*job.key, len(job.train), len(job.test), cells, tuple(texts[:10]))


def _run_cell(job: Job, spec: ClassifierSpec, splits: list[_Split]) -> Cell:
    """Return the scores on the test rows, with the error if there was one."""
    cell, dataset, outer = Cell(spec.name), job.dataset, splits[0]
    # The one place where every exception is caught: a sampler or classifier that fails must not stop the others.
    try:
        pipeline, fit_seconds, peak_memory_mb = _fitted(job, spec, outer)
        evaluation, test = _evaluation(job, outer, pipeline), (dataset.X.iloc[outer.test], dataset.y[outer.test])
        recalls = zip(map(str, dataset.classes), evaluation.recalls.tolist(), strict=True)
        own_scores = {name: float(scorer(pipeline, *test)) for name, scorer in job.scorers.items()}
        cell = Cell(
            spec.name,
            scores=score(evaluation) | own_scores,
            recalls={label: recall for label, recall in recalls if not math.isnan(recall)},
            resample_seconds=0.0 if outer.step is None else outer.step.meter.seconds,
            fit_seconds=fit_seconds,
            peak_memory_mb=peak_memory_mb,
            **_counts_of_rows(job, outer, pipeline),
        )
        if len(splits) > 1:
            thresholds = _thresholds(job, spec, splits[1:], evaluation.default_threshold)
            cell = replace(cell, scores=cell.scores | tuned_scores(evaluation, thresholds))
    except Exception as error:
        return replace(cell, error=readable_traceback(error))
    return cell


def _evaluation(job: Job, split: _Split, pipeline: Pipeline) -> Evaluation:
    """Return the data from which the metrics of a fitted pipeline on the test rows are computed."""
    dataset = job.dataset
    true = np.searchsorted(dataset.classes, dataset.y[split.test])
    X, majority = dataset.X.iloc[split.test], int(np.argmax(dataset.counts))
    return evaluate(pipeline, X, true, dataset.classes, dataset.minority, majority)


def _fitted(job: Job, spec: ClassifierSpec, split: _Split) -> tuple[Pipeline, float, float]:
    """Return the fitted pipeline, and the seconds and memory of its fit with the sampler's included."""
    X, y = job.dataset.X.iloc[split.train], job.dataset.y[split.train]
    pipeline = build_pipeline(X, job.sampler, seeded_copy(spec.classifier, job.seed("classifier")), split.step)
    # The first classifier of a split fits the sampler. The others get the rows of that fit, so its cost is added.
    shared = Meter() if split.step is None else copy.copy(split.step.meter)
    with Meter() as meter:
        pipeline.fit(X, y)
    return pipeline, meter.seconds + shared.seconds, max(meter.peak_mb, shared.peak_mb)


def build_pipeline(X: pd.DataFrame, sampler: SamplerSpec, classifier: Any, step: Any) -> Pipeline:
    """Return the unfitted pipeline for a table: preparation, sampler, encoding, classifier.

    Parameters
    ----------
    X : pandas.DataFrame
        A table with the columns in question; its values are not used.
    sampler : SamplerSpec
        Says which form of table the sampler takes, and whether classes are weighted.
    classifier : estimator
        The last step.
    step : object or None
        The pipeline step of the sampler.

    Returns
    -------
    imblearn.pipeline.Pipeline
        The unfitted pipeline.
    """
    if sampler.class_weight:
        classifier = with_class_weight(classifier)
    prepared = sampler.form == "prepared"
    prepare, encode = FoldTable(complete=prepared, scale=prepared), encoder(X, prepared=prepared)
    if sampler.form == "encoded":
        prepare, encode = encode, "passthrough"
    resample = "passthrough" if step is None else step
    return Pipeline([("prepare", prepare), ("resample", resample), ("encode", encode), ("classify", classifier)])


def _thresholds(job: Job, spec: ClassifierSpec, splits: list[_Split], default: float) -> dict[str, float]:
    """Return the best threshold for each tunable metric, or the classifier's own if nothing can be tuned."""
    folds = [_evaluation(job, split, _fitted(job, spec, split)[0]).minority_scores for split in splits]
    tuned = {name: best_threshold(folds, entry.compute) for name, entry in TUNABLE.items()}
    return {name: default if threshold is None else threshold for name, threshold in tuned.items()}


def _counts_of_rows(job: Job, split: _Split, pipeline: Pipeline) -> dict[str, Any]:
    """Return how many rows the sampler added, failed to add, and copied from the test rows."""
    if split.step is None:
        return {"n_synthetic": 0, "shortfall": 0, "n_test_copies": 0}
    y, classes = job.dataset.y[split.train], job.dataset.classes
    X_resampled, y_resampled = split.step.fit_resample(split.step.before, y)
    added = [np.sum(np.asarray(y_resampled) == label) - np.sum(y == label) for label in classes]
    # The first step of the pipeline brings the test rows into the form that the sampler works on.
    test = pipeline[0].transform(job.dataset.X.iloc[split.test])
    return {
        "n_synthetic": int(np.maximum(added, 0).sum()),
        "shortfall": int(getattr(split.step.sampler, "shortfall_", 0)),
        "n_test_copies": count_test_copies(X_resampled, split.step.before, test),
    }


def count_test_copies(X_resampled: Any, X_train: Any, X_test: Any) -> int:
    """Return how many resampled rows equal a test row and no training row.

    A sampler without access to test rows makes a few such rows by chance in tables with few distinct rows, and none in
    tables with continuous columns.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.running.job import count_test_copies
    >>> count_test_copies(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0]]), np.array([[1.0], [3.0]]))
    1
    """
    resampled, train, test = (_row_hashes(pd.DataFrame(rows)) for rows in (X_resampled, X_train, X_test))
    return int(np.sum(np.isin(resampled, test) & ~np.isin(resampled, train)))


def _row_hashes(frame: pd.DataFrame) -> NDArray[Any]:
    """Return a hash of each row, which depends on its values and not on the dtypes of the columns."""
    numeric = {name: pd.api.types.is_numeric_dtype(dtype) for name, dtype in frame.dtypes.items()}
    alike = frame.astype({name: float if is_numeric else object for name, is_numeric in numeric.items()})
    return np.asarray(pd.util.hash_pandas_object(alike, index=False))


def readable_traceback(error: BaseException) -> str:
    """Return the traceback with file names that do not depend on where packages are installed."""
    text = "".join(traceback.format_exception(error))
    text = re.sub(r'File "[^"]*site-packages[/\\]', 'File "', text)
    text = re.sub(r'File "[^"]*[/\\](wgan_resampler[/\\])', r'File "\1', text)
    return re.sub(r'File "(?:/|[A-Za-z]:\\)[^"]*[/\\]', 'File "', text)
