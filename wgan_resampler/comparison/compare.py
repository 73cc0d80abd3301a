"""``compare_samplers``: plans the jobs, runs them with joblib, and collects the results."""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import joblib

from wgan_resampler.comparison.data.datasets import Dataset, DatasetFacts, load_datasets
from wgan_resampler.comparison.data.folds import Rows, check_cv, outer_splits
from wgan_resampler.comparison.methods import registry
from wgan_resampler.comparison.results.result import ComparisonResult
from wgan_resampler.comparison.results.score_table import KEYS, OTHER_COLUMNS
from wgan_resampler.comparison.running.job import Job, JobResult, run_job
from wgan_resampler.comparison.running.job_key import job_key
from wgan_resampler.comparison.running.settings import Settings
from wgan_resampler.comparison.running.store import FORMAT, RunPlan, Store, open_store, read_run
from wgan_resampler.comparison.scoring.metrics import TUNED, resolve_scoring
from wgan_resampler.exceptions import ComparisonWarning, InvalidParameterError, WorkerLostError
from wgan_resampler.tables import CsvOptions
from wgan_resampler.utils import COMPARE, DASK, own_settings, progress_bar, require, warn_caller

_PACKAGES = (
    *("wgan-resampler", "numpy", "scipy", "pandas", "scikit-learn", "imbalanced-learn", "torch"),
    *("imbalanced-learn-extra", "smote-variants", "ctgan"),
)


@own_settings
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
    csv_options: CsvOptions | None = None,
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
        packed, such as ``.csv.gz``) and Parquet files.
    samplers : list of str or mapping of str to object
        Names: none, class_weight, random_over, random_under, smote, borderline_smote, svm_smote, adasyn, kmeans_smote,
        smoteenn, smotetomek, geometric_smote, prowsyn, polynom_fit_smote, ctgan, tvae, forest_diffusion, wgangp. Or a
        mapping of names to an object with ``fit_resample``, to None, or to one of these names. Each fit uses a copy. If
        the copy has a `random_state`, it is set.
    classifiers : list of str, mapping of str to object or None, default=None
        Names: logistic_regression, knn, decision_tree, svm, mlp (weak classifiers), random_forest,
        hist_gradient_boosting (strong classifiers). Or a mapping of names to classifiers. None takes all names.
    cv : int or splitter, default=5
        Number of stratified folds, or a splitter. With groups, no group is on both sides of a split.
    scoring : list of str, mapping of str to callable or None, default=None
        Metrics to report: names of metrics of this package, names of scikit-learn's scorers, or a mapping of names to
        scorers ``scorer(fitted pipeline, X_test, y_test)``. None takes all metrics of this package. Metrics whose name
        ends in ``_tuned`` need inner folds to tune a threshold. Without such metrics, datasets with two classes take
        about a third of the time.
    n_repeats : int, default=1
        How many times the rows are split into folds.
    repeat_below : int or None, default=None
        If given, datasets with fewer rows than this are split `n_repeats` times, and the other datasets once. Scores of
        small datasets vary most, and repeating them takes the least time.
    n_jobs : int or None, default=None
        Number of processes, each with one thread; -1 for all cores. None means 1, unless the call is inside a
        ``joblib.parallel_config``. Then its number of processes and its backend are used.
    random_state : int, default=0
        Seed from which all other seeds are derived.
    target : str, default="target"
        Column of the classes in files.
    csv_options : CsvOptions or None, default=None
        How CSV files are read, such as their separator: `wgan_resampler.tables.CsvOptions`. None detects it.
    groups : str or None, default=None
        Column of the group in files, such as the patient or the recording. It is removed from the table, and no group
        is on both sides of a split. For arrays, give ``(X, y, groups)``.
    max_rows : int or None, default=None
        A dataset with more rows is replaced by a stratified sample.
    reference : str or None, default=None
        The sampler that the others are tested against. None takes "none", or the first sampler.
    output : path or None, default=None
        Folder in which each result is stored when it is finished. None keeps the results in memory only.
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
    _check_integer(n_repeats, "n_repeats must be an integer of at least 1", 1)
    cv = check_cv(cv, n_repeats)
    _check_integer(random_state, "random_state must be an integer of at least 0, from which all seeds are derived", 0)
    if repeat_below is not None:
        _check_integer(repeat_below, "repeat_below must be a number of rows or None")
    if n_jobs is not None:
        _check_integer(n_jobs, "n_jobs must be a number of processes, -1 for one on each core, or None")
    if n_jobs == 0:
        raise InvalidParameterError("n_jobs must not be 0. Use None or 1 for one process, -1 for one on each core.")
    specs, learners = registry.resolve_samplers(samplers), registry.resolve_classifiers(classifiers)
    metrics, scorers = resolve_scoring(scoring)
    taken = sorted({*KEYS, *OTHER_COLUMNS} & {*scorers})
    if taken:
        raise InvalidParameterError(
            f"scoring uses names of other columns of the result: {', '.join(taken)}. Rename these scorers."
        )
    names = [spec.name for spec in specs]
    if reference is not None and reference not in names:
        raise InvalidParameterError(f"The reference '{reference}' is not among the samplers: {', '.join(names)}.")
    loaded = load_datasets(
        datasets, target=target, groups=groups, csv_options=csv_options, max_rows=max_rows, random_state=random_state
    )
    tunes = any(metric.name in TUNED for metric in metrics)
    jobs = [
        Job(*place, learners, scorers, int(random_state), tunes)
        for place in plan(loaded, specs, cv, n_repeats, repeat_below, int(random_state))
    ]
    settings = Settings(
        random_state=int(random_state),
        cv=repr(cv),
        n_repeats=int(n_repeats),
        repeat_below=repeat_below,
        max_rows=max_rows,
        reference=reference or ("none" if "none" in names else names[0]),
        metrics=metrics,
        samplers={spec.name: spec.description for spec in specs},
        classifiers={spec.name: spec.description for spec in learners},
        groups={spec.name: spec.group for spec in learners},
        versions=installed_versions(),
    )
    facts = tuple(dataset.facts() for dataset in loaded)
    with _executor(scheduler, n_jobs) as parallel:
        if output is None:
            results = list(_progress(parallel(joblib.delayed(run_job)(job) for job in jobs), len(jobs), 0, verbose))
        else:
            with open_store(output, resume=resume) as store:
                results = _run_stored(parallel, jobs, store, settings, facts, verbose)
    return ComparisonResult.from_jobs(results, facts, settings)


