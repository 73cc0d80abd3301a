"""A trained generator together with what turns its output into rows of the table."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.batches import one_hot
from wgan_resampler.encoding import TableEncoder
from wgan_resampler.networks import GanGenerator
from wgan_resampler.runtime import computing, new_generator

_ROWS_PER_CHUNK = 16_384
"""Rows generated at a time, which bounds the memory of the hidden layers."""


_OPEN_END = 1.0 - 2.0**-21
"""Largest encoded value that is decoded.

A saturated tanh gives 1 exactly, which stands for the largest observed value: in a table of one column, a copy.
"""


@dataclass(frozen=True)
class RowModel:
    """Draws rows of given classes.

    Parameters
    ----------
    generator : GanGenerator
        Trained network.
    encoder : TableEncoder
        Fitted scales of the columns.
    classes : ndarray of shape (n_classes,)
        Sorted class labels; class index i stands for the i-th.
    counts : ndarray of shape (n_classes,)
        Rows of each class in the training data.
    """

    generator: GanGenerator
    encoder: TableEncoder
    classes: NDArray[Any]
    counts: NDArray[np.int64]

    def draw(self, class_indices: NDArray[np.int64], seed: int) -> list[NDArray[Any]]:
        """Generate one row for each class index.

        Parameters
        ----------
        class_indices : ndarray of shape (n,)
            Which class each row has.
        seed : int
            Seed of the noise.

        Returns
        -------
        list of ndarray of shape (n,)
            One array per column of the table, in its dtype.
        """
        generator = self.generator.eval()
        device = generator.output.weight.device
        rng = new_generator(seed, device)
        encoded = np.empty((len(class_indices), self.encoder.encoded_dim), dtype=np.float32)
        with computing(device):
            for start in range(0, len(class_indices), _ROWS_PER_CHUNK):
                indices = torch.from_numpy(class_indices[start : start + _ROWS_PER_CHUNK]).to(device)
                condition = one_hot(indices, generator.num_classes)
                noise = torch.randn(
                    len(indices), generator.noise_dim, generator=rng, dtype=torch.float32, device=device
                )
                encoded[start : start + len(indices)] = generator(noise, condition).cpu().numpy()
        return self.encoder.decode(encoded.clip(-_OPEN_END, _OPEN_END, out=encoded))

    def on_cpu(self) -> RowModel:
        """Return this model with its network on the CPU; the model itself if it is there already."""
        if self.generator.output.weight.device.type == "cpu":
            return self
        return replace(self, generator=copy.deepcopy(self.generator).cpu())
