"""How a comparison was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wgan_resampler.comparison.data.datasets import DatasetFacts
from wgan_resampler.comparison.running.store import FORMAT, from_run
from wgan_resampler.comparison.scoring.metrics import Metric


@dataclass(frozen=True)
class RunPlan:
    """The datasets of a comparison, and the keys of its jobs."""

    datasets: tuple[DatasetFacts, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """How a comparison was made: with this and the data it can be made again.

    Attributes
    ----------
    random_state : int
        Root of all seeds.
    cv : str
        Folds, or the splitter.
    n_repeats : int
        How often rows were split anew.
    repeat_below : int or None
        Rows from which on a dataset was split only once.
    max_rows : int or None
        Rows above which a dataset was sampled.
    reference : str
        The sampler that others are tested against.
    metrics : tuple of Metric
        What is reported.
    samplers, classifiers : mapping of str to str
        Names, and class with parameters.
    groups : mapping of str to str
        Group of each classifier.
    versions : mapping of str to str
        Of Python and packages.
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

    def to_dict(self, datasets: Sequence[DatasetFacts], keys: Sequence[str]) -> dict[str, Any]:
        """Return everything as plain data, for a store."""
        facts = asdict(self)
        return {"format": FORMAT, **facts, "datasets": [asdict(dataset) for dataset in datasets], "keys": list(keys)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Settings:
        """Return the settings that `to_dict` turned into plain data, after checking that all of the data is there."""
        from_run(facts, RunPlan)
        return from_run(facts, cls)