def plan(
    datasets: Sequence[Dataset],
    samplers: Sequence[registry.SamplerSpec],
    cv: Any,
    n_repeats: int,
    repeat_below: int | None,
    root: int,
) -> Iterator[tuple[Dataset, registry.SamplerSpec, int, int, Rows, Rows]]:
    """Yield what tells jobs apart: the first fold of all datasets, then the second, so that early results cover all."""
    folds = [
        (repeat, fold, dataset, rows)
        for dataset in datasets
        for repeat in range(n_repeats if repeat_below is None or len(dataset.y) < repeat_below else 1)
        for fold, rows in enumerate(outer_splits(dataset, cv, repeat, root))
    ]
    for repeat, fold, dataset, rows in sorted(folds, key=lambda place: place[:2]):
        for sampler in samplers:
            yield dataset, sampler, repeat, fold, *rows


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _run_stored(
    parallel: joblib.Parallel,
    jobs: list[Job],
    store: Store,
    settings: Settings,
    facts: tuple[DatasetFacts, ...],
    verbose: int,
) -> list[JobResult]:
    """Run the jobs whose results are not stored yet, and store each result when it is finished."""
    keys = {job.key: job_key(job) for job in jobs}
    if store.done:
        stored, _ = read_run(store.folder)
        _warn_of_other_versions(stored.versions, settings.versions)
    store.write_run(settings, RunPlan(facts, tuple(keys.values()), FORMAT))
    missing = [joblib.delayed(run_job)(job) for job in jobs if keys[job.key] not in store.done]
    for result in _progress(parallel(missing), len(jobs), len(jobs) - len(missing), verbose):
        store.append(keys[result.dataset, result.sampler, result.repeat, result.fold], result)
    return [store.done[key] for key in keys.values()]


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
    """Yield the results and show a progress bar. If a process is lost, raise an error that says what to do."""
    # Dask repeats the jobs of a lost worker, and gives up on a job that kills several workers.
    dask = sys.modules.get("distributed.scheduler")
    lost = (BrokenProcessPool,) if dask is None else (BrokenProcessPool, dask.KilledWorker)
    failed = 0
    with progress_bar(total=total, initial=finished, unit="fit", disable=not verbose, smoothing=0.05) as bar:
        try:
            for result in results:
                failed += any(cell.error is not None for cell in result.cells)
                errors = f"; {failed} with errors" if failed else ""
                bar.set_postfix_str(f"{result.dataset}, {result.sampler}{errors}")
                bar.update()
                yield result
        except lost as error:
            raise WorkerLostError(
                "A worker process was killed, most likely because the memory was full. With output=..., the finished "
                "results are stored. Continue with resume=True, and with fewer processes or a smaller max_rows."
            ) from error


def _check_integer(value: Any, rule: str, least: float = -math.inf) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise InvalidParameterError(f"{rule}, not {value!r}.")


def _warn_of_other_versions(stored: Mapping[str, str], versions: Mapping[str, str]) -> None:
    changed = [
        f"{name} {stored.get(name, 'absent')} -> {versions.get(name, 'absent')}"
        for name in sorted({*stored, *versions})
        if stored.get(name) != versions.get(name)
    ]
    if changed:
        warn_caller(
            f"The stored results were made with other versions: {', '.join(changed)}. New results may not be "
            "comparable with them. Use another folder if that matters.",
            ComparisonWarning,
        )
