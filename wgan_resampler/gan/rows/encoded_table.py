"""An encoded table on the training device, in compact form.

Values and states are kept apart. Only rows that are drawn are expanded to one-hot blocks, so a column of thousands of
categories takes the memory of one batch, not of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables import Link, RowLayout


@dataclass(frozen=True)
class EncodedTable:
    """Encoded rows, sorted by class.

    Parameters
    ----------
    values : torch.Tensor of shape (n, n_values)
        Encoded values, in [-1, 1].
    states : torch.Tensor of shape (n, n_blocks)
        The state of each block; int64.
    counts : torch.Tensor of shape (num_classes,)
        Rows of each class; none is 0. The rows of the first class come first, and so on.
    class_sizes : torch.Tensor of shape (num_classes,)
        Number of rows of each class in the caller's table. This table may hold only a part of them. A class borrows
        more if it is small, so this number must not change when rows are left out.
    layout : RowLayout
        Where values and one-hot blocks stand in an expanded row.
    links : tuple of Link, default=()
        The values that are used only if their block is in its first state, which means "an ordinary number".

    Raises
    ------
    InvalidDataError
        If a class has no row.

    Examples
    --------
    >>> import torch
    >>> from wgan_resampler.gan import EncodedTable
    >>> from wgan_resampler.tables import RowLayout
    >>> values, states = torch.tensor([[0.5], [-0.5], [0.1]]), torch.tensor([[2], [0], [1]])
    >>> table = EncodedTable.sort(values, states, torch.tensor([1, 0, 1]), RowLayout(1, (3,)))
    >>> table.states.tolist(), table.counts.tolist()
    ([[0], [2], [1]], [1, 2])
    """

    values: Tensor
    states: Tensor
    counts: Tensor
    class_sizes: Tensor
    layout: RowLayout
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        if not bool((self.counts > 0).all()):
            raise InvalidDataError(f"Every one of the {len(self.counts)} classes needs at least one row.")

    @classmethod
    def sort(
        cls,
        values: Tensor,
        states: Tensor,
        classes: Tensor,
        layout: RowLayout,
        links: Sequence[Link] = (),
        class_sizes: Tensor | None = None,
    ) -> EncodedTable:
        """Return the table of rows in any order. Within a class they keep their order.

        Parameters
        ----------
        values, states : torch.Tensor of shape (n, n_values) and (n, n_blocks)
            As in the class; states of any integer type.
        classes : torch.Tensor of shape (n,)
            Class indices, 0 .. num_classes - 1; int64.
        layout : RowLayout
            As in the class.
        links : sequence of Link, default=()
            As in the class.
        class_sizes : torch.Tensor of shape (num_classes,) or None, default=None
            As in the class; None if these are all rows.

        Returns
        -------
        EncodedTable
        """
        order = torch.argsort(classes, stable=True)
        counts = torch.bincount(classes, minlength=0 if class_sizes is None else len(class_sizes))
        sizes = counts if class_sizes is None else class_sizes
        return cls(values[order], states[order].long(), counts, sizes, layout, tuple(links))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    @cached_property
    def starts(self) -> Tensor:
        """The position of the first row of each class."""
        return self.counts.cumsum(0) - self.counts

    @property
    def classes(self) -> Tensor:
        """The class index of each row."""
        return torch.repeat_interleave(self.counts)

    def take(self, kept: Tensor) -> EncodedTable:
        """Return some of the rows.

        Parameters
        ----------
        kept : torch.Tensor of shape (k,), or of shape (n,) and dtype bool
            Positions in increasing order, or a mask.

        Returns
        -------
        EncodedTable
            With the same `class_sizes`.
        """
        counts = torch.bincount(self.classes[kept], minlength=len(self.counts))
        return EncodedTable(self.values[kept], self.states[kept], counts, self.class_sizes, self.layout, self.links)

    @cached_property
    def ordinary(self) -> Tensor:
        """Which values are used: all but those whose block is not in its first state.

        Of shape (n, n_values) and dtype bool.
        """
        ordinary = torch.ones_like(self.values, dtype=torch.bool)
        for link in self.links:
            ordinary[:, link.value] = self.states[:, link.block] == 0
        return ordinary

    def moments_within_classes(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance of the values that are used, class by class.

        Returns
        -------
        means, variances : torch.Tensor of shape (num_classes, n_values)
            A class without such a value has mean and variance 0.
        """
        means, variances = [], []
        sizes = self.counts.tolist()
        for part, counted in zip(torch.split(self.values, sizes), torch.split(self.ordinary, sizes), strict=True):
            n = counted.sum(dim=0).clamp_min(1)
            mean = torch.where(counted, part, 0.0).sum(dim=0) / n
            means.append(mean)
            variances.append(torch.where(counted, part - mean, 0.0).square().sum(dim=0) / n)
        return torch.stack(means), torch.stack(variances)

    def spread_within_classes(self) -> Tensor:
        """Return the standard deviation of each encoded feature within its class. All classes weigh the same.

        Returns
        -------
        torch.Tensor of shape (layout.width,)
            Square root of the mean over classes of the variance. The variance of a state that a share p of the rows has
            is p (1 - p).
        """
        _, variances = self.moments_within_classes()
        means = [variances.mean(dim=0)]
        counts = self.counts.tolist()
        for block, size in enumerate(self.layout.block_sizes):
            parts = torch.split(self.states[:, block], counts)
            shares = torch.stack(
                [torch.bincount(part, minlength=size).to(variances.dtype) / len(part) for part in parts]
            )
            means.append((shares * (1.0 - shares)).mean(dim=0))
        return torch.cat(means).sqrt()
