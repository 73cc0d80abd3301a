"""Real rows that are varied by the differences between neighboring rows.

A dozen rows do not show how the rows of their class differ, and a critic would memorize them. So the critic is shown
rows between and around the real ones. This is a smoothed bootstrap (Silverman & Young 1987, "The bootstrap: to smooth
or not to smooth?", Biometrika 74). Its kernel is made of differences between neighbors, which stay on the surface that
the rows lie on. A normal kernel would leave this surface. A real row x of a class c with n rows becomes

    x + u (x' - x) + v sqrt(w) (r' - r),      w = borrowed_rows / (n + borrowed_rows),

with u and v uniform in [0, 1].

- The first step is that of SMOTE (Chawla et al. 2002, arXiv:1106.1813): x' is one of the `NEIGHBORS` rows of c nearest
  to x.
- The second step is borrowed: r is a random row of a random class d, and r' is one of its nearest rows in d. The
  neighbors are the same share of both classes: `NEIGHBORS` / n. Rows scatter around their neighbors in much the same
  way in all classes of a table, so small classes can use the differences in large ones. Regularized discriminant
  analysis does the same with the spread around the class mean (Friedman 1989, JASA 84).

For a class of thousands of rows, w is nearly 0. In a class of more than `MAX_REFERENCES` rows, neighbors are known for
some rows only. There, x makes the first step of another row q of its class: x + u (q' - q). Rows of large classes must
move too. Otherwise, rows between other rows would only occur in small classes, and a classifier could use this.

States (of categories, missing values and frequent values) cannot be moved by a share. A row takes the state of x' with
probability u, and that of r with probability b / (n + b), where b = `BORROWED_STATES`. So the categories of a class of
one row vary too, while those of a class of fifty rows hardly do. A number whose column also has a block is moved only
if both ends of a step hold an ordinary number.

Differs from Gulrajani et al. (2017), whose critic sees the rows as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wgan_resampler.gan.rows.distances import evenly_spaced, square_distances, value_units
from wgan_resampler.gan.rows.encoded_table import EncodedTable

NEIGHBORS = 10
"""Nearest rows of its class that count as the neighbors of a row: twice as many as in SMOTE, for wider variation."""

BORROWED_STATES = 0.25
"""How many rows' worth of states a class borrows.

