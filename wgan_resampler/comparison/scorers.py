"""Which scores a comparison reports: this package's metrics, scikit-learn's scorers, or a user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sklearn.metrics import get_scorer, get_scorer_names

from wgan_resampler.comparison.scores import METRICS, Metric
from wgan_resampler.exceptions import InvalidParameterError


def resolve_scoring(scoring: Any) -> tuple[tuple[Metric, ...], dict[str, Callable[[Any, Any, Any], float]]]:
    """Return the metrics to report, in order, and the scorers that are called for those that are not this package's.

    Examples
    --------
    >>> from wgan_resampler.comparison.scorers import resolve_scoring
    >>> metrics, scorers = resolve_scoring(["f1", "jaccard_macro"])
    >>> [metric.name for metric in metrics], list(scorers)
    (['f1', 'jaccard_macro'], ['jaccard_macro'])
    """
    if scoring is None:
        return tuple(METRICS.values()), {}
    if isinstance(scoring, str):
        scoring = [scoring]
    pairs = list(scoring.items()) if isinstance(scoring, Mapping) else [(name, name) for name in scoring]
    metrics, scorers = [], {}
    for name, value in pairs:
        if isinstance(value, str) and value in METRICS:
            metrics.append(METRICS[value])
            continue
        scorers[name] = _scorer(name, value)
        metrics.append(Metric(name, name, True, "A scorer: greater is better."))
    if not metrics or len({metric.name for metric in metrics}) < len(metrics):
        raise InvalidParameterError(f"scoring must name at least one metric, and none twice: {list(scoring)}.")
    return tuple(metrics), scorers


def _scorer(name: Any, value: Any) -> Callable[[Any, Any, Any], float]:
    if isinstance(value, str) and value in get_scorer_names():
        scorer: Callable[[Any, Any, Any], float] = get_scorer(value)
        return scorer
    if callable(value) and isinstance(name, str):
        checked: Callable[[Any, Any, Any], float] = value
        return checked
    raise InvalidParameterError(
        f"There is no metric {value!r}. Known: {', '.join(METRICS)}, and the names of scikit-learn's scorers. A scorer "
        "of your own goes into a mapping: {'name': scorer}."
    )
