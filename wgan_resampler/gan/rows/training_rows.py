"""The real rows of a table, in compact form and sorted by class, and how some of them are drawn.

Values and states are kept apart, and only rows that are drawn are expanded to one-hot blocks: a column of thousands of
categories takes the memory of one batch, not of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.gan.rows.distances import moments_within_classes, ordinary_values
from wgan_resampler.gan.rows.isolated_rows import isolated_rows
from wgan_resampler.gan.rows.neighbor_mixing import MAX_REFERENCES, NeighborSpread, members_of_classes
from wgan_resampler.tables import Link


@dataclass(frozen=True)
class Drawn:
    """Rows that have been drawn.

    Parameters
    ----------
    values : torch.Tensor of shape (k, n_values)
        Encoded values.
    states : torch.Tensor of shape (k, n_blocks)
        States of the blocks; int64.
    origins : torch.Tensor of shape (k,)
        Positions of the real rows that they come from.
    """

    values: Tensor
    states: Tensor
    origins: Tensor


class RealRows:
    """Rows that are sorted by class, and drawn as they are or varied as neighboring rows vary.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Encoded values.
    states : torch.Tensor of shape (n, n_blocks)
        States of the blocks; int64.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class; at least one of each.
    borrowed_rows : float, default=0.0
        How many rows' worth of spread each class borrows from the others, see `smoothing`; 0 gives rows as they are.
    links : sequence of Link, default=()
        The values that count only in the first state of a block.
    sizes : torch.Tensor of shape (num_classes,) or None, default=None
        Rows that each class has in the table, of which these are some; None if these are all.
    """

    def __init__(
        self,
        values: Tensor,
        states: Tensor,
        counts: Tensor,
        borrowed_rows: float = 0.0,
        links: Sequence[Link] = (),
        sizes: Tensor | None = None,
    ) -> None:
        if not bool((counts > 0).all()):
            raise InvalidDataError(f"Every one of the {len(counts)} classes needs at least one row.")
        self.values = values
        self.states = states
        self.counts = counts
        self.links = tuple(links)
        self.borrowed_rows = borrowed_rows
        self.sizes = counts if sizes is None else sizes
        self._starts = counts.cumsum(0) - counts
        self._spread = (
            NeighborSpread(values, states, counts, borrowed_rows, links, self.sizes) if borrowed_rows > 0 else None
        )

    @classmethod
    def sort(
        cls,
        values: Tensor,
        states: Tensor,
        classes: Tensor,
        num_classes: int,
        borrowed_rows: float = 0.0,
        links: Sequence[Link] = (),
        sizes: Tensor | None = None,
        m_neighbors: int = 0,
    ) -> RealRows:
        """Return rows of any order, whose `classes` are indices 0 .. num_classes - 1, each present at least once.

        Those of them are left out that have none of their class among their `m_neighbors` nearest rows, as
        `neighborhoods.isolated_rows` says; 0 leaves out none. They still count in `sizes`.
        """
        order = torch.argsort(classes, stable=True)
        counts = torch.bincount(classes, minlength=num_classes)
        sizes = counts if sizes is None else sizes
        values, states = values[order], states[order].long()
        if m_neighbors > 0:
            kept = ~isolated_rows(values, states, counts, m_neighbors, links)
            values, states = values[kept], states[kept]
            counts = torch.bincount(classes[order][kept], minlength=num_classes)
        return cls(values, states, counts, borrowed_rows, links, sizes)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def some(self) -> RealRows:
        """Return at most `MAX_REFERENCES` rows of each class, evenly spaced; all of them if there are no more."""
        if bool((self.counts <= MAX_REFERENCES).all()):
            return self
        kept = torch.cat(members_of_classes(self.counts))
        counts = self.counts.clamp_max(MAX_REFERENCES)
        return RealRows(self.values[kept], self.states[kept], counts, self.borrowed_rows, self.links, self.sizes)

    def draw(self, classes: Tensor, rng: torch.Generator) -> Drawn:
        """Draw one real row of each of these classes, varied if spread is borrowed.

        Parameters
        ----------
        classes : torch.Tensor of shape (k,)
            Class indices.
        rng : torch.Generator
            On the same device.

        Returns
        -------
        Drawn
        """
        counts = self.counts[classes]
        uniform = torch.rand(len(classes), generator=rng, dtype=self.values.dtype, device=self.values.device)
        # In float32, u * count may round up to count.
        origins = self._starts[classes] + torch.minimum((uniform * counts).long(), counts - 1)
        if self._spread is None:
            return Drawn(self.values.index_select(0, origins), self.states.index_select(0, origins), origins)
        return Drawn(*self._spread.vary(self._spread.draw(origins, classes, rng)), origins)

    def is_new(self, drawn: Drawn) -> Tensor:
        """Return which rows differ from the real row that they come from, or have nothing in which they could.

        A row all of whose numbers are missing, frequent values, or those of a constant column, is not told from others
        by its numbers: that it comes up again is no more a copy than that a combination of categories does.
        """
        values, states = self.values.index_select(0, drawn.origins), self.states.index_select(0, drawn.origins)
        differs = (drawn.values != values).any(dim=1) | (drawn.states != states).any(dim=1)
        ordinary = ordinary_values(values, states, self.links)
        movable = self._varies if ordinary is None else ordinary & self._varies
        return differs | ~movable.any(dim=-1)

    @cached_property
    def _varies(self) -> Tensor:
        """Which columns hold more than one value."""
        return self.values.amax(dim=0) > self.values.amin(dim=0)

    def spread_within_classes(self, block_sizes: Sequence[int]) -> Tensor:
        """Return the standard deviation of each encoded feature within its class, classes weighted alike.

        Parameters
        ----------
        block_sizes : sequence of int
            Number of states of each block.

        Returns
        -------
        torch.Tensor of shape (n_values + sum(block_sizes),)
            Square root of the mean over classes of the variance. For a state that a share p of the rows has, the
            variance is p (1 - p).
        """
        ordinary = ordinary_values(self.values, self.states, self.links)
        _, variances = moments_within_classes(self.values, ordinary, self.counts)
        means = [variances.mean(dim=0)]
        counts = self.counts.tolist()
        for block, size in enumerate(block_sizes):
            parts = torch.split(self.states[:, block], counts)
            shares = torch.stack(
                [torch.bincount(part, minlength=size).to(variances.dtype) / len(part) for part in parts]
            )
            means.append((shares * (1.0 - shares)).mean(dim=0))
        return torch.cat(means).sqrt()
