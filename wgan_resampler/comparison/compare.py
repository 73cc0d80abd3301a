"""``compare_samplers``: plans the jobs, runs them with joblib, and collects the results."""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import os
import platform
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import joblib
from tqdm.auto import tqdm

from wgan_resampler.comparison.data.datasets import Dataset, load_datasets
from wgan_resampler.comparison.data.folds import check_cv, outer_splits
from wgan_resampler.comparison.methods.registry import (
    ClassifierSpec,
    SamplerSpec,
    resolve_classifiers,
    resolve_samplers,
)
from wgan_resampler.comparison.results.result import ComparisonResult
from wgan_resampler.comparison.results.score_table import KEYS, OTHER_COLUMNS
from wgan_resampler.comparison.running.job import Job, JobResult, run_job
from wgan_resampler.comparison.running.job_key import job_key
from wgan_resampler.comparison.running.settings import Settings
from wgan_resampler.comparison.running.store import Store, read_run
from wgan_resampler.comparison.scoring.metrics import resolve_scoring
from wgan_resampler.exceptions import ComparisonWarning, InvalidParameterError, WorkerLostError
from wgan_resampler.utils import COMPARE, DASK, require

_PACKAGES = ("wgan-resampler", "numpy", "scipy", "pandas", "scikit-learn", "imbalanced-learn", "torch")
_PEERS = ("imbalanced-learn-extra", "smote-variants", "ctgan")


