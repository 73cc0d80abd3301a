"""A trained model as tensors and plain values, and back. Everything is checked before memory is allocated.

The sizes of the networks follow from the shapes of their weights.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import torch
from msgspec import Meta
from torch import nn

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.gan import GanGenerator, RowClassifier
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import TableEncoder, TableSchema, schema_to_state
from wgan_resampler.utils.storage import NotNegative, Scalar, Share, Weights, refusing

_Network = TypeVar("_Network", bound=nn.Module)

MAX_WEIGHT = 1e15
"""Largest weight that is accepted. If weights and inputs are not larger, the output of a layer is finite."""


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
    """Return a trained model as a state. `classes` are its class labels as plain values."""
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
    sizes = encoder.layout.width, len(state.classes)
    options: dict[str, Any] = {**vars(state.generator_options), "moments": state.generator.get("moments")}
    options["block_sizes"] = encoder.layout.block_sizes
    generator = network_from_state(GanGenerator, state.generator, *sizes, **options)
    classifier = None if state.classifier is None else network_from_state(RowClassifier, state.classifier, *sizes)
    counts = np.array(state.counts, dtype=np.int64)
    # Without dtype object, numpy would convert labels of several types to strings.
    dtype = None if len(set(map(type, state.classes))) == 1 else object
    labels = np.array(state.classes, dtype=dtype)
    return RowModel(generator, encoder, labels, counts, classifier, state.rejection_rate, state.boundary_focus)


@refusing
def network_from_state(
    kind: Callable[..., _Network], weights: Weights, feature_dim: int, num_classes: int, **options: Any
) -> _Network:
    """Return a network with these weights. Before memory is allocated, the size is compared with that of the file.

    `kind` is the class of the network, and `options` are those of its parameters that the weights do not show.
    """
    first = weights.get("hidden.0.weight")
    if first is None or first.ndim != 2 or 0 in first.shape:
        raise CheckpointError("The file has a network without a first layer.")
    n_units, n_inputs = first.shape
    n_layers = sum(name.startswith("hidden.") and name.endswith(".weight") for name in weights)
    shown = {"noise_dim": n_inputs - num_classes, "hidden_dim": n_units, "num_layers": n_layers}
    options |= {name: size for name, size in shown.items() if name in inspect.signature(kind).parameters}
    n_numbers = n_units * (feature_dim + num_classes + (options.get("num_layers", 2) - 1) * n_units)
    if n_numbers > sum(tensor.numel() for tensor in weights.values()):
        raise CheckpointError(f"The file does not hold all weights of a network with {n_units} units in a layer.")
    for name, tensor in weights.items():
        if tensor.dtype not in (torch.float32, torch.int64) or not bool((tensor.abs() <= MAX_WEIGHT).all()):
            raise CheckpointError(f"The weights {name} hold numbers that are not finite in 32 bits, or are too large.")
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise CheckpointError(f"The weights {name} hold variances below 0.")
    network = kind(feature_dim=feature_dim, num_classes=num_classes, random_state=0, **options)
    with torch.no_grad():
        network.load_state_dict(weights)
    return network.eval()
