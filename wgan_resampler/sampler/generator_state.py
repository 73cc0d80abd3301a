"""A trained model as tensors and plain values, and back. Everything is checked before memory is allocated.

The sizes of the networks follow from the shapes of their weights.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import torch
from msgspec import Meta
from torch import Tensor, nn

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.gan import GanDiscriminator, GanGenerator, RowClassifier
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import TableEncoder, schema_from_state, schema_to_state
from wgan_resampler.utils.storage import NotNegative, Scalar, Share, Weights

_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True)
class GeneratorOptions:
    """Options of a generator that its weights do not show; see `GanGenerator`."""

    dropout: Share
    normalization: Literal["batch", "layer"] | None
    skip_connections: bool


@dataclass(frozen=True)
class ModelState:
    """A `RowModel` as files hold it.

    `generator` and `classifier` are the weights of the two networks, and `schema` is what `schema_to_state` returns.
    The other fields mean what they mean in `RowModel` and `GanGenerator`.
    """

    generator: Weights
    generator_options: GeneratorOptions
    classifier: Weights | None
    rejection_rate: Share
    boundary_focus: NotNegative
    schema: dict[str, Any]
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
    encoder.schema = schema_from_state(state.schema)
    generator, classifier = _generator(state, encoder), None
    if state.classifier is not None:
        width, num_classes = encoder.layout.width, len(state.classes)
        _, hidden_dim, _ = _sizes(state.classifier, width, num_classes, num_layers=2)
        classifier = RowClassifier(feature_dim=width, num_classes=num_classes, hidden_dim=hidden_dim, random_state=0)
        _load(classifier, state.classifier)
    counts = np.array(state.counts, dtype=np.int64)
    # Labels of several types would all become strings in an array that is not of objects.
    dtype = None if len(set(map(type, state.classes))) == 1 else object
    labels = np.array(state.classes, dtype=dtype)
    return RowModel(generator, encoder, labels, counts, classifier, state.rejection_rate, state.boundary_focus)


def critic_from_state(weights: Weights, model: RowModel) -> GanDiscriminator:
    """Return a critic with these weights, for the table and the classes of a model."""
    width, num_classes = model.encoder.layout.width, len(model.classes)
    _, hidden_dim, num_layers = _sizes(weights, width + num_classes, 1)
    critic = GanDiscriminator(
        feature_dim=width, num_classes=num_classes, hidden_dim=hidden_dim, num_layers=num_layers, random_state=0
    )
    return _load(critic, weights)


def model_hash(model: RowModel) -> str:
    """Return the SHA-256 of weights and encoder, which is the same in every file of the model."""
    digest = hashlib.sha256()
    networks = [model.generator] if model.classifier is None else [model.generator, model.classifier]
    for network in networks:
        for name, tensor in sorted(network.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    digest.update(repr(schema_to_state(model.encoder.schema)).encode())
    return digest.hexdigest()


def _generator(state: ModelState, encoder: TableEncoder) -> GanGenerator:
    weights, layout, num_classes = state.generator, encoder.layout, len(state.classes)
    n_inputs, hidden_dim, num_layers = _sizes(weights, None, layout.width)
    noise_dim = n_inputs - num_classes
    if "moments" in weights:
        _check_shape(weights, "moments", (num_classes, noise_dim + 1, layout.width))
    generator = GanGenerator(
        num_classes=num_classes,
        feature_dim=layout.width,
        noise_dim=noise_dim,
        hidden_dim=hidden_dim,
        num_layers=num_layers,
        block_sizes=layout.block_sizes,
        moments=weights.get("moments"),
        random_state=0,
        **vars(state.generator_options),
    )
    return _load(generator, weights)


def _sizes(
    weights: Weights, n_inputs: int | None, n_outputs: int, num_layers: int | None = None
) -> tuple[int, int, int]:
    """Return the numbers of inputs, of units in a hidden layer, and of hidden layers, as the weights show them.

    CheckpointError is raised unless all weights have shapes that fit these numbers. A network is built only after that.
    """
    first = weights.get("hidden.0.weight")
    if first is None or first.ndim != 2 or 0 in first.shape:
        raise CheckpointError("A network has no first layer.")
    hidden_dim, found_inputs = first.shape
    if num_layers is None:
        num_layers = sum(name.startswith("hidden.") and name.endswith(".weight") for name in weights)
    sizes = [n_inputs or found_inputs, *[hidden_dim] * num_layers]
    for i, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        _check_shape(weights, f"hidden.{i}.weight", (n_out, n_in))
    _check_shape(weights, "output.weight", (n_outputs, hidden_dim))
    return found_inputs, hidden_dim, num_layers


def _check_shape(weights: Mapping[str, Tensor], name: str, shape: tuple[int, ...]) -> None:
    found = tuple(weights[name].shape) if name in weights else None
    if found != shape:
        raise CheckpointError(f"The weights {name} should have shape {shape}; the file has {found}.")


def _load(network: _Network, weights: Weights) -> _Network:
    """Put weights into a network. Larger float types are refused, as their numbers could overflow."""
    for name, tensor in weights.items():
        if tensor.dtype not in (torch.float32, torch.int64) or not bool(tensor.isfinite().all()):
            raise CheckpointError(f"The weights {name} hold numbers that are not finite in 32 bits.")
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise CheckpointError(f"The weights {name} hold variances below 0.")
    with torch.no_grad():
        network.load_state_dict(weights)
    return network.eval()
