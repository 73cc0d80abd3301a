"""Distances between rows.

Distances are Euclidean. Values are measured in units of their spread within classes, and each state that differs adds 1
to the square.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wgan_resampler.gan.rows.encoded_table import EncodedTable

_MIN_UNIT = 0.05
"""Smallest unit of a value in distances. Each column spans 2.

Without it, a column that is constant within the classes would outweigh all others.
"""


def evenly_spaced(n: int, most: int, device: torch.device) -> Tensor:
    """Return at most `most` of the positions 0 .. n - 1, evenly spaced; all of them if there are no more."""
    k = min(n, most)
    return torch.arange(k, device=device) * n // k


def square_distances(table: EncodedTable, rows: Tensor, others: Tensor, unit: Tensor) -> Tensor:
    """Return the squared distances of some rows from others.

    Parameters
    ----------
    table : EncodedTable
        The rows.
    rows, others : torch.Tensor of shape (k,) and (m,)
        Positions in the table.
    unit : torch.Tensor of shape (n_values,)
        See `value_units`.

    Returns
    -------
    torch.Tensor of shape (k, m)
    """
    values, states = table.values, table.states
    square = torch.cdist(values[rows] / unit, values[others] / unit).square_()
    if states.shape[1]:
        # The "norm" of order 0 counts the states that differ; their numbers are exact in float32.
        square += torch.cdist(states[rows].to(values.dtype), states[others].to(values.dtype), p=0.0)
    return square


def value_units(table: EncodedTable) -> Tensor:
    """Return the unit of each value in distances: its standard deviation within classes, which weigh the same.

    Parameters
    ----------
    table : EncodedTable
        The rows.

    Returns
    -------
    torch.Tensor of shape (n_values,)
    """
    _, variances = table.moments_within_classes()
    return variances.mean(dim=0).sqrt().clamp_min(_MIN_UNIT)
