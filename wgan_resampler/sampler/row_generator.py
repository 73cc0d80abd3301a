"""The trained generator with its encoder and classifier, which generates rows of the table."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.gan import (
    GanGenerator,
    NeighborCandidates,
    RowClassifier,
    class_rejection_rates,
    collapse,
    generate,
)
from wgan_resampler.tables import Cells, EncodedRows, TableEncoder, find_label, plain_label, schema_to_state
from wgan_resampler.utils import computing, new_generator

_ROWS_PER_CHUNK = 16_384
"""Most rows generated at a time on the CPU, to limit memory."""

_ROWS_PER_CHUNK_ON_CUDA = 2**19
"""Most rows generated at a time with CUDA. With more rows, starting the operations costs less per row."""

_CELLS_PER_CHUNK = 2**23
"""Most values of the encoded matrix generated at a time, to limit memory."""

_OPEN_END = 1.0 - 2.0**-21
"""Largest encoded value that is decoded.

A saturated tanh gives exactly 1, which decodes to the largest observed value. In a table of one column, such a row
would be a copy of an original row.
"""


@dataclass(frozen=True)
class RowModel:
    """Generates rows of given classes.

    Parameters
    ----------
    generator : GanGenerator
        The trained network.
    encoder : TableEncoder
        The fitted encoder, which decodes what the generator makes.
    classes : ndarray of shape (n_classes,)
        Sorted class labels. Class index i stands for the i-th.
    counts : ndarray of shape (n_classes,)
        Rows of each class in the training data.
    classifier : RowClassifier or None, default=None
        Estimates how probable the class of a row is. With None, no row is rejected.
    rejection_rate : float, default=0.0
        Share of the generated rows that are rejected.
    boundary_focus : float, default=0.0
        How strongly rows near other classes are preferred; see `candidates.generate`.
    """

    generator: GanGenerator
    encoder: TableEncoder
    classes: NDArray[Any]
    counts: NDArray[np.int64]
    classifier: RowClassifier | None = None
    rejection_rate: float = 0.0
    boundary_focus: float = 0.0

    def draw(
        self, class_indices: NDArray[np.int64], seed: int, neighbors: NeighborCandidates | None = None
    ) -> list[Cells]:
        """Generate one row for each class index.

        Parameters
        ----------
        class_indices : ndarray of shape (n,)
            The class index of each row.
        seed : int
            Seed of the noise.
        neighbors : NeighborCandidates or None, default=None
            The source of candidates that are moved original rows. None takes all candidates from the generator.

        Returns
        -------
        list of NumericCells or CategoricalCells
            One for each column of the table.
        """
        generator = self.generator.eval()
        device = generator.output.weight.device
        rng = new_generator(seed, device)
        layout = self.encoder.layout
        n = len(class_indices)
        rows = EncodedRows(
            np.empty((n, layout.n_values), dtype=np.float32), np.empty((n, len(layout.block_sizes)), dtype=np.int32)
        )
        most = _ROWS_PER_CHUNK_ON_CUDA if device.type == "cuda" else _ROWS_PER_CHUNK
        size = max(1, min(most, _CELLS_PER_CHUNK // layout.width))
        rates = class_rejection_rates(self.rejection_rate, torch.from_numpy(self.counts)).to(device)
        with computing(device):
            for start in range(0, n, size):
                indices = torch.from_numpy(class_indices[start : start + size]).to(device)
                encoded = generate(generator, indices, rng, self.classifier, rates, self.boundary_focus, neighbors)
                values, states = collapse(encoded, layout)
                rows.values[start : start + len(indices)] = values.clamp(-_OPEN_END, _OPEN_END).cpu().numpy()
                rows.states[start : start + len(indices)] = states.cpu().numpy()
        return self.encoder.decode(rows, seed)

    def to(self, device: torch.device) -> RowModel:
        """Return a copy of this model on another device, or the model itself if it is there already."""
        if self.generator.output.weight.device == device:
            return self
        return replace(
            self,
            generator=copy.deepcopy(self.generator).to(device),
            classifier=None if self.classifier is None else copy.deepcopy(self.classifier).to(device),
        )

    def choose(self, n_samples: int | Mapping[Any, int], label: Any, seed: int) -> NDArray[np.int64]:
        """Return the class index of each row that the caller asks for.

        Parameters
        ----------
        n_samples : int or mapping
            Number of rows, or number of rows per class label.
        label : Any
            Class label of all rows. None draws the class of each row with its frequency in the training data.
        seed : int
            Seed of that draw.

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        InvalidParameterError
            If a class is unknown, or a number of rows is not an integer of at least 0.
        """
        if isinstance(n_samples, Mapping):
            if label is not None:
                raise InvalidParameterError(f"label={label!r} is not used when n_samples is a dict of classes.")
            parts = [self._repeat(each, n) for each, n in n_samples.items()]
            return np.concatenate([np.empty(0, dtype=np.int64), *parts])
        if label is not None:
            return self._repeat(label, n_samples)
        _check_number(n_samples)
        shares = self.counts / self.counts.sum()
        return np.random.default_rng(seed).choice(len(self.classes), size=int(n_samples), p=shares)

    def _repeat(self, label: Any, n: int) -> NDArray[np.int64]:
        _check_number(n)
        index = find_label(label, self.classes)
        if index is None:
            raise InvalidParameterError(
                f"Class {label!r} was not in the training data. Known classes: {shown_labels(self.classes)}."
            )
        return np.full(int(n), index, dtype=np.int64)


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


def shown_labels(labels: Iterable[Any]) -> str:
    """Return class labels for a message."""
    return ", ".join(repr(plain_label(label)) for label in labels)


def _check_number(n: object) -> None:
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 0:
        raise InvalidParameterError(f"The number of rows to sample must be an integer of at least 0; got {n!r}.")
