"""The parameters of a comparison, as they are stored with its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wgan_resampler.comparison.scoring.metrics import Metric


@dataclass(frozen=True)
class Settings:
    """The parameters of a comparison; with the same data they give the same results.

    Attributes
    ----------
    random_state : int
        Root of all seeds.
    cv : str
        Number of folds, or the splitter.
    n_repeats : int
        How many times the rows were split into folds.
    repeat_below : int or None
        Datasets with at least this many rows were split only once.
    max_rows : int or None
        Datasets with more rows were replaced by a sample.
    reference : str
        The sampler that the others are tested against.
    metrics : tuple of Metric
        The reported metrics.
    samplers, classifiers : mapping of str to str
        Name, and class with parameters, of each sampler and classifier.
    groups : mapping of str to str
        Group of each classifier.
    versions : mapping of str to str
        Versions of Python and of the packages that results depend on.
    """

    random_state: int
    cv: str
    n_repeats: int
    repeat_below: int | None
    max_rows: int | None
    reference: str
    metrics: tuple[Metric, ...]
    samplers: Mapping[str, str]
    classifiers: Mapping[str, str]
    groups: Mapping[str, str]
    versions: Mapping[str, str]