def compare_samplers(
    datasets: Any,
    samplers: Sequence[str] | Mapping[str, Any],
    *,
    classifiers: Sequence[str] | Mapping[str, Any] | None = None,
    cv: Any = 5,
    scoring: Sequence[str] | Mapping[str, Any] | None = None,
    n_repeats: int = 1,
    repeat_below: int | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    target: str = "target",
    groups: str | None = None,
    max_rows: int | None = None,
    reference: str | None = None,
    output: str | os.PathLike[str] | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    verbose: int = 1,
) -> ComparisonResult:
    """Compare samplers on datasets with several classifiers, without leakage of test rows.

    Each sampler is fitted on the training rows of each fold, inside an imbalanced-learn pipeline. All classifiers are
    trained on the resampled rows and scored on the untouched test rows. Folds and seeds are the same for all samplers.

    Parameters
    ----------
    datasets : tuple, mapping, path or sequence of paths
        ``(X, y)`` or ``(X, y, groups)``; a mapping of names to such tuples or to paths; or paths of CSV files (also
        ``.csv.gz``) and Parquet files.
    samplers : list of str or mapping of str to object
        Names: none, class_weight, random_over, random_under, smote, borderline_smote, svm_smote, adasyn, kmeans_smote,
        smoteenn, smotetomek, geometric_smote, prowsyn, polynom_fit_smote, ctgan, tvae, forest_diffusion, wgangp. Or a
        mapping of names to an object with ``fit_resample``, to None, or to one of these names. Each fit gets a copy,
        whose `random_state`, if it has one, is set.
    classifiers : list of str, mapping of str to object or None, default=None
        Names: logistic_regression, knn, decision_tree, svm, mlp (weak classifiers), random_forest,
        hist_gradient_boosting (strong classifiers). Or a mapping of names to classifiers. None takes all names.
    cv : int or splitter, default=5
        Number of stratified folds, or a splitter. With groups, no group is on both sides of a split.
    scoring : list of str, mapping of str to callable or None, default=None
        Metrics to report: names of metrics of this package, names of scikit-learn's scorers, or a mapping of names to
        scorers ``scorer(fitted pipeline, X_test, y_test)``. None takes all metrics of this package. Metrics whose name
        ends in ``_tuned`` need inner folds to tune a threshold. Without them, datasets with two classes take about a
        third of the time.
    n_repeats : int, default=1
        How often the rows are split again into folds.
    repeat_below : int or None, default=None
        If given, only datasets with fewer rows are split `n_repeats` times, and the others once. The scores of small
        datasets vary most and are cheapest to compute.
    n_jobs : int or None, default=None
        Number of processes, each with one thread; -1 for all cores. None means 1, or the value of an enclosing
        ``joblib.parallel_config``, whose backend is used then.
    random_state : int, default=0
        Root of all seeds.
    target : str, default="target"
        Column of the class in files.
    groups : str or None, default=None
        Column of the group in files, such as the patient or the recording. It is removed from the table, and no group
        is on both sides of a split. For arrays, give ``(X, y, groups)``.
    max_rows : int or None, default=None
        A dataset with more rows is replaced by a stratified sample.
    reference : str or None, default=None
        The sampler that the others are tested against. None takes "none", or the first sampler.
    output : path or None, default=None
        Directory in which each result is stored when it is finished. None keeps the results in memory only.
    resume : bool, default=False
        Whether to continue with the results in `output`. A result is used again if it was computed on the same rows
        with the same settings.
    scheduler : str or None, default=None
        Address of a Dask scheduler whose workers run the jobs, such as ``"tcp://10.0.0.1:8786"``.
    verbose : int, default=1
        0 shows no progress bar.

    Returns
    -------
    ComparisonResult
        All scores, with statistics, plots and a report.

    Raises
    ------
    InvalidDataError
        If a dataset cannot be read or split.
    InvalidParameterError
        If a name is unknown or a parameter is out of range.
    MissingDependencyError
        If a sampler or a feature needs a package that is not installed.
    ComparisonStoreError
        If `output` contains results and `resume` is False, or if its content cannot be read.
    WorkerLostError
        If a process on this machine was killed, or if the same job killed several workers of a scheduler.

    Notes
    -----
    If a sampler, a classifier or a fold fails, the traceback is recorded in the column ``error`` and the comparison
    continues.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from wgan_resampler import compare_samplers
    >>> X, y = make_classification(n_samples=120, weights=[0.8], random_state=0)
    >>> result = compare_samplers(
    ...     {"toy": (X, y)}, ["none", "smote"], classifiers=["knn", "logistic_regression"], cv=2, verbose=0
    ... )
    >>> frame = result.to_frame()
    >>> len(frame), bool(frame["error"].isna().all())
    (8, True)
    """
    require("psutil", "compare_samplers", COMPARE)
    cv, n_repeats = check_cv(cv, n_repeats)
    _check_integer(random_state, "random_state must be an integer of at least 0, from which all seeds are derived", 0)
    if repeat_below is not None:
        _check_integer(repeat_below, "repeat_below must be a number of rows or None")
    if n_jobs is not None:
        _check_integer(n_jobs, "n_jobs must be a number of processes, -1 for one on each core, or None")
    if n_jobs == 0:
        raise InvalidParameterError("n_jobs must not be 0. Use None or 1 for one process, -1 for one on each core.")
    specs, learners = resolve_samplers(samplers), resolve_classifiers(classifiers)
    metrics, scorers = resolve_scoring(scoring)
    _check_columns(scorers)
    reference = _reference(reference, specs)
    loaded = load_datasets(datasets, target=target, groups=groups, max_rows=max_rows, random_state=random_state)
    jobs = plan(
        loaded,
        specs,
        learners,
        scorers,
        cv=cv,
        repeats={dataset.name: _repeats(dataset, n_repeats, repeat_below) for dataset in loaded},
        root=int(random_state),
        tunes=any(metric.is_tuned for metric in metrics),
    )
    settings = Settings(
        random_state=int(random_state),
        cv=repr(cv),
        n_repeats=n_repeats,
        repeat_below=repeat_below,
        max_rows=max_rows,
        reference=reference,
        metrics=metrics,
        samplers={spec.name: spec.description for spec in specs},
        classifiers={spec.name: spec.description for spec in learners},
        groups={spec.name: spec.group for spec in learners},
        versions=installed_versions(),
    )
    with _executor(scheduler, n_jobs) as parallel:
        if output is None:
            results = list(_progress(parallel(joblib.delayed(run_job)(job) for job in jobs), len(jobs), 0, verbose))
        else:
            results = _run_stored(parallel, jobs, output, resume, settings, loaded, verbose)
    return ComparisonResult.from_jobs(results, tuple(dataset.facts() for dataset in loaded), settings)


def plan(
    datasets: Sequence[Dataset],
    samplers: Sequence[SamplerSpec],
    classifiers: tuple[ClassifierSpec, ...],
    scorers: Mapping[str, Any],
    *,
    cv: Any,
    repeats: Mapping[str, int],
    root: int,
    tunes: bool = True,
) -> list[Job]:
    """Return all jobs: the first fold of all datasets, then the second, so that early results cover all datasets."""
    folds = [
        (repeat, fold, dataset, rows)
        for dataset in datasets
        for repeat in range(repeats[dataset.name])
        for fold, rows in enumerate(outer_splits(dataset, cv, repeat, root))
    ]
    return [
        Job(dataset, sampler, classifiers, scorers, repeat, fold, *rows, root, tunes)
        for repeat, fold, dataset, rows in sorted(folds, key=lambda place: place[:2])
        for sampler in samplers
    ]


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    versions = {"python": platform.python_version()}
    for name in (*_PACKAGES, *_PEERS):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _run_stored(
    parallel: joblib.Parallel,
    jobs: list[Job],
    output: str | os.PathLike[str],
    resume: bool,
    settings: Settings,
    datasets: Sequence[Dataset],
    verbose: int,
) -> list[JobResult]:
    """Run the jobs whose results are not stored yet, and store each result when it is finished."""
    keys = {job_key(job): job for job in jobs}
    by_place = {job.key: key for key, job in keys.items()}
    with Store(output, resume=resume) as store:
        if store.done:
            _warn_of_other_versions(output, settings.versions)
        store.write_run(settings.to_dict([dataset.facts() for dataset in datasets], list(keys)))
        missing = [job for key, job in keys.items() if key not in store.done]
        finished = len(jobs) - len(missing)
        for result in _progress(
            parallel(joblib.delayed(run_job)(job) for job in missing), len(jobs), finished, verbose
        ):
            place = (result.dataset, result.sampler, result.repeat, result.fold)
            store.append(by_place[place], result)
        return [store.done[key] for key in keys]


