"""A trained sampler as tensors and plain values, and back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.gan import GanDiscriminator, TrainingHistory
from wgan_resampler.sampler.fitted import Fitted
from wgan_resampler.sampler.fitting.warm_start import TrainedParts
from wgan_resampler.sampler.generator_state import ModelState, model_from_state, model_to_state, network_from_state
from wgan_resampler.tables import (
    CategoricalColumn,
    check_format,
    format_from_state,
    format_to_state,
    target_from_state,
    target_to_state,
    value_from_state,
    value_to_state,
)
from wgan_resampler.utils.storage import Count, Records, Weights, convert_state

KIND = "sampler"
"""The kind of this state. A state file names it."""


@dataclass(frozen=True)
class SeedsState:
    """A ``numpy.random.SeedSequence`` as files hold it. The limits are those up to which numpy spawns seeds quickly."""

    entropy: Annotated[int, Meta(ge=0)] | list[Annotated[int, Meta(ge=0)]]
    spawn_key: Annotated[list[Annotated[int, Meta(ge=0, lt=2**32)]], Meta(max_length=100)]
    n_spawned: Annotated[int, Meta(ge=0, lt=2**31)]


@dataclass(frozen=True)
class SamplerState:
    """A trained sampler as files hold it.

    The fields are those of `Fitted` and `TrainedParts`, with these differences: classes are positions, because labels
    can be of any type and are part of `target`; `critic` holds the weights of the critic; `parameters` are those of the
    constructor, see `_parameter_to_state`; and `kind` is the kind of this state.
    """

    parameters: dict[str, Any]
    model: ModelState
    critic: Weights
    table: dict[str, Any]
    target: dict[str, Any]
    history: Records
    n_updates: Count
    to_generate: dict[Count, Count]
    feature_names: list[str] | None
    seeds: SeedsState
    training: dict[str, Any]
    kind: str = KIND

    def __post_init__(self) -> None:
        if max(self.to_generate, default=0) >= len(self.model.classes):
            raise ValueError("it generates rows of an unknown class")
        # These hold no tensors: numpy would convert one, with a warning, where a list is expected.
        msgspec.to_builtins([self.parameters, self.table, self.target])


def fitted_to_state(fitted: Fitted, trained: TrainedParts, parameters: Mapping[str, Any]) -> SamplerState:
    """Return a trained sampler as a state; CheckpointError names a parameter, label or column that cannot be stored."""
    seeds, positions = trained.seeds, np.searchsorted(fitted.target.classes, list(fitted.to_generate))
    entropy: Any = seeds.entropy
    return SamplerState(
        parameters={name: _parameter_to_state(name, value) for name, value in parameters.items()},
        model=model_to_state(trained.model, range(len(trained.model.classes))),
        critic=dict(trained.critic.state_dict()),
        table=format_to_state(fitted.table),
        target=target_to_state(fitted.target),
        history=list(trained.history),
        n_updates=trained.n_updates,
        to_generate={int(i): int(n) for i, n in zip(positions, fitted.to_generate.values(), strict=True)},
        feature_names=None if fitted.feature_names is None else [str(name) for name in fitted.feature_names],
        seeds=SeedsState(
            entropy if isinstance(entropy, int) else [int(part) for part in entropy],
            [int(part) for part in seeds.spawn_key],
            seeds.n_children_spawned,
        ),
        training=dict(trained.training),
    )


def fitted_from_state(state: Mapping[str, Any]) -> tuple[Fitted, dict[str, Any]]:
    """Return a sampler's `Fitted`, on the CPU, and its parameters.

    CheckpointError is raised if the state is of another kind, or if its parts do not fit each other.
    """
    if state.get("kind") != KIND:
        raise CheckpointError("The file holds no sampler.")
    checked = convert_state(state, SamplerState)
    model = model_from_state(checked.model)
    table, target = format_from_state(checked.table), target_from_state(checked.target)
    columns, names = model.encoder.schema.columns, checked.feature_names
    if len(target.classes) != len(model.classes) or (names is not None and len(names) != len(columns)):
        raise CheckpointError("The table or the target in the file does not fit its model.")
    check_format(table, model.encoder)
    seeds = checked.seeds
    trained = TrainedParts(
        replace(model, classes=target.classes),
        network_from_state(GanDiscriminator, checked.critic, model.encoder.layout.width, len(model.classes)),
        TrainingHistory(checked.history),
        checked.n_updates,
        np.random.SeedSequence(seeds.entropy, spawn_key=seeds.spawn_key, n_children_spawned=seeds.n_spawned),
        table,
        checked.training,
    )
    to_generate = OrderedDict((target.classes[i], n) for i, n in checked.to_generate.items())
    categorical = [j for j, column in enumerate(columns) if isinstance(column, CategoricalColumn)]
    parameters = {name: value_from_state(value) for name, value in checked.parameters.items()}
    fitted = Fitted(table, target, to_generate, np.array(categorical, dtype=np.int64), names, trained=trained)
    return fitted, parameters


def _parameter_to_state(name: str, value: Any) -> Any:
    if name == "callbacks" or isinstance(value, np.random.RandomState):
        return None
    if callable(value):
        raise CheckpointError(
            f"{name} is a function, which a file cannot hold. Set it to a string or a dict of numbers before saving."
        )
    if isinstance(value, Mapping):
        value = dict(value)
    elif hasattr(value, "__iter__") and not isinstance(value, (str, bytes, list, tuple)):
        value = list(value)
    return value_to_state(value, f"The parameter {name}")
