"""The protocol: one sampler on one fold of one dataset, under all classifiers.

Everything that learns from rows stands in one imbalanced-learn ``Pipeline``, fitted on the training rows of the fold.
Test rows meet the fitted pipeline once, for scoring; samplers never see them. Thresholds are tuned in three inner
folds of the training rows, where the whole pipeline, sampler included, is fitted on the inner training rows alone.
"""

from __future__ import annotations

import copy
import re
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import joblib
import numpy as np
import pandas as pd
from imblearn.pipeline import Pipeline
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from wgan_resampler.comparison.data.datasets import Dataset
from wgan_resampler.comparison.data.folds import inner_splits
from wgan_resampler.comparison.data.preparation import FoldTable, encoder, one_hot
from wgan_resampler.comparison.methods.registry import ClassifierSpec, SamplerSpec, fresh, with_class_weight
from wgan_resampler.comparison.running.resources import Meter, one_thread
from wgan_resampler.comparison.scoring.metrics import (
    Answers,
    answers_of,
    recall_per_class,
    score,
    strengths_of,
    tuned_scores,
)
from wgan_resampler.comparison.scoring.thresholds import OBJECTIVES, best_threshold
from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.utils import seed_for

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Job:
    """One sampler on one fold: the unit of work that is sent to a worker and stored.

    Attributes
    ----------
    dataset : Dataset
        All rows.
    sampler : SamplerSpec
        The sampler.
    classifiers : tuple of ClassifierSpec
        Those that learn from its rows.
    scorers : mapping of str to callable
        Further scores: ``scorer(pipeline, X_test, y_test)``.
    repeat, fold : int
        Which split.
    train, test : ndarray of int
        Its rows.
    root : int
        Root of all seeds.
    tunes : bool, default=True
        Whether thresholds are tuned, which takes three more fits of everything.
    """

    dataset: Dataset
    sampler: SamplerSpec
    classifiers: tuple[ClassifierSpec, ...]
    scorers: Mapping[str, Callable[[Any, Any, Any], float]]
    repeat: int
    fold: int
    train: Rows
    test: Rows
    root: int
    tunes: bool = True

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What sets it apart within a comparison."""
        return self.dataset.name, self.sampler.name, self.repeat, self.fold

    def seed(self, purpose: str, *more: int) -> int:
        """Return a seed for this dataset, repeat and fold: the same for all samplers and classifiers."""
        return seed_for(self.root, purpose, self.dataset.name, self.repeat, self.fold, *more)


@dataclass(frozen=True)
class Cell:
    """One classifier after one sampler on one fold.

    Attributes
    ----------
    classifier : str
        Its name.
    scores : dict of str to float
        One value for each metric. Of a cell that failed, those found before: none, or all but those at tuned
        thresholds, where the sampler failed on the fewer rows of inner folds alone.
    recalls : dict of str to float
        Recall of each class that has test rows.
    resample_seconds, fit_seconds : float
        Time of the sampler alone, and of the fit of the whole pipeline on the training rows, sampler included.
    peak_memory_mb : float
        Highest memory during this fit above that at its start.
    n_synthetic : int or None
        Rows that the sampler added, counted class by class.
    shortfall : int
        Rows that the sampler was to add and did not find, where it says so.
    n_test_copies : int or None
        Added rows that equal a test row and no training row.
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
    """The cells of a job, the numbers of rows, and the distinct warnings that were raised in it."""

    dataset: str
    sampler: str
    repeat: int
    fold: int
    n_train: int
    n_test: int
    cells: tuple[Cell, ...]
    warnings: tuple[str, ...] = ()


class ResampleOnce(BaseEstimator):
    """A pipeline step whose sampler is fitted the first time; its rows serve all classifiers of the fold.

    Given other rows than the first time, the step refuses, so that rows of one fold cannot reach another.

    Parameters
    ----------
    sampler : object
        A fresh copy, seeded.
    """

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        self.meter = Meter()
        self._given: str | None = None
        self._result: tuple[Any, Any] | None = None

    @property
    def tried(self) -> bool:
        """Whether the sampler has been fitted, with whatever success."""
        return self._given is not None

    @property
    def failed(self) -> bool:
        """Whether it raised."""
        return self.tried and self._result is None

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return the resampled rows."""
        given = joblib.hash((X, y))
        if self._given is None:
            self._given, self.before = given, X
            with self.meter:
                # A copy, for a sampler may change what it is given.
                result = self.sampler.fit_resample(X.copy(), y.copy())
            _check_classes(result[1], y)
            self._result = result
        if given != self._given or self._result is None:
            raise RuntimeError("A sampler's rows were about to be used for other training rows than its own.")
        # Copies, for a classifier may change what it is given, and the next is to learn from the same rows.
        return copy.copy(self._result[0]), copy.copy(self._result[1])

    def __sklearn_clone__(self) -> ResampleOnce:
        """Stay one object wherever pipelines are cloned: sharing is the purpose."""
        return self


def _check_classes(y_resampled: Any, y: NDArray[Any]) -> None:
    strangers = np.setdiff1d(np.asarray(y_resampled), y)
    if len(strangers):
        raise InvalidDataError(
            f"The sampler returned rows of classes that it was not given: {', '.join(map(str, strangers))}."
        )


@dataclass(frozen=True)
class _Part:
    """Rows on which pipelines are fitted, rows on which they answer, and the sampler's step between them."""

    fit: Rows
    answer: Rows
    step: ResampleOnce | None

    @property
    def failed(self) -> bool:
        """Whether the sampler raised."""
        return self.step is not None and self.step.failed


