"""How far rows are from each other.

Distances are Euclidean, values in units of their spread within classes; each state that differs adds 1 to the square.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from wgan_resampler.tables import Link

_MIN_UNIT = 0.05
"""Least unit of a value in distances, on the scale of 2 that each column spans."""


def evenly_spaced(n: int, most: int, device: torch.device) -> Tensor:
    """Return at most `most` of the positions 0 .. n - 1, evenly spaced; all of them if there are no more."""
    k = min(n, most)
    return torch.arange(k, device=device) * n // k


def square_distances(values: Tensor, states: Tensor, rows: Tensor, others: Tensor, unit: Tensor) -> Tensor:
    """Return the squared distances of some rows from others.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Encoded values.
    states : torch.Tensor of shape (n, n_blocks)
        States of the same rows.
    rows, others : torch.Tensor of shape (k,) and (m,)
        Positions.
    unit : torch.Tensor of shape (n_values,)
        See `value_units`.

    Returns
    -------
    torch.Tensor of shape (k, m)
    """
    square = torch.cdist(values[rows] / unit, values[others] / unit).square_()
    if states.shape[1]:
        # The "norm" of order 0 counts the states that differ; their numbers are exact in float32.
        square += torch.cdist(states[rows].to(values.dtype), states[others].to(values.dtype), p=0.0)
    return square


def value_units(values: Tensor, ordinary: Tensor | None, counts: Tensor) -> Tensor:
    """Return the unit of each value in distances: its standard deviation within classes, which weigh alike.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Sorted by class.
    ordinary : torch.Tensor of shape (n, n_values) and dtype bool, or None
        Which of them count; None for all.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class.

    Returns
    -------
    torch.Tensor of shape (n_values,)
    """
    _, variances = moments_within_classes(values, ordinary, counts)
    return variances.mean(dim=0).sqrt().clamp_min(_MIN_UNIT)


def ordinary_values(values: Tensor, states: Tensor, links: Sequence[Link]) -> Tensor | None:
    """Return where a value counts: all but beside a block that is not in its first state; None for everywhere."""
    if not links:
        return None
    ordinary = torch.ones_like(values, dtype=torch.bool)
    for link in links:
        ordinary[:, link.value] = states[:, link.block] == 0
    return ordinary


def moments_within_classes(values: Tensor, ordinary: Tensor | None, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the values that count, class by class.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Sorted by class.
    ordinary : torch.Tensor of shape (n, n_values) and dtype bool, or None
        Which of them count; None for all.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class.

    Returns
    -------
    means, variances : torch.Tensor of shape (num_classes, n_values)
        A class without a value that counts has mean and variance 0.
    """
    means, variances = [], []
    sizes = counts.tolist()
    parts = torch.split(values, sizes)
    masks = [None] * len(parts) if ordinary is None else torch.split(ordinary, sizes)
    for part, counted in zip(parts, masks, strict=True):
        if counted is None:
            mean = part.sum(dim=0) / len(part)
            means.append(mean)
            variances.append((part - mean).square_().sum(dim=0) / len(part))
            continue
        n = counted.sum(dim=0).clamp_min(1)
        mean = torch.where(counted, part, 0.0).sum(dim=0) / n
        means.append(mean)
        variances.append(torch.where(counted, part - mean, 0.0).square().sum(dim=0) / n)
    return torch.stack(means), torch.stack(variances)
