"""A trained model as tensors and plain values, and back, with everything checked before it is used.

What a file claims is compared with what it holds before memory is taken or a network is built: sizes of networks follow
from the shapes of their weights.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.gan import GanGenerator, RowClassifier
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import CategoricalColumn, Column, NumericColumn, Scale, TableEncoder, TableSchema
from wgan_resampler.utils.storage import Plain, checked, get

_SWITCHES = {"dropout": (int, float), "normalization": (str, type(None)), "skip_connections": (bool,)}
"""Options of a generator, and the types they may have."""


def model_to_state(model: RowModel, classes: Sequence[Any]) -> Plain:
    """Return a model as tensors and plain values.

    Parameters
    ----------
    model : RowModel
        Trained.
    classes : sequence of str, int, float or bool
        Its class labels as plain values.

    Returns
    -------
    dict
    """
    generator = model.generator
    return {
        "generator": dict(generator.state_dict()),
        "generator_options": {
            "dropout": generator.dropout.p,
            "normalization": generator.normalization,
            "skip_connections": generator.skip_connections,
        },
        "classifier": None if model.classifier is None else dict(model.classifier.state_dict()),
        "rejection_rate": model.rejection_rate,
        "boundary_focus": model.boundary_focus,
        "schema": schema_to_state(model.encoder.schema),
        "classes": list(classes),
        "counts": model.counts.tolist(),
    }


def model_from_state(state: Mapping[str, Any]) -> RowModel:
    """Undo `model_to_state`, on the CPU.

    Raises
    ------
    CheckpointError
        If the parts of the state do not fit each other.
    """
    schema = schema_from_state(get(state, "schema", dict))
    classes, counts = get(state, "classes", list), get(state, "counts", list)
    if len(classes) < 1 or len(counts) != len(classes) or not all(type(n) is int and n >= 0 for n in counts):
        raise CheckpointError("It must hold as many numbers of rows as classes, and at least one.")
    width, num_classes = schema.layout.width, len(classes)
    generator = _generator(get(state, "generator", dict), get(state, "generator_options", dict), schema, num_classes)
    classifier = None
    if state.get("classifier") is not None:
        weights = _weights(get(state, "classifier", dict))
        hidden_dim = _rows(weights, "hidden.0.weight", width)
        # A network of these sizes is only built once the file is known to hold that many weights.
        _check_size(weights, "output.weight", (num_classes, hidden_dim))
        classifier = RowClassifier(feature_dim=width, num_classes=num_classes, hidden_dim=hidden_dim, random_state=0)
        _load(classifier, weights)
    rate = state.get("rejection_rate")
    if not isinstance(rate, float) or not 0.0 <= rate < 1.0:
        raise CheckpointError(f"rejection_rate must lie in [0, 1); the file has {rate!r}.")
    focus = state.get("boundary_focus")
    if not isinstance(focus, float) or not 0.0 <= focus < math.inf:
        raise CheckpointError(f"boundary_focus must be at least 0; the file has {focus!r}.")
    encoder = TableEncoder()
    encoder.schema = schema
    return RowModel(generator, encoder, _labels(classes), checked(_counts, counts), classifier, rate, focus)


def model_hash(model: RowModel) -> str:
    """Return the SHA-256 of weights and encoder: equal for equal models, whatever file they are in."""
    digest = hashlib.sha256()
    networks = [model.generator] if model.classifier is None else [model.generator, model.classifier]
    for network in networks:
        for name, tensor in sorted(network.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    digest.update(repr(schema_to_state(model.encoder.schema)).encode())
    return digest.hexdigest()


def schema_to_state(schema: TableSchema) -> Plain:
    """Return a schema as plain values."""
    return {"columns": [_column_to_state(column) for column in schema.columns]}


def schema_from_state(state: Mapping[str, Any]) -> TableSchema:
    """Undo `schema_to_state`.

    Raises
    ------
    CheckpointError
        If a column makes no sense.
    """
    columns = get(state, "columns", list)
    if not columns:
        raise CheckpointError("It holds a table without columns.")
    return TableSchema(tuple(checked(_column_from_state, column) for column in columns))


def _column_to_state(column: Column) -> Plain:
    if isinstance(column, CategoricalColumn):
        return {"kind": "categories", **asdict(column)}
    scale = column.scale
    return {
        "kind": "numbers",
        "dtype": column.dtype.str,
        "scale": None if scale is None else {**asdict(scale), "dtype": scale.dtype.str},
        "frequent": list(column.frequent),
        "has_missing": column.has_missing,
    }


def _column_from_state(state: Mapping[str, Any]) -> Column:
    has_missing = get(state, "has_missing", bool)
    if state["kind"] == "categories":
        n_categories = get(state, "n_categories", int)
        if n_categories < 0 or n_categories + has_missing < 1:
            raise ValueError("a column without categories")
        return CategoricalColumn(n_categories, has_missing)
    if state["kind"] != "numbers":
        raise ValueError("a column that holds neither numbers nor categories")
    dtype = _dtype(state["dtype"])
    scale = None if state["scale"] is None else _scale(state["scale"])
    frequent = tuple(get(state, "frequent", list))
    _check_held(frequent, dtype)
    if not _increases(frequent) or (scale is None and not frequent and not has_missing):
        raise ValueError("frequent values that do not increase, or none at all")
    if scale is not None and scale.dtype != dtype:
        raise ValueError("two dtypes for one column")
    return NumericColumn(dtype, scale, frequent, has_missing)


def _scale(state: Mapping[str, Any]) -> Scale:
    knots, positions = tuple(state["knots"]), tuple(state["positions"])
    if not knots or len(knots) != len(positions) or not _increases(knots) or not _increases(positions):
        raise ValueError("knots that do not increase")
    if not all(type(number) is float for number in (*knots, *positions)):
        raise ValueError("knots that are no numbers")
    minimum, maximum = state["minimum"], state["maximum"]
    dtype = _dtype(state["dtype"])
    _check_held((minimum, maximum), dtype)
    if not minimum <= maximum:
        raise ValueError("a range that is none")
    return Scale(dtype, minimum, maximum, knots, positions)


def _dtype(text: Any) -> np.dtype:
    if type(text) is not str or not re.fullmatch(r"[<>|]?(b1|[iu][1248]|f[248])", text):
        raise ValueError("a dtype that is none of numbers")
    return np.dtype(text)


def _check_held(numbers: Sequence[Any], dtype: np.dtype) -> None:
    """Raise unless all numbers are finite ones of this dtype: what decoding fills in must not overflow then."""
    kind = {"b": bool, "f": float}.get(dtype.kind, int)
    if not all(type(number) is kind and math.isfinite(number) for number in numbers):
        raise ValueError(f"numbers that are not of dtype {dtype}")
    with np.errstate(over="raise"):
        np.array(numbers, dtype=dtype)  # OverflowError where it does not hold them


def _increases(numbers: Sequence[Any]) -> bool:
    return all(type(n) in (int, float, bool) and math.isfinite(n) for n in numbers) and all(
        a < b for a, b in itertools.pairwise(numbers)
    )


def _generator(
    state: Mapping[str, Any], options: Mapping[str, Any], schema: TableSchema, num_classes: int
) -> GanGenerator:
    """Return a generator with the weights of `state`, whose shapes say how large it is."""
    weights = _weights(state)
    first = weights.get("hidden.0.weight")
    if first is None or first.ndim != 2 or first.shape[1] <= num_classes:
        raise CheckpointError("Its generator has no first layer that takes noise and classes.")
    hidden_dim = first.shape[0]
    num_layers = 0
    while f"hidden.{num_layers}.weight" in weights:
        if num_layers:
            _check_size(weights, f"hidden.{num_layers}.weight", (hidden_dim, hidden_dim))
        num_layers += 1
    for name, kinds in _SWITCHES.items():
        if name in options and type(options[name]) not in kinds:
            raise CheckpointError(f"{name} of its generator is a {type(options[name]).__name__}.")
    width, noise_dim = schema.layout.width, first.shape[1] - num_classes
    _check_size(weights, "output.weight", (width, hidden_dim))
    if "moments" in weights:
        _check_size(weights, "moments", (num_classes, noise_dim + 1, width))
    generator = checked(
        lambda chosen: GanGenerator(
            num_classes=num_classes,
            feature_dim=width,
            noise_dim=noise_dim,
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            block_sizes=schema.layout.block_sizes,
            moments=weights.get("moments"),
            random_state=0,
            **chosen,
        ),
        {name: options[name] for name in _SWITCHES if name in options},
    )
    _load(generator, weights)
    return generator.eval()


def _weights(state: Mapping[str, Any]) -> dict[str, Tensor]:
    weights = {name: tensor for name, tensor in state.items() if type(name) is str and isinstance(tensor, Tensor)}
    if len(weights) != len(state):
        raise CheckpointError("A network holds something else than named tensors.")
    for name, tensor in weights.items():
        if not bool(tensor.isfinite().all()) or (name.endswith("running_var") and bool((tensor < 0).any())):
            raise CheckpointError(f"The weights {name} hold numbers that are not finite, or variances below 0.")
    return weights


def _rows(weights: Mapping[str, Tensor], name: str, n_columns: int) -> int:
    tensor = weights.get(name)
    if tensor is None or tensor.ndim != 2 or tensor.shape[1] != n_columns:
        raise CheckpointError(f"The weights {name} are missing, or do not have {n_columns} columns.")
    return int(tensor.shape[0])


def _check_size(weights: Mapping[str, Tensor], name: str, shape: tuple[int, ...]) -> None:
    found = tuple(weights[name].shape) if name in weights else None
    if found != shape:
        raise CheckpointError(f"The weights {name} should have shape {shape}; the file has {found}.")


def _load(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        checked(lambda state: network.load_state_dict(dict(state)), weights)


def _labels(classes: list[Any]) -> np.ndarray[Any, Any]:
    if any(type(label) not in (str, int, float, bool) for label in classes):
        raise CheckpointError("Class labels must be texts or numbers.")
    if len(set(classes)) != len(classes):
        raise CheckpointError("It names a class twice.")
    labels = np.array(classes)
    return labels if labels.ndim == 1 and len({type(label) for label in classes}) == 1 else np.array(classes, object)


def _counts(numbers: list[int]) -> NDArray[np.int64]:
    counts = np.array(numbers, dtype=np.int64)
    if sum(numbers) >= 2**63:
        raise ValueError("more rows than a table can have")
    return counts
