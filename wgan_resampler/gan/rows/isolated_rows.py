"""Rows that are isolated among rows of other classes.

The nearest rows of an isolated row are all of other classes. Errors of measurement and of labeling cause such rows. An
isolated row lies in the region of other classes. Rows generated there lower precision more than they raise recall.
Variants of SMOTE do not start from such rows either (the "noise" of Borderline-SMOTE, Han et al. 2005, section 3; the
"outliers" of Napierala & Stefanowski 2016, J. Intell. Inf. Syst. 46). Here they are left out of training.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wgan_resampler.gan.rows.distances import evenly_spaced, square_distances, value_units
from wgan_resampler.gan.rows.encoded_table import EncodedTable

FEWEST_ROWS, MOST_ROWS = 50, 2048
"""Only classes of this many rows are examined.

A smaller class keeps all its rows, since each may be the only one that shows a part of the class. A larger class has
enough good rows, and to examine them all would take longer than training.
"""

MAX_OTHERS = 4096
"""Largest number of rows of other classes that are compared. If there are more, each compared row counts as several."""

SCATTERED = 0.5
"""A class keeps all its rows if its share of isolated rows is at least this times the share that random labels give.

Such a class is scattered among the others: its isolated rows are not errors, but typical of it. In a class with a third
of the table or more, random labels would isolate hardly any row, so it may keep a few isolated ones. They do little
harm there.
"""

_ROWS_PER_BLOCK = 1024
"""Rows whose distances are held at a time."""


def isolated_rows(table: EncodedTable, m_neighbors: int) -> Tensor:
    """Return which rows have only rows of other classes among their nearest ones.

    Parameters
    ----------
    table : EncodedTable
        The rows.
    m_neighbors : int
        How many of the nearest rows count; at least 1.

    Returns
    -------
    torch.Tensor of shape (n,) and dtype bool
        False for all rows of the largest class, of classes of fewer than `FEWEST_ROWS` or more than `MOST_ROWS`, and
        of scattered classes (see `SCATTERED`).

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.gan import EncodedTable
    >>> from wgan_resampler.gan.rows.isolated_rows import isolated_rows
    >>> from wgan_resampler.tables import RowLayout
    >>> values = torch.cat((torch.linspace(-1, 0, 99), torch.linspace(0.5, 1, 49), torch.tensor([-0.5]))).unsqueeze(1)
    >>> classes = torch.tensor([0] * 99 + [1] * 50)
    >>> table = EncodedTable.sort(values, torch.zeros(149, 0), classes, RowLayout(1))
    >>> isolated_rows(table, m_neighbors=3).nonzero().tolist()
    [[148]]
    """
    sizes, unit = table.counts.tolist(), value_units(table)
    isolated = torch.zeros(len(table), dtype=torch.bool, device=table.values.device)
    for start, size in zip(table.starts.tolist(), sizes, strict=True):
        if size == max(sizes) or not FEWEST_ROWS <= size <= MOST_ROWS:
            continue
        found = _isolated_in_class(table, unit, start, size, m_neighbors)
        # With labels drawn at random, the nearest rows would all be of other classes with this probability.
        by_chance = (1.0 - size / len(table)) ** m_neighbors
        isolated[start : start + size] = found & (found.sum() < SCATTERED * by_chance * size)
    return isolated


def _isolated_in_class(table: EncodedTable, unit: Tensor, start: int, size: int, m_neighbors: int) -> Tensor:
    """Return which rows of a class have at least `m_neighbors` rows of other classes nearer than any of their own."""
    rows = torch.arange(start, start + size, device=table.values.device)
    n_others = len(table) - size
    seen = evenly_spaced(n_others, MAX_OTHERS, rows.device)
    seen += size * (seen >= start)  # past the rows of this class
    n_closer = []
    for block in torch.split(rows, _ROWS_PER_BLOCK):
        own = square_distances(table, block, rows, unit)
        own.masked_fill_(block.unsqueeze(1) == rows, torch.inf)  # a row is not a neighbor of itself
        nearest = own.amin(dim=1, keepdim=True)
        n_closer.append((square_distances(table, block, seen, unit) < nearest).sum(dim=1))
    return torch.cat(n_closer) * (n_others / len(seen)) >= m_neighbors
