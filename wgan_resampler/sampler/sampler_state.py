"""What a fitted sampler has learnt as tensors and plain values, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.gan import GanDiscriminator, TrainingHistory
from wgan_resampler.sampler.generator_state import model_from_state, model_to_state
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import (
    TableFormat,
    TargetFormat,
    check_format,
    format_from_state,
    format_to_state,
    target_from_state,
    target_to_state,
    value_from_state,
    value_to_state,
)
from wgan_resampler.utils.storage import Plain, checked, get

KIND = "sampler"
"""What a state file of this kind says of itself."""


@dataclass(frozen=True)
class Learnt:
    """What training and the training data have left in a sampler.

    Parameters
    ----------
    model : RowModel
        Draws rows.
    critic : GanDiscriminator
        The trained critic.
    table, target : TableFormat, TargetFormat
        The containers of rows and labels.
    history : TrainingHistory
        Of the training.
    n_updates : int
        Generator updates made.
    to_generate : sequence of (class, int)
        What the strategy asked for.
    n_features : int
        Columns of the table.
    feature_names : sequence of str or None
        Their names, if all are texts.
    categorical : sequence of int
        Positions of the columns of categories.
    seeds : numpy.random.SeedSequence
        From which further rows are drawn.
    training : mapping
        From which ``warm_start=True`` goes on; checked when that happens.
    """

    model: RowModel
    critic: GanDiscriminator
    table: TableFormat
    target: TargetFormat
    history: TrainingHistory
    n_updates: int
    to_generate: Sequence[tuple[Any, int]]
    n_features: int
    feature_names: Sequence[str] | None
    categorical: Sequence[int]
    seeds: np.random.SeedSequence
    training: Mapping[str, Any]


def learnt_to_state(learnt: Learnt, parameters: Mapping[str, Any]) -> Plain:
    """Return a fitted sampler as tensors and plain values.

    Raises
    ------
    CheckpointError
        If a parameter, a label or a column cannot be stored; it is named.
    """
    seeds = learnt.seeds
    entropy: Any = seeds.entropy
    return {
        "kind": KIND,
        "parameters": {name: _parameter_to_state(name, value) for name, value in parameters.items()},
        # Labels of any type belong to the target; the model itself gets numbers.
        "model": model_to_state(learnt.model, range(len(learnt.model.classes))),
        "critic": dict(learnt.critic.state_dict()),
        "table": format_to_state(learnt.table),
        "target": target_to_state(learnt.target),
        "history": learnt.history.to_records(),
        "n_updates": learnt.n_updates,
        "to_generate": [int(number) for _, number in learnt.to_generate],
        "generated_classes": np.searchsorted(learnt.target.classes, [each for each, _ in learnt.to_generate]).tolist(),
        "n_features": learnt.n_features,
        "feature_names": None if learnt.feature_names is None else [str(name) for name in learnt.feature_names],
        "categorical": [int(j) for j in learnt.categorical],
        "seeds": {
            "entropy": entropy if isinstance(entropy, int) else [int(part) for part in entropy],
            "spawn_key": [int(part) for part in seeds.spawn_key],
            "n_spawned": int(seeds.n_children_spawned),
        },
        "training": dict(learnt.training),
    }


def learnt_from_state(state: Mapping[str, Any]) -> tuple[Learnt, dict[str, Any]]:
    """Undo `learnt_to_state`, on the CPU: what was learnt, and the parameters.

    Raises
    ------
    CheckpointError
        If the state is of another kind, or its parts do not fit each other.
    """
    if state.get("kind") != KIND:
        raise CheckpointError("It holds no sampler.")
    return checked(_learnt_from_state, state)


def _learnt_from_state(state: Mapping[str, Any]) -> tuple[Learnt, dict[str, Any]]:
    model = model_from_state(get(state, "model", dict))
    table, target = format_from_state(get(state, "table", dict)), target_from_state(get(state, "target", dict))
    if len(target.classes) != len(model.classes):
        raise ValueError("other classes than the model's")
    check_format(table, model.encoder)
    numbers, generated = get(state, "to_generate", list), get(state, "generated_classes", list)
    if not all(type(each) is int and each >= 0 for each in (*numbers, *generated)) or len(numbers) != len(generated):
        raise ValueError("numbers of rows that are none")
    n_features, categorical = get(state, "n_features", int), get(state, "categorical", list)
    names = state["feature_names"]
    if n_features != len(model.encoder.schema.columns) or (names is not None and len(names) != n_features):
        raise ValueError("other columns than the model's")
    learnt = Learnt(
        model=replace(model, classes=target.classes),
        critic=_critic(get(state, "critic", dict), model),
        table=table,
        target=target,
        history=TrainingHistory(get(state, "history", list)),
        n_updates=get(state, "n_updates", int),
        to_generate=[(target.classes[i], n) for i, n in zip(generated, numbers, strict=True)],
        n_features=n_features,
        feature_names=None if names is None else [str(name) for name in names],
        categorical=[int(j) for j in categorical],
        seeds=_seeds(get(state, "seeds", dict)),
        training=get(state, "training", dict),
    )
    parameters = get(state, "parameters", dict)
    return learnt, {str(name): _parameter_from_state(value) for name, value in parameters.items()}


def _critic(weights: Mapping[str, Any], model: RowModel) -> GanDiscriminator:
    """Return a critic with these weights, whose shapes say how large it is."""
    layers = [weights[name] for name in sorted(weights) if name.startswith("hidden.") and name.endswith(".weight")]
    if not layers or not all(isinstance(each, Tensor) for each in weights.values()):
        raise ValueError("a critic without layers")
    width, num_classes = model.encoder.layout.width, len(model.classes)
    first: Any = weights["hidden.0.weight"]
    hidden_dim = first.shape[0]
    expected = [(hidden_dim, width + num_classes), *[(hidden_dim, hidden_dim)] * (len(layers) - 1)]
    if sorted(tuple(layer.shape) for layer in layers) != sorted(expected):
        raise ValueError("a critic whose layers do not fit each other")
    critic = GanDiscriminator(
        feature_dim=width, num_classes=num_classes, hidden_dim=hidden_dim, num_layers=len(layers), random_state=0
    )
    with torch.no_grad():
        critic.load_state_dict(dict(weights))
    return critic.eval()


def _seeds(state: Mapping[str, Any]) -> np.random.SeedSequence:
    entropy, key, spawned = state["entropy"], get(state, "spawn_key", list), get(state, "n_spawned", int)
    return np.random.SeedSequence(entropy, spawn_key=key, n_children_spawned=spawned)


def _parameter_to_state(name: str, value: Any) -> Any:
    """Return a parameter as plain values: a dict as pairs, an array-like as a list."""
    if name == "callbacks" or isinstance(value, np.random.RandomState):
        return None
    if callable(value):
        raise CheckpointError(
            f"{name} is a function, which a file cannot hold. Set it to a text or a dict of numbers before saving."
        )
    where = f"The parameter {name}"
    if isinstance(value, Mapping):
        return {"pairs": [[value_to_state(key, where), value_to_state(item, where)] for key, item in value.items()]}
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return {"value": value_to_state(value, where)}
    return {"items": [value_to_state(item, where) for item in value]}


def _parameter_from_state(state: Any) -> Any:
    if state is None:
        return None
    if "pairs" in state:
        return {value_from_state(key): value_from_state(item) for key, item in state["pairs"]}
    if "items" in state:
        return [value_from_state(item) for item in state["items"]]
    return value_from_state(state["value"])