This is less than for spread, because a state of another class can be wrong. A step of another class is at worst too
long.
"""

MAX_REFERENCES = 1024
"""Rows of a class among which neighbors are looked for, so that the cost does not grow with the table."""


@dataclass(frozen=True)
class Draw:
    """What is random when `k` rows are varied.

    Parameters
    ----------
    rows : torch.Tensor of shape (k,)
        Positions of the rows to be varied; x above.
    origins, mates : torch.Tensor of shape (k,)
        Positions of the two ends of the first step. The origin is the row itself where its neighbors are known, and
        another row of its class elsewhere (q). The mate is a neighbor of the origin (x' or q').
    donors, donor_mates : torch.Tensor of shape (k,)
        Positions of the two ends of the borrowed step, r and r'.
    classes : torch.Tensor of shape (k,)
        The classes of `rows`.
    share, stretch : torch.Tensor of shape (k, 1)
        How much of the first and of the borrowed step each row makes; u and v above.
    picks : torch.Tensor of shape (k, n_blocks)
        Uniform numbers in [0, 1] that decide from which of the three rows each state comes.
    """

    rows: Tensor
    origins: Tensor
    mates: Tensor
    donors: Tensor
    donor_mates: Tensor
    classes: Tensor
    share: Tensor
    stretch: Tensor
    picks: Tensor


class NeighborSpread:
    """Varies rows as described at the top of this module.

    Parameters
    ----------
    table : EncodedTable
        The rows. Its `class_sizes` are the n above.
    borrowed_rows : float
        How many rows' worth of spread each class borrows; more than 0.
    """

    def __init__(self, table: EncodedTable, borrowed_rows: float) -> None:
        n = table.class_sizes.to(table.values.dtype).unsqueeze(1)
        self._table = table
        self._borrowed = (borrowed_rows / (n + borrowed_rows)).sqrt()
        self._state_weight = BORROWED_STATES / (n + BORROWED_STATES)
        self._links = [(link, table.values.new_tensor(link.filling)) for link in table.links]
        self._neighbors = _Neighbors(table)

    def draw(self, rows: Tensor, classes: Tensor, rng: torch.Generator) -> Draw:
        """Draw what is random when some rows are varied.

        Parameters
        ----------
        rows : torch.Tensor of shape (k,)
            Their positions.
        classes : torch.Tensor of shape (k,)
            Their classes.
        rng : torch.Generator
            On the same device.

        Returns
        -------
        Draw
        """
        k, near, device = len(rows), self._neighbors, rows.device
        counts, n_blocks = self._table.counts, self._table.states.shape[1]
        donor_classes = torch.randint(len(counts), (k,), generator=rng, device=device)
        uniform = torch.rand(6, k, generator=rng, dtype=torch.float32, device=device)
        origin, mate, donor, donor_mate, share, stretch = uniform
        own = torch.where(near.is_complete[classes], rows - self._table.starts[classes], near.member(classes, origin))
        # The number of neighbors is the same share of the donor's class as of the row's own class.
        alike = NEIGHBORS / counts[classes] * near.n_others[donor_classes]
        members = near.member(donor_classes, donor)
        return Draw(
            rows=rows,
            origins=near.position(classes, own),
            mates=near.of(classes, own, torch.full_like(mate, NEIGHBORS), mate),
            donors=near.position(donor_classes, members),
            donor_mates=near.of(donor_classes, members, alike.clamp_min(NEIGHBORS), donor_mate),
            classes=classes,
            share=share.unsqueeze(1),
            stretch=stretch.unsqueeze(1),
            picks=torch.rand(k, n_blocks, generator=rng, dtype=torch.float32, device=device),
        )

    def vary(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """Return varied rows.

        Parameters
        ----------
        draw : Draw
            Which rows, and what is random about them.

        Returns
        -------
        values : torch.Tensor of shape (k, n_values)
            In [-1, 1], the range of the generator's values. A step beyond is reflected at the end of the range.
        states : torch.Tensor of shape (k, n_blocks)
        """
        table = self._table
        values = table.values[draw.rows]
        values = values + draw.share * self._step(draw.origins, draw.mates)
        stretch = self._borrowed[draw.classes] * draw.stretch
        values = _reflected(values.add_(stretch * self._step(draw.donors, draw.donor_mates)))
        if table.states.shape[1] == 0:
            return values, table.states[draw.rows]
        source = draw.rows.unsqueeze(1)
        # If the first step is taken from another row, the states at its end may not fit this row, and are not used.
        mates = torch.where(draw.origins == draw.rows, draw.mates, draw.rows)
        source = torch.where(draw.picks < draw.share, mates.unsqueeze(1), source)
        source = torch.where(draw.picks > 1.0 - self._state_weight[draw.classes], draw.donors.unsqueeze(1), source)
        states = table.states.gather(0, source)
        for link, filling in self._links:
            state = states[:, link.block]
            has_number = table.states[draw.rows, link.block] == 0
            # A row without a number of its own takes that of the row that its state comes from.
            number = torch.where(has_number, values[:, link.value], table.values[source[:, link.block], link.value])
            # The value is that number, or the filling of a state without a number.
            values[:, link.value] = torch.where(state == 0, number, filling[state])
        return values, states

    def _step(self, start: Tensor, end: Tensor) -> Tensor:
        """Return the difference between rows; 0 for values that are not ordinary numbers at both ends."""
        step = self._table.values[end] - self._table.values[start]
        if self._table.links:
            ordinary = self._table.ordinary
            step.masked_fill_(~(ordinary[start] & ordinary[end]), 0.0)
        return step


def _reflected(values: Tensor) -> Tensor:
    """Return values with those beyond -1 or 1 reflected. If they were clipped, many rows would become equal."""
    return torch.where(values.abs() > 1.0, 2.0 * values.sign() - values, values).clamp_(-1.0, 1.0)


class _Neighbors:
    """The nearest rows of some rows of each class, the *members*: other members, ordered by `square_distances`.

    For each member, at least `NEIGHBORS` neighbors are known. In classes larger than the smallest one, more are known:
    the same share of the class that `NEIGHBORS` is of the smallest class.

    Attributes
    ----------
    is_complete : torch.Tensor of shape (num_classes,) and dtype bool
        Whether all rows of a class are members.
    n_others : torch.Tensor of shape (num_classes,)
        Number of other members. It is 1 in a class of one row, which counts as its own neighbor.
    """

    def __init__(self, table: EncodedTable) -> None:
        counts = table.counts
        sizes = counts.clamp_max(MAX_REFERENCES)
        self._sizes = sizes
        self._first_member = sizes.cumsum(0) - sizes
        self.is_complete = counts == sizes
        self.n_others = (sizes - 1).clamp_min(1)
        most = (NEIGHBORS / counts.min() * self.n_others).ceil().long()
        self._n_known = torch.minimum(self.n_others, most.clamp_min(NEIGHBORS))
        n_pairs = sizes * self._n_known
        self._first_pair = n_pairs.cumsum(0) - n_pairs
        unit, positions, orders = value_units(table), members_of_classes(counts), []
        for members, n_known in zip(positions, self._n_known.tolist(), strict=True):
            square = square_distances(table, members, members, unit)
            square.fill_diagonal_(torch.inf)  # a row is not a neighbor of itself
            nearest = square.topk(n_known, dim=1, largest=False).indices
            orders.append(nearest.flatten().to(torch.int16))  # numbers below MAX_REFERENCES
        self._positions, self._order = torch.cat(positions), torch.cat(orders)

    def member(self, classes: Tensor, uniform: Tensor) -> Tensor:
        """Return the number, within its class, of a random member of each of these classes."""
        return torch.minimum((uniform * self._sizes[classes]).long(), self._sizes[classes] - 1)

    def position(self, classes: Tensor, members: Tensor) -> Tensor:
        """Return the positions of members among all rows."""
        return self._positions[self._first_member[classes] + members]

    def of(self, classes: Tensor, members: Tensor, n_nearest: Tensor, uniform: Tensor) -> Tensor:
        """Return the position of one of the `n_nearest` neighbors of each member."""
        n = torch.minimum(n_nearest.ceil().long(), self._n_known[classes])
        rank = torch.minimum((uniform * n).long(), n - 1)
        pair = self._first_pair[classes] + members * self._n_known[classes] + rank
        return self.position(classes, self._order[pair].long())


def members_of_classes(counts: Tensor) -> list[Tensor]:
    """Return the positions of at most `MAX_REFERENCES` rows of each class, evenly spaced among rows sorted by class."""
    starts = (counts.cumsum(0) - counts).tolist()
    return [
        start + evenly_spaced(n, MAX_REFERENCES, counts.device)
        for start, n in zip(starts, counts.tolist(), strict=True)
    ]
