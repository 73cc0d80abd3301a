"""Which rows are isolated among rows of other classes.

An isolated row has none of its own class among its nearest ones. Errors of measurement and of labelling look like that,
and between such rows other classes are at home: rows generated there cost more precision than they give recall. So
SMOTE's descendants do not start from them (the "noise" of Borderline-SMOTE, Han et al. 2005, section 3; the "outliers"
of Napierala & Stefanowski 2016, J. Intell. Inf. Syst. 46), and here they do not teach.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from wgan_resampler.gan.rows.distances import evenly_spaced, ordinary_values, square_distances, value_units
from wgan_resampler.tables import Link

FEWEST_ROWS, MOST_ROWS = 50, 2048
"""A class of fewer rows keeps them all, since each may be the only one that tells of a part of its class; one of more
rows does, since it has enough that are right, and to look at all of them would take longer than training."""

MAX_OTHERS = 4096
"""Rows of other classes that are looked at; if there are more, each of these stands for several."""

SCATTERED = 0.5
"""If rows of a class are isolated this many times as often as if labels were drawn at random, none of them count.

Such a class is scattered among the others: its isolated rows are no errors, but what many of its rows are like. Of a
class of a third of the table or more hardly any row is isolated by chance, so that a few isolated ones stay: there,
they do little harm.
"""

_ROWS_PER_BLOCK = 1024
"""Rows whose distances are held at a time."""


def isolated_rows(
    values: Tensor, states: Tensor, counts: Tensor, m_neighbors: int, links: Sequence[Link] = ()
) -> Tensor:
    """Return which rows have none of their class among the nearest ones of the table.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Encoded values, sorted by class.
    states : torch.Tensor of shape (n, n_blocks)
        States of the same rows; int64.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class; none is 0.
    m_neighbors : int
        How many of the nearest rows count; at least 1.
    links : sequence of Link, default=()
        The values that count only in the first state of a block: elsewhere they have no say in the units of values.

    Returns
    -------
    torch.Tensor of shape (n,) and dtype bool
        False for all rows of the largest class, of classes of less than `FEWEST_ROWS` or more than `MOST_ROWS`, and of
        those that are `SCATTERED`.

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.gan.rows.isolated_rows import isolated_rows
    >>> values = torch.cat((torch.linspace(-1, 0, 99), torch.linspace(0.5, 1, 49), torch.tensor([-0.5]))).unsqueeze(1)
    >>> isolated_rows(values, torch.zeros(149, 0), torch.tensor([99, 50]), m_neighbors=3).nonzero().tolist()
    [[148]]
    """
    n, sizes, device = len(values), counts.tolist(), values.device
    largest = max(sizes)
    unit = value_units(values, ordinary_values(values, states, links), counts)
    isolated = torch.zeros(n, dtype=torch.bool, device=device)
    for start, size in zip((counts.cumsum(0) - counts).tolist(), sizes, strict=True):
        if size == largest or not FEWEST_ROWS <= size <= MOST_ROWS:
            continue
        rows = torch.arange(start, start + size, device=device)
        n_others = n - size
        seen = evenly_spaced(n_others, MAX_OTHERS, device)
        seen += size * (seen >= start)  # past the rows of this class
        n_closer = []
        for block in torch.split(rows, _ROWS_PER_BLOCK):
            own = square_distances(values, states, block, rows, unit)
            nearest = own.masked_fill_(block.unsqueeze(1) == rows, torch.inf).amin(dim=1, keepdim=True)
            n_closer.append((square_distances(values, states, block, seen, unit) < nearest).sum(dim=1))
        found = torch.cat(n_closer) * (n_others / len(seen)) >= m_neighbors
        by_chance = (1.0 - size / n) ** m_neighbors
        isolated[rows] = found & (found.sum() < SCATTERED * by_chance * size)
    return isolated