def run_job(job: Job, *, share: bool = True) -> JobResult:
    """Fit one sampler and all classifiers on one fold, and score them on its test rows.

    Parameters
    ----------
    job : Job
        What to do.
    share : bool, default=True
        Whether classifiers share the sampler's rows. False fits it again for each: slower, and equal, as a test shows.

    Returns
    -------
    JobResult
        One cell for each classifier that can be used with the sampler.
    """
    taken = [spec for spec in job.classifiers if spec.takes_class_weight or not job.sampler.class_weight]
    with warnings.catch_warnings(record=True) as caught, one_thread():
        warnings.simplefilter("always")
        parts = _parts(job)
        cells: list[Cell] = []
        failure: str | None = None
        for spec in taken:
            # Where the sampler failed it would fail again, after the same time.
            usable = parts[:0] if parts[0].failed else parts if failure is None else parts[:1]
            cell = _run_cell(job, spec, usable)
            cells.append(replace(cell, error=cell.error or failure))
            if failure is None and any(part.failed for part in parts):
                failure = cell.error
            parts = parts if share else _parts(job)
    texts = sorted({f"{warning.category.__name__}: {warning.message}"[:300] for warning in caught})
    return JobResult(*job.key, len(job.train), len(job.test), tuple(cells), tuple(texts[:10]))


def _parts(job: Job) -> tuple[_Part, ...]:
    """Return the outer split and the inner ones, each with a sampler of its own."""
    inner = inner_splits(job.dataset, job.train, job.seed("inner folds")) if job.tunes else []
    splits = [(job.train, job.test), *inner]
    template = job.sampler.sampler
    return tuple(
        _Part(fit, answer, None if template is None else ResampleOnce(fresh(template, job.seed("sampler", index))))
        for index, (fit, answer) in enumerate(splits)
    )


def _run_cell(job: Job, spec: ClassifierSpec, parts: tuple[_Part, ...]) -> Cell:
    """Return the scores on the rows of the first part, at thresholds from the others too; what fails is noted."""
    cell = Cell(spec.name)
    # The one place where everything is caught: one failing sampler or classifier must not end the rest.
    try:
        if parts:
            cell, answers = _cell(job, spec, parts[0])
        if len(parts) > 1:
            thresholds = _thresholds(job, spec, parts[1:], answers.default_threshold)
            true = np.searchsorted(job.dataset.classes, job.dataset.y[parts[0].answer])
            cell = replace(cell, scores=cell.scores | tuned_scores(true, answers, job.dataset.minority, thresholds))
    except Exception as error:
        return replace(cell, error=readable_traceback(error))
    return cell


def _cell(job: Job, spec: ClassifierSpec, outer: _Part) -> tuple[Cell, Answers]:
    """Return everything that needs no tuned threshold, and the answers that a threshold is applied to."""
    dataset = job.dataset
    classes, minority = dataset.classes, dataset.minority
    pipeline, fit_seconds, peak_mb = _fitted(job, spec, outer)
    X_test, y_test = dataset.X.iloc[outer.answer], dataset.y[outer.answer]
    answers = answers_of(pipeline, X_test, classes)
    true = np.searchsorted(classes, y_test)
    scores = score(true, answers, minority, int(np.argmax(dataset.counts)))
    scores |= {name: float(scorer(pipeline, X_test, y_test)) for name, scorer in job.scorers.items()}
    recalls = recall_per_class(true, answers.decisions, len(classes))
    cell = Cell(
        spec.name,
        scores=scores,
        recalls={str(label): float(recall) for label, recall in zip(classes, recalls, strict=True) if recall == recall},
        resample_seconds=0.0 if outer.step is None else outer.step.meter.seconds,
        fit_seconds=fit_seconds,
        peak_memory_mb=peak_mb,
        **_rows_added(job, outer, pipeline),
    )
    return cell, answers


