"""Draws real rows, unchanged or varied by the differences between neighboring rows."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from wgan_resampler.gan.rows.encoded_table import EncodedTable
from wgan_resampler.gan.rows.neighbor_mixing import MAX_REFERENCES, NeighborSpread, members_of_classes


class RealRows:
    """Draws rows of an encoded table.

    Parameters
    ----------
    table : EncodedTable
        The rows.
    borrowed_rows : float, default=0.0
        How many rows' worth of spread each class borrows from the others, see `neighbor_mixing`; 0 draws rows as they
        are.
    """

    def __init__(self, table: EncodedTable, borrowed_rows: float = 0.0) -> None:
        self.table = table
        self.borrowed_rows = borrowed_rows
        self._spread = NeighborSpread(table, borrowed_rows) if borrowed_rows > 0 else None

    def some(self) -> RealRows:
        """Return at most `MAX_REFERENCES` rows of each class, evenly spaced; all of them if there are no more."""
        if bool((self.table.counts <= MAX_REFERENCES).all()):
            return self
        return RealRows(self.table.take(torch.cat(members_of_classes(self.table.counts))), self.borrowed_rows)

    def draw(self, classes: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw one real row of each of these classes, varied if spread is borrowed.

        Parameters
        ----------
        classes : torch.Tensor of shape (k,)
            Class indices.
        rng : torch.Generator
            On the same device.

        Returns
        -------
        values : torch.Tensor of shape (k, n_values)
            Encoded values.
        states : torch.Tensor of shape (k, n_blocks)
            States of the blocks; int64.
        origins : torch.Tensor of shape (k,)
            Positions of the real rows that they were made from.
        """
        table = self.table
        counts = table.counts[classes]
        uniform = torch.rand(len(classes), generator=rng, dtype=table.values.dtype, device=table.values.device)
        # In float32, uniform * count may round up to count.
        origins = table.starts[classes] + torch.minimum((uniform * counts).long(), counts - 1)
        if self._spread is None:
            return table.values.index_select(0, origins), table.states.index_select(0, origins), origins
        return *self._spread.vary(self._spread.draw(origins, classes, rng)), origins

    def is_new(self, values: Tensor, states: Tensor, origins: Tensor) -> Tensor:
        """Return which rows differ from the real row that they were made from, or have no value that could differ.

        Some rows have only values that cannot move: missing values, frequent values, values of a constant column. Such
        a row may occur again without being a copy, just as a combination of categories may.
        """
        table = self.table
        value_differs = values != table.values.index_select(0, origins)
        state_differs = states != table.states.index_select(0, origins)
        movable = table.ordinary.index_select(0, origins) & self._varies
        return value_differs.any(dim=1) | state_differs.any(dim=1) | ~movable.any(dim=1)

    @cached_property
    def _varies(self) -> Tensor:
        """Which columns hold more than one value."""
        return self.table.values.amax(dim=0) > self.table.values.amin(dim=0)
