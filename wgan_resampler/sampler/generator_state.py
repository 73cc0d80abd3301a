"""A trained model as tensors and plain values, and back. Everything is checked before memory is allocated.

The sizes of the networks follow from the shapes of their weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import torch
from msgspec import Meta
from torch import nn

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.gan import GanDiscriminator, GanGenerator, RowClassifier
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import TableEncoder, TableSchema, schema_to_state
from wgan_resampler.utils.storage import NotNegative, Scalar, Share, Weights, refusing

_Network = TypeVar("_Network", bound=nn.Module)

MAX_WEIGHT = 1e15
"""Largest weight that is loaded. A layer of weights up to it makes finite numbers of inputs up to it."""


@dataclass(frozen=True)
class GeneratorOptions:
    """Options of a generator that its weights do not show; see `GanGenerator`."""

    dropout: Share
    normalization: Literal["batch", "layer"] | None
    skip_connections: bool


@dataclass(frozen=True)
class ModelState:
    """A `RowModel` as files hold it.

    `generator` and `classifier` are the weights of the two networks. The other fields mean what they mean in `RowModel`
    and `GanGenerator`.
    """

    generator: Weights
    generator_options: GeneratorOptions
    classifier: Weights | None
    rejection_rate: Share
    boundary_focus: NotNegative
    schema: TableSchema
    classes: Annotated[tuple[Scalar, ...], Meta(min_length=1)]
    counts: tuple[Annotated[int, Meta(ge=1, lt=2**39)], ...]  # sums of them stay within 64 bits

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.classes):
            raise ValueError("it must hold as many numbers of rows as classes")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("it names a class twice")


def model_to_state(model: RowModel, classes: Sequence[Scalar]) -> ModelState:
    """Return a trained model, whose class labels as plain values are given, as a state."""
    generator, classifier = model.generator, model.classifier
    return ModelState(
        dict(generator.state_dict()),
        GeneratorOptions(generator.dropout.p, generator.normalization, generator.skip_connections),
        None if classifier is None else dict(classifier.state_dict()),
        model.rejection_rate,
        model.boundary_focus,
        schema_to_state(model.encoder.schema),
        tuple(classes),
        tuple(model.counts.tolist()),
    )


def model_from_state(state: ModelState) -> RowModel:
    """Return the model of a state, on the CPU; CheckpointError if the parts of the state do not fit each other."""
    encoder = TableEncoder()
    encoder.schema = state.schema
    layout, num_classes, weights = encoder.layout, len(state.classes), state.generator
    n_inputs, hidden_dim, num_layers = _sizes(weights)
    generator = _network(
        GanGenerator,
        weights,
        noise_dim=n_inputs - num_classes,
        num_classes=num_classes,
        feature_dim=layout.width,
        hidden_dim=hidden_dim,
        num_layers=num_layers,
        block_sizes=layout.block_sizes,
        moments=weights.get("moments"),
        **vars(state.generator_options),
    )
    classifier = None
    if state.classifier is not None:
        _, hidden_dim, _ = _sizes(state.classifier)
        classifier = _network(
            RowClassifier, state.classifier, feature_dim=layout.width, num_classes=num_classes, hidden_dim=hidden_dim
        )
    counts = np.array(state.counts, dtype=np.int64)
    # Labels of several types would all become strings in an array that is not of objects.
    dtype = None if len(set(map(type, state.classes))) == 1 else object
    labels = np.array(state.classes, dtype=dtype)
    return RowModel(generator, encoder, labels, counts, classifier, state.rejection_rate, state.boundary_focus)


def critic_from_state(weights: Weights, model: RowModel) -> GanDiscriminator:
    """Return a critic with these weights, for the table and the classes of a model."""
    _, hidden_dim, num_layers = _sizes(weights)
    return _network(
        GanDiscriminator,
        weights,
        feature_dim=model.encoder.layout.width,
        num_classes=len(model.classes),
        hidden_dim=hidden_dim,
        num_layers=num_layers,
    )


def _sizes(weights: Weights) -> tuple[int, int, int]:
    """Return the numbers of inputs, of units in a hidden layer, and of hidden layers, as the weights show them."""
    first = weights.get("hidden.0.weight")
    if first is None or first.ndim != 2 or 0 in first.shape:
        raise CheckpointError("The file has a network without a first layer.")
    num_layers = sum(name.startswith("hidden.") and name.endswith(".weight") for name in weights)
    return first.shape[1], first.shape[0], num_layers


@refusing
def _network(kind: Callable[..., _Network], weights: Weights, **options: Any) -> _Network:
    """Return a network with these weights. It takes memory only after its size was compared with that of the file."""
    n_units, num_layers = options["hidden_dim"], options.get("num_layers", 2)
    n_numbers = n_units * (options["feature_dim"] + options["num_classes"] + (num_layers - 1) * n_units)
    if n_numbers > sum(tensor.numel() for tensor in weights.values()):
        raise CheckpointError(f"The file does not hold all weights of a network with {n_units} units in a layer.")
    for name, tensor in weights.items():
        if tensor.dtype not in (torch.float32, torch.int64) or not bool((tensor.abs() <= MAX_WEIGHT).all()):
            raise CheckpointError(f"The weights {name} hold numbers that are not finite in 32 bits, or are too large.")
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise CheckpointError(f"The weights {name} hold variances below 0.")

    network = kind(random_state=0, **options)
    with torch.no_grad():
        network.load_state_dict(weights)
    return network.eval()