def _fitted(job: Job, spec: ClassifierSpec, part: _Part) -> tuple[Pipeline, float, float]:
    """Return the pipeline fitted on the rows of a part; seconds and memory as if the sampler were fitted in it."""
    X, y = job.dataset.X.iloc[part.fit], job.dataset.y[part.fit]
    pipeline = build_pipeline(X, job.sampler, fresh(spec.classifier, job.seed("classifier")), part.step)
    first = part.step is not None and not part.step.tried
    with Meter() as meter:
        pipeline.fit(X, y)
    if part.step is None or first:
        return pipeline, meter.seconds, meter.peak_mb
    return pipeline, meter.seconds + part.step.meter.seconds, max(meter.peak_mb, part.step.meter.peak_mb)


def build_pipeline(X: pd.DataFrame, sampler: SamplerSpec, classifier: Any, step: Any) -> Pipeline:
    """Return the unfitted pipeline for a table: preparation, sampler, encoding, classifier.

    Parameters
    ----------
    X : pandas.DataFrame
        A table with the columns in question; its cells are not looked at.
    sampler : SamplerSpec
        Says which form of table the sampler takes, and whether classes are weighted.
    classifier : estimator
        The last step.
    step : object or None
        The sampler's step.

    Returns
    -------
    imblearn.pipeline.Pipeline
        Unfitted.
    """
    if sampler.class_weight:
        classifier = with_class_weight(classifier)
    if step is None:
        return Pipeline([("encode", encoder(X)), ("classify", classifier)])
    if sampler.form == "encoded":
        return Pipeline([("encode", encoder(X)), ("resample", step), ("classify", classifier)])
    if sampler.form == "prepared":
        prepare, encode = FoldTable(complete=True, scale=True), one_hot(X)
    else:
        prepare, encode = FoldTable(), encoder(X)
    return Pipeline([("prepare", prepare), ("resample", step), ("encode", encode), ("classify", classifier)])


def _thresholds(job: Job, spec: ClassifierSpec, parts: tuple[_Part, ...], default: float) -> dict[str, float]:
    """Return the best threshold for each objective, the classifier's own where nothing can be tuned."""
    classes, minority = job.dataset.classes, job.dataset.minority
    folds = []
    for part in parts:
        pipeline, _, _ = _fitted(job, spec, part)
        strengths, _ = strengths_of(pipeline, job.dataset.X.iloc[part.answer], classes)
        folds.append((strengths[:, minority], job.dataset.y[part.answer] == classes[minority]))
    tuned = {name: best_threshold(folds, objective) for name, objective in OBJECTIVES.items()}
    return {name: default if threshold is None else threshold for name, threshold in tuned.items()}


def _rows_added(job: Job, part: _Part, pipeline: Pipeline) -> dict[str, Any]:
    """Return how many rows the sampler added, failed to add, and took from the test rows."""
    if part.step is None:
        return {"n_synthetic": 0, "shortfall": 0, "n_test_copies": 0}
    y = job.dataset.y[part.fit]
    X_resampled, y_resampled = part.step.fit_resample(part.step.before, y)
    before = {label: int(np.sum(y == label)) for label in job.dataset.classes}
    after = {label: int(np.sum(np.asarray(y_resampled) == label)) for label in job.dataset.classes}
    test = pipeline[0].transform(job.dataset.X.iloc[part.answer])
    return {
        "n_synthetic": sum(max(after[label] - before[label], 0) for label in before),
        "shortfall": int(getattr(part.step.sampler, "shortfall_", 0)),
        "n_test_copies": count_test_copies(X_resampled, part.step.before, test),
    }


def count_test_copies(X_resampled: Any, X_train: Any, X_test: Any) -> int:
    """Return how many resampled rows equal a test row and no training row.

    An honest sampler gets a few by chance where tables have few distinct rows, and none where columns are continuous.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.running.job import count_test_copies
    >>> count_test_copies(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0]]), np.array([[1.0], [3.0]]))
    1
    """
    hashes = [_row_hashes(rows) for rows in (X_resampled, X_train, X_test)]
    return int(np.sum(np.isin(hashes[0], hashes[2]) & ~np.isin(hashes[0], hashes[1])))


def _row_hashes(rows: Any) -> NDArray[Any]:
    frame = pd.DataFrame(rows)
    texts = {
        name: column.astype(float) if pd.api.types.is_numeric_dtype(column) else column.astype(object)
        for name, column in frame.items()
    }
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(texts), index=False))


def readable_traceback(error: BaseException) -> str:
    """Return the traceback with file names that do not depend on where things are installed."""
    text = "".join(traceback.format_exception(error))
    text = re.sub(r'File "[^"]*site-packages[/\\]', 'File "', text)
    text = re.sub(r'File "[^"]*[/\\](wgan_resampler[/\\])', r'File "\1', text)
    return re.sub(r'File "(?:/|[A-Za-z]:\\)[^"]*[/\\]', 'File "', text)