@contextlib.contextmanager
def _executor(scheduler: str | None, n_jobs: int | None) -> Iterator[joblib.Parallel]:
    """Yield the ``Parallel`` object for processes of this machine, an enclosing backend, or a Dask scheduler."""
    # Each result is stored when it is finished, so jobs are not run in batches.
    options = {"return_as": "generator_unordered", "batch_size": 1, "pre_dispatch": "3*n_jobs"}
    if scheduler is None:
        yield joblib.Parallel(n_jobs=n_jobs, **options)
        return
    distributed = require("distributed", "A Dask scheduler", DASK)
    try:
        client = distributed.Client(scheduler, timeout=20)
    except (OSError, ValueError, TimeoutError) as error:
        raise InvalidParameterError(
            f"No Dask scheduler answers at '{scheduler}' ({error}). Start one with 'dask scheduler', start workers "
            "with 'dask worker', and give the address that the scheduler shows."
        ) from error
    with client, joblib.parallel_config(backend="dask", client=client, n_jobs=-1 if n_jobs is None else n_jobs):
        yield joblib.Parallel(**options)


def _progress(results: Iterator[JobResult], total: int, finished: int, verbose: int) -> Iterator[JobResult]:
    """Yield the results, and show a progress bar with the remaining time."""
    with tqdm(total=total, initial=finished, unit="fit", disable=not verbose, smoothing=0.05) as bar:
        failed = 0
        for result in _watched(results):
            failed += any(cell.error is not None for cell in result.cells)
            bar.set_postfix_str(f"{result.dataset}, {result.sampler}" + (f"; {failed} with errors" if failed else ""))
            bar.update()
            yield result


def _watched(results: Iterator[JobResult]) -> Iterator[JobResult]:
    """Yield the results; if a process is lost, raise an error that says what to do."""
    # Dask repeats the jobs of a lost worker, and gives up on a job that kills several workers.
    dask = sys.modules.get("distributed.scheduler")
    lost = (BrokenProcessPool,) if dask is None else (BrokenProcessPool, dask.KilledWorker)
    try:
        yield from results
    except lost as error:
        raise WorkerLostError(
            "A worker process was killed, most likely because the memory was full. With output=..., the finished "
            "results are stored. Continue with resume=True, and with fewer processes or a smaller max_rows."
        ) from error


def _check_integer(value: Any, rule: str, least: float = -math.inf) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise InvalidParameterError(f"{rule}, not {value!r}.")


def _check_columns(scorers: Mapping[str, Any]) -> None:
    taken = sorted({*KEYS, *OTHER_COLUMNS} & {*scorers})
    if taken:
        raise InvalidParameterError(
            f"scoring uses names of other columns of the result: {', '.join(taken)}. Rename these scorers."
        )


def _repeats(dataset: Dataset, n_repeats: int, repeat_below: int | None) -> int:
    return n_repeats if repeat_below is None or len(dataset.y) < repeat_below else 1


def _reference(reference: str | None, specs: Sequence[SamplerSpec]) -> str:
    names = [spec.name for spec in specs]
    if reference is None:
        return "none" if "none" in names else names[0]
    if reference not in names:
        raise InvalidParameterError(f"The reference '{reference}' is not among the samplers: {', '.join(names)}.")
    return reference


def _warn_of_other_versions(output: str | os.PathLike[str], versions: Mapping[str, str]) -> None:
    stored = read_run(output).get("versions", {})
    changed = [
        f"{name} {stored.get(name, 'absent')} -> {versions.get(name, 'absent')}"
        for name in sorted({*stored, *versions})
        if stored.get(name) != versions.get(name)
    ]
    if changed:
        warnings.warn(
            f"The stored results were made with other versions: {', '.join(changed)}. New results may not be "
            "comparable with them. Use another directory if that matters.",
            ComparisonWarning,
            stacklevel=4,
        )
